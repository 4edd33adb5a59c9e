# SPDX-License-Identifier: MIT
"""What starts the pool on a machine: the units of systemd, and the script for machines without. A service manager of the tests
runs the units' own commands (units.py); systemd-analyze judges the files."""

import os
import re
import shutil
import signal
import subprocess
import threading

import pytest
from rig import ENVIRONMENT, TOP, children, wait_for
from test_pool import all_gone, load
from units import Manager, read_unit, values, with_paths

ANALYZE = shutil.which("systemd-analyze")
STRACE = shutil.which("strace")
needs_analyze = pytest.mark.skipif(not ANALYZE, reason="systemd-analyze (package systemd) is not there")


def analyze(*arguments):
    return subprocess.run([ANALYZE, *arguments], capture_output=True, text=True, env=ENVIRONMENT, timeout=300, check=False)


# -- the files --


def unit_files(folder, *names):
    return [with_paths(str(folder), name) for name in names]


@needs_analyze
@pytest.mark.parametrize("names", [("meetauth.socket", "meetauth.service"), ("meetauth-spawn-fcgi.service",)])
def test_systemd_finds_nothing_to_say_about_the_units(tmp_path, names):
    done = analyze("verify", "--man=no", *unit_files(tmp_path, *names))
    said = [line for line in done.stderr.splitlines() if str(tmp_path) in line or "meetauth" in line]
    assert done.returncode == 0 and said == []


@needs_analyze
def test_systemd_would_say_something_of_a_mistake(tmp_path):
    path = with_paths(str(tmp_path), "meetauth-spawn-fcgi.service")
    with open(path, "a", encoding="utf-8") as file:
        file.write("[Service]\nNoSuchSetting=yes\n")
    assert "NoSuchSetting" in analyze("verify", "--man=no", path).stderr


@needs_analyze
def test_the_service_is_exposed_as_little_as_promised(tmp_path):
    """1.6 of 10, the threshold in tenths; nginx's own unit has 9.6."""
    (path,) = unit_files(tmp_path, "meetauth.service")
    done = analyze("security", "--offline=yes", "--no-pager", "--threshold=16", path)
    assert done.returncode == 0, done.stdout
    level = re.search(r"Overall exposure level for meetauth.service: ([0-9.]+)", done.stdout)
    assert 0 < float(level.group(1)) <= 1.6


def test_the_units_fit_each_other():
    service, listener = read_unit("meetauth.service"), read_unit("meetauth.socket")
    assert values(listener, "SocketMode") == ["0660"] and values(listener, "SocketGroup") == ["www-data"]
    (path,) = values(listener, "ListenStream")
    assert not path.startswith("/run/%s/" % values(service, "RuntimeDirectory")[0]), "systemd makes and removes that folder"
    assert values(service, "RuntimeDirectoryPreserve") == ["yes"], "sessions end with the state"
    with open(TOP + "/nginx/meetauth.conf", encoding="utf-8") as file:
        assert "server unix:%s;" % path in file.read()
    with open(TOP + "/deploy/meetauth.init", encoding="utf-8") as file:
        assert "SOCKET=%s\n" % path in file.read()


def test_users_and_folders_are_what_systemd_can_make(tmp_path):
    """By systemd's own programs, in a root folder of the test's."""
    if not shutil.which("systemd-sysusers") or os.geteuid() != 0:
        pytest.skip("systemd-sysusers is not there, or this is not root")
    for name in ("etc", "var/lib", "run", "usr/lib/sysusers.d"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "etc/group").write_text("root:x:0:\nwww-data:x:33:\n")
    (tmp_path / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    root = "--root=%s" % tmp_path
    subprocess.run(["systemd-sysusers", root, TOP + "/deploy/sysusers.conf"], check=True, env=ENVIRONMENT, timeout=300)
    line = next(line for line in (tmp_path / "etc/passwd").read_text().splitlines() if line.startswith("meetauth:"))
    assert line.split(":")[5:] == ["/var/lib/meetauth", "/usr/sbin/nologin"]
    shutil.copy(TOP + "/deploy/tmpfiles.conf", tmp_path / "etc/meetauth.conf")
    subprocess.run(["systemd-tmpfiles", root, "--create", TOP + "/deploy/tmpfiles.conf"], check=True, env=ENVIRONMENT, timeout=300)
    user = int(line.split(":")[2])
    for name, owner in (("run/meetauth", user), ("run/meetauth-socket", 0)):
        found = os.stat(tmp_path / name)
        assert (found.st_uid, found.st_gid, found.st_mode & 0o7777) == (owner, 33, 0o750), name


# -- the service with its socket --


@pytest.fixture
def managed(make_rig):
    """A rig whose pool a Manager starts."""
    made = []

    def make(unit, listens=None, **options):
        rig = make_rig(start=False, **options)
        manager = Manager(rig, unit, listens)
        made.append(manager)
        rig.start_pool = lambda: None
        rig.start()
        with open(rig.conf, encoding="utf-8") as file:
            text = file.read()
        text = text.replace('"%s/store.key"' % rig.folder, '"${CREDENTIALS_DIRECTORY:-/nowhere}/store.key"')
        with open(rig.conf, "w", encoding="utf-8") as file:
            file.write(text)
        return rig, manager

    yield make
    for manager in made:
        manager.close()
        assert not re.search(r"ERROR: \w+Sanitizer|runtime error:", manager_log(manager))


def manager_log(manager):
    if not os.path.exists(manager.rig.log):
        return ""
    with open(manager.rig.log, encoding="utf-8") as log:
        return log.read()


def test_the_service_reports_to_its_manager(managed):
    rig, manager = managed("meetauth.service", "meetauth.socket")
    assert manager.start(watchdog_ms=400).returncode == 0
    manager.wait_ready()
    assert rig.visitor().sign_in().status == 302
    wait_for(lambda: manager.status() == "4 of 4 processes serve", "all of them")
    wait_for(lambda: manager.count("WATCHDOG") >= 3, "signs of life")
    for pid in children(manager.pid):
        with open("/proc/%d/environ" % pid, "rb") as file:
            assert not re.search(rb"NOTIFY_SOCKET|WATCHDOG_|LISTEN_", file.read()), "only the parent is the service"
        assert not os.path.exists("/proc/%d/fd/3" % pid) or "socket" not in os.readlink("/proc/%d/fd/3" % pid) or \
            os.readlink("/proc/%d/fd/3" % pid) != os.readlink("/proc/%d/fd/0" % pid)
    manager.stop()
    assert manager.count("STOPPING") == 1 and manager.count("READY") == 1
    assert manager.status().startswith("draining")


def test_a_start_with_a_bad_configuration_fails_before_the_service(managed):
    rig, manager = managed("meetauth.service", "meetauth.socket")
    with open(rig.conf, "a", encoding="utf-8") as file:
        file.write("nonsense {\n")
    done = manager.start()
    assert done.returncode == 1 and rig.conf in done.stderr and manager.process is None


def test_ready_comes_only_when_a_process_serves(managed):
    """The start of the processes fails, though the check before it was good: the manager waits."""
    rig, manager = managed("meetauth.service", "meetauth.socket")
    shutil.move(rig.folder + "/state", rig.folder + "/aside")
    with open(rig.folder + "/state", "w", encoding="utf-8"):
        pass
    manager.start(watchdog_ms=400)
    wait_for(lambda: manager_log(manager).count("result=waiting") >= 2, "tries")
    assert manager.count("READY") == 0 and manager.status() == "0 of 4 processes serve" and manager.count("WATCHDOG") > 0
    os.unlink(rig.folder + "/state")
    shutil.move(rig.folder + "/aside", rig.folder + "/state")
    os.kill(manager.pid, signal.SIGHUP)  # what kept it from starting was mended
    wait_for(lambda: manager.status() == "4 of 4 processes serve", "the pool")
    assert manager.count("READY") >= 1


def under_load(rig, act):
    """Joins go on while act() changes something; every one of them got through, before, meanwhile and after."""
    stop = threading.Event()
    heard, finish = load(rig, stop)
    try:
        wait_for(lambda: len(heard) >= 20, "joins before")
        act()
        after = len(heard)
        wait_for(lambda: len(heard) >= after + 20, "joins after")
    finally:
        finish()
    assert set(heard) == {302}, sorted(set(heard))


def test_a_restart_loses_nobody(managed):
    """systemd keeps the socket: who comes in between waits in its queue. The state stays, so sessions go on."""
    rig, manager = managed("meetauth.service", "meetauth.socket")
    manager.start()
    manager.wait_ready()

    def restart():
        first = manager.pid
        manager.stop()
        manager.start()
        manager.wait_ready(2)
        assert manager.pid != first

    under_load(rig, restart)


def test_a_reload_ends_when_every_process_has_read_it(managed):
    rig, manager = managed("meetauth.service", "meetauth.socket")
    manager.start()
    manager.wait_ready()
    wait_for(lambda: manager.status() == "4 of 4 processes serve", "the pool")

    def change():
        for number in range(1, 4):
            manager.reload()
            assert manager_log(manager).count("event=reload what=configuration result=ok") == 4 * number
        assert manager.count("RELOADING") == 3
        times = [int(message["MONOTONIC_USEC"]) for message in manager.hear() if "RELOADING" in message]
        assert times == sorted(times) and times[0] > 0

    under_load(rig, change)
    with open(rig.conf, "a", encoding="utf-8") as file:
        file.write("nonsense {\n")
    manager.reload()
    assert len(re.findall("event=reload result=failed", manager_log(manager))) == 4, "one that fails ends as well"
    assert rig.visitor().sign_in().status == 302


def test_an_upgrade_of_the_program_loses_nobody(managed, tmp_path):
    rig, manager = managed("meetauth.service", "meetauth.socket")
    rig.meetauthd = str(tmp_path / "meetauthd")
    shutil.copy(os.environ.get("MEETAUTHD") or os.path.join(os.environ.get("builddir") or os.getcwd(), "meetauthd"), rig.meetauthd)
    manager.start(watchdog_ms=400)
    manager.wait_ready()
    wait_for(lambda: manager.status() == "4 of 4 processes serve", "the pool")
    old = children(manager.pid)

    def upgrade():
        shutil.copy(rig.meetauthd, rig.meetauthd + ".new")
        os.rename(rig.meetauthd + ".new", rig.meetauthd)
        os.kill(manager.pid, signal.SIGUSR2)
        all_gone(old)
        wait_for(lambda: "event=pool result=taken-over" in manager_log(manager), "the parent")

    under_load(rig, upgrade)
    signs = manager.count("WATCHDOG")
    wait_for(lambda: manager.count("WATCHDOG") >= signs + 2, "signs of life of the new parent")
    assert manager.process.poll() is None, "the same process, as the manager has it"
    manager.reload()
    assert manager.count("STOPPING") == 0


def test_the_spawn_fcgi_unit_starts_reloads_and_upgrades(managed):
    rig, manager = managed("meetauth-spawn-fcgi.service")
    manager.start()
    manager.wait_ready()
    wait_for(lambda: manager.status() == "4 of 4 processes serve", "the pool")
    under_load(rig, manager.reload)
    old = children(manager.pid)
    under_load(rig, lambda: (os.kill(manager.pid, signal.SIGUSR2), all_gone(old)))
    manager.stop()
    assert manager.count("STOPPING") == 1


def test_one_process_without_a_parent_reports_as_well(managed):
    rig, manager = managed("meetauth.service", "meetauth.socket")
    manager.unit = [(section, key, value.partition(" --processes")[0] if key == "ExecStart" else value) for section, key, value in manager.unit]
    manager.start(watchdog_ms=400)
    manager.wait_ready()
    assert rig.visitor().sign_in().status == 302
    manager.reload()
    assert manager_log(manager).count("event=reload what=configuration result=ok") == 1
    wait_for(lambda: manager.count("WATCHDOG") >= 2, "signs of life")
    manager.stop()
    assert manager.count("STOPPING") == 1


def test_two_sockets_are_an_error(managed):
    rig, manager = managed("meetauth.service", "meetauth.socket")
    manager.listen_fds = "2"
    manager.start()
    assert manager.process.wait(60) == 64
    assert "LISTEN_FDS=2: expected one listening socket" in manager_log(manager)


# -- what the service may call --


def allowed_calls(unit):
    """The system calls that the unit leaves, by systemd's own lists."""
    listed, group = {}, None
    for line in analyze("syscall-filter", "--no-pager").stdout.splitlines():
        if line.startswith("@"):
            group = listed.setdefault(line.strip(), [])
        elif group is not None and line.startswith("    ") and not line.strip().startswith("#"):
            group.append(line.strip())

    def expand(name):
        return {call for entry in listed[name] for call in expand(entry)} if name.startswith("@") else {name}

    allowed = set()
    for value in values(read_unit(unit), "SystemCallFilter"):
        for name in value.lstrip("~").split():
            allowed = allowed - expand(name) if value.startswith("~") else allowed | expand(name)
    return allowed


@needs_analyze
@pytest.mark.skipif(not STRACE, reason="strace is not there")
def test_the_service_calls_nothing_that_its_unit_denies(managed):
    """What it calls from start to end, with a sign-in, a reload and a roll between."""
    rig, manager = managed("meetauth.service", "meetauth.socket")
    trace = rig.folder + "/trace"
    command = manager.command
    # -D: the traced program is the main process, strace a child beside.
    manager.command = lambda key: ([STRACE, "-D", "-f", "-qq", "-o", trace] if key == "ExecStart" else []) + command(key)
    manager.environment = lambda given=manager.environment, **more: given(**more, ASAN_OPTIONS="detect_leaks=0")
    manager.start()
    manager.wait_ready()
    assert rig.visitor().sign_in().status == 302
    manager.reload()
    old = children(manager.pid)
    os.kill(manager.pid, signal.SIGUSR2)
    all_gone(old)
    manager.stop()
    with open(trace, encoding="utf-8", errors="replace") as file:
        called = set(re.findall(r"(?m)^\d+ +(\w+)\(", file.read()))
    assert {"execve", "accept4", "openat", "sendmsg"} <= called, "the trace has what the service does"
    allowed = allowed_calls("meetauth.service")
    assert "read" in allowed and "mount" not in allowed and "setpriority" in allowed and "chown" not in allowed
    assert called - allowed == set()
    # Builds with sanitizers do not confine themselves, so the trace may lack it.
    assert "seccomp" in allowed and "seccomp" in allowed_calls("meetauth-spawn-fcgi.service")


# -- without systemd --


@pytest.fixture
def script(make_rig):
    """deploy/meetauth.init with the paths of a rig."""
    if os.geteuid() != 0:
        pytest.skip("needs root, as the script does")
    rig = make_rig(start=False)
    os.chmod(rig.folder, 0o755)
    rig.start_pool = lambda: None
    rig.start()
    os.mkdir(rig.folder + "/socket")
    os.mkdir(rig.folder + "/lib", 0o700)
    for name in ("store", "store.key", "users.passwd"):
        shutil.move(rig.folder + "/" + name, rig.folder + "/lib")
        shutil.chown(rig.folder + "/lib/" + name, "nobody", "nogroup")
    shutil.chown(rig.folder + "/lib", "nobody", "nogroup")
    with open(rig.conf, encoding="utf-8") as file:
        text = file.read()
    with open(rig.conf, "w", encoding="utf-8") as file:
        file.write(re.sub(r"(?<=/)(store|users.passwd)", r"lib/\1", text))
    program = rig.folder + "/meetauthd"
    shutil.copy(rig.meetauthd, program)
    with open(rig.folder + "/default", "w", encoding="utf-8") as file:
        file.write("PROGRAM=%s\nCONFIG=%s\nOWNER=nobody\nGROUP=nogroup\nWEB_GROUP=nogroup\nSTATE=%s/state\nSOCKET=%s\nPIDFILE=%s\nLOG=%s/log/meetauthd.log\n" % (
            program, rig.conf, rig.folder, rig.folder + "/socket/pool.sock", rig.folder + "/pid", rig.folder))
    os.symlink(rig.folder + "/socket/pool.sock", rig.socket)  # where the rig's nginx looks
    rig.log = rig.folder + "/log/meetauthd.log"

    def run(word):
        return subprocess.run(["/bin/sh", TOP + "/deploy/meetauth.init", word], env={**ENVIRONMENT, "MEETAUTH_DEFAULTS": rig.folder + "/default"},
                              capture_output=True, text=True, timeout=300, check=False)

    run.rig = rig
    yield run
    run("stop")


def main_pid(rig):
    with open(rig.folder + "/pid", encoding="utf-8") as file:
        return int(file.read())


def test_the_script_starts_and_stops(script):
    assert script("status").returncode == 3
    done = script("start")
    assert done.returncode == 0, done.stdout + done.stderr
    rig = script.rig
    wait_for(lambda: rig.send("GET", "/auth/readyz").status == 200, "readyz")
    assert rig.visitor().sign_in().status == 302
    first = main_pid(rig)
    assert script("start").returncode == 0 and main_pid(rig) == first, "once"
    assert script("status").returncode == 0
    assert script("stop").returncode == 0 and script("status").returncode == 3
    assert not is_there(first) and not os.path.exists(rig.folder + "/pid")
    assert script("stop").returncode == 0 and script("reload").returncode == 7
    assert script("nonsense").returncode == 2


def test_the_log_of_the_script_belongs_to_root(script):
    """The service's user cannot make root write to, or give away, another file."""
    rig, victim = script.rig, script.rig.folder + "/victim"
    os.mkdir(rig.folder + "/log")
    shutil.chown(rig.folder + "/log", "nobody", "nogroup")
    with open(victim, "w", encoding="utf-8"):
        pass
    before = os.stat(victim)
    os.symlink(victim, rig.log)
    done = script("start")
    assert done.returncode == 1 and "is a symbolic link" in done.stdout
    assert os.stat(victim) == before
    os.unlink(rig.log)
    assert script("start").returncode == 0
    for path in (rig.folder + "/log", rig.log):
        assert os.stat(path).st_uid == 0 and not os.stat(path).st_mode & 0o022, path


def is_there(pid):
    return os.path.exists("/proc/%d" % pid)


def test_the_script_reloads_and_restarts_and_loses_nobody(script):
    assert script("start").returncode == 0
    rig = script.rig
    wait_for(lambda: rig.send("GET", "/auth/readyz").status == 200, "readyz")
    first = main_pid(rig)
    wait_for(lambda: len(children(first)) == 4, "the pool")
    old = children(first)

    def change():
        assert script("reload").returncode == 0
        wait_for(lambda: len(rig.events("reload")) == 4, "every process")
        os.rename(shutil.copy(rig.folder + "/meetauthd", rig.folder + "/new"), rig.folder + "/meetauthd")
        done = script("restart")
        assert done.returncode == 0, done.stdout + done.stderr
        assert not set(children(first)) & set(old)

    under_load(rig, change)
    assert main_pid(rig) == first


def test_the_script_refuses_a_bad_configuration(script):
    rig = script.rig
    assert script("start").returncode == 0
    with open(rig.conf, "a", encoding="utf-8") as file:
        file.write("nonsense {\n")
    for word in ("reload", "restart"):
        done = script(word)
        assert done.returncode != 0 and rig.conf in done.stderr
    assert script("status").returncode == 0
    assert script("stop").returncode == 0
    assert script("start").returncode == 6


def test_the_log_is_rotated_while_it_is_written(script):
    if not shutil.which("logrotate"):
        pytest.skip("logrotate is not there")
    rig = script.rig
    assert script("start").returncode == 0
    wait_for(lambda: rig.send("GET", "/auth/readyz").status == 200, "readyz")
    with open(TOP + "/deploy/logrotate.conf", encoding="utf-8") as file:
        text = file.read().replace("/var/log/meetauth/meetauthd.log", rig.log)
    with open(rig.folder + "/rotate", "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(rig.folder + "/rotate", 0o644)
    subprocess.run(["logrotate", "-f", "-s", rig.folder + "/rotate.state", rig.folder + "/rotate"], check=True, env=ENVIRONMENT, timeout=300)
    with open(rig.log + ".1", encoding="utf-8") as file:
        assert "event=pool result=started" in file.read()
    assert rig.visitor().sign_in().status == 302
    wait_for(lambda: rig.events("join"), "the next line")
    with open(rig.log, encoding="utf-8") as file:
        text = file.read()
    assert "event=pool result=started" not in text and "\0" not in text, "emptied, and written at the end, not behind a hole"
