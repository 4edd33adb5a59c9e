# SPDX-License-Identifier: MIT
"""meetauthctl itself, and its commands on the store and on sessions, as an operator calls them."""

import json
import os
import pty
import re
import select
import signal
import stat
import subprocess
import termios
import time

import pytest

MEETAUTHCTL = os.environ.get("MEETAUTHCTL") or os.path.join(
    os.environ.get("builddir") or os.getcwd(), "meetauthctl")
NAME = "meeting.example.org"
ENVIRONMENT = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
FAILED, USAGE, DATA, IO, CONFIG = 1, 64, 65, 74, 78


class Ctl:
    """A configuration in a folder, and calls with it."""

    def __init__(self, folder):
        self.folder = str(folder)
        self.conf = self.folder + "/meetauth.conf"
        os.mkdir(self.folder + "/state")
        self.configure()

    def configure(self, state=None, more=""):
        with open(self.conf, "w", encoding="utf-8") as file:
            file.write('base-url = "https://external.example.org/auth"\n'
                       'store = "%s/store"\nstore-key = "%s/store.key"\nstate = "%s"\n'
                       'platform "%s" { type = "veeting" }\n'
                       'backend "staff" { type = "file" users = "%s/users.passwd" } '
                       'backend "own" { type = "http" url = "https://localhost/" }\n%s'
                       % (self.folder, self.folder, state or "lmdb:%s/state" % self.folder, NAME,
                          self.folder, more))

    def argv(self, *arguments):
        return [MEETAUTHCTL, "-c", self.conf, *arguments]

    def call(self, *arguments, status=0, text="", **options):
        done = subprocess.run(self.argv(*arguments), input=text, text=True, stderr=subprocess.PIPE,
                              env=ENVIRONMENT, timeout=300, check=False,
                              **{"stdout": subprocess.PIPE, **options})
        assert done.returncode == status, (arguments, done.stdout, done.stderr)
        assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
        if status != 0:
            assert done.stderr.startswith(("meetauthctl: ", "usage: ")), done.stderr
        return done

    def listed(self):
        return json.loads(self.call("secret", "list", "--json").stdout)

    def versions(self, name=NAME):
        return [entry["version"] for entry in self.listed() if entry["name"] == name]


@pytest.fixture
def bare(tmp_path):
    return Ctl(tmp_path)


@pytest.fixture
def ctl(bare):
    bare.call("init")
    return bare


# -- the frame --


def test_missing_and_wrong_configuration(bare):
    assert "/nonexistent" in bare.call("secret", "list", "-c", "/nonexistent", status=CONFIG).stderr
    bare.configure(more="nonsense = 1\n")
    for arguments in (["init"], ["secret", "list"], ["secret", "set", NAME], ["secret", "generate", NAME],
                      ["secret", "retire", NAME, "1"], ["store", "rekey"], ["session", "rotate-keys"],
                      ["session", "revoke", "alice"]):
        assert "%s:7: " % bare.conf in bare.call(*arguments, status=CONFIG).stderr


def test_output_that_was_closed_is_no_success_and_no_file(bare):
    """What is printed must not go into the file that was opened first."""
    closed = ["sh", "-c", 'exec "$@" <&- >&-', "sh", *bare.argv("init")]
    done = subprocess.run(closed, capture_output=True, text=True, check=False)
    assert done.returncode == IO and "cannot write to standard output" in done.stderr
    assert bare.listed() == []


def test_the_caller_s_mask_of_modes_is_not_taken_over(bare):
    mask = {"preexec_fn": lambda: os.umask(0o777)}
    bare.call("init", **mask)
    for _ in range(2):
        bare.call("secret", "generate", NAME, **mask)
    assert len(bare.versions()) == 2


# -- init --


def test_init_makes_private_files_and_never_overwrites(ctl):
    modes = {name: stat.S_IMODE(os.stat(ctl.folder + "/" + name).st_mode) for name in ("store", "store.key")}
    assert modes == {"store": 0o600, "store.key": 0o400}
    before = open(ctl.folder + "/store", "rb").read()
    assert "exists already" in ctl.call("init", status=FAILED).stderr
    assert open(ctl.folder + "/store", "rb").read() == before


def test_everything_asks_for_init_first(bare):
    for arguments in (["secret", "list"], ["secret", "generate", NAME], ["secret", "retire", NAME, "1"],
                      ["store", "rekey"], ["session", "rotate-keys"], ["session", "revoke", "alice"]):
        assert 'meetauthctl init"' in bare.call(*arguments, status=FAILED).stderr
    assert sorted(os.listdir(bare.folder)) == ["meetauth.conf", "state"]


# -- secrets --


def test_set_adds_versions_and_list_never_shows_one(ctl):
    first, second = "first-" + "x" * 20, "second " + "y" * 20
    assert ctl.call("secret", "set", NAME, text=first + "\n").stdout == NAME + ": version 1 stored\n"
    ctl.call("secret", "set", NAME.upper(), text=second)
    ctl.call("secret", "set", "backend/own", text="z" * 20)
    assert ctl.versions() == [2, 1]
    for output in (ctl.call("secret", "list").stdout, ctl.call("secret", "list", "--json").stdout):
        assert "xxx" not in output and "yyy" not in output and "zzz" not in output
    for name in os.listdir(ctl.folder):
        if os.path.isfile(ctl.folder + "/" + name):
            assert b"xxxx" not in open(ctl.folder + "/" + name, "rb").read()


@pytest.mark.parametrize("text, says", [
    ("", "expected a secret on standard input, found nothing"),
    ("\n", "expected a secret on standard input, found nothing"),
    ("two\nlines\n", "control character"),
    ("key\n\n", "control character"),
    ("a\tb", "control character"),
    ("a\0b", "control character"),
    ("..", "dots only"),
    ("x" * 4097, "longer than 4096 bytes"),
])
def test_secret_that_cannot_be_one_is_refused(ctl, text, says):
    assert says in ctl.call("secret", "set", NAME, text=text, status=DATA).stderr
    assert ctl.listed() == []


def test_at_most_eight_versions(ctl):
    for _ in range(8):
        ctl.call("secret", "generate", NAME)
    assert "retire one first" in ctl.call("secret", "set", NAME, text="key", status=FAILED).stderr
    assert "retire one first" in ctl.call("secret", "generate", NAME, status=FAILED).stderr
    ctl.call("secret", "retire", NAME, "1")
    ctl.call("secret", "set", NAME, text="key")
    assert ctl.versions() == [9, 8, 7, 6, 5, 4, 3, 2]


def test_generate_prints_the_key_alone_and_once(ctl):
    one, other = ctl.call("secret", "generate", NAME), ctl.call("secret", "generate", NAME)
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}\n", one.stdout)
    assert one.stdout != other.stdout
    assert "version 1 of " + NAME in one.stderr
    assert one.stdout.strip() not in one.stderr


class Terminal:
    """A call whose standard input and error are a terminal. It gets the handling of ^C given here, whatever these tests inherited: a shell
    starts background jobs with SIGINT ignored."""

    def __init__(self, argv, interrupt=signal.SIG_DFL):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(argv, stdin=slave, stdout=subprocess.PIPE, stderr=slave, env=ENVIRONMENT, start_new_session=True,
                                        preexec_fn=lambda: signal.signal(signal.SIGINT, interrupt))
        os.close(slave)
        self.said = b""

    def echoes(self):
        return bool(termios.tcgetattr(self.master)[3] & termios.ECHO)

    def wait_for(self, text):
        deadline = time.monotonic() + 300
        while text not in self.said:
            assert time.monotonic() < deadline, self.said
            if select.select([self.master], [], [], 0.2)[0]:
                self.said += os.read(self.master, 4096)

    def has_taken_signals(self):
        with open("/proc/%d/status" % self.process.pid, encoding="utf-8") as file:
            return not int(re.search(r"^ShdPnd:\t(\w+)$", file.read(), re.M)[1], 16)

    def type(self, text):
        """Once nothing echoes any more: what is typed before would be thrown away, or shown."""
        deadline = time.monotonic() + 300
        while self.echoes():
            assert time.monotonic() < deadline
            time.sleep(0.005)
        os.write(self.master, text)

    def end(self):
        status = self.process.wait(300)
        output = self.process.stdout.read()
        self.process.stdout.close()
        while select.select([self.master], [], [], 0.05)[0]:
            try:
                self.said += os.read(self.master, 4096)
            except OSError:
                break
        return status, output

    def close(self):
        os.close(self.master)


@pytest.fixture
def terminal(ctl):
    made = Terminal(ctl.argv("secret", "set", NAME))
    yield made
    made.close()


def test_prompt_asks_twice_without_echo(ctl, terminal):
    terminal.wait_for(b"Secret of meeting.example.org: ")
    terminal.type(b"typed in secret\n")
    terminal.wait_for(b"Repeat it: ")
    terminal.type(b"typed in secret\n")
    assert terminal.end() == (0, b"meeting.example.org: version 1 stored\n")
    assert b"typed" not in terminal.said
    assert ctl.versions() == [1]


def test_interrupted_prompt_leaves_a_terminal_that_echoes(ctl, terminal):
    terminal.wait_for(b"Secret of meeting.example.org: ")
    terminal.type(b"half a sec")
    assert not terminal.echoes()
    terminal.process.send_signal(signal.SIGINT)
    status, output = terminal.end()
    assert (status, output) == (-signal.SIGINT, b"")
    assert terminal.echoes()
    assert ctl.versions() == []


def test_prompt_goes_on_where_interrupts_are_ignored(ctl):
    terminal = Terminal(ctl.argv("secret", "set", NAME), signal.SIG_IGN)
    terminal.wait_for(b"Secret of meeting.example.org: ")
    terminal.type(b"typed in ")
    terminal.process.send_signal(signal.SIGINT)
    while not terminal.has_taken_signals():
        time.sleep(0.005)
    terminal.type(b"secret\n")
    terminal.wait_for(b"Repeat it: ")
    terminal.type(b"typed in secret\n")
    assert terminal.end() == (0, b"meeting.example.org: version 1 stored\n")
    terminal.close()


# -- store and sessions --


def test_rekey_changes_both_files_and_keeps_the_secrets(ctl):
    ctl.call("secret", "set", NAME, text="key")
    before = [open(ctl.folder + "/" + name, "rb").read() for name in ("store", "store.key")]
    ctl.call("store", "rekey")
    after = [open(ctl.folder + "/" + name, "rb").read() for name in ("store", "store.key")]
    assert before[0] != after[0] and before[1] != after[1]
    assert ctl.versions() == [1]
    assert sorted(os.listdir(ctl.folder)) == ["meetauth.conf", "state", "store", "store.key", "store.lock"]


# -- what is refused (attacks A74 and A77; each cause is in the unit tests) --


def test_A74_store_that_others_can_read_is_refused(ctl):
    os.chmod(ctl.folder + "/store", 0o644)
    done = ctl.call("secret", "list", status=FAILED)
    assert "chmod" in done.stderr and done.stdout == ""


def test_A77_key_that_is_none_is_refused(ctl):
    key = ctl.folder + "/store.key"
    for text, says in (("0" * 64, "all zero"), ("1" * 63, "64 hex digits"), ("1" * 64, "another key")):
        os.chmod(key, 0o600)
        with open(key, "w", encoding="ascii") as file:
            file.write(text + "\n")
        assert says in ctl.call("secret", "list", status=FAILED).stderr
