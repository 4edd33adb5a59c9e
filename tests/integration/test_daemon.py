# SPDX-License-Identifier: MIT
"""meetauthd by itself: its options and exit statuses, the sockets it opens, what ends its start."""

import os
import re
import resource
import shutil
import signal
import socket
import stat
import subprocess

import pytest
from fcgi import Connection, ask, request
from rig import ENVIRONMENT, MEETAUTHD, Program, children, free_port, logfmt, wait_for


def run(*arguments, **options):
    return subprocess.run(
        [MEETAUTHD, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, env=ENVIRONMENT, timeout=300, **options
    )


@pytest.fixture(scope="module")
def set_up(make_module_rig):
    """A rig whose configuration and store other processes use."""
    return make_module_rig(options={"drain-timeout": "2m"})


@pytest.fixture
def listening(set_up, tmp_path):
    """Starts meetauthd with --listen and ends it with TERM."""
    programs = []

    def start(address, **options):
        programs.append(Program([MEETAUTHD, "-c", set_up.conf, "--listen", address], str(tmp_path / "log"), **options))
        return programs[-1]

    yield start
    for program in programs:
        assert program.stop() == 0, program.said()


def test_help_and_version_say_what_there_is():
    assert "--listen" in run("-h").stdout and run("--help").stdout == run("-h").stdout
    version = run("-V")
    assert version.returncode == 0
    assert re.search(r"^meetauthd \d", version.stdout) and "file" in version.stdout and "veeting" in version.stdout


@pytest.mark.parametrize("arguments", [["--no-such-option"], ["word"], ["-c"], ["-p", "0"], ["-p", "257"], ["-p", "four"], ["--processes", "-1"], ["-p"]])
def test_wrong_arguments_are_usage(arguments):
    result = run(*arguments)
    assert result.returncode == 64 and "meetauthd -h" in result.stderr


def test_the_check_says_good_or_where_it_is_bad(set_up, tmp_path):
    assert run("-t", "-c", set_up.conf).returncode == 0
    bad = tmp_path / "bad.conf"
    with open(set_up.conf, encoding="utf-8") as file:
        bad.write_text("no-such-option = 1\n" + file.read())
    result = run("-t", "-c", str(bad))
    assert result.returncode == 1 and "%s:1: " % bad in result.stderr
    with open(set_up.conf, encoding="utf-8") as file:
        text = file.read()
    for option, words in (('languages = {"en", "tlh"}', "tlh.json"), ('state = "mysql://x"', "unknown kind"), ('share = "/nowhere"', "/nowhere/")):
        name = option.split(" ")[0]
        kept = [line for line in text.splitlines() if not line.startswith(name + " ")]
        bad.write_text("\n".join(["", option, *kept]))
        for result in (run("-t", "-c", str(bad)), run("-c", str(bad))):
            assert result.returncode in (1, 78) and "%s:2: %s: " % (bad, name) in result.stderr and words in result.stderr
    result = run("-t", "-c", str(tmp_path / "missing.conf"))
    assert result.returncode == 1 and "missing.conf" in result.stderr


def test_a_start_with_a_bad_configuration_is_78(tmp_path):
    (tmp_path / "bad.conf").write_text("nonsense {")
    assert run("-c", str(tmp_path / "bad.conf")).returncode == 78


def test_without_a_socket_it_says_how_to_start_it(set_up):
    result = run("-c", set_up.conf)
    assert result.returncode == 64 and "spawn-fcgi" in result.stderr
    assert "event=start" not in result.stderr, "nothing has started"
    result = run("-c", set_up.conf, "--processes", "2")
    assert result.returncode == 64 and "spawn-fcgi" in result.stderr and "event=" not in result.stderr


FILLED = 'mount -t tmpfs -o size=1m,mode=0700 tmpfs "$1" && { dd if=/dev/zero of="$1/filler" bs=4k count=%s 2>/dev/null; shift; exec "$@"; }'


@pytest.mark.parametrize("pages", ["256", "254", "248", "240"])
def test_a_full_run_is_an_error_and_no_signal(set_up, tmp_path, pages):
    """Whatever is the first that finds no room: the file of locks, that of the state, that of the metrics."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False).returncode != 0:
        pytest.skip("needs root, and leave to mount")
    done = subprocess.run(["unshare", "-m", "sh", "-c", FILLED % pages, "sh", set_up.folder + "/state", MEETAUTHD, "-c", set_up.conf, "--listen",
                           "unix:%s/own.sock" % tmp_path], env=ENVIRONMENT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 69 and "No space left on device" in done.stderr, done.stderr


def test_a_pool_that_was_started_without_SIGCHLD_learns_who_ended(set_up, tmp_path):
    program = Program(["env", "--ignore-signal=CHLD", MEETAUTHD, "-c", set_up.conf, "--listen", "unix:%s/own.sock" % tmp_path, "--processes", "2"],
                      str(tmp_path / "log"))
    wait_for(lambda: program.said().count("event=start") >= 2, "the start")
    first = children(program.pid)
    os.kill(first[0], signal.SIGKILL)
    wait_for(lambda: "Killed" in program.said() and len(set(children(program.pid)) - set(first)) == 1, "another one")
    assert program.stop() == 0


def test_a_file_that_may_not_grow_is_an_error_and_no_signal(set_up, tmp_path):
    (tmp_path / "state").mkdir(0o700)
    with open(set_up.conf, encoding="utf-8") as file:
        (tmp_path / "own.conf").write_text(re.sub(r"(?m)^state = .*", 'state = "lmdb:%s/state"' % tmp_path, file.read()))
    done = subprocess.run([MEETAUTHD, "-c", "%s/own.conf" % tmp_path, "--listen", "unix:%s/own.sock" % tmp_path], env=ENVIRONMENT, capture_output=True,
                          text=True, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024)), timeout=300, check=False)
    assert done.returncode == 69 and "File too large" in done.stderr, done.stderr


def test_max_in_flight_is_what_the_descriptors_allow(set_up, listening, tmp_path):
    """The limit is raised as far as it may be; past what it allows visitors hear 503, nobody waits for a descriptor."""
    path = str(tmp_path / "own.sock")
    program = listening("unix:" + path, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 256)))
    line = wait_for(lambda: [event for event in map(logfmt, program.said().splitlines()) if event.get("event") == "limit"], "the warning")[0]
    assert line["level"] == "warning" and "max-in-flight is 10000, and 72 is used" in line["message"]
    with open("/proc/%d/limits" % program.pid, encoding="utf-8") as limits:
        assert re.search(r"(?m)^Max open files +256 +256 ", limits.read())
    wait_for(lambda: "event=start" in program.said(), "the start")
    assert ask(path, request()).status == 200


def test_the_queue_of_the_socket_is_made_longer(set_up, tmp_path):
    """spawn-fcgi asks for 1024, others for less."""
    with socket.socket(socket.AF_UNIX) as short:
        short.bind(str(tmp_path / "own.sock"))
        short.listen(1)
        with open(tmp_path / "log", "wb") as log:
            program = subprocess.Popen([MEETAUTHD, "-c", set_up.conf], stdin=short, stdout=log, stderr=log, env=ENVIRONMENT)
        wait_for(lambda: "event=start" in (tmp_path / "log").read_text(), "the start")
        program.send_signal(signal.SIGSTOP)
        waiting = []
        for _ in range(100):  # a full queue says EAGAIN
            waiting.append(socket.socket(socket.AF_UNIX))
            waiting[-1].setblocking(False)
            waiting[-1].connect(str(tmp_path / "own.sock"))
        program.send_signal(signal.SIGCONT)
        program.terminate()
        assert program.wait(300) == 0
        for one in waiting:
            one.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
@pytest.mark.parametrize("sent", [1, 40, 600])
def test_what_is_arriving_at_the_end_is_answered(listening, tmp_path, number, sent):
    path = str(tmp_path / "own.sock")
    program = listening("unix:" + path)
    wait_for(lambda: "event=start" in program.said(), "the start")
    whole = request()
    half = Connection(path).send(whole[:sent])
    assert ask(path, request()).status == 200  # it was accepted before
    backlog = Connection(path)
    program.process.send_signal(number)
    wait_for(lambda: "event=drain " in program.said(), "the drain")
    with pytest.raises((ConnectionRefusedError, FileNotFoundError)):
        Connection(path)  # new ones are not left waiting for nobody
    assert half.send(whole[sent:]).read().status == 200
    assert backlog.send(whole).read().status == 200
    assert program.process.wait(300) == 0
    assert "were cut off" not in program.said()


def test_what_never_arrives_does_not_hold_up_the_end(listening, tmp_path):
    path = str(tmp_path / "own.sock")
    program = listening("unix:" + path)
    wait_for(lambda: "event=start" in program.said(), "the start")
    halves = [Connection(path).send(request()[:sent]) for sent in (0, 1, 40, 600)]
    assert ask(path, request()).status == 200
    program.process.terminate()
    assert program.process.wait(100) == 0, "before drain-timeout, 2 min"
    for half in halves:
        half.close()


def test_stray_signals_end_nothing(listening, tmp_path):
    path = str(tmp_path / "own.sock")
    program = listening("unix:" + path)
    wait_for(lambda: "event=start" in program.said(), "the start")
    for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE):
        program.process.send_signal(number)
    assert ask(path, request()).status == 200


def test_log_and_format_are_read_on_hang_up(set_up, tmp_path):
    conf, path = tmp_path / "own.conf", str(tmp_path / "own.sock")
    with open(set_up.conf, encoding="utf-8") as file:
        text = file.read()
    conf.write_text(text)
    program = Program([MEETAUTHD, "-c", str(conf), "--listen", "unix:" + path], str(tmp_path / "log"))
    wait_for(lambda: "event=start" in program.said(), "the start")
    reloads = lambda: int(re.search(r'reloads_total{result="ok"} (\d+)', ask(path, request("/auth/metrics")).text).group(1))
    for option, expected in (('log-format = "json"', '"event":"reload"'), ('log-format = "logfmt"', "event=reload"),
                             ('log = "syslog"', None), ('log = "stderr"', "event=reload")):
        conf.write_text(option + "\n" + text)
        before, done = len(program.said()), reloads()
        program.process.send_signal(signal.SIGHUP)
        wait_for(lambda: reloads() > done, "the reload")
        if expected:
            wait_for(lambda: expected in program.said()[before:], "a line by " + option)
        else:
            assert program.said()[before:] == ""
    assert program.stop() == 0


def test_options_of_the_environment_outlast_a_reload(set_up, tmp_path, monkeypatch):
    conf, path = tmp_path / "own.conf", str(tmp_path / "own.sock")
    with open(set_up.conf, encoding="utf-8") as file:
        conf.write_text('log-format = "logfmt"\n' + file.read())
    monkeypatch.setitem(ENVIRONMENT, "MEETAUTH_LOG_FORMAT", "json")
    told = run("-t", "-c", str(conf))
    assert told.returncode == 0 and "environment: MEETAUTH_LOG_FORMAT sets log-format, over %s:1" % conf in told.stderr
    program = Program([MEETAUTHD, "-c", str(conf), "--listen", "unix:" + path, "--processes", "2"], str(tmp_path / "log"))
    wait_for(lambda: program.said().count('"event":"start"') >= 2, "the start")
    assert "MEETAUTH_LOG_FORMAT sets log-format, over %s:1" % conf in program.said()
    program.process.send_signal(signal.SIGHUP)
    wait_for(lambda: program.said().count('"event":"reload"') >= 2, "the reload of both processes")
    assert "event=reload" not in program.said() and "event=start" not in program.said()
    assert program.stop() == 0
    monkeypatch.setitem(ENVIRONMENT, "MEETAUTH_API_KEY", "a secret")
    told = run("-t", "-c", str(conf))
    assert told.returncode == 1 and "secrets do not belong in the environment" in told.stderr and "a secret" not in told.stderr


def test_it_opens_a_unix_socket_for_owner_and_group(set_up, listening, tmp_path):
    path = str(tmp_path / "own.sock")
    listening("unix:" + path)
    wait_for(lambda: os.path.exists(path), "the socket")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o660
    assert wait_for(lambda: ask(path, request()).status, "an answer") == 200


def test_a_stale_unix_socket_is_replaced_and_one_in_use_is_not(set_up, listening, tmp_path):
    path = str(tmp_path / "own.sock")
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(path)
    program = listening("unix:" + path)
    wait_for(lambda: "event=start" in program.said(), "the start")
    assert ask(path, request()).status == 200
    result = run("-c", set_up.conf, "--listen", "unix:" + path)
    assert result.returncode == 69 and "another process listens there already" in result.stderr
    assert ask(path, request()).status == 200


def process_one_works():
    done = shutil.which("strace") and subprocess.run(
        ["unshare", "--pid", "--fork", "strace", "-D", "-qq", "-o", "/dev/null", "true"], capture_output=True, check=False)
    return done and done.returncode == 0


def holds_terminate(pid):
    """Whether this is meetauthd, and SIGTERM is blocked."""
    with open("/proc/%d/status" % pid, encoding="utf-8") as file:
        status = file.read()
    return "Name:\tmeetauthd" in status and int(re.search(r"^SigBlk:\t(\w+)$", status, re.M)[1], 16) >> (signal.SIGTERM - 1) & 1


@pytest.mark.skipif(not process_one_works(), reason="needs root for a namespace of processes, and strace")
def test_process_one_keeps_a_signal_from_before_it_serves(set_up, tmp_path):
    """In a container meetauthd is process 1, to which the kernel delivers nothing that it does not handle. strace keeps the start waiting
    where the configuration is opened."""
    slowly = ["strace", "-D", "-qq", "-o", "/dev/null", "-P", set_up.conf, "-e", "trace=openat", "-e", "inject=openat:delay_enter=2000000"]
    program = Program(["unshare", "--pid", "--fork", "env", "ASAN_OPTIONS=detect_leaks=0", *slowly, MEETAUTHD, "-c", set_up.conf,
                       "--listen", "unix:%s/own.sock" % tmp_path], str(tmp_path / "log"))
    try:
        started, = wait_for(lambda: children(program.pid), "process 1")
        wait_for(lambda: holds_terminate(started), "SIGTERM to be held")
        os.kill(started, signal.SIGTERM)
        assert program.process.wait(60) == 0, program.said()
    finally:
        for pid in children(program.pid):
            os.kill(pid, signal.SIGKILL)
    assert "event=start" in program.said() and "event=stop" in program.said()


def test_a_process_gives_up_what_it_never_needs(set_up, listening, tmp_path):
    """And still answers; the rest of the tests run confined as well. Where it cannot, it says why."""
    program = listening("unix:" + str(tmp_path / "own.sock"))
    wait_for(lambda: "event=start" in program.said(), "the start")
    said = {line["event"]: line for line in map(logfmt, program.said().splitlines()) if "event" in line}
    with open("/proc/%d/status" % program.pid, encoding="utf-8") as file:
        status = dict(re.findall(r"(\w+):\t(.*)\n", file.read()))
    assert status["NoNewPrivs"] == "1"
    if said["start"]["confined"] == "yes":
        assert status["Seccomp"] == "2"
    else:
        assert said["confine"]["message"]
    assert ask(str(tmp_path / "own.sock"), request()).status == 200


def test_confine_is_an_option(set_up, tmp_path):
    conf = tmp_path / "conf"
    with open(set_up.conf, encoding="utf-8") as file:
        conf.write_text("confine = false\n" + file.read())
    program = Program([MEETAUTHD, "-c", str(conf), "--listen", "unix:" + str(tmp_path / "own.sock")], str(tmp_path / "log"))
    wait_for(lambda: "event=start" in program.said(), "the start")
    with open("/proc/%d/status" % program.pid, encoding="utf-8") as file:
        assert "NoNewPrivs:\t0" in file.read()
    assert "confined=no" in program.said() and "event=confine " not in program.said()
    assert program.stop() == 0, program.said()


def test_it_opens_a_tcp_socket(set_up, listening):
    port = free_port()
    program = listening("127.0.0.1:%d" % port)
    wait_for(lambda: "event=start" in program.said(), "the start")
    assert ask(("127.0.0.1", port), request()).status == 200


@pytest.mark.parametrize("address", ["", "9000", "unix:" + 200 * "x", "127.0.0.1:0", "127.0.0.1:65536", "localhost:9000", "[::1:9000", "300.0.0.1:9000"])
def test_a_bad_address_is_named(set_up, address):
    result = run("-c", set_up.conf, "--listen", address)
    assert result.returncode == 69 and "--listen " + address in result.stderr


def test_it_makes_the_folder_of_the_state_but_none_above(set_up, tmp_path):
    with open(set_up.conf, encoding="utf-8") as file:
        text = file.read()
    for name, status in (("state", 0), ("none/state", 69)):
        conf = tmp_path / "own.conf"
        conf.write_text(re.sub(r'(?m)^state *=.*$', 'state = "lmdb:%s/%s"' % (tmp_path, name), text))
        program = Program([MEETAUTHD, "-c", str(conf), "--listen", "unix:%s/own.sock" % tmp_path], str(tmp_path / "log"))
        if status == 0:
            wait_for(lambda: "event=start" in program.said(), "the start")
            assert program.stop() == 0
        else:
            assert program.process.wait(60) == status and "no such folder" in program.said()


def test_a_hang_up_during_the_start_does_not_end_it(listening, tmp_path):
    """One is pending when the program begins: it must be heard, and after the start."""

    def pending():
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])
        os.kill(os.getpid(), signal.SIGHUP)

    program = listening("unix:" + str(tmp_path / "own.sock"), preexec_fn=pending)
    wait_for(lambda: "event=reload what=configuration result=ok" in program.said(), "the reload")


@pytest.mark.parametrize("processes", [[], ["--processes", "1"]])
def test_what_the_caller_closed_is_no_file_of_ours(set_up, tmp_path, processes):
    """Else the log would go into whatever was opened first: the pipe of the loop's signals, or the state."""
    address = str(tmp_path / "sock")
    daemon = subprocess.Popen(["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", MEETAUTHD, "-c", set_up.conf, "--listen", "unix:" + address, *processes],
                              env=ENVIRONMENT)
    try:
        wait_for(lambda: os.path.exists(address) and (not processes or children(daemon.pid)), "the socket")
        assert wait_for(lambda: answers(address), "an answer")
        for pid in [daemon.pid, *children(daemon.pid)]:
            held = [os.readlink("/proc/%d/fd/%d" % (pid, number)) for number in range(3)]
            assert held[1:] == ["/dev/null", "/dev/null"], held
            assert held[0] == "/dev/null" or (pid != daemon.pid and held[0].startswith("socket:")), held
    finally:
        daemon.terminate()
        assert daemon.wait(60) == 0


def answers(address):
    try:
        return ask(address, request()).status == 200
    except OSError:
        return False
