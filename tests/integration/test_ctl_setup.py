# SPDX-License-Identifier: MIT
"""meetauthctl setup: from empty folders to what meetauthd starts with, by options or by answers at a terminal; a second
run goes on, and no run replaces anything."""

import os
import re
import stat
import subprocess

import pytest
from rig import ENVIRONMENT, HOST, MEETAUTHCTL, MEETAUTHD, SANITIZER, TOP, on_terminal

ADDRESS = "https://auth.example.net/door"
PASSWORD = "a good password"
KEY = re.compile(r"^[A-Za-z0-9_-]{43}$", re.M)


class Site:
    def __init__(self, folder):
        self.folder = str(folder)
        os.mkdir(self.folder + "/state")
        self.conf = self.folder + "/meetauth.conf"
        self.paths = ["--store", self.folder + "/store", "--store-key", self.folder + "/store.key", "--state", "lmdb:%s/state" % self.folder]

    def argv(self, *arguments):
        return [MEETAUTHCTL, "-c", self.conf, *arguments]

    def setup(self, *arguments, text="", status=1):
        """Status 1: the platform does not exist, which the check says at the end."""
        done = subprocess.run(self.argv("setup", *arguments), input=text, capture_output=True, text=True, env=ENVIRONMENT, timeout=300, check=False)
        assert done.returncode == status, done.stdout + done.stderr
        assert PASSWORD not in done.stdout + done.stderr and not SANITIZER.search(done.stderr)
        assert ("setup is not finished" in done.stderr) == (status > 1 or "FAIL" not in done.stdout)
        return done

    def everything(self):
        """Each file but locks and state, byte by byte."""
        found = {}
        for name in sorted(os.listdir(self.folder)):
            if os.path.isfile(self.folder + "/" + name) and not name.endswith(".lock"):
                with open(self.folder + "/" + name, "rb") as file:
                    found[name] = file.read()
        return found

    def with_pages(self):
        with open(self.conf, "a", encoding="utf-8") as file:
            file.write('share = "%s/share"\n' % TOP)

    def ctl(self, *arguments):
        return subprocess.run(self.argv(*arguments), capture_output=True, text=True, env=ENVIRONMENT, timeout=300, check=True).stdout


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def test_options_alone_are_enough_and_the_result_starts(site):
    done = site.setup("--address", ADDRESS, "--platform", "Meeting.Example.ORG", "--user", "Alice", "--name", "Alice Liddell",
                      *site.paths, text=PASSWORD + "\n")
    key = KEY.findall(done.stdout)
    assert len(key) == 1, "the key, once"
    assert "it is not shown again" in done.stderr
    assert re.search(r"(?m)^ok +platform", done.stdout) and re.search(r"(?m)^FAIL +connect +%s" % HOST, done.stdout, re.I)
    assert "readyz" not in done.stdout, "there is no pool to ask yet"
    assert set(site.everything()) == {"meetauth.conf", "store", "store.key", "users.passwd"}
    assert stat.S_IMODE(os.stat(site.conf).st_mode) == 0o644
    site.with_pages()
    subprocess.run([MEETAUTHD, "-t", "-c", site.conf], env=ENVIRONMENT, check=True, timeout=300, capture_output=True)
    assert site.ctl("user", "list").splitlines()[1].split("\t") == ["alice", "active", "never", "Alice Liddell", "", "staff"]
    assert "allow" in site.ctl("policy", "explain", "--user", "alice", "--platform", HOST, "--meeting", "m1")
    # The snippet that it names, with the name and the path of this site, is what the sed line makes.
    line = re.search(r"(?m)^  (sed '(.*)' (\S+)/nginx/meetauth.conf >/etc/nginx/conf.d/meetauth.conf)$", done.stdout)
    made = subprocess.run(["sed", line.group(2), TOP + "/nginx/meetauth.conf"], capture_output=True, text=True, check=True).stdout
    assert "server_name auth.example.net;" in made and "location = /door {" in made and "external.example.org" not in made
    assert "/auth" not in made


def test_a_second_run_goes_on_and_replaces_nothing(site):
    arguments = ("--address", ADDRESS, "--platform", HOST, *site.paths)
    site.setup(*arguments, "--user", "alice", text="short\n", status=65)
    first = site.everything()
    assert set(first) == {"meetauth.conf", "store", "store.key"}, "the password was refused"
    done = site.setup("--user", "alice", text=PASSWORD + "\n")
    assert done.stdout.count("kept") == 3 and not KEY.search(done.stdout)
    whole = site.everything()
    assert {name: whole[name] for name in first} == first
    for more in ((), arguments, ("--user", "alice"), ("--address", ADDRESS + "/")):
        assert "kept the 1 user" in site.setup(*more).stdout
        assert site.everything() == whole
    os.remove(site.folder + "/users.passwd")
    assert "added no user" in site.setup().stdout
    for option, value in (("--address", "https://other.example/auth"), ("--platform", "other.example"), ("--store", "/else"),
                          ("--store-key", "/else"), ("--state", "lmdb:/else")):
        assert "says something else than %s" % option in site.setup(option, value, status=78).stderr
    assert site.everything() == first


def test_answers_at_a_terminal(site):
    answers = [b"http://auth.example.net/auth", ADDRESS.encode(), b"no host", HOST.encode(), b"bob", b"hidden words", b"hidden words"]
    shown, status = on_terminal(site.argv("setup", *site.paths), ENVIRONMENT, answers)
    assert status == 1 and answers == []
    assert "http:// is for this machine only" in shown and "is not a host name" in shown and "hidden words" not in shown
    assert len(KEY.findall(shown.replace("\r", ""))) == 1 and "added the user bob, of the group staff" in shown
    whole = site.everything()
    shown, status = on_terminal(site.argv("setup"), ENVIRONMENT, [])
    assert status == 1 and "Address" not in shown and site.everything() == whole


def test_an_interruption_at_any_question_loses_nothing(site):
    answers = [ADDRESS.encode(), HOST.encode(), b"bob", b"hidden words", b"hidden words"]
    for known in range(len(answers)):
        before = site.everything()
        # What is there already is not asked for again.
        wanted = answers[:known] if "meetauth.conf" not in before else answers[2:known]
        shown, status = on_terminal(site.argv("setup", *site.paths), ENVIRONMENT, list(wanted))
        assert status > 1 and "setup is not finished" in shown, shown
        after = site.everything()
        assert {name: after[name] for name in before} == before
    shown, status = on_terminal(site.argv("setup"), ENVIRONMENT, answers[2:])
    assert status == 1 and "added the user bob" in shown
    assert sorted(site.everything()) == ["meetauth.conf", "store", "store.key", "users.passwd"]


def test_what_cannot_be_a_configuration_is_not_written(site):
    for arguments, says in (
            (("--platform", HOST), "missing option --address"),
            (("--address", ADDRESS), "missing option --platform"),
            (("--address", "auth.example.net", "--platform", HOST), "--address: "),
            (("--address", ADDRESS + "/$", "--platform", HOST), "was not written"),
            (("--address", ADDRESS, "--platform", 'a" { }'), "--platform: "),
            (("--address", ADDRESS, "--platform", HOST, "--type", "nonsense"), "no platform type"),
            (("--address", ADDRESS, "--platform", HOST, "--type", "ucwa"), "was not written: "),
            (("--address", ADDRESS, "--platform", HOST, "--secret-file", "/nonexistent"), "cannot open /nonexistent")):
        done = site.setup(*arguments, *site.paths, status=66 if "/nonexistent" in arguments else 64)
        assert says in done.stderr
        assert site.everything() == {}


def test_the_secret_may_come_from_a_file(site, tmp_path):
    secret = tmp_path / "key.txt"
    secret.write_text("the-key-of-the-platform\n")
    done = site.setup("--address", ADDRESS, "--platform", HOST, "--secret-file", str(secret), *site.paths)
    assert HOST + ": version 1 stored" in done.stdout and "the-key" not in done.stdout + done.stderr and not KEY.search(done.stdout)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_what_root_sets_up_belongs_to_the_service(site):
    for folder in ("state", "lib", "key"):
        os.makedirs(site.folder + "/" + folder, exist_ok=True)
        os.chown(site.folder + "/" + folder, 65534, 65534)
    above = site.folder
    while above != "/tmp":
        os.chmod(above, 0o755)
        above = os.path.dirname(above)
    secret = site.folder + "/secret"
    with open(os.open(secret, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        file.write("the-key-of-the-platform\n")
    done = subprocess.run(
        site.argv("setup", "--address", ADDRESS, "--platform", HOST, "--user", "alice", "--secret-file", secret, "--store", site.folder + "/lib/store",
                  "--store-key", site.folder + "/key/store.key", "--state", "lmdb:%s/state" % site.folder),
        input=PASSWORD + "\n", text=True, capture_output=True, env={**ENVIRONMENT, "ASAN_OPTIONS": "detect_leaks=0"}, timeout=300, check=False)
    assert done.returncode == 1, done.stderr
    for name, mode, owner in (("meetauth.conf", 0o644, 0), ("lib/store", 0o600, 65534), ("lib/users.passwd", 0o600, 65534), ("key/store.key", 0o400, 65534)):
        found = os.stat(site.folder + "/" + name)
        assert (stat.S_IMODE(found.st_mode), found.st_uid) == (mode, owner), name
