# SPDX-License-Identifier: MIT
"""meetauthctl user: the users file as an operator keeps it."""

import json
import os
import re
import shutil
import stat
import subprocess
import time

import pytest
from rig import on_terminal

CTL = os.environ.get("MEETAUTHCTL") or os.path.join(
    os.path.abspath(os.environ.get("builddir", ".")), "meetauthctl")

# Of "correct horse" and "other secret", at the least cost there is.
HORSE = ("$argon2id$v=19$m=8,t=1,p=1$SYhnt1yho6XMGutRlE3jXQ$"
         "qWOfG8a74AvLs7F6AtQv0qxB6OASy7hZV+Jp3Z2UAqQ")
OTHER = ("$argon2id$v=19$m=8,t=1,p=1$0f5z/i8mfAdjaJoFu63qfg$"
         "CF2N0SYOjD4H2sSRPyCIRNM+kiSjUA5FrSfyGAq+DOQ")
FIRST = "# meetauth users 1\n"
# Comments, needless escapes, an order of its own and no newline at the end: all to be kept.
LINES = [
    FIRST,
    "# the staff; do not touch: really\n",
    "\n",
    f"zoe:{HORSE}:Z%6fe::staff:\n",
    f"anna:{HORSE}:Anna Kovács:anna@example.org:staff,all%2Chosts:2099-12-31T18:00Z\n",
    "#bert:left in May\n",
    f"carl:!{OTHER}:Carl:::2000-01-01",
]


class Ctl:
    """meetauthctl with a configuration and a users file of its own."""

    def __init__(self, folder):
        self.users = folder / "users.passwd"
        self.conf = folder / "meetauth.conf"
        self.env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        self.configure(f'backend "staff" {{ type = "file" users = "{self.users}" }}\n')

    def configure(self, backends):
        self.conf.write_text(
            f'base-url = "https://external.example.org/auth" store = "{self.conf.parent}/store"\n'
            'platform "meeting.example.org" { type = "veeting" }\n' + backends)

    def argv(self, *words):
        return [CTL, "-c", str(self.conf), "user", *words]

    def run(self, *words, password=b"a password\n", under=(), env=None):
        done = subprocess.run([*under, *self.argv(*words)], input=password, capture_output=True,
                              env={**self.env, **(env or {})}, timeout=300)
        self.out, self.err = done.stdout.decode(), done.stderr.decode()
        secret = password.strip()
        if len(secret) > 3:
            assert secret not in done.stdout + done.stderr
        assert "$m=" not in self.out + self.err  # no part of a hash
        return done.returncode

    def ok(self, *words, **options):
        assert self.run(*words, **options) == 0, self.err

    def put(self, text, mode=0o600):
        self.users.write_text(text, encoding="utf-8")
        self.users.chmod(mode)

    def text(self):
        return self.users.read_bytes().decode()

    def lines(self):
        return self.text().splitlines(keepends=True)

    def listed(self):
        self.ok("list", "--json")
        return {user["name"]: user for user in json.loads(self.out)}


@pytest.fixture
def ctl(tmp_path):
    return Ctl(tmp_path)


@pytest.fixture
def full(ctl):
    ctl.put("".join(LINES))
    return ctl


def test_add_makes_a_file_that_only_its_owner_reads(ctl):
    ctl.ok("add", "Anna", "--name", "Anna Kovács", "--email", "anna@example.org",
           "--group", "staff", "--group", "a,b: 50%", "--expires", "2099-12-31T18:00Z")
    assert stat.S_IMODE(ctl.users.stat().st_mode) == 0o600
    first, line = ctl.lines()
    assert first == FIRST
    assert re.fullmatch(
        r"anna:\$argon2id\$v=19\$m=65536,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}"
        r":Anna Kovács:anna@example\.org:staff,a%2Cb%3A 50%25:2099-12-31T18:00:00Z\n", line)
    assert ctl.listed() == {"anna": {
        "name": "anna", "displayName": "Anna Kovács", "email": "anna@example.org",
        "groups": ["staff", "a,b: 50%"], "expires": "2099-12-31T18:00:00Z", "state": "active"}}


def test_add_needs_no_more_than_a_name(ctl):
    ctl.ok("add", "anna")
    assert ctl.listed()["anna"] == {"name": "anna", "displayName": None, "email": None,
                                    "groups": [], "expires": None, "state": "active"}


def test_add_leaves_every_other_byte_alone(full):
    full.ok("add", "dora", "--group", "staff")
    lines = full.lines()
    assert lines[:6] == LINES[:6]
    assert lines[6] == LINES[6] + "\n"  # the newline it lacked
    assert lines[7].startswith("dora:$argon2id$") and lines[7].endswith(":::staff:\n")
    assert len(lines) == 8


def test_files_of_windows_are_read(full):
    """Row 17 of the sign-in cases: a byte order mark and CR LF, in the users file and in meetauth.conf."""
    full.conf.write_text("\ufeff" + full.conf.read_text().replace("\n", "\r\n"), newline="")
    full.users.write_text("\ufeff" + "".join(LINES).replace("\n", "\r\n"), encoding="utf-8", newline="")
    before = full.listed()
    assert before["anna"]["expires"] == "2099-12-31T18:00:00Z" and before["zoe"]["groups"] == ["staff"]
    full.ok("add", "dora")
    assert full.lines()[:6] == LINES[:6], "line ends are ours from then on"
    del (after := full.listed())["dora"]
    assert after == before


def test_passwd_changes_the_hash_alone(full):
    full.ok("passwd", "zoe", password=b"new password")
    lines = full.lines()
    assert lines[:3] == LINES[:3] and lines[4:] == LINES[4:]
    assert re.fullmatch(r"zoe:\$argon2id\$v=19\$m=65536,t=2,p=1\$\S+:Zoe::staff:\n", lines[3])


def test_passwd_lets_nobody_in_who_is_disabled(full):
    full.ok("passwd", "carl")
    assert full.lines()[6].startswith("carl:!$argon2id$v=19$m=65536,")
    assert full.lines()[:6] == LINES[:6]


def test_disable_keeps_the_password_and_enable_brings_it_back(full):
    full.ok("disable", "Anna")
    assert full.listed()["anna"]["state"] == "disabled"
    assert f"anna:!{HORSE}:" in full.text()
    full.ok("enable", "anna")
    lines = full.lines()
    assert lines[:4] == LINES[:4] and lines[5:] == LINES[5:]
    assert lines[4].startswith(f"anna:{HORSE}:Anna Kovács:")
    assert full.listed()["anna"]["state"] == "active"


def test_what_is_so_already_touches_nothing(full):
    before = full.users.stat()
    full.ok("enable", "anna")
    full.ok("disable", "carl")
    after = full.users.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


@pytest.mark.parametrize("name, line", [("zoe", 3), ("anna", 4), ("carl", 6)])
def test_remove_takes_one_line(full, name, line):
    full.ok("remove", name)
    assert full.lines() == LINES[:line] + LINES[line + 1:]


def test_list_tells_who_has_expired(full):
    full.ok("enable", "carl")
    assert full.listed()["carl"]["state"] == "expired"
    assert list(full.listed()) == ["anna", "carl", "zoe"]


def test_the_mode_of_the_file_stays(full):
    full.users.chmod(0o640)
    before = full.users.stat()
    full.ok("disable", "anna")
    after = full.users.stat()
    assert before.st_ino != after.st_ino
    assert stat.S_IMODE(after.st_mode) == 0o640


# ---- passwords ----

@pytest.mark.parametrize("password, words", [
    (b"", ""), (b"\n", ""),
    (b"x", "8 to 1024 bytes"), (b"7 bytes\n", "8 to 1024 bytes"), (b"x" * 1025, "8 to 1024 bytes"), (b"x" * 5000, ""),
    (b"nul\0byte", "control character"), (b"two\nlines", "control character"),
    (b"lone cr\rx", "control character"), (b"two newlines\n\n", "control character"),
    (b"\xff\xfe latin", "not UTF-8"),
])
def test_a_password_that_nobody_could_type_is_refused(ctl, password, words):
    assert ctl.run("add", "anna", password=password) == 65
    assert words in ctl.err and ctl.err.startswith("meetauthctl: ")
    assert not ctl.users.exists()


@pytest.mark.parametrize("password", [b"eight by", b"eight by\n", b"eight by\r\n", b"y" * 1024, "pässwört \U0001f600".encode()])
def test_a_password_of_any_other_kind_is_taken(ctl, password):
    ctl.ok("add", "anna", password=password)
    assert list(ctl.listed()) == ["anna"]


def test_on_a_terminal_the_password_is_asked_for_twice_without_echo(ctl):
    shown, status = on_terminal(ctl.argv("add", "anna"), ctl.env, [b"hidden word", b"hidden word"])
    assert status == 0, shown
    assert shown.count("|") == 2 and "Password for anna: " in shown
    assert "hidden" not in shown
    assert list(ctl.listed()) == ["anna"]


def test_two_different_passwords_change_nothing(full):
    before = full.text()
    shown, status = on_terminal(full.argv("passwd", "anna"), full.env, [b"hidden one", b"hidden two"])
    assert status == 65
    assert "do not match" in shown and "hidden" not in shown
    assert full.text() == before


def test_nobody_is_asked_for_a_password_in_vain(full):
    shown, status = on_terminal(full.argv("add", "anna"), full.env, [b"never asked for"])
    assert status == 1
    assert "Password" not in shown


# ---- words ----

@pytest.mark.parametrize("given, written", [
    ("2099-12-31", "2099-12-31T00:00:00Z"),
    ("2099-12-31T18:00Z", "2099-12-31T18:00:00Z"),
    ("2099-12-31T18:00:05Z", "2099-12-31T18:00:05Z"),
])
def test_expires_takes_a_time(ctl, given, written):
    ctl.ok("add", "anna", "--expires", given)
    assert ctl.listed()["anna"]["expires"] == written


def test_expires_takes_a_duration(ctl):
    earliest = time.time() + 30 * 86400
    ctl.ok("add", "anna", "--expires=30d")
    expires = ctl.listed()["anna"]["expires"]
    seconds = time.mktime(time.strptime(expires, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
    assert earliest - 2 <= seconds <= time.time() + 30 * 86400 + 2


def test_blanks_around_a_name_are_not_meant(ctl):
    assert ctl.run("add", " anna ") == 0, ctl.err
    assert ctl.run("disable", "anna") == 0, ctl.err


def test_a_bad_file_is_left_as_it_is(ctl):
    text = FIRST + "anna:plain secret::::\n"
    ctl.put(text)
    for words in (("add", "bert"), ("remove", "anna"), ("passwd", "anna")):
        assert ctl.run(*words) == 65
        assert f"{ctl.users}:2: " in ctl.err and "plain secret" not in ctl.err
    assert ctl.run("list") == 66
    assert ctl.text() == text


def test_a_file_that_others_may_read_is_refused(full):
    full.users.chmod(0o644)
    assert full.run("disable", "anna") == 66
    assert "chmod 0640" in full.err
    assert full.text() == "".join(LINES)


# ---- together, and killed ----

def test_changes_at_the_same_time_all_count(ctl):
    names = [f"user{i}" for i in range(6)]
    running = [subprocess.Popen(ctl.argv("add", name), stdin=subprocess.PIPE, env=ctl.env)
               for name in names]
    for process in running:
        process.communicate(b"a password", timeout=300)
        assert process.returncode == 0
    assert list(ctl.listed()) == names


def strace_works():
    if not shutil.which("strace"):
        return False
    done = subprocess.run(["strace", "-f", "-e", "inject=getppid:signal=SIGKILL", "true"],
                          capture_output=True)
    return done.returncode == 0


@pytest.mark.skipif(not strace_works(), reason="no strace, or it may not trace")
@pytest.mark.parametrize("call", ["openat", "write", "fchmod", "fsync", "/rename", "close", "unlink"])
def test_a_kill_leaves_the_old_file_or_the_new_one(full, call):
    """Killed at the first such call, at the second, … until one time nothing is left to kill."""
    old = full.text()
    for when in range(1, 200):
        status = full.run(
            "disable", "anna", env={"ASAN_OPTIONS": "detect_leaks=0"},
            under=["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
                   "-e", f"inject={call}:signal=SIGKILL:when={when}"])
        text = full.text()
        assert text in (old, old.replace("anna:$", "anna:!$").replace(
            "2099-12-31T18:00Z", "2099-12-31T18:00:00Z"))
        if text != old:
            full.put(old)  # and once more from the start
        if status == 0:
            break
    assert status == 0 and when > 1, "nothing was killed"
    full.ok("remove", "anna")  # what was left behind is in nobody's way
    assert not os.path.exists(f"{full.users}.tmp")
