# SPDX-License-Identifier: MIT
"""A platform that is slow, broken or hostile: the right page, code and status, nothing sent twice, and
nobody else delayed. tests/peers/faults.py says what each fault does."""

import concurrent.futures
import re
import select
import socket
import urllib.parse

import pytest
from client import JSON
from rig import HOST, Program, free_port, wait_for, write_nginx
from test_join import token_of

REFUSED = (403, "exchange-refused")
BAD = (502, "exchange-bad-answer")
UNREACHABLE = (502, "exchange-unreachable")
TIMEOUT = (504, "exchange-timeout")

FAULTS = {
    "hang": TIMEOUT, "drip": TIMEOUT, "slow-8000": TIMEOUT,
    "close": BAD, "reset": BAD, "cut": BAD, "chunks": BAD, "garbage": BAD, "big": BAD, "bomb": BAD, "endless": BAD, "endless-headers": BAD,
    "redirect-301": BAD, "redirect-302": BAD, "redirect-307": BAD, "redirect-308": BAD,
    "status-201": BAD, "status-202": BAD, "status-204": BAD, "status-400": BAD, "status-404": BAD, "status-418": BAD, "status-500": BAD, "status-503": BAD,
    "status-401": REFUSED, "status-403": REFUSED,
    "html": BAD, "empty": BAD, "truncated": BAD, "array": BAD, "string": BAD, "deep": BAD, "twice": BAD, "trailing": BAD, "not-utf8": BAD, "nul": BAD, "raw-nul": BAD,
    "no-code": BAD, "no-data": BAD, "no-meeting": BAD, "no-token": BAD, "data-null": BAD, "data-text": BAD, "wrong-meeting": BAD, "meeting-number": BAD,
    "code-text-minus-4": REFUSED, "code-minus-99": REFUSED, "code-text-empty": BAD, "code-text-00": BAD, "code-null": BAD, "code-false": BAD,
    "code-fraction": BAD, "code-zero-fraction": BAD, "code-huge": BAD, "code-array": BAD,
    "token-crlf": BAD, "token-space": BAD, "token-utf8": BAD, "token-empty": BAD, "token-long": BAD, "token-number": BAD, "token-null": BAD, "token-object": BAD,
    "expired": REFUSED, "words": REFUSED, "echo": REFUSED,
}
GOOD = ["slow-300", "interim", "extra", "silent-close", "gzip", "code-text-0", "token-max", "token-amp", "token-percent"]


@pytest.fixture(scope="module")
def faulty(make_module_rig):
    """Its own: a breaker must not open, so good joins come between the bad ones."""
    return make_module_rig(platform='timeout = "5s"\nconnect-timeout = "4s"', processes=0)


@pytest.fixture
def somebody(faulty):
    visitor = faulty.visitor()
    visitor.sign_in(meeting="warm-up")
    return visitor


@pytest.mark.parametrize("fault", FAULTS)
def test_fault(faulty, somebody, fault):
    status, code = FAULTS[fault]
    entry = faulty.entry("fault-" + fault)
    answer = somebody.get(entry, JSON)
    assert (answer.status, answer.code) == (status, code), "none goes on for as long as it would: see ENDLESS_SECONDS"
    assert answer.location is None
    assert len(faulty.platform.attempts(token_of(entry))) == 1, "sent once"
    again = somebody.get(entry, JSON)
    assert (again.status, again.code) == (409, "already-used"), "the claim stands: the bytes went out"
    assert len(faulty.platform.attempts(token_of(entry))) == 1, "and never again"
    assert not [e for e in faulty.platform.ledger() if e.get("elsewhere") or e.get("stray")], "no redirect is followed"
    event = wait_for(lambda: [e for e in faulty.events("join") if e["request_id"] == answer.headers["X-Request-Id"]], "the audit line")[0]
    assert event["result"] != "ok" and event["code"] == code


@pytest.mark.parametrize("fault, least, most", [
    ("wait-429", 7, 7), ("wait-503", 7, 7), ("wait-day", 600, 600), ("wait-date", 45, 61), ("wait-words", 10, 10), ("status-429", 10, 10)])
def test_flow_16_a_platform_that_asks_to_wait_is_passed_on(faulty, somebody, fault, least, most):
    entry = faulty.entry("fault-" + fault)
    answer = somebody.get(entry, JSON)
    assert (answer.status, answer.code) == (503, "overloaded") and least <= int(answer.headers["Retry-After"]) <= most
    assert somebody.get(entry, JSON).code == "already-used", "the bytes went out"
    event = wait_for(lambda: [e for e in faulty.events("join") if e["request_id"] == answer.headers["X-Request-Id"]], "the audit line")[0]
    assert "the platform asks to retry in " in event["detail"]


def test_operators_M2_the_log_has_the_platform_s_own_words(faulty, somebody):
    answer = somebody.get(faulty.entry("fault-words"), JSON)
    event = wait_for(lambda: [e for e in faulty.events("join") if e["request_id"] == answer.headers["X-Request-Id"]], "the audit line")[0]
    assert event["detail"] == "responseCode -10: wrong API key" and "API key" not in answer.text


def test_operators_M2_words_of_the_request_are_hidden(make_rig):
    """A platform may quote the request, whose address has the secret in it; a short one, too."""
    rig = make_rig()
    somebody = rig.visitor()
    somebody.sign_in()
    for version, key in enumerate(["shrt7", "a key/with 'blanks' & more", "k" * 30], 1):
        rig.platform.set_keys(key)
        rig.ctl("secret", "set", HOST, text=key + "\n")
        rig.ctl("secret", "retire", HOST, str(version))
        wait_for(lambda: somebody.enter().status == 302, "the secret to be read")
        entry = rig.entry("fault-echo")
        answer = somebody.get(entry, JSON)
        assert answer.code == "exchange-refused"
        event = wait_for(lambda: [e for e in rig.events("join") if e["request_id"] == answer.headers["X-Request-Id"]], "the audit line")[0]
        assert event["detail"].startswith('responseCode -2: no \\"session\\"') and event["detail"].endswith("...")
        with open(rig.log, encoding="utf-8") as file:
            log = file.read()
        for secret in (key, token_of(entry)):
            assert secret not in log and urllib.parse.quote(secret, safe="") not in log


@pytest.mark.parametrize("fault", GOOD)
def test_odd_but_good(faulty, somebody, fault):
    entry = faulty.entry("fault-" + fault)
    back = somebody.get(entry)
    assert back.status == 302, back
    assert len(faulty.platform.attempts(token_of(entry))) == 1
    meeting = faulty.platform.get(back.location)
    assert meeting.status == 200 and "Alice Liddell" in meeting.text and "Mallory" not in meeting.text, meeting


def test_A16_token_with_separators_is_encoded(faulty, somebody):
    back = somebody.enter("fault-token-amp")
    values = urllib.parse.parse_qsl(urllib.parse.urlsplit(back.location).query)
    assert values == [("meetingAccessToken", "a&participantName=Mallory#x?y=z"), ("participantName", "Alice Liddell"), ("participantEmail", "alice@example.org")]


def test_a_kept_connection_that_dies_is_no_reason_to_send_twice(faulty, somebody):
    """libcurl would send a GET again when a kept connection turns out to be dead."""
    assert somebody.enter("fault-stale").status == 302
    entry = faulty.entry("after-stale")
    answer = somebody.get(entry, JSON)
    seen = faulty.platform.attempts(token_of(entry))
    assert [e["result"] for e in seen] == ["dropped"], "sent once, on the kept connection, and lost"
    assert (answer.status, answer.code) == BAD
    assert somebody.enter().status == 302


def test_answers_do_not_shift_to_the_next_request(faulty, somebody):
    for _ in range(5):
        assert somebody.enter("fault-extra").status == 302
        back = somebody.enter("after-extra")
        assert back.status == 302
        assert faulty.platform.get(back.location).status == 200


def test_A64_what_the_platform_says_is_not_on_the_page(faulty, somebody):
    page = somebody.enter("fault-expired")
    assert page.status == 403 and "expired token" not in page.text
    assert "<form" in page.text or "open" in page.text.lower()


def test_A72_hanging_joins_delay_nobody(make_rig):
    rig = make_rig()
    somebody = rig.visitor()
    somebody.sign_in()
    entries = [rig.entry("fault-hold_%d" % number) for number in range(60)]
    cookies = dict(somebody.jar)

    def hang(entry):
        visitor = rig.visitor()
        visitor.jar.update(cookies)
        return visitor.get(entry, JSON).status

    with concurrent.futures.ThreadPoolExecutor(60) as crowd:
        waiting = [crowd.submit(hang, entry) for entry in entries]
        wait_for(lambda: rig.metric("meetauth_exchanges_in_flight") >= 30, "many at once")
        assert rig.send("GET", "/auth/healthz").status == 200
        assert somebody.enter().status == 302
        assert not all(one.done() for one in waiting), "they hang while others pass"
        rig.platform.release()
        assert 302 in {one.result() for one in waiting}


def test_more_than_it_can_carry_is_refused_at_once_and_nothing_is_lost(make_rig):
    """Twice as many joins as a process works on at once, at a platform that stands still: one half waits for it, the other half learns at
    once when to come again, the login page is shown, and every link is good in the end, once."""
    rig = make_rig(options={"max-in-flight": 20})
    visitor, newcomer = rig.visitor(), rig.visitor()
    visitor.sign_in()
    cookies, login = dict(visitor.jar), newcomer.enter().location
    entries = {rig.entry("fault-hold_%d" % number): JSON if number % 2 else () for number in range(40)}

    def join(entry):
        one = rig.visitor()
        one.jar.update(cookies)
        return one.get(entry, entries[entry])

    with concurrent.futures.ThreadPoolExecutor(40) as crowd:
        waiting = {entry: crowd.submit(join, entry) for entry in entries}
        wait_for(lambda: sum(one.done() for one in waiting.values()) >= 20, "those who are too many")
        refused = {entry: one.result() for entry, one in waiting.items() if one.done()}
        others = newcomer.get(login).status, rig.send("GET", "/auth/healthz").status
        rig.platform.release()
        answers = {entry: one.result() for entry, one in waiting.items()}
    for entry, answer in refused.items():
        assert answer.status == 503 and 0 < int(answer.headers["Retry-After"]) <= 60
        assert answer.code == "overloaded" if entries[entry] else "<title>" in answer.text
        assert not rig.platform.attempts(token_of(entry)), "nothing was sent"
    assert others == (200, 200), "only joins are refused"
    for entry, answer in answers.items():
        assert (join(entry) if answer.status == 503 else answer).status == 302, "the same link, once there is room"
        assert len(rig.platform.attempts(token_of(entry))) == 1


# -- what was never sent may be tried again --


def test_platform_that_does_not_listen(make_rig):
    rig = make_rig(start=False)
    rig.api = "http://127.0.0.1:%d" % free_port()
    rig.start()
    visitor = rig.visitor()
    entry = rig.entry()
    page = visitor.get(visitor.get(entry).location)
    answer = visitor.fill(page, headers=JSON)
    assert (answer.status, answer.code) == UNREACHABLE
    again = visitor.get(entry, JSON)
    assert again.code != "already-used", "nothing was sent, so the token is still good"
    assert rig.platform.attempts(token_of(entry)) == []


def test_breaker_opens_and_closes(make_rig):
    rig = make_rig(start=False)
    port = free_port()
    rig.api = "http://127.0.0.1:%d" % port
    rig.start()
    visitor = rig.visitor()
    visitor.fill(visitor.login_page())
    entry = rig.entry()

    def opened():
        answer = visitor.get(entry, JSON)
        assert answer.code in ("exchange-unreachable", "overloaded"), answer
        return answer if answer.status == 503 else None

    answer = wait_for(opened, "the breaker to open")
    assert answer.code == "overloaded" and 0 < int(answer.headers["Retry-After"]) <= 60
    with socket.create_server(("127.0.0.1", port)) as listener:
        assert visitor.get(entry, JSON).status == 503
        assert not select.select([listener], [], [], 0)[0], "no attempt at all"
    with Forward(port, rig.platform.address):
        assert wait_for(lambda: visitor.get(entry).status == 302, "the breaker to close")
    assert len(rig.platform.attempts(token_of(entry))) == 1


class Forward:
    """A TCP relay on a port, so that the platform seems to come up late."""

    def __init__(self, port, to):
        import threading
        self.to = to
        self.listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        import threading
        while True:
            try:
                one, _ = self.listener.accept()
            except OSError:
                return
            other = socket.create_connection(self.to)
            for pair in ((one, other), (other, one)):
                threading.Thread(target=self.copy, args=pair, daemon=True).start()

    def copy(self, source, target):
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    break
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@pytest.mark.parametrize("status", ["200", "401", "403"])
def test_rotation_of_the_api_key(make_rig, status):
    """Newest first; the older one only when the platform has refused the newer."""
    rig = make_rig(platform_arguments=["--refuse-with", status])
    visitor = rig.visitor()
    visitor.sign_in()
    rig.ctl("secret", "set", HOST, text="the-new-key\n")

    def attempts():
        entry = rig.entry()
        assert visitor.get(entry).status == 302
        return [e["key"] for e in rig.platform.attempts(token_of(entry))]

    wait_for(lambda: attempts() == [None, 1], "the new version")
    rig.platform.set_keys(rig.key, "the-new-key")
    assert attempts() == [2], "the newest is enough"
    rig.platform.set_keys("nothing-we-know")
    entry = rig.entry()
    answer = visitor.get(entry, JSON)
    assert (answer.status, answer.code) == REFUSED
    assert [e["key"] for e in rig.platform.attempts(token_of(entry))] == [None, None], "each version once"
    broken = rig.entry("fault-status-500")
    rig.platform.set_keys("the-new-key")
    assert visitor.get(broken, JSON).status == 502
    assert len(rig.platform.attempts(token_of(broken))) == 1, "an answer that is no refusal ends it"


# -- TLS --


@pytest.fixture(scope="module")
def tls_rig(make_module_rig, authority):
    """https on both sides; the platform behind an nginx that speaks HTTP/2."""
    rig = make_module_rig(start=False, tls=authority, platform='ca-file = "%s"\ntimeout = "10s"' % authority.file)
    fronts = {
        "good": authority.certificate("127.0.0.1"), "wrong-name": authority.certificate("other.example.org"),
        "expired": authority.certificate("127.0.0.1", expired=True), "self-signed": authority.certificate("127.0.0.1", self_signed=True)}
    rig.fronts = {name: free_port() for name in fronts}
    servers = ""
    for name, (certificate, key) in fronts.items():
        servers += """
    server {
        listen 127.0.0.1:%d ssl http2;
        ssl_certificate %s; ssl_certificate_key %s;
        access_log %s/platform-%s.log front;
        location / { proxy_pass http://127.0.0.1:%d; proxy_http_version 1.1; proxy_set_header Connection ""; }
    }""" % (rig.fronts[name], certificate, key, rig.folder, name, rig.platform.port)
    rig.api = "https://127.0.0.1:%d" % rig.fronts["good"]
    rig.start_nginx = lambda: start_with(rig, "log_format front '$server_protocol $connection $status';" + servers)
    return rig.start()


def start_with(rig, more):
    write_nginx(rig, more)
    rig.nginx = Program(["nginx", "-p", rig.folder, "-c", "nginx.conf"], rig.folder + "/nginx.log")
    wait_for(lambda: rig.nginx.process.poll() is not None or rig.answers(), "nginx")


def test_join_over_tls(tls_rig):
    """flow 5: HTTP/1.1 also where the platform speaks HTTP/2, whose GOAWAY loses requests."""
    visitor = tls_rig.visitor()
    back = visitor.sign_in()
    for _ in range(4):
        assert visitor.enter().status == 302
    assert tls_rig.platform.get(back.location).status == 200
    with open(tls_rig.folder + "/platform-good.log", encoding="utf-8") as log:
        seen = [line.split() for line in log.read().splitlines()]
    assert {protocol for protocol, _, _ in seen} == {"HTTP/1.1"}
    assert len(seen) >= 5 and len({connection for _, connection, _ in seen}) < len(seen), "connections are kept"


@pytest.mark.parametrize("front, why", [
    ("wrong-name", "does not match|no alternative certificate"), ("expired", "certificate has expired"), ("self-signed", "self.signed certificate"),
    ("plain", "wrong version number")])
def test_tls_that_must_not_be_trusted(tls_rig, front, why):
    visitor = tls_rig.visitor()
    visitor.sign_in()
    port = tls_rig.platform.port if front == "plain" else tls_rig.fronts[front]
    good = tls_rig.api
    tls_rig.api = "https://127.0.0.1:%d" % port
    try:
        reload(tls_rig)
        entry = tls_rig.entry()
        answer = visitor.get(entry, JSON)
        assert (answer.status, answer.code) == UNREACHABLE
        assert tls_rig.platform.attempts(token_of(entry)) == [], "no byte of the exchange went out"
        line = wait_for(lambda: [event for event in tls_rig.events("join") if event["request_id"] == answer.headers["X-Request-Id"]], "the line")[0]
        assert re.search(why, line["detail"]) and line["level"] == "error", line
    finally:
        tls_rig.api = good
        reload(tls_rig)
    wait_for(lambda: visitor.enter().status == 302, "the good one")


def test_tls_with_an_authority_nobody_named(tls_rig):
    visitor = tls_rig.visitor()
    visitor.sign_in()
    named = tls_rig.platform_options
    tls_rig.platform_options = 'timeout = "3s"'
    try:
        reload(tls_rig)
        assert visitor.enter(headers=JSON).code == "exchange-unreachable"
    finally:
        tls_rig.platform_options = named
        reload(tls_rig)


def reload(rig):
    import os
    import signal
    before = len(rig.events())
    rig.configure()
    for pid in rig.daemons():
        os.kill(pid, signal.SIGHUP)
    wait_for(lambda: loaded(rig.events()[before:]), "the new configuration")


def loaded(events):
    return [e for e in events if "load" in e.get("event", "") or "configuration" in e.get("event", "")]
