# SPDX-License-Identifier: MIT
"""Kills meetauthctl before every system call that touches a file, and looks at what is left. The store is
read here as its header says, not by meetauthctl alone: a second reader of the format."""

import base64
import ctypes
import ctypes.util
import json
import os
import re
import shutil
import signal
import subprocess

import pytest

MEETAUTHCTL = os.environ.get("MEETAUTHCTL") or os.path.join(
    os.environ.get("builddir") or os.getcwd(), "meetauthctl")
STRACE = shutil.which("strace")
NAME = "meeting.example.org"
CALLS = ["openat", "flock", "write", "fsync", "fchmod", "rename", "unlink", "close"]
# LeakSanitizer cannot work in a process that is traced.
ENVIRONMENT = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "ASAN_OPTIONS": "detect_leaks=0"}

pytestmark = pytest.mark.skipif(STRACE is None, reason="needs strace")


# -- a second reader of the store --


def open_sealed(sealed, key):
    """The plaintext as a dictionary, or None when it was not sealed with this key."""
    sodium = ctypes.CDLL(ctypes.util.find_library("sodium"))
    assert sodium.sodium_init() >= 0
    derived = ctypes.create_string_buffer(32)
    sodium.crypto_kdf_derive_from_key(
        derived, ctypes.c_size_t(32), ctypes.c_uint64(1), b"meetauth", bytes.fromhex(key))
    header, nonce, cipher = sealed[:45], sealed[21:45], sealed[45:]
    plain = ctypes.create_string_buffer(len(cipher))
    length = ctypes.c_ulonglong()
    rc = sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
        plain, ctypes.byref(length), None, cipher, ctypes.c_ulonglong(len(cipher)),
        header, ctypes.c_ulonglong(len(header)), nonce, derived)
    return json.loads(plain.raw[: length.value]) if rc == 0 else None


class Site:
    """A configuration, a store and its key, in a folder."""

    def __init__(self, folder):
        self.folder = str(folder)
        self.conf = self.folder + "/meetauth.conf"
        with open(self.conf, "w", encoding="utf-8") as file:
            file.write('base-url = "https://external.example.org/auth"\n'
                       'store = "%s/store"\nstore-key = "%s/store.key"\nstate = "memory:"\n'
                       'platform "%s" { type = "veeting" }\n'
                       'backend "staff" { type = "http" url = "https://localhost/" }\n'
                       % (self.folder, self.folder, NAME))

    def command(self, arguments):
        return [MEETAUTHCTL, "-c", self.conf, *arguments]

    def run(self, *arguments, text=""):
        return subprocess.run(self.command(arguments), input=text, text=True, capture_output=True,
                              env=ENVIRONMENT, timeout=300, check=False)

    def ctl(self, *arguments, text=""):
        done = self.run(*arguments, text=text)
        assert done.returncode == 0, (arguments, done.stderr)
        return done.stdout

    def file(self, name):
        try:
            with open(self.folder + "/" + name, "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def contents(self):
        """What is sealed in the store, opened with the key or the one beside it; None without a store."""
        sealed = self.file("store")
        if sealed is None:
            return None
        keys = [self.file(name) for name in ("store.key", "store.key.new")]
        opened = [open_sealed(sealed, key.decode()) for key in keys if key is not None]
        whole = [contents for contents in opened if contents is not None]
        assert len(whole) == 1, "the store opens with neither key"
        return whole[0]

    def save(self):
        return {name: self.file(name) for name in os.listdir(self.folder)}

    def restore(self, saved):
        for name in os.listdir(self.folder):
            os.unlink(self.folder + "/" + name)
        for name, contents in saved.items():
            with open(os.open(self.folder + "/" + name, os.O_WRONLY | os.O_CREAT, 0o400), "wb") as file:
                file.write(contents)
            os.chmod(self.folder + "/" + name, 0o400 if "key" in name else 0o600)


def values(contents):
    """{(name, version): value}"""
    return {(name, version["version"]): base64.b64decode(version["value"]).decode()
            for name, entry in contents["secrets"].items() for version in entry["versions"]}


# -- where to kill --


def points(site, arguments, text):
    """Every call of the process, from its lock of the store on, as (name, how many of that name). By the names of the
    calls alone: strace may not look into the process for their arguments, since it forbids that."""
    trace = site.folder + ".trace"
    subprocess.run([STRACE, "-o", trace, "-e", "trace=" + ",".join("?" + name for name in CALLS),
                    *site.command(arguments)], input=text, text=True, check=True, env=ENVIRONMENT,
                   stdout=subprocess.DEVNULL, timeout=300)
    with open(trace, encoding="utf-8", errors="replace") as file:
        lines = file.read().splitlines()
    counts, found, begun = {}, [], False
    for line in lines:
        match = re.match(r"(\w+)\(", line)
        if not match:
            continue
        counts[match[1]] = counts.get(match[1], 0) + 1
        begun = begun or match[1] == "flock"
        if begun:
            found.append((match[1], counts[match[1]]))
    assert len(found) > 10, lines
    return found


def kill_at(site, point, arguments, text):
    injection = "inject=%s:signal=SIGKILL:when=%d" % point
    done = subprocess.run([STRACE, "-o", "/dev/null", "-e", "trace=" + point[0], "-e", injection,
                           *site.command(arguments)], input=text, text=True, capture_output=True,
                          env=ENVIRONMENT, timeout=300, check=False)
    assert done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL), (point, done.stderr)


def crash_everywhere(site, arguments, text=""):
    """Kills the call at each point, beginning anew each time; yields what was in the store before, what is there
    now, and what would have been."""
    saved, before = site.save(), site.contents()
    found = points(site, arguments, text)
    after = site.contents()
    assert before != after
    seen = set()
    for point in found:
        site.restore(saved)
        kill_at(site, point, arguments, text)
        now = site.contents()
        seen.add(now != before)
        yield before, now, after
    assert seen == {False, True}, "some points before the change and some after it"


@pytest.fixture
def site(tmp_path):
    os.mkdir(tmp_path / "site")
    return Site(tmp_path / "site")


@pytest.fixture
def made(site):
    site.ctl("init")
    site.ctl("secret", "set", NAME, text="first secret")
    site.ctl("secret", "set", "backend/staff", text="other secret")
    return site


KEPT = {(NAME, 1): "first secret", ("backend/staff", 1): "other secret"}


def assert_works(site):
    """The next calls find nothing in their way; what the crash left is cleared up."""
    listed = json.loads(site.ctl("secret", "list", "--json"))
    assert {(entry["name"], entry["version"]) for entry in listed} == set(values(site.contents()))
    before = values(site.contents())
    site.ctl("secret", "set", NAME, text="after the crash")
    now = values(site.contents())
    assert {key: value for key, value in now.items() if key in before} == before
    assert "after the crash" in now.values()
    assert site.file("store.key.new") is None
    assert open_sealed(site.file("store"), site.file("store.key").decode()) is not None


def test_init(site):
    for _before, now, _after in crash_everywhere(site, ["init"]):
        again = site.run("init")
        if now is None:
            assert again.returncode == 0, again.stderr
        else:
            assert "exists already" in again.stderr
            assert site.contents() == now
        assert_works(site)


def test_secret_set(made):
    for _before, now, _after in crash_everywhere(made, ["secret", "set", NAME], "second secret"):
        assert values(now) in (KEPT, {**KEPT, (NAME, 2): "second secret"})
        assert_works(made)


def test_secret_retire(made):
    for _before, now, _after in crash_everywhere(made, ["secret", "retire", NAME, "1", "--force"]):
        assert values(now) in (KEPT, {("backend/staff", 1): "other secret"})
        assert_works(made)


def test_rotate_keys(made):
    for before, now, _after in crash_everywhere(made, ["session", "rotate-keys"]):
        assert values(now) == KEPT
        assert {"hashKey", "keys", "nextKey", "secrets"} == set(now)
        if now != before:
            assert now["keys"][0] == before["keys"][1]
            assert now["keys"][2] == before["keys"][0]
            assert len(now["keys"]) == 3
        assert_works(made)


def test_rekey(made):
    saved = made.save()
    before = made.contents()
    made.ctl("store", "rekey")
    assert made.contents() == before
    assert made.file("store.key") != saved["store.key"]
    made.restore(saved)
    for point in rekey_points(made, saved):
        assert made.contents() == before, point
        assert_works(made)


def rekey_points(site, saved):
    """As crash_everywhere, but what is sealed stays the same: the key changes."""
    seen = set()
    found = points(site, ["store", "rekey"], "")
    for point in found:
        site.restore(saved)
        kill_at(site, point, ["store", "rekey"], "")
        old = open_sealed(site.file("store"), saved["store.key"].decode())
        seen.add((old is not None, site.file("store.key.new") is not None))
        yield point
    # before anything, KEY.new written, the store replaced, KEY.new renamed to KEY
    assert seen == {(True, False), (True, True), (False, True), (False, False)}


def test_crash_of_what_clears_up_after_a_crash(made):
    """A rekey cut off in its middle, and the next change cut off everywhere."""
    saved = made.save()
    for point in points(made, ["store", "rekey"], ""):
        made.restore(saved)
        kill_at(made, point, ["store", "rekey"], "")
        if open_sealed(made.file("store"), saved["store.key"].decode()) is None:
            break
    assert made.file("store.key.new") is not None
    for _before, now, _after in crash_everywhere(made, ["secret", "set", NAME], "second secret"):
        assert values(now) in (KEPT, {**KEPT, (NAME, 2): "second secret"})
        assert_works(made)
