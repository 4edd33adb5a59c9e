# SPDX-License-Identifier: MIT
"""Root and the user of the service: whoever runs as that user, or owns what it owns, must not get further by what root
is told to type. The service's user is nobody here."""

import os
import pty
import random
import re
import shutil
import signal
import stat
import subprocess
import tempfile

import pytest
from rig import ENVIRONMENT, HOST, MEETAUTHCTL, MEETAUTHD, SANITIZER, TOP, children, wait_for

USER = 65534
STRACE = shutil.which("strace")
# LeakSanitizer cannot look into a process that has given up being root.
QUIET = {**ENVIRONMENT, "ASAN_OPTIONS": "detect_leaks=0"}
KEY = "key-of-the-platform-0123456789"
PROGRAM = """#!/bin/sh
{ id -u; id -ru; id -G; grep -E "^Cap(Prm|Eff)" /proc/self/status; } >%(folder)s/lib/seen
(exec </dev/tty) 2>/dev/null && echo terminal >>%(folder)s/lib/seen
while read -r line && [ "$line" != end ]; do :; done
printf 'meetauth 1\\nready\\nend\\n'
"""

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


class Site:
    """As the README has it: the configuration is root's; a folder for the store, one for its key and one for the state belong
    to the user of the service."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="ma-root-")
        os.chmod(self.folder, 0o755)
        for name in ("lib", "key", "state"):
            os.mkdir(self.folder + "/" + name, 0o750)
            os.chown(self.folder + "/" + name, USER, USER)
        shutil.copytree(TOP + "/share", self.folder + "/share")
        self.conf = self.folder + "/meetauth.conf"
        self.configure()

    def configure(self, more=""):
        text = ('base-url = "https://external.example.org/auth"\nstore = "%(at)s/lib/store"\nstore-key = "%(at)s/key/store.key"\n'
                'state = "lmdb:%(at)s/state"\nshare = "%(at)s/share"\nplatform "%(host)s" { type = "veeting" }\n'
                'backend "staff" { type = "file"  users = "%(at)s/lib/users.passwd" }\n%(more)s\n')
        with open(self.conf, "w", encoding="utf-8") as file:
            file.write(text % {"at": self.folder, "host": HOST, "more": more})

    def with_program(self, folder="lib", owner=USER):
        self.program = "%s/%s/program" % (self.folder, folder)
        with open(self.program, "w", encoding="utf-8") as file:
            file.write(PROGRAM % {"folder": self.folder})
        os.chmod(self.program, 0o755)
        os.chown(self.program, owner, owner)
        self.configure('backend "own" { type = "command"  program = "%s" }' % self.program)

    def call(self, *arguments, status=0, text="", before=(), program=MEETAUTHCTL):
        done = subprocess.run([*before, program, "-c", self.conf, *arguments], input=text, text=True, capture_output=True,
                              env=QUIET, timeout=300, check=False)
        assert status in (None, done.returncode), (arguments, done.stdout, done.stderr)
        assert not SANITIZER.search(done.stderr), done.stderr
        return done

    def start(self):
        self.call("init")
        self.call("secret", "set", HOST, text=KEY + "\n")
        self.call("user", "add", "alice", "--group", "staff", text="a good password\n")
        return self

    def read(self, name):
        with open(self.folder + "/" + name, encoding="utf-8") as file:
            return file.read()


@pytest.fixture
def site():
    made = Site()
    yield made
    shutil.rmtree(made.folder, ignore_errors=True)


def as_user(*command, **options):
    return subprocess.run(["setpriv", "--reuid", str(USER), "--regid", str(USER), "--clear-groups", *command],
                          capture_output=True, text=True, check=False, timeout=300, **options)


# ---- P2: the socket ----


def may_mount():
    return subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False).returncode == 0


STARTED = """set -e
mount -t tmpfs -o mode=0755 tmpfs /run
printf 'meetauth:x:65534:65534::/:/bin/false\\n' >>"$1/passwd"
printf 'meetauth:x:65534:\\n' >>"$1/group"
mount --bind "$1/passwd" /etc/passwd
mount --bind "$1/group" /etc/group
systemd-tmpfiles --create "$2"
trap 'kill "$pool" 2>/dev/null' EXIT
sh -c "exec $3" &
pool=$!
i=0; until [ -S "$4" ] || [ $i = 300 ]; do sleep 0.1; i=$((i + 1)); done
stat -c 'socket %F %U %G %a' "$4"
stat -c 'folder %u %a' "${4%/*}"
# What a program of the service's user would try, until root starts the pool once more.
setpriv --reuid 65534 --regid 65534 --clear-groups sh -c '
    for try in "ln -sf /etc/shadow $1.new" "mv $1 $1.old" "rm -f $1" "touch ${1%/*}/other" "ln -s /etc/shadow ${1%/*}/link"; do
        $try 2>/dev/null && echo "done: $try"; done; echo "user $(id -u)"' sh "$4"
stat -c 'socket %F %U %G %a' "$4"
"""


def documented_start():
    """The command of the README that starts the pool, and the socket in it."""
    with open(TOP + "/README.md", encoding="utf-8") as file:
        found = re.search(r"^ *(spawn-fcgi (?:.*\\\n)*.*)$", file.read(), re.M).group(1)
    command = re.sub(r"\s*\\\n\s*", " ", found)
    return command, re.search(r" -s (\S+)", command).group(1)


@pytest.mark.skipif(not all(map(shutil.which, ("systemd-tmpfiles", "spawn-fcgi", "unshare"))), reason="needs systemd-tmpfiles, spawn-fcgi")
def test_P2_the_documented_socket_cannot_be_replaced(site):
    if not may_mount():
        pytest.skip("needs root that may mount")
    for name in ("passwd", "group"):
        shutil.copyfile("/etc/" + name, site.folder + "/" + name)
    command, path = documented_start()
    command = re.sub(r"-- /.*", "-- /bin/sleep 60", command)
    done = subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-c", STARTED, "sh", site.folder,
                           TOP + "/deploy/tmpfiles.conf", command, path], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    socket = next(line for line in said if line.startswith("socket"))
    assert re.fullmatch(r"socket socket (meetauth|nobody) www-data 660", socket), said
    assert re.fullmatch(r"folder 0 75\d", said[said.index(socket) + 1]), said
    assert said[said.index(socket) + 2:] == ["user 65534", socket], said


def test_P2_a_lock_that_is_linked_is_handed_to_nobody(site):
    """A hard link for a lock gave the file away, where fs.protected_hardlinks is 0."""
    site.start()
    victim = site.folder + "/victim"
    with open(victim, "w", encoding="utf-8") as file:
        file.write("root's")
    os.chmod(victim, 0o666)
    os.unlink(site.folder + "/lib/store.lock")
    os.link(victim, site.folder + "/lib/store.lock")
    assert "store.lock" in site.call("secret", "set", HOST, text=KEY, status=1).stderr
    os.unlink(site.folder + "/lib/store.lock")
    os.symlink(victim, site.folder + "/lib/store.lock")
    assert "store.lock" in site.call("secret", "set", HOST, text=KEY, status=1).stderr
    state = os.stat(victim)
    assert (state.st_uid, stat.S_IMODE(state.st_mode), site.read("victim")) == (0, 0o666, "root's")


# ---- P3: who root is, and what root believes ----


def test_P3_a_program_that_root_causes_to_run_is_never_root_s(site):
    site.start().with_program()
    done = site.call("check", "--connect", status=1)  # the platform cannot be reached
    assert re.search(r"^ok +connect +own ", done.stdout, re.M), done.stdout
    seen = site.read("lib/seen").split()
    assert seen[:3] == [str(USER)] * 3, seen
    assert seen[3:] == ["CapPrm:", "0" * 16, "CapEff:", "0" * 16], seen
    os.unlink(site.folder + "/lib/seen")
    site.call("-t", program=MEETAUTHD)
    assert not os.path.exists(site.folder + "/lib/seen"), "-t runs nothing"


def test_P3_a_program_gets_no_terminal_of_root(site):
    """It could type commands for root's shell there."""
    site.start().with_program()
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.clear()
        os.environ.update(QUIET)
        os.execv("/bin/sh", ["sh", "-c", '"$0" -c "$1" check --connect; echo the end', MEETAUTHCTL, site.conf])
    said = b""
    while b"the end" not in said:
        said += os.read(terminal, 4096)
    os.close(terminal)
    os.waitpid(pid, 0)
    assert site.read("lib/seen").startswith("%d\n" % USER) and "terminal" not in site.read("lib/seen")


def test_a_configuration_that_is_not_there_names_the_command_that_writes_it(site):
    site.start().with_program()
    os.unlink(site.conf)
    for done in (site.call("check", status=1), site.call("-t", program=MEETAUTHD, status=1)):
        assert 'meetauth.conf does not exist; "meetauthctl setup" writes it' in done.stdout + done.stderr


@pytest.mark.parametrize("spoil, says", [
    (lambda site: os.chown(site.conf, USER, USER), "meetauth.conf belongs to user id 65534"),
    (lambda site: os.chmod(site.conf, 0o664), "group id 0 may write to"),
    (lambda site: os.chmod(site.conf, 0o646), "everybody may write to"),
    (lambda site: os.chown(site.folder, USER, USER), "belongs to user id 65534"),
    (lambda site: os.chmod(site.folder, 0o777), "everybody may write to"),
])
def test_P3_root_reads_no_configuration_that_others_can_replace(site, spoil, says):
    site.start().with_program()
    spoil(site)
    for arguments, status in ((["secret", "list"], 78), (["policy", "lint"], 78), (["check", "--connect"], 1)):
        done = site.call(*arguments, status=status)
        assert says in done.stdout + done.stderr and "root does not read a configuration" in done.stdout + done.stderr
    assert says in site.call("-t", program=MEETAUTHD, status=1).stderr
    assert says in site.call(program=MEETAUTHD, status=78).stderr
    assert not os.path.exists(site.folder + "/lib/seen")


def test_P3_a_link_to_the_configuration_counts_like_it(site):
    site.start()
    os.mkdir(site.folder + "/links")
    os.symlink(site.conf, site.folder + "/links/meetauth.conf")
    site.conf = site.folder + "/links/meetauth.conf"
    site.call("secret", "list")
    os.chown(site.folder + "/links", USER, USER)
    assert "links belongs to user id 65534" in site.call("secret", "list", status=78).stderr


def test_P3_root_that_stays_root_takes_nothing_of_others(site):
    """Where the store's folder is root's, there is nobody to become."""
    for name in ("lib", "key", "state"):
        os.chown(site.folder + "/" + name, 0, 0)
    site.start().with_program()
    assert "belongs to user id 65534; chown it to root" in site.call("check", "--connect", status=1).stdout
    assert not os.path.exists(site.folder + "/lib/seen")
    site.configure()
    os.chown(site.folder + "/state", USER, USER)
    assert "so root does not open it" in site.call("session", "revoke", "alice", status=1).stderr
    os.chown(site.folder + "/lib/users.passwd", USER, USER)
    assert "belongs to user id 65534" in site.call("user", "list", status=66).stderr
    os.chown(site.folder + "/lib/store", USER, USER)
    assert "make that user the owner of the folder as well" in site.call("secret", "list", status=78).stderr


def test_P3_the_way_to_the_store_is_root_s_or_its_owner_s(site):
    os.chown(site.folder, 12345, 12345)
    os.mkdir(site.folder + "/conf")
    os.rename(site.conf, "/tmp/%s.conf" % os.path.basename(site.folder))
    site.conf = "/tmp/%s.conf" % os.path.basename(site.folder)
    try:
        assert "belongs to user id 12345" in site.call("init", status=78).stderr
    finally:
        os.unlink(site.conf)


def test_P3_everything_that_root_makes_belongs_to_the_service(site):
    site.configure('backend "invited" { type = "invite"  invitations = "%(at)s/lib/invitations" }\n'
                   'backend "key" { type = "meeting-key"  keys = "%(at)s/lib/keys" }' % {"at": site.folder})
    site.start()
    site.call("secret", "generate", HOST)
    site.call("secret", "generate", "backend/invited")
    site.call("store", "rekey")
    site.call("session", "rotate-keys")
    site.call("session", "revoke", "alice")
    site.call("invite", "create", "--platform", HOST, "--meeting", "5f521a93c20ff6721fbb6a6c", "--name", "Guest")
    site.call("meeting-key", "set", "--platform", HOST, "--meeting", "5f521a93c20ff6721fbb6a6c", text="a long meeting key\n")
    site.call("user", "disable", "alice")
    made = [os.path.join(folder, name) for folder, _, names in os.walk(site.folder) for name in names
            if "/share" not in folder and name != "meetauth.conf"]
    assert len(made) >= 8, made
    assert {os.stat(path).st_uid for path in made} == {USER}, made
    assert as_user(MEETAUTHCTL, "-c", site.conf, "secret", "list", env=QUIET).stdout.count(HOST) == 2


@pytest.mark.parametrize("more", [(), ("--processes", "2")])
def test_P3_meetauthd_that_root_starts_is_not_root(site, more):
    site.start()
    path = site.folder + "/state/pool.sock"
    with open(site.folder + "/log", "wb") as log:
        daemon = subprocess.Popen([MEETAUTHD, "-c", site.conf, "--listen", "unix:" + path, *more], stdout=log, stderr=log, env=QUIET)
    try:
        wait_for(lambda: site.read("log").count("event=start ") == (2 if more else 1), "the processes: " + site.folder)
        for pid in [daemon.pid, *children(daemon.pid)]:
            with open("/proc/%d/status" % pid, encoding="utf-8") as file:
                status = file.read()
            assert re.search(r"^Uid:\s+65534\s+65534\s+65534\s+65534$", status, re.M), status
            assert re.search(r"^Gid:\s+65534\s+65534\s+65534\s+65534$", status, re.M), status
            assert re.search(r"^CapPrm:\s+0+$", status, re.M), status
        assert len(children(daemon.pid)) == (2 if more else 0)
        assert os.stat(path).st_uid == USER
    finally:
        daemon.terminate()
        assert daemon.wait(60) == 0, site.read("log")


def test_P3_a_parent_that_waits_makes_nothing_before_it_knows_its_user(site):
    """A configuration that root cannot load names nobody to become: no socket in the folder of that user until it does."""
    site.start()
    path = site.folder + "/state/pool.sock"
    with open(site.conf, "a", encoding="utf-8") as file:
        file.write("nonsense {")
    with open(site.folder + "/log", "wb") as log:
        daemon = subprocess.Popen([MEETAUTHD, "-c", site.conf, "--listen", "unix:" + path, "--processes", "1"], stdout=log, stderr=log, env=QUIET)
    try:
        wait_for(lambda: site.read("log").count("result=waiting") >= 2, "two tries")
        assert not os.path.exists(path) and children(daemon.pid) == []
        site.configure()
        daemon.send_signal(signal.SIGHUP)
        wait_for(lambda: "event=start " in site.read("log"), "the process")
        for pid in [daemon.pid, *children(daemon.pid)]:
            with open("/proc/%d/status" % pid, encoding="utf-8") as file:
                assert re.search(r"^Uid:\s+65534\s+65534\s+65534\s+65534$", file.read(), re.M)
        assert os.stat(path).st_uid == USER
    finally:
        daemon.terminate()
        assert daemon.wait(60) == 0, site.read("log")


def test_P3_check_as_root_finds_what_the_service_cannot_read(site):
    """And says it in the same words as meetauthd -t of the user of the service."""
    site.start()
    assert not re.search("^FAIL", site.call("check").stdout, re.M)
    for name in ("key/store.key", "lib/store", "lib/users.passwd", "share/lang/en.json"):
        path = site.folder + "/" + name
        before = os.stat(path)
        os.chown(path, 0, 0)
        os.chmod(path, 0o600)
        found = re.findall(r"^FAIL.*has no permission.*$", site.call("check", status=1).stdout, re.M)
        assert len(found) == 1 and path in found[0], (name, found)
        said = as_user(MEETAUTHD, "-t", "-c", site.conf, env=QUIET)
        assert said.returncode == 1 and path in said.stderr and "has no permission" in said.stderr, said
        os.chown(path, before.st_uid, before.st_gid)
        os.chmod(path, stat.S_IMODE(before.st_mode))


# ---- P11: the state ----


@pytest.mark.skipif(STRACE is None, reason="needs strace")
def test_P11_a_damaged_state_never_meets_root(site):
    site.start()
    site.call("session", "revoke", "alice")
    path = site.folder + "/state/state.mdb"
    with open(path, "rb") as file:
        good = file.read()
    dice = random.Random(11)
    for _ in range(12):
        bad = bytearray(good)
        for _ in range(dice.randrange(1, 200)):
            bad[dice.randrange(len(bad))] = dice.randrange(256)
        with open(path, "wb") as file:
            file.write(bad)
        trace = site.folder + "/trace"
        subprocess.run([STRACE, "-f", "-o", trace, "-e", "trace=openat,setresuid,setuid", MEETAUTHCTL, "-c", site.conf, "session", "revoke",
                        "alice"], capture_output=True, env=QUIET, timeout=300, check=False)
        lines = site.read("trace").splitlines()
        became = next(i for i, line in enumerate(lines) if re.search(r"setresuid\(65534, 65534, 65534\) += 0", line))
        opened = [i for i, line in enumerate(lines) if "/state/" in line or "/lib/store" in line or "/key/" in line]
        assert opened and min(opened) > became, lines
        back = [line for line in lines[became + 1:] if re.search(r"set(res)?uid\(.*= 0$", line)]
        assert back == [], back


# ---- the socket, as check sees it ----


def findings(site, path, status):
    said = site.call("check", "--socket", path, status=status).stdout
    return [(good, re.sub(r"\s+", " ", text).strip()) for good, text in re.findall(r"^(ok|FAIL) +socket +%s(.*)$" % re.escape(path), said, re.M)]


@pytest.fixture
def pool(site):
    """meetauthd at a socket in a folder of root's that its group may enter, the service's user not."""
    site.start()
    os.mkdir(site.folder + "/socket", 0o750)
    os.chown(site.folder + "/socket", 0, 33)
    site.path = site.folder + "/socket/pool.sock"
    with open(site.folder + "/log", "wb") as log:
        site.daemon = subprocess.Popen(
            ["spawn-fcgi", "-n", "-s", site.path, "-M", "0660", "-U", str(USER), "-G", "33", "-u", str(USER), "-g", str(USER),
             "--", MEETAUTHD, "-c", site.conf], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=QUIET)
    wait_for(lambda: "event=start" in site.read("log"), "the pool: " + site.folder)
    yield site
    site.daemon.kill()
    site.daemon.wait(300)


def test_check_tells_owners_and_that_the_pool_answers(pool):
    (good, owners), (answers, text) = findings(pool, pool.path, 0)
    assert (good, answers) == ("ok", "ok") and text == "connected, and the pool is ready"
    assert re.fullmatch(r"nobody:\S+ 0660 in a directory root:\S+ 0750", owners), owners


def test_check_finds_why_the_web_server_says_502(pool):
    """Each of these was a 502 of nginx with nothing in any log."""
    os.chown(pool.folder + "/socket", 0, 0)
    assert "chgrp 33 the directory" in findings(pool, pool.path, 1)[0][1]
    os.chown(pool.folder + "/socket", 0, 33)
    os.chmod(pool.path, 0o600)
    assert "its group may not connect" in findings(pool, pool.path, 1)[0][1]
    os.chmod(pool.path, 0o666)
    os.chmod(pool.folder + "/socket", 0o755)
    assert "everybody on this machine may connect" in findings(pool, pool.path, 1)[0][1]
    os.chmod(pool.path, 0o660)
    pool.daemon.kill()
    pool.daemon.wait(300)
    (good, _), (answers, text) = findings(pool, pool.path, 1)
    assert (good, answers) == ("ok", "FAIL") and "Connection refused; start the pool" in text
    os.unlink(pool.path)
    assert findings(pool, pool.path, 1) == [("FAIL", "No such file or directory; start the pool")]
    with open(pool.path, "w", encoding="utf-8"):
        pass
    assert findings(pool, pool.path, 1) == [("FAIL", "is not a socket; remove it and start the pool")]


def test_check_says_what_the_pool_is_not_ready_for(pool):
    """Who is not root cannot look into the folder, and says so."""
    os.rename(pool.folder + "/state", pool.folder + "/other")
    wait_for(lambda: findings(pool, pool.path, 1)[1][0] == "FAIL", "readyz of the pool")
    assert "the pool is not ready: " in findings(pool, pool.path, 1)[1][1]
    os.rename(pool.folder + "/other", pool.folder + "/state")
    said = as_user(MEETAUTHCTL, "-c", pool.conf, "check", "--socket", pool.path, env=QUIET)
    assert said.returncode == 1 and "run this as root" in said.stdout, said


def test_ready_asks_the_pool_and_nothing_else(pool):
    """What an engine ends a container for: not a mistake in a file that the pool has not loaded."""
    with open(pool.conf, encoding="utf-8") as file:
        good = file.read()
    with open(pool.conf, "a", encoding="utf-8") as file:
        file.write("nonsense {\n")
    assert pool.call("check", "--socket", pool.path, status=1)
    said = pool.call("check", "--ready", "--socket", pool.path).stdout
    assert re.fullmatch(r"ok    socket    \S+  the pool is ready\n", said), said
    with open(pool.conf, "w", encoding="utf-8") as file:
        file.write(good)
    os.rename(pool.folder + "/state", pool.folder + "/other")
    wait_for(lambda: "the pool is not ready" in pool.call("check", "--ready", "--socket", pool.path, status=None).stdout, "readyz of the pool")
    pool.call("check", "--ready", "--socket", pool.path, status=1)
    os.rename(pool.folder + "/other", pool.folder + "/state")
    pool.daemon.kill()
    pool.daemon.wait(300)
    assert "start the pool" in pool.call("check", "--ready", "--socket", pool.path, status=1).stdout
    os.unlink(pool.path)
    assert "start the pool" in pool.call("check", "--ready", "--socket", pool.path, status=1).stdout


def test_root_connects_to_no_socket_that_others_can_replace(pool):
    """The folder's owner could have laid a link to a socket that only root may use."""
    os.chown(pool.folder + "/socket", USER, 33)
    (good, owners), (answers, _) = findings(pool, pool.path, 0)
    assert (good, answers) == ("ok", "ok") and "in which only that user may create a socket" in owners
    os.chmod(pool.path, 0o660)
    os.chown(pool.path, 0, 33)  # the service's user may not
    assert "Permission denied" in findings(pool, pool.path, 1)[1][1]
