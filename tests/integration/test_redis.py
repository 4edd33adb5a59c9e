# SPDX-License-Identifier: MIT
"""The state on a Redis server: two machines (two pools with one store and one state) behave as one, and what visitors see while the server is gone,
empty or slow. tests/unit/redis_test.c has each answer of the server; a build without hiredis refuses the address. MEETAUTH_TEST_REDIS_SERVER names
another program than redis-server, such as valkey-server, for these tests and for the unit tests."""

import concurrent.futures
import os
import re
import shutil
import signal
import socket
import subprocess

import pytest
from client import JSON
from rig import ENVIRONMENT, HOST, MEETAUTHD, TOP, Program, free_port, wait_for

SERVER = shutil.which(os.environ.get("MEETAUTH_TEST_REDIS_SERVER") or "redis-server")
MEETING = "5f521a93c20ff6721fbb6a6c"
PASSWORD = "state-password-93c20ff6"


def is_built(tmp_path_factory):
    """Whether meetauthd was built with hiredis."""
    conf = tmp_path_factory.mktemp("built") / "meetauth.conf"
    conf.write_text('base-url = "https://a.example.org/auth"\nstate = "redis://127.0.0.1"\nplatform "m.example.org" { type = "veeting" }\n')
    done = subprocess.run([MEETAUTHD, "-t", "-c", str(conf)], capture_output=True, text=True, env=ENVIRONMENT, check=False)
    return "this build lacks redis" not in done.stderr


@pytest.fixture(scope="module", autouse=True)
def needs_redis(tmp_path_factory):
    if not SERVER:
        pytest.skip("no redis-server")
    if not is_built(tmp_path_factory):
        pytest.skip("this build has no hiredis")


def say(connection, *words):
    text = "*%d\r\n" % len(words) + "".join("$%d\r\n%s\r\n" % (len(word), word) for word in words)
    connection.sendall(text.encode())
    return connection.recv(65536)


class Redis:
    def __init__(self, folder, *options):
        self.folder = str(folder)
        self.options = options
        self.port = free_port()
        self.address = "redis://127.0.0.1:%d" % self.port
        self.program = None
        self.start()

    def start(self):
        self.program = Program([SERVER, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.folder, "--save", "", "--appendonly", "no",
                                *self.options], self.folder + "/redis.log")
        wait_for(self.answers, "redis-server")

    def answers(self):
        try:
            return b"-LOADING" not in self.say("PING")
        except OSError:
            return False

    def say(self, *words):
        """Sends a command; the first bytes of the reply."""
        with socket.create_connection(("127.0.0.1", self.port), 100) as connection:
            return say(connection, *words)

    def stop(self):
        if self.program:
            self.program.stop(signal.SIGKILL)
        self.program = None


@pytest.fixture(autouse=True)
def only_these_servers(monkeypatch):
    """Whatever the other tests of a run use (rig.py)."""
    monkeypatch.delenv("MEETAUTH_TEST_REDIS", raising=False)


@pytest.fixture
def redis(tmp_path):
    server = Redis(tmp_path)
    yield server
    server.stop()


def make(make_rig, redis, **more):
    """A pool whose processes count together, on a machine of its own."""
    starts = more.pop("start", True)
    rig = make_rig(options={"state": redis.address, "state-timeout": "5s", **more.pop("options", {})}, start=False, **more)
    rig.options["metrics-folder"] = rig.folder + "/state"
    return rig.start() if starts else rig


def wait_a_second(redis):
    """Until the server's clock shows another second than it does now."""
    now = redis.say("TIME")[:20]
    wait_for(lambda: redis.say("TIME")[:20] != now, "a second")


def same_query(rig, entry):
    """The address of an entry at another machine."""
    return rig.base + "?" + entry.partition("?")[2]


# -- two machines --


def test_two_machines_share_sessions_claims_and_revocations(make_rig, redis):
    first, second = make(make_rig, redis), make(make_rig, redis)
    alice = first.visitor()
    alice.sign_in()
    there = second.visitor()
    there.jar = dict(alice.jar)
    entry = second.entry()
    assert there.get(entry).status == 302, "the other machine takes the session"
    again = alice.get(same_query(first, entry), JSON)
    assert (again.status, again.code) == (409, "already-used"), "and the claim counts here"
    assert first.platform.ledger() and not [row for row in first.platform.ledger() if row.get("result") == "refused"]
    second.ctl("session", "revoke", "alice")
    assert alice.enter().status == 303, "revoked there, void here"
    assert there.enter().status == 303


def test_one_token_at_two_machines_is_exchanged_once(make_rig, redis):
    first, second = make(make_rig, redis, processes=2), make(make_rig, redis, processes=2)
    alice = first.visitor()
    alice.sign_in()
    entries = [first.entry() for _ in range(60)]

    def enter(rig, entry):
        visitor = rig.visitor()
        visitor.jar = dict(alice.jar)
        return visitor.get(same_query(rig, entry), JSON).status

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        asked = [(entry, [pool.submit(enter, rig, entry) for rig in (first, second) for _ in range(2)]) for entry in entries]
        statuses = [[each.result() for each in four] for _, four in asked]
    # whoever wins at the second machine asks its own platform, which does not know the token: 403
    assert all(sorted(four)[1:] == [409] * 3 or sorted(four) in ([302, 409, 409, 409], [403, 409, 409, 409]) for four in statuses), statuses


def test_wrong_passwords_count_at_both_machines(make_rig, redis):
    limits = {"throttle-account": "4/1d"}
    first, second = make(make_rig, redis, options=limits), make(make_rig, redis, options=limits)
    statuses = []
    for rig in (first, second) * 4:
        visitor = rig.visitor()
        statuses.append(visitor.fill(visitor.login_page(), password="wrong").status)
    assert 429 in statuses and statuses[:2] == [401, 401], statuses
    assert statuses.count(401) <= 6, statuses


# -- a server that is gone --


def test_without_the_server_nobody_joins_and_readyz_says_why(make_rig, redis):
    rig = make(make_rig, redis)
    alice = rig.visitor()
    alice.sign_in()
    wait_a_second(redis)
    redis.stop()
    answer = alice.enter(headers=JSON)
    assert (answer.status, answer.code) in ((503, "internal"), (409, "already-used"))
    ready = wait_for(lambda: (lambda got: got if got.status == 503 else None)(rig.send("GET", "/auth/readyz")), "readyz")
    assert "state redis://127.0.0.1:%d: " % redis.port in ready.text
    assert rig.send("GET", "/auth/healthz").status == 200
    refused = alice.enter(headers=JSON)
    assert (refused.status, refused.code) == (503, "internal")
    redis.start()
    wait_for(lambda: rig.send("GET", "/auth/readyz").status == 200, "readyz")
    # the server kept nothing: it is a new state, and older sessions are void
    assert alice.enter().status == 303
    alice.sign_in()
    assert alice.enter().status == 302
    assert [event for event in rig.events("state") if event["level"] == "error"]


def test_a_pool_starts_before_its_server(make_rig, redis):
    rig = make(make_rig, redis, start=False)
    redis.stop()
    os.mkdir(rig.folder + "/state")
    rig.configure()
    rig.fill_store()
    rig.start_nginx()
    rig.pool = Program(["spawn-fcgi", "-n", "-s", rig.socket, "-M", "0660", "--", MEETAUTHD, "-c", rig.conf], rig.log)
    wait_for(lambda: rig.send("GET", "/auth/readyz").status == 503, "readyz")
    redis.start()
    wait_for(lambda: rig.send("GET", "/auth/readyz").status == 200, "readyz")
    rig.visitor().sign_in()


def test_a_server_that_comes_and_goes_lets_nobody_in_twice(make_rig, redis):
    """While the server is killed and started again, each token is exchanged once at most, and whoever gets an error gets one of ours."""
    rig = make(make_rig, redis, processes=2)
    alice = rig.visitor()
    alice.sign_in()
    seen = []

    def come(_):
        visitor = rig.visitor()
        visitor.jar = dict(alice.jar)
        entry = rig.entry()
        for _ in range(2):
            seen.append(visitor.get(entry, JSON).status)
        return entry

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        coming = [pool.submit(come, number) for number in range(240)]
        for number in range(3):
            wait_for(lambda count=(number + 1) * 60: len(seen) > count, "visitors")
            redis.stop()
            redis.start()
        entries = [each.result() for each in coming]
    assert set(seen) <= {302, 303, 409, 503}, sorted(set(seen))
    for entry in entries:
        token = re.search(r"requestToken=([^&]*)", entry).group(1)
        assert len(rig.platform.attempts(token)) <= 1


def test_a_server_that_stands_still_holds_up_only_those_who_ask(make_rig, redis):
    rig = make(make_rig, redis, options={"state-timeout": "3s"})
    alice = rig.visitor()
    alice.sign_in()
    redis.program.process.send_signal(signal.SIGSTOP)
    try:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            asked = [pool.submit(alice.enter, headers=JSON) for _ in range(8)]
            assert rig.send("GET", "/auth/healthz").status == 200
            statuses = {each.result().status for each in asked}
        assert statuses <= {503, 409}
    finally:
        redis.program.process.send_signal(signal.SIGCONT)
    wait_for(lambda: rig.send("GET", "/auth/readyz").status == 200, "readyz")
    assert alice.enter().status == 302, "its sessions are still there"


def test_a_process_that_starts_waits_for_its_server(make_rig, redis):
    """The first visitor of a new process gets in: nobody is told that the state does not answer before it was asked."""
    rig = make(make_rig, redis)
    alice = rig.visitor()
    alice.sign_in()
    for _ in range(3):
        rig.stop_pool()
        rig.start_pool()
        assert alice.enter().status == 302


def test_an_emptied_server_voids_sessions(make_rig, redis):
    rig = make(make_rig, redis)
    alice = rig.visitor()
    alice.sign_in()
    assert alice.enter().status == 302
    wait_for(lambda: rig.send("GET", "/auth/readyz").status == 200, "readyz")
    wait_a_second(redis)
    assert redis.say("FLUSHALL").startswith(b"+OK")
    alice.enter()  # whoever notices first is asked to come again
    wait_for(lambda: rig.send("GET", "/auth/readyz").status == 200, "readyz")
    assert alice.enter().status == 303


def test_without_a_server_that_is_not_required_people_join(make_rig, redis):
    """state-required = false: joins and throttle go on in each machine alone, and log, metric and readyz say so."""
    rig = make(make_rig, redis, options={"state-required": False, "throttle-account": "3/1d"})
    alice = rig.visitor()
    alice.sign_in()
    assert alice.enter().status == 302
    assert rig.metric("meetauth_state_breaker_open") == 0
    redis.stop()
    wait_for(lambda: rig.metric("meetauth_state_breaker_open") == 1, "the breaker")
    ready = rig.send("GET", "/auth/readyz")
    assert ready.status == 200 and "goes on without %s" % redis.address in ready.text, ready.text
    entry = rig.entry()
    assert alice.get(entry).status == 302
    again = alice.get(entry, JSON)
    assert (again.status, again.code) == (409, "already-used")
    joins = rig.events("join")
    assert [join.get("claim") for join in joins if join["result"] == "ok"] == [None, None, "local"], joins
    assert rig.metric("meetauth_state_local_claims_total") >= 1
    assert rig.visitor().sign_in()
    bob = rig.visitor()
    statuses = [bob.fill(bob.login_page(), password="wrong").status for _ in range(6)]
    assert statuses[0] == 401 and statuses[-1] == 429, statuses
    redis.start()
    wait_for(lambda: rig.metric("meetauth_state_breaker_open") == 0, "the breaker")
    assert rig.send("GET", "/auth/readyz").text == "ok\n"


# -- the operator --


def test_the_password_is_in_the_store(make_rig, tmp_path):
    redis = Redis(tmp_path, "--requirepass", PASSWORD)
    try:
        rig = make(make_rig, redis, start=False)
        os.mkdir(rig.folder + "/state")
        rig.usual = False
        rig.configure()
        rig.fill_store()
        found = rig.ctl("check", check=False)
        assert found.returncode == 1 and "NOAUTH" in found.stdout
        assert rig.ctl("secret", "set", "state", text=PASSWORD + "\n").stdout == "state: version 1 stored\n"
        assert "NOAUTH" not in rig.ctl("check", check=False).stdout
        rig.start_nginx()
        rig.start_pool()
        rig.visitor().sign_in()
        assert "-" not in [row.split()[-1] for row in rig.ctl("secret", "list").stdout.splitlines() if row.startswith(HOST)]
        for text in (rig.pool.said(), rig.ctl("check", check=False).stdout):
            assert PASSWORD not in text
    finally:
        redis.stop()


def test_the_guide_for_several_machines(make_rig, tmp_path):
    """docs/several-machines.md, block by block, with names and paths of this test."""
    with open(TOP + "/docs/several-machines.md", encoding="utf-8") as file:
        blocks = dict(re.findall(r"^```(\w*)\n(.*?)^```$", file.read(), re.M | re.S))
    users = tmp_path / "users.acl"
    users.write_text(blocks["acl"].replace("PASSWORD", PASSWORD))
    lines = [line.split() for line in blocks["redis"].replace("/etc/redis/users.acl", str(users)).splitlines()]
    redis = Redis(tmp_path, *(word for name, *values in lines for word in ("--" + name, *values)))
    try:
        options = dict(line.split(" = ") for line in blocks["meetauth"].splitlines())
        rig = make(make_rig, redis, start=False)
        rig.options.update({name: value.strip('"') for name, value in options.items() if name != "metrics-folder"})
        rig.options["state"] = rig.options["state"].replace("redis.example.org:6379", "127.0.0.1:%d" % redis.port)
        os.mkdir(rig.folder + "/state")
        rig.usual = False
        rig.configure()
        rig.fill_store()
        for command in blocks[""].splitlines():
            program, *words = command.split()
            assert program == "meetauthctl"
            done = rig.ctl(*words, text=PASSWORD + "\n" if "set" in words else "", check=False)
        assert re.search(r"^ok +state .*$", done.stdout, re.M), done.stdout
        assert not re.search(r"^(warn|FAIL) +state ", done.stdout, re.M), done.stdout
        rig.start_nginx()
        rig.start_pool()
        rig.visitor().sign_in()
        wait_for(lambda: rig.send("GET", "/auth/readyz").status == 200, "readyz")
    finally:
        redis.stop()


def test_a_state_moves_to_a_server(make_rig, redis):
    """meetauthctl state copy: who was signed in stays so, and a token that was used stays used."""
    rig = make_rig()
    alice = rig.visitor()
    alice.sign_in()
    entry = rig.entry()
    assert alice.get(entry).status == 302
    bob = rig.visitor()
    bob.sign_in("bob")
    rig.ctl("session", "revoke", "bob")
    rig.stop_pool()
    assert re.match(r"\d+ entries copied", rig.ctl("state", "copy", "lmdb:%s/state" % rig.folder, redis.address).stdout)
    rig.options["state"] = redis.address
    rig.options["metrics-folder"] = rig.folder + "/state"
    rig.configure()
    rig.start_pool()
    again = alice.get(entry, JSON)
    assert (again.status, again.code) == (409, "already-used")
    assert alice.enter().status == 302
    assert bob.enter().status == 303, "revoked"
    same = rig.ctl("state", "copy", redis.address, redis.address, check=False)
    assert same.returncode == 64 and "the same" in same.stderr


def test_check_tells_of_rights_and_of_another_store(make_rig, redis):
    first, second = make(make_rig, redis), make(make_rig, redis, start=False)
    second.configure()
    for name in ("store", "store.key"):
        shutil.copy2(first.folder + "/" + name, second.folder + "/" + name)
    found = second.ctl("check", check=False).stdout
    assert re.search(r"^ok +state .* opens: (?:Redis|Valkey) [0-9.]+, user default, noeviction, no TLS$", found, re.M), found
    assert "another machine has change" not in found
    first.ctl("secret", "set", HOST, text="another-key\n")
    wait_for(lambda: re.search(r"^warn +store .*another machine has change \d+ of the store", second.ctl("check", check=False).stdout, re.M), "the warning")
    assert "another machine has change" not in first.ctl("check", check=False).stdout
    assert redis.say("ACL", "SETUSER", "default", "-evalsha").startswith(b"+OK")
    assert re.search(r"^FAIL +state .*it refuses a claim: NOPERM", second.ctl("check", check=False).stdout, re.M)


def test_secret_set_state_needs_a_server(make_rig):
    rig = make_rig(start=False)
    rig.configure()
    refused = rig.ctl("secret", "set", "state", text="x\n", check=False)
    assert refused.returncode == 64 and '"state"' in refused.stderr


@pytest.mark.parametrize("address, words", [
    ("redis://user:hunter2@127.0.0.1", "meetauthctl secret set state"),
    ("redis://127.0.0.1/x", "the database is not a number"),
    ("redis://", "expected a host"),
])
def test_addresses_are_refused_with_the_line(make_rig, address, words):
    rig = make_rig(start=False)
    rig.configure(state=address)
    done = subprocess.run([MEETAUTHD, "-t", "-c", rig.conf], capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert done.returncode == 1
    assert re.search(r"meetauth\.conf:\d+: state: ", done.stderr) and words in done.stderr, done.stderr
    assert "hunter2" not in done.stderr


def test_a_cluster_is_refused(make_rig, tmp_path):
    redis = Redis(tmp_path, "--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    try:
        rig = make(make_rig, redis, start=False)
        rig.configure()
        rig.fill_store()
        found = rig.ctl("check", check=False)
        assert found.returncode == 1 and "cluster" in found.stdout
    finally:
        redis.stop()
