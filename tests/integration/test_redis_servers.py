# SPDX-License-Identifier: MIT
"""The way to the server of the state: TLS with the checks of the certificate, and Sentinels that know the primary."""

import concurrent.futures
import os
import re
import shutil
import signal
import socket
import subprocess
import time

import pytest
from client import JSON
from guests import fill, rule
from rig import Program, free_port, wait_for
from test_redis import PASSWORD, SERVER, Redis, is_built, make, say
from tls import Authority

PRIMARY = "meetauth-primary"


@pytest.fixture(scope="module", autouse=True)
def needs_redis(tmp_path_factory):
    if not SERVER:
        pytest.skip("no redis-server")
    if not is_built(tmp_path_factory):
        pytest.skip("this build has no hiredis")


class Raw:
    """A value of the configuration that is written as it is."""

    def __init__(self, text):
        self.text = text

    def __str__(self):
        return self.text


def state_line(rig, address, **options):
    """What `check` says of the state."""
    rig.options.update({"state": address, **options})
    rig.configure()
    said = rig.ctl("check", check=False).stdout
    found = re.search(r"^(?:ok|FAIL) +state .*$", said, re.M)
    return found.group(0) if found else said


def test_tls_checks_the_certificate_and_its_name(make_rig, tmp_path):
    tmp_path.joinpath("other").mkdir()
    authority, other = Authority(str(tmp_path)), Authority(str(tmp_path / "other"))
    certificate, key = authority.certificate("127.0.0.1")
    port = free_port()
    redis = Redis(tmp_path, "--tls-port", str(port), "--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", authority.file,
                  "--tls-auth-clients", "no")
    try:
        rig = make(make_rig, redis, start=False, options={"state-ca-file": authority.file})
        rig.configure()
        rig.fill_store()
        address = "rediss://127.0.0.1:%d" % port
        line = state_line(rig, address)
        if "this build has no TLS" in line:
            pytest.skip("this build has no libssl")
        assert line.startswith("ok "), line
        assert "its certificate is refused: " in state_line(rig, address, **{"state-ca-file": other.file})
        assert "its certificate is refused: " in state_line(rig, address, **{"state-ca-file": ""})
        rig.options["state-ca-file"] = authority.file
        for name, more, words in (("redis.example.org", {}, "IP address mismatch"), ("127.0.0.1", {"expired": True}, "certificate has expired"),
                                  ("127.0.0.1", {"self_signed": True}, "self-signed certificate")):
            bad = authority.certificate(name, **more)
            assert redis.say("CONFIG", "SET", "tls-cert-file", bad[0], "tls-key-file", bad[1]).startswith(b"+OK")
            assert "its certificate is refused: " + words in state_line(rig, address), name
        assert redis.say("CONFIG", "SET", "tls-cert-file", certificate, "tls-key-file", key).startswith(b"+OK")
        # a server that knows no TLS waits for the end of the line, unless it finds one in what we say
        assert "speak TLS" in state_line(rig, "rediss://127.0.0.1:%d" % redis.port, **{"state-timeout": "300ms"})
        assert state_line(rig, "redis://127.0.0.1:%d" % port).startswith("FAIL"), "nor the other way round"
        with socket.create_server(("127.0.0.1", 0)) as silent:
            assert "no TLS connection in time" in state_line(rig, "rediss://127.0.0.1:%d" % silent.getsockname()[1])
        check_client_certificate(redis, rig, address, authority)
        rig.options.update({"state": address, "state-timeout": "2s"})
        os.mkdir(rig.folder + "/state")
        rig.configure()
        rig.start_nginx()
        rig.start_pool()
        alice = rig.visitor()
        alice.sign_in()
        assert alice.enter().status == 302
        check_renewal(redis, rig, authority, other)
        assert alice.enter().status == 302
    finally:
        redis.stop()


def check_renewal(redis, rig, authority, other):
    """The server moves to another authority, and so do the files of this machine, one after the other: new connections take them."""
    server, client = other.certificate("127.0.0.1"), other.certificate("meetauth.example.org")
    assert redis.say("CONFIG", "SET", "tls-ca-cert-file", other.file, "tls-cert-file", server[0], "tls-key-file", server[1]).startswith(b"+OK")
    redis.say("CLIENT", "KILL", "TYPE", "normal")
    wait_for(lambda: rig.send("GET", "/auth/readyz").status == 503, "the refusal")
    shutil.copy(other.file, authority.file)
    shutil.copy(client[0], rig.options["state-certificate"])
    wait_for(lambda: "key values mismatch; the former certificate stays in use" in rig.pool.said(), "the half that is renewed")
    shutil.copy(client[1], rig.options["state-certificate-key"])
    wait_for(lambda: rig.send("GET", "/auth/readyz").status == 200, "the renewed connection")


def check_client_certificate(redis, rig, address, authority):
    """The server asks for one; what begins with it stays so for the rest of the test."""
    certificate, key = authority.certificate("meetauth.example.org")
    assert redis.say("CONFIG", "SET", "tls-auth-clients", "yes").startswith(b"+OK")
    assert state_line(rig, address).startswith("FAIL"), "without a certificate"
    assert "set both or neither" in state_line(rig, address, **{"state-certificate": certificate})
    other = authority.certificate("other.example.org")[1]
    assert "key values mismatch" in state_line(rig, address, **{"state-certificate-key": other})
    kind = rig.folder + "/other-kind.key"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", kind], check=True, capture_output=True)
    assert kind + ": no certificate assigned" in state_line(rig, address, **{"state-certificate-key": kind})
    assert "expected \"rediss://host\"" in state_line(rig, "redis://127.0.0.1", **{"state-certificate-key": key})
    assert state_line(rig, address).startswith("ok ")


def follows(replica):
    replication = replica.say("INFO", "replication")
    return b"role:slave" in replication and b"master_link_status:up" in replication


class Sentinel:
    PATIENT = 60000  # ms: a busy machine makes a server silent, and a Sentinel acts on what it calls down and waits for it to be well for 8 s

    def __init__(self, folder, port_of_primary, password):
        self.port, self.password = free_port(), password
        path = folder / "sentinel.conf"
        path.write_text("port %d\nbind 127.0.0.1\ndir %s\nsentinel monitor %s 127.0.0.1 %d 1\nsentinel down-after-milliseconds %s %d\nrequirepass %s\n"
                        % (self.port, folder, PRIMARY, port_of_primary, PRIMARY, self.PATIENT, password))
        self.program = Program([SERVER, str(path), "--sentinel"], str(folder / "sentinel.log"))

    def say(self, *words):
        with socket.create_connection(("127.0.0.1", self.port), 100) as connection:
            connection.sendall(("AUTH %s\r\n" % self.password).encode())
            assert connection.recv(5) == b"+OK\r\n"
            return say(connection, *words)

    def primary(self):
        return int(self.say("SENTINEL", "GET-MASTER-ADDR-BY-NAME", PRIMARY).split(b"\r\n")[4])

    def calls_down_after(self, milliseconds):
        assert self.say("SENTINEL", "SET", PRIMARY, "down-after-milliseconds", str(milliseconds)).startswith(b"+OK")

    def knows_replica(self):
        try:
            return b"flags\r\n$5\r\nslave\r\n" in self.say("SENTINEL", "REPLICAS", PRIMARY)
        except OSError:
            return False


def test_sentinels_lead_to_the_new_primary(make_rig, tmp_path):
    """The first of them is gone. The primary is killed, later the next one is demoted while it runs: nobody's session is lost, and no claim
    counts at a replica."""
    tmp_path.joinpath("second").mkdir()
    first = Redis(tmp_path)
    second = Redis(tmp_path / "second", "--replicaof", "127.0.0.1 %d" % first.port)
    sentinel = Sentinel(tmp_path, first.port, PASSWORD)
    try:
        wait_for(sentinel.knows_replica, "the Sentinel")
        wait_for(lambda: follows(second), "the replica")
        rig = make(make_rig, first, start=False, options={
            "state": "redis://state.example.org", "sentinel-name": PRIMARY,
            "sentinels": Raw('{"127.0.0.1:%d", "127.0.0.1:%d"}' % (free_port(), sentinel.port))})
        rig.usual = False
        rig.configure()
        rig.fill_store()
        said = rig.ctl("check", check=False).stdout
        assert "NOAUTH" in said, said
        assert rig.ctl("secret", "set", "sentinels", text=PASSWORD + "\n").stdout == "sentinels: version 1 stored\n"
        assert re.search(r"^warn +state .*min-replicas-to-write", rig.ctl("check").stdout, re.M)
        os.mkdir(rig.folder + "/state")
        rig.start_nginx()
        rig.start_pool()
        assert PASSWORD not in rig.pool.said()
        alice = rig.visitor()
        alice.sign_in()
        assert alice.enter().status == 302
        rig.configure(session_idle="50m")
        os.kill(rig.daemons()[0], signal.SIGHUP)  # the state goes on with the names that it was opened with
        wait_for(lambda: [event for event in rig.events("reload") if event.get("what") == "configuration"], "the reload")
        assert first.say("WAIT", "1", "60000").startswith(b":1")
        first.stop()
        sentinel.calls_down_after(300)
        wait_for(lambda: sentinel.primary() == second.port, "the failover")
        sentinel.calls_down_after(Sentinel.PATIENT)
        began = time.monotonic()
        wait_for(lambda: rig.send("GET", "/auth/readyz").status == 200, "readyz")
        print("ready %.1f s after the failover" % (time.monotonic() - began))
        assert alice.enter().status == 302, "her session is still good"
        first.start()
        assert first.say("REPLICAOF", "127.0.0.1", str(second.port)).startswith(b"+OK")
        wait_for(lambda: follows(first), "its return")
        wait_for(lambda: sentinel.say("SENTINEL", "FAILOVER", PRIMARY).startswith(b"+OK"), "another failover")
        wait_for(lambda: sentinel.primary() == first.port and follows(second), "the other failover")
        wait_for(lambda: alice.enter().status == 302, "a join at the new primary")
        wait_for(lambda: rig.send("GET", "/auth/readyz").status == 200, "readyz")
    finally:
        for server in (first, second):
            server.stop()
        sentinel.program.stop()


def sign_out_later(visitor):
    """A function that sends the form of the page, each time with the session's cookie."""
    fields = {name: value for name, _, value in visitor.get("/auth/logout").forms()[0]["fields"]}
    jar = dict(visitor.jar)

    def leave():
        visitor.jar = dict(jar)
        return visitor.post("/auth/logout", fields)

    return leave


def test_a_claim_counts_when_the_replica_has_it(make_rig, tmp_path):
    """state-replicas: without the right, and while the replica is cut off, nobody joins and no session is revoked. What was acknowledged outlives
    the primary."""
    tmp_path.joinpath("second").mkdir()
    first = Redis(tmp_path)
    second = Redis(tmp_path / "second", "--replicaof", "127.0.0.1 %d" % first.port)
    try:
        wait_for(lambda: follows(second), "the replica")
        rig = make(make_rig, first, options={"state-timeout": "6s", "state-replicas": 1},
                   sections='backend "guests" { type = "guest" }\n' + rule("guests"))
        alice, bob, guest = rig.visitor(), rig.visitor(), rig.visitor()
        alice.sign_in()
        bob.fill(bob.login_page(), "bob")
        fill(guest, guest.login_page(), "guests", name="Eve")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            assert [answer.status for answer in pool.map(lambda _: alice.enter(), range(24))] == [302] * 24
        leaving = [sign_out_later(bob), sign_out_later(guest)]
        second.program.process.send_signal(signal.SIGSTOP)
        cut = rig.entry()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            refused = [pool.submit(alice.get, entry, JSON) for entry in (cut, rig.entry(), rig.entry())]
            assert [(answer.result().status, answer.result().code) for answer in refused] == [(409, "already-used")] * 3
        for _ in range(2): # what the primary has already is not confirmed either
            revoked = rig.ctl("session", "revoke", "zoe", check=False)
            assert revoked.returncode == 1 and "not confirmed" in revoked.stderr, revoked.stderr
            assert [leave().status for leave in leaving] == [503, 503]
        assert "0 of 1 replicas (state-replicas) had a change in time" in rig.pool.said()
        ready = rig.send("GET", "/auth/readyz")
        assert ready.status == 503 and "0 of 1 replicas (state-replicas) answer" in ready.text
        assert not rig.platform.attempts(re.search("requestToken=([^&]*)", cut).group(1)), "nothing was sent"
        second.program.process.send_signal(signal.SIGCONT)
        entry = rig.entry()
        assert alice.get(entry).status == 302
        assert [leave().status for leave in leaving] == [200, 200]
        assert rig.send("GET", "/auth/readyz").status == 200
        assert rig.ctl("session", "revoke", "zoe").returncode == 0
        first.stop()
        assert second.say("REPLICAOF", "NO", "ONE").startswith(b"+OK")
        rig.stop_pool()
        rig.configure(state=second.address, state_replicas=0)
        rig.start_pool()
        again = alice.get(entry, JSON)
        assert (again.status, again.code) == (409, "already-used")
        assert second.say("ACL", "SETUSER", "default", "-wait").startswith(b"+OK")
        rig.configure(state_replicas=1)
        assert re.search(r"^FAIL +state .*it refuses a claim: NOPERM", rig.ctl("check", check=False).stdout, re.M)
        rig.configure(state="lmdb:" + rig.folder + "/state")
        assert "state-replicas is for a server" in rig.ctl("check", check=False).stdout
    finally:
        for server in (first, second):
            server.stop()


@pytest.mark.parametrize("options, words", [
    ({"sentinels": Raw('{"127.0.0.1"}')}, "sentinel-name is missing"),
    ({"sentinels": Raw('{"127.0.0.1"}'), "sentinel-name": "x", "state": "redis+unix:///run/redis.sock"}, "sentinels lead to no socket"),
])
def test_sentinels_are_refused_with_a_sentence(make_rig, options, words):
    rig = make_rig(start=False)
    rig.configure()
    rig.options.update({"state": "redis://127.0.0.1", **options})
    rig.configure()
    done = rig.ctl("check", check=False)
    assert done.returncode == 1 and words in done.stdout, done.stdout
