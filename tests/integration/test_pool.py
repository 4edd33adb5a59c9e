# SPDX-License-Identifier: MIT
"""Several processes behind one socket: what they share, what happens when one dies, and how they change
their configuration without anybody noticing."""

import concurrent.futures
import os
import re
import shutil
import signal
import threading
import time

import pytest
from client import JSON
from fixtures import needs_lmdb
from processes import everywhere
from rig import HOST, wait_for
from test_join import token_of

DRAIN = {"drain-timeout": "2m"}  # on a busy machine, joins may take longer than the default


@pytest.fixture(scope="module")
def pool(make_module_rig):
    return make_module_rig(processes=4)


@pytest.fixture
def somebody(pool):
    visitor = pool.visitor()
    visitor.sign_in()
    return visitor


def twin(visitor):
    """The same browser, for another thread."""
    other = visitor.rig.visitor()
    other.jar.update(visitor.jar)
    return other


def test_A73_raced_claims_make_one_exchange(pool, somebody):
    with concurrent.futures.ThreadPoolExecutor(12) as crowd:
        for number in range(15):
            entry = pool.entry("race-%d" % number if number % 3 else "fault-slow-200_%d" % number)
            start = threading.Barrier(12)

            def race(visitor, entry=entry, start=start):
                start.wait()
                return visitor.get(entry, JSON)

            answers = [one.result() for one in [crowd.submit(race, twin(somebody)) for _ in range(12)]]
            statuses = sorted(answer.status for answer in answers)
            assert statuses == [302] + [409] * 11
            assert {answer.code for answer in answers if answer.status == 409} == {"already-used"}
            assert len(pool.platform.attempts(token_of(entry))) == 1


def test_a_login_begun_in_one_process_ends_in_another(pool):
    begun = [(visitor, visitor.login_page()) for visitor in [pool.visitor() for _ in range(4)]]

    def ends():
        visitor, page = begun.pop()
        return visitor.fill(page).status == 302

    assert everywhere(pool, ends)


def test_metrics_are_summed_over_the_pool(pool, somebody):
    def joins():
        return pool.metric('meetauth_joins_total{result="ok"}')

    wait_for(lambda: pool.metric("meetauth_requests_in_flight") == 1, "the joins before: each counts right after its answer")
    before = joins()
    assert everywhere(pool, lambda: somebody.enter().status == 302)
    wait_for(lambda: everywhere(pool, lambda: joins() == before + 4), "every process to say the same")
    assert pool.metric("meetauth_processes") == 4


def test_metrics_are_well_formed(pool):
    answer = pool.send("GET", "/auth/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain")
    names = set()
    for line in answer.text.splitlines():
        if line.startswith("# "):
            kind, name = line.split()[1:3]
            assert kind in ("HELP", "TYPE")
            names.add(name)
        else:
            name, _, value = line.rpartition(" ")
            float(value)
            base = name.partition("{")[0]
            assert base in names or base.rpartition("_")[0] in names, line


def test_killed_processes_lose_no_claim_and_come_back(pool, somebody):
    """kill -9 under load: what was in flight may fail; nothing is exchanged twice."""
    stop = threading.Event()
    results, entries = [], []

    def load(visitor):
        while not stop.is_set():
            entry = pool.entry("fault-slow-30")
            entries.append(entry)
            results.append(visitor.get(entry, JSON).status)

    with concurrent.futures.ThreadPoolExecutor(8) as crowd:
        running = [crowd.submit(load, twin(somebody)) for _ in range(8)]
        for kills in range(4):
            wait_for(lambda: results.count(302) >= 30 * (kills + 1), "joins that pass")
            if kills < 3:
                os.kill(pool.daemons()[0], signal.SIGKILL)
        stop.set()
        for one in running:
            one.result()
    assert set(results) <= {302, 502, 409}
    assert len(results) - results.count(302) <= 3 * 8, "what a process had in hand"
    for entry in entries:
        assert len(pool.platform.attempts(token_of(entry))) <= 1
    wait_for(lambda: len(pool.daemons()) == 4, "new processes")
    wait_for(lambda: pool.metric("meetauth_processes") == 4, "the dead to be counted out")
    wait_for(lambda: pool.metric("meetauth_requests_in_flight") == 1, "gauges of the dead to be gone: only the one that asks is left")
    assert everywhere(pool, lambda: somebody.enter().status == 302)


def test_kills_in_a_row_leave_a_state_that_works(pool, somebody):
    """kill -9 of the oldest process, again and again, with a join each time; KILLS=500 takes more of them."""
    used = pool.entry()
    assert somebody.get(used, JSON).status == 302
    for _ in range(int(os.environ.get("KILLS", "8"))):
        oldest = pool.daemons()[0]
        os.kill(oldest, signal.SIGKILL)
        assert somebody.get(pool.entry(), JSON).status in {302, 502}
        wait_for(lambda: oldest not in pool.daemons() and len(pool.daemons()) == 4, "a new process")
    wait_for(lambda: pool.metric("meetauth_processes") == 4, "the dead to be counted out")
    assert everywhere(pool, lambda: somebody.get(used, JSON).status == 409), "the claim from before"
    assert everywhere(pool, lambda: somebody.enter().status == 302)


def test_sigterm_drains(make_rig):
    """Whoever is on the way gets through; the process ends with 0; nobody new is taken."""
    rig = make_rig(options=DRAIN)
    visitor = rig.visitor()
    visitor.sign_in()
    with concurrent.futures.ThreadPoolExecutor(10) as crowd:
        joins = [crowd.submit(twin(visitor).get, rig.entry("fault-hold_%d" % number)) for number in range(10)]
        wait_for(lambda: rig.metric("meetauth_exchanges_in_flight") == 10, "the joins to be under way")
        os.kill(rig.pool.pid, signal.SIGTERM)
        drain_and_release(rig, 1)
        assert [join.result().status for join in joins] == [302] * 10
        assert rig.pool.process.wait(100) == 0, "long before the drain has to end"


def test_drain_has_an_end(make_rig):
    rig = make_rig(options={"drain-timeout": "1s"})
    visitor = rig.visitor()
    visitor.sign_in()
    with concurrent.futures.ThreadPoolExecutor(1) as crowd:
        join = crowd.submit(twin(visitor).get, rig.entry("fault-hang"))
        wait_for(lambda: rig.metric("meetauth_exchanges_in_flight") == 1, "the join to be under way")
        os.kill(rig.pool.pid, signal.SIGTERM)
        assert rig.pool.process.wait(300) == 0
        assert join.result().status in (502, 503, 504)


def joins_in_flight(rig, crowd, count):
    """Joins that wait for the platform now, until it is told to go on, and what will come of them."""
    visitor = rig.visitor()
    visitor.sign_in()
    joins = [crowd.submit(twin(visitor).get, rig.entry("fault-hold_%d" % number)) for number in range(count)]
    wait_for(lambda: rig.metric("meetauth_exchanges_in_flight") == count, "the joins to be under way")
    return joins


def drain_and_release(rig, processes):
    """Once so many processes drain, or more, the platform answers. The parent replaces one whose end it sees before it is
    told of its own."""
    wait_for(lambda: len(rig.events("drain")) >= processes, "the drain")
    rig.platform.release()


def is_running(pid):
    try:
        with open("/proc/%d/stat" % pid, encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def all_gone(pids):
    wait_for(lambda: not any(map(is_running, pids)), "the processes to end")


def test_multiwatch_drains_the_whole_pool(make_rig):
    """Debian 12's sends QUIT for TERM, Debian 13's TERM."""
    rig = make_rig(processes=3, options=DRAIN, start=False)
    rig.supervisor = ["/usr/bin/multiwatch", "-s", "TERM", "-r", "100", "-f", "3", "--"]
    rig.start()
    pids = rig.daemons()
    with concurrent.futures.ThreadPoolExecutor(6) as crowd:
        joins = joins_in_flight(rig, crowd, 6)
        os.kill(rig.pool.pid, signal.SIGTERM)
        drain_and_release(rig, 3)
        assert [join.result().status for join in joins] == [302] * 6
    assert rig.pool.stop() == 0
    all_gone(pids)


# -- the parent --


def results(rig, event="process"):
    return [found["result"] for found in rig.events(event) if "result" in found]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_the_parent_drains_the_pool(make_rig, number):
    rig = make_rig(processes=3, options=DRAIN)
    pids = rig.daemons()
    with concurrent.futures.ThreadPoolExecutor(6) as crowd:
        joins = joins_in_flight(rig, crowd, 6)
        os.kill(rig.pool.pid, number)
        drain_and_release(rig, 3)
        assert [join.result().status for join in joins] == [302] * 6
    assert rig.pool.process.wait(300) == 0
    all_gone(pids)
    assert results(rig, "pool") == ["started", "draining", "stopped"]
    assert results(rig).count("ended") == 3 and not rig.events("drain-timeout")


def test_a_signal_to_all_at_once_is_one_signal(make_rig):
    """systemd, a terminal and pkill send it to the parent and to its processes: nobody is cut off for that."""
    rig = make_rig(processes=2, options=DRAIN)
    with concurrent.futures.ThreadPoolExecutor(4) as crowd:
        joins = joins_in_flight(rig, crowd, 4)
        for pid in [*rig.daemons(), rig.pool.pid]:
            os.kill(pid, signal.SIGTERM)
        drain_and_release(rig, 2)
        assert [join.result().status for join in joins] == [302] * 4
    assert rig.pool.process.wait(300) == 0


def test_the_second_signal_to_the_parent_ends_it_now(make_rig):
    rig = make_rig(processes=2, options=DRAIN)
    with concurrent.futures.ThreadPoolExecutor(1) as crowd:
        join = joins_in_flight(rig, crowd, 1)[0]
        os.kill(rig.pool.pid, signal.SIGTERM)
        wait_for(lambda: len(rig.events("drain")) == 2, "the drain")
        os.kill(rig.pool.pid, signal.SIGTERM)
        assert rig.pool.process.wait(300) == 0
        assert join.result().status == 502, "and not 504, as at the end of its time"


def test_a_process_that_ends_is_replaced(make_rig):
    rig = make_rig(processes=3)
    first = rig.daemons()
    os.kill(first[0], signal.SIGKILL)
    os.kill(first[1], signal.SIGTERM)  # by hand: it drains, and another one takes its place
    wanted = {"meetauth_pool_processes_ready": 3, "meetauth_pool_processes_wanted": 3, "meetauth_processes": 3,
              "meetauth_pool_restarts": 1}  # the other was told to end
    wait_for(lambda: len(set(rig.daemons()) - set(first)) == 2 and wanted.items() <= rig.metrics().items(), "new ones")
    assert first[2] in rig.daemons()
    with open("/proc/stat", encoding="utf-8") as file:
        boot = next(int(line.split()[1]) for line in file if line.startswith("btime"))
    assert boot <= rig.metric("meetauth_pool_start_time_seconds") <= time.time()

    def ended():
        return {event["pid"]: (event["level"], event["message"]) for event in rig.events("process") if event["result"] == "ended"}

    wait_for(lambda: ended() == {str(first[0]): ("warning", "signal 9 (Killed), by itself"), str(first[1]): ("info", "exit status 0")}, "both lines")


def test_the_parent_never_gives_up(make_rig):
    """A configuration that breaks, and processes that die then, one after the other."""
    rig = make_rig(processes=2)
    with open(rig.conf, encoding="utf-8") as file:
        good = file.read()
    with open(rig.conf, "w", encoding="utf-8") as file:
        file.write("nonsense {")
    first = rig.daemons()
    os.kill(first[0], signal.SIGKILL)
    wait_for(lambda: results(rig).count("waiting") >= 3, "tries")
    assert rig.visitor().sign_in().status == 302, "the other one serves"
    os.kill(first[1], signal.SIGKILL)
    tries = results(rig).count("waiting")
    wait_for(lambda: results(rig).count("waiting") >= tries + 3, "more tries")
    assert rig.pool.process.poll() is None
    ended = [event["message"] for event in rig.events("process") if event["result"] == "ended"]
    assert ended[-1] == "exit status 78, before it was ready"
    assert "%s:1: " % rig.conf in rig.pool.said()
    with open(rig.conf, "w", encoding="utf-8") as file:
        file.write(good)
    os.kill(rig.pool.pid, signal.SIGHUP)  # tries at once
    wait_for(lambda: rig.send("GET", "/auth/readyz").status == 200 and rig.metric("meetauth_pool_processes_ready") == 2, "the pool")
    assert rig.visitor().sign_in().status == 302


def test_a_pool_that_cannot_start_waits_and_can_be_ended(tmp_path):
    import rig as rigs
    (tmp_path / "bad.conf").write_text("nonsense {")
    pool = rigs.Program([rigs.MEETAUTHD, "-c", str(tmp_path / "bad.conf"), "--processes", "2", "--listen", "unix:%s/s" % tmp_path], str(tmp_path / "log"))
    wait_for(lambda: pool.said().count("result=waiting") >= 3, "tries")
    assert pool.process.poll() is None and pool.stop() == 0


def test_hang_up_of_the_parent_reloads_every_process(make_rig):
    rig = make_rig(processes=3)
    rig.configure(brand_name="Acme", log_format="json")
    os.kill(rig.pool.pid, signal.SIGHUP)
    wait_for(lambda: everywhere(rig, lambda: "Acme" in rig.visitor().login_page().text), "the new name")
    wait_for(lambda: rig.pool.said().count('"event":"reload"') == 3, "every process to have it")
    os.kill(rig.daemons()[0], signal.SIGKILL)
    wait_for(lambda: '"event":"process","result":"ended"' in rig.pool.said(), "the parent to log as the others do")


def test_a_parent_that_is_killed_takes_its_processes_along(make_rig):
    """They finish what they have, so that the next start finds the socket free and nobody serves unseen."""
    rig = make_rig(processes=2)
    pids = rig.daemons()
    with concurrent.futures.ThreadPoolExecutor(4) as crowd:
        joins = joins_in_flight(rig, crowd, 4)
        os.kill(rig.pool.pid, signal.SIGKILL)
        wait_for(lambda: len(rig.events("parent-gone")) == 2, "the processes to know")
        rig.platform.release()
        assert [join.result().status for join in joins] == [302] * 4
    all_gone(pids)
    rig.pool.process.wait(300)
    rig.start_pool()
    assert rig.visitor().sign_in().status == 302


def load(rig, stop):
    """Visitors who join one after another until `stop` is set; every status they heard."""
    heard = []
    visitor = rig.visitor()
    visitor.sign_in()

    def join(somebody):
        while not stop.is_set():
            heard.append(somebody.get(rig.entry("fault-slow-20")).status)

    crowd = concurrent.futures.ThreadPoolExecutor(8)
    running = [crowd.submit(join, twin(visitor)) for _ in range(8)]
    return heard, lambda: (stop.set(), [one.result() for one in running])


def program_of(pid):
    try:
        return os.stat("/proc/%d/exe" % pid).st_ino
    except FileNotFoundError:
        return None


def test_a_roll_onto_another_program_loses_nobody(make_rig):
    import rig as rigs
    rig = make_rig(processes=3, options=DRAIN, start=False)
    rig.meetauthd = rig.folder + "/meetauthd"
    shutil.copy(rigs.MEETAUTHD, rig.meetauthd)
    rig.start()
    heard, finish = load(rig, threading.Event())
    for number in range(2):
        rig.configure(brand_name="Version %d" % number)
        shutil.copy(rigs.MEETAUTHD, rig.meetauthd + ".new")
        os.rename(rig.meetauthd + ".new", rig.meetauthd)
        os.kill(rig.pool.pid, signal.SIGUSR2)
        wait_for(lambda number=number: results(rig, "pool").count("rolled") == number + 1, "the roll")
        wait_for(lambda: len(rig.daemons()) == 3, "the old processes to end")
        wait_for(lambda number=number: results(rig, "pool").count("taken-over") == number + 1, "the parent")
        assert {program_of(pid) for pid in [rig.pool.pid, *rig.daemons()]} == {os.stat(rig.meetauthd).st_ino}
        assert everywhere(rig, lambda number=number: "Version %d" % number in rig.visitor().login_page().text)
    finish()
    assert set(heard) == {302} and len(heard) > 50
    assert rig.metric("meetauth_pool_rolls") == 2 and rig.metric("meetauth_pool_restarts") == 0
    # The parent that took over does all that the first one did.
    started = rig.metric("meetauth_pool_start_time_seconds")
    os.kill(rig.daemons()[0], signal.SIGKILL)
    wanted = {"meetauth_pool_restarts": 1, "meetauth_pool_processes_ready": 3}
    wait_for(lambda: wanted.items() <= rig.metrics().items(), "another process")
    assert rig.metric("meetauth_pool_start_time_seconds") == started
    pids = rig.daemons()
    with concurrent.futures.ThreadPoolExecutor(3) as crowd:
        joins = joins_in_flight(rig, crowd, 3)
        drains = len(rig.events("drain"))
        os.kill(rig.pool.pid, signal.SIGTERM)
        drain_and_release(rig, drains + 3)
        assert [join.result().status for join in joins] == [302] * 3
    assert rig.pool.stop() == 0
    all_gone(pids)


def test_a_roll_that_cannot_be_keeps_the_old_processes(make_rig):
    rig = make_rig(processes=2)
    with open(rig.conf, encoding="utf-8") as file:
        good = file.read()
    first = rig.daemons()
    with open(rig.conf, "w", encoding="utf-8") as file:
        file.write("nonsense {")
    os.kill(rig.pool.pid, signal.SIGUSR2)
    wait_for(lambda: "failed" in results(rig, "pool"), "the end of the roll")
    assert rig.daemons() == first and rig.visitor().sign_in().status == 302
    with open(rig.conf, "w", encoding="utf-8") as file:
        file.write(good)
    os.kill(rig.pool.pid, signal.SIGUSR2)
    wait_for(lambda: "rolled" in results(rig, "pool"), "the roll")
    wait_for(lambda: not set(rig.daemons()) & set(first), "the old processes to end")
    assert rig.visitor().sign_in().status == 302


def test_a_roll_while_processes_are_killed(make_rig):
    rig = make_rig(processes=3)
    first = rig.daemons()
    os.kill(first[1], signal.SIGKILL)
    os.kill(rig.pool.pid, signal.SIGUSR2)
    os.kill(first[2], signal.SIGKILL)
    os.kill(rig.pool.pid, signal.SIGUSR2)  # and asked twice
    wait_for(lambda: "rolled" in results(rig, "pool"), "the roll")
    wait_for(lambda: len(rig.daemons()) == 3 and not set(rig.daemons()) & set(first), "new processes")
    wait_for(lambda: rig.metric("meetauth_pool_processes_ready") == 3, "all of them")


def test_the_parent_opens_a_socket_itself(make_rig):
    import rig as rigs
    rig = make_rig(start=False)

    def start():
        rig.pool = rigs.Program([rigs.MEETAUTHD, "-p", "2", "--listen", "unix:" + rig.socket, "-c", rig.conf], rig.log)
        wait_for(lambda: rig.send("GET", "/auth/readyz").status == 200, "readyz")

    rig.start_pool = start
    rig.start()
    assert rig.visitor().sign_in().status == 302
    os.kill(rig.pool.pid, signal.SIGUSR2)
    wait_for(lambda: "taken-over" in results(rig, "pool"), "the parent")
    wait_for(lambda: len(rigs.children(rig.pool.pid)) == 2, "the old processes to end")
    assert rig.visitor().sign_in().status == 302
    assert [os.readlink("/proc/%d/fd/0" % pid)[:7] for pid in rigs.children(rig.pool.pid)] == ["socket:"] * 2
    with open("/proc/%d/maps" % rig.pool.pid, encoding="utf-8") as maps:
        assert "state.mdb" not in maps.read(), "the parent has none of what the processes have"


# -- changes while it runs --


def reload(rig, until):
    os.kill(rig.pool.pid, signal.SIGHUP)
    return wait_for(until, "the reload")


@pytest.fixture(scope="module")
def changing(make_module_rig):
    rig = make_module_rig(processes=2, start=False)
    share = rig.folder + "/share"
    shutil.copytree(rig.share, share)
    rig.share = share
    return rig.start()


BROKEN = {
    "syntax": "platform {{{", "unknown-option": 'no-such-option = "1"\n', "wrong-type": 'session-idle = "soon"\n', "empty": "",
}


@pytest.mark.parametrize("what", BROKEN)
def test_sighup_with_a_broken_configuration_keeps_the_old_one(changing, what):
    with open(changing.conf, encoding="utf-8") as file:
        good = file.read()
    pids = changing.daemons()
    failed = changing.metric('meetauth_reloads_total{result="failed"}')
    with open(changing.conf, "w", encoding="utf-8") as file:
        file.write(BROKEN[what] + good if BROKEN[what] else "")
    reload(changing, lambda: changing.metric('meetauth_reloads_total{result="failed"}') >= failed + 2)
    assert changing.daemons() == pids
    assert changing.visitor().sign_in().status == 302
    assert changing.send("GET", "/auth/readyz").status == 200
    with open(changing.conf, "w", encoding="utf-8") as file:
        file.write(good)
    ok = changing.metric('meetauth_reloads_total{result="ok"}')
    reload(changing, lambda: changing.metric('meetauth_reloads_total{result="ok"}') >= ok + 2)


def test_sighup_takes_a_new_configuration(changing):
    changing.configure(brand_name="Acme <Meetings>")
    visitor = changing.visitor()
    reload(changing, lambda: everywhere(changing, lambda: "Acme &lt;Meetings&gt;" in changing.visitor().login_page().text))
    assert visitor.sign_in().status == 302


def test_sighup_under_load_loses_nobody(changing):
    visitor = changing.visitor()
    visitor.sign_in()
    with concurrent.futures.ThreadPoolExecutor(4) as crowd:
        joins = [crowd.submit(lambda: twin(visitor).enter("fault-slow-50").status) for _ in range(60)]
        for _ in range(6):
            for pid in changing.daemons():
                os.kill(pid, signal.SIGHUP)
            time.sleep(0.1)
        assert {join.result() for join in joins} == {302}


def test_a_new_user_needs_no_signal(changing):
    changing.add_user("erin", "--name", "Erin")

    def signs_in():
        somebody = changing.visitor()
        return somebody.fill(somebody.login_page(), "erin").status == 302

    wait_for(lambda: everywhere(changing, signs_in), "the user")
    visitor = changing.visitor()
    visitor.sign_in("erin")
    changing.ctl("user", "remove", "erin")
    wait_for(lambda: everywhere(changing, lambda: visitor.enter().status == 303), "the end of the session")


def test_a_new_secret_needs_no_signal(changing):
    visitor = changing.visitor()
    visitor.sign_in()
    changing.platform.set_keys("another-key-altogether")
    assert visitor.enter().status == 403
    changing.ctl("secret", "set", HOST, text="another-key-altogether")
    wait_for(lambda: everywhere(changing, lambda: visitor.enter().status == 302), "the secret")
    listed = changing.ctl("secret", "list").stdout
    assert HOST in listed and "another-key" not in listed and changing.key not in listed


def write_whole(path, text):
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(path + ".new", path)


def test_a_new_page_needs_no_signal(changing):
    path = changing.share + "/pages/login.html"
    with open(path, encoding="utf-8") as file:
        page = file.read()
    write_whole(path, page.replace("</main>", "<p>Ask the desk on floor 5.</p></main>"))
    wait_for(lambda: everywhere(changing, lambda: "on floor 5" in changing.visitor().login_page().text), "the page")


def test_an_operator_s_own_pages(changing):
    """A file that pages include changes all of them; a page from before there were such files still loads, whole as it is."""
    pages = changing.share + "/pages/"
    whole = ('<!DOCTYPE html><html lang="{{lang}}"><head><title>{{t.login.title}}</title></head><body><p>Old and whole</p>'
             '<form method="post" action="{{action}}"><input type="hidden" name="ticket" value="{{ticket}}"></form></body></html>')
    with open(pages + "header.html", encoding="utf-8") as file, open(pages + "login.html", encoding="utf-8") as other:
        header, login = file.read(), other.read()
    write_whole(pages + "header.html", header + "<p>Acme in every page</p>")
    wait_for(lambda: everywhere(changing, lambda: "Acme in every" in changing.visitor().login_page().text), "the header")
    assert "Acme in every" in changing.visitor().get("/auth/nothing", headers={"Accept": "text/html"}).text
    write_whole(pages + "login.html", whole)
    wait_for(lambda: everywhere(changing, lambda: "Old and whole" in changing.visitor().login_page().text), "the old page")
    assert "Acme in every" not in changing.visitor().login_page().text
    write_whole(pages + "login.html", whole + "\n{{>hed}}")
    wait_for(lambda: re.search(r"pages/login\.html:2: .*/pages/hed\.html", changing.pool.said()), "the place in the log")
    write_whole(pages + "header.html", header)
    write_whole(pages + "login.html", login)  # or the next broken page would fail as this one does, which is told once

    def is_as_before(page):
        return "Old and whole" not in page and "Acme in every" not in page

    wait_for(lambda: everywhere(changing, lambda: is_as_before(changing.visitor().login_page().text)), "the pages as they were")


def test_a_broken_page_keeps_the_old_one(changing):
    path = changing.share + "/pages/login.html"
    with open(path, encoding="utf-8") as file:
        page = file.read()
    failed = changing.metric('meetauth_reloads_total{result="failed"}')
    with open(path, "w", encoding="utf-8") as file:
        file.write(page + "{{#never-closed}} {{unknown}}")
    wait_for(lambda: changing.metric('meetauth_reloads_total{result="failed"}') > failed, "the failed load")
    assert changing.visitor().login_page().status == 200
    with open(path, "w", encoding="utf-8") as file:
        file.write(page)


# -- health --


@needs_lmdb
def test_readyz_says_what_is_missing(make_rig):
    rig = make_rig()
    os.rename(rig.folder + "/state", rig.folder + "/gone")
    os.rename(rig.folder + "/store", rig.folder + "/store.gone")
    assert rig.send("GET", "/auth/healthz").text == "ok\n"
    answer = wait_for(lambda: [a for a in [rig.send("GET", "/auth/readyz")] if a.status == 503], "not ready")[0]
    assert answer.text.strip() and "ok" != answer.text.strip()
    os.rename(rig.folder + "/gone", rig.folder + "/state")
    os.rename(rig.folder + "/store.gone", rig.folder + "/store")
    wait_for(lambda: rig.send("GET", "/auth/readyz").status == 200, "ready again")


def test_faults_F13_readyz_says_what_a_restart_would_fail_for(make_rig):
    rig = make_rig()
    included = rig.folder + "/conf.d/more.conf"
    os.mkdir(rig.folder + "/conf.d")
    with open(included, "w", encoding="utf-8") as file:
        file.write('rule "more" { allow = true  groups = {"more"} }\n')
    with open(rig.conf, "a", encoding="utf-8") as file:
        file.write('policy { include = "conf.d/*.conf"  default = "allow" }\n')
    loaded = rig.metric('meetauth_reloads_total{result="ok"}')
    for pid in rig.daemons():
        os.kill(pid, signal.SIGHUP)
    wait_for(lambda: rig.metric('meetauth_reloads_total{result="ok"}') > loaded, "the include")
    good = {path: open(path, "rb").read() for path in (rig.folder + "/store", rig.folder + "/users.passwd", rig.conf, included)}
    wait_for(lambda: rig.send("GET", "/auth/readyz").text == "ok\n", "to be ready")
    assert rig.metric("meetauth_load_good") == 1
    assert time.time() - 600 < rig.metric("meetauth_start_time_seconds") <= time.time() + 1
    for path, text in good.items():
        with open(path, "wb") as file:
            file.write(b"nonsense = {" + bytes(40))
        warned = wait_for(lambda: [a for a in [rig.send("GET", "/auth/readyz")] if "\nrestart: would fail: " in a.text], "the warning of " + path)[0]
        assert warned.status == 200 and warned.text.startswith("ok\n") and path in warned.text
        wait_for(lambda: rig.metric("meetauth_load_good") == 0, "the gauge")
        assert rig.ctl("check", check=False).returncode != 0
        with open(path, "wb") as file:
            file.write(text)
        wait_for(lambda: rig.send("GET", "/auth/readyz").text == "ok\n", "all to be well: " + path)
        wait_for(lambda: rig.metric("meetauth_load_good") == 1, "the gauge")
    assert rig.visitor().sign_in().status == 302


def base_line(rig):
    table = rig.ctl("check", "--connect", check=False).stdout
    return next(line for line in table.splitlines() if " connect " in line and " %s " % rig.base in line)


def with_nginx(rig, text):
    with open(rig.folder + "/meetauth.conf.nginx", "w", encoding="utf-8") as file:
        file.write(text)
    os.kill(rig.nginx.process.pid, signal.SIGHUP)


@needs_lmdb
def test_operators_m1_check_connect_comes_as_a_visitor_does(make_rig):
    rig = make_rig()
    assert base_line(rig).startswith("ok ") and "the pool is ready" in base_line(rig)
    with open(rig.folder + "/meetauth.conf.nginx", encoding="utf-8") as file:
        text = file.read()
    with_nginx(rig, text.replace("allow 127.0.0.1;", "deny 127.0.0.1;"))
    wait_for(lambda: "does not allow readyz from this host" in base_line(rig), "403")
    assert base_line(rig).startswith("ok ")
    with_nginx(rig, text.replace("location = /auth {", "location = /auth/readyz { return 200 hello; }\n location = /auth {"))
    wait_for(lambda: "another program" in base_line(rig), "somebody else's page")
    assert base_line(rig).startswith("warn ")
    with_nginx(rig, text)
    os.rename(rig.folder + "/state", rig.folder + "/gone")
    wait_for(lambda: "HTTP 503: the pool is not ready: state " in base_line(rig), "not ready")
    assert base_line(rig).startswith("FAIL ")
    os.rename(rig.folder + "/gone", rig.folder + "/state")
    rig.stop_pool()
    assert base_line(rig).startswith("FAIL ") and "HTTP 502: the web server cannot reach meetauthd" in base_line(rig)
    rig.nginx.stop()
    assert base_line(rig).startswith("FAIL ") and "127.0.0.1" in base_line(rig)


def test_start_by_listen_option(make_rig):
    import rig as rigs
    rig = make_rig(start=False)
    rig.start_pool = lambda: start_listening(rig, rigs)
    rig.start()
    assert rig.visitor().sign_in().status == 302


def start_listening(rig, rigs):
    rig.pool = rigs.Program([rigs.MEETAUTHD, "--listen", "unix:" + rig.socket, "-c", rig.conf], rig.log)
    wait_for(lambda: rig.send("GET", "/auth/readyz").status == 200, "readyz")


def test_too_much_in_flight(make_rig):
    rig = make_rig(options={"max-in-flight": 5})
    visitor = rig.visitor()
    visitor.sign_in()
    with concurrent.futures.ThreadPoolExecutor(20) as crowd:
        joins = [crowd.submit(twin(visitor).get, rig.entry("fault-hold_%d" % number), JSON) for number in range(20)]
        wait_for(lambda: sum(join.done() for join in joins) == 15, "the others to be refused")
        rig.platform.release()
        answers = [join.result() for join in joins]
    statuses = [answer.status for answer in answers]
    assert set(statuses) == {302, 503} and statuses.count(302) == 5
    for answer in answers:
        if answer.status == 503:
            assert answer.code == "overloaded" and int(answer.headers["Retry-After"]) > 0
