# SPDX-License-Identifier: MIT
"""The backend http with a service as an operator would write it; the check of the signature is the one that meetauth.conf(5) shows."""

import hmac
import http.server
import json
import re
import secrets
import ssl
import threading
import time

import pytest
from rig import TOP, wait_for

KEY = secrets.token_urlsafe(32)
PEOPLE = {
    "anna": ("correct horse", {"name": "Anna Kovács", "email": "anna@example.org", "groups": ["staff"]}),
    "bert": ("battery \"staple\" €", {"groups": ["guests"]}),
    "carol": ("with two", {"groups": ["guests"], "secondFactor": True}),
}

POLICY = """
policy {
    rule "two" { allow = true  backends = {"members"}  second-factor = true }
    rule "staff" { allow = true  groups = {"staff"} }
}
"""


def from_the_manual():
    """is_signed(header, body, key), word for word."""
    with open(TOP + "/man/meetauth.conf.5", encoding="utf-8") as file:
        code = re.search(r"^def is_signed.*?(?=^\.Ed)", file.read(), re.M | re.S).group()
    names = {"hmac": hmac}
    exec(code, names)  # pylint: disable=exec-used
    return names["is_signed"]


class Service(http.server.ThreadingHTTPServer):
    """Knows PEOPLE. `lie` replaces an answer: (status, type, body) from the good answer."""

    daemon_threads = True

    def __init__(self, context=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.port = self.server_address[1]
        self.is_signed = from_the_manual()
        self.people = dict(PEOPLE)
        self.asked, self.traces, self.unsigned = [], [], 0
        self.lie = None
        if context:
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def stop(self):
        self.shutdown()
        self.server_close()
        self.thread.join(20)

    def handle_error(self, request, client_address):
        pass  # somebody who went away, or who does not trust us

    def verdict(self, question):
        password, person = self.people.get(question.get("name") or question.get("subject"), (None, None))
        if person is None or question["request"] not in ("check", "renew"):
            return {"verdict": "unknown"}
        if question["request"] == "check" and question["password"] != password:
            return {"verdict": "deny"}
        return {"verdict": "grant", "subject": question.get("name") or question["subject"], **person}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.server.is_signed(self.headers.get("Meetauth-Signature", ",,"), body, KEY.encode()):
            self.server.unsigned += 1
            return self.answer(401, "text/plain", b"not signed")
        question = json.loads(body)
        assert abs(time.time() - question["time"]) < 60 and question["version"] == 1
        self.server.asked.append(question)
        self.server.traces.append(self.headers.get_all("traceparent"))
        good = {"version": 1, "nonce": question["nonce"], **self.server.verdict(question)}
        if self.server.lie:
            return self.answer(*self.server.lie(self, good))
        return self.answer(200, "application/json", json.dumps(good).encode())

    def answer(self, status, kind, body, *headers):
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(body))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def service():
    made = Service()
    yield made
    made.stop()


def section(service, more="", scheme="http"):
    return 'backend "members" {\n type = "http"\n url = "%s://127.0.0.1:%d/check"\n %s\n}\n' % (scheme, service.port, more)


def start(rig, sections, key=KEY):
    rig.sections = sections
    rig.start()
    rig.ctl("secret", "set", "backend/members", text=key + "\n")
    rig.stop_pool()  # so that no process is without the key
    rig.start_pool()
    return rig


@pytest.fixture
def members(make_rig, service):
    return start(make_rig(start=False), section(service, 'timeout = "8s"') + POLICY)


def sign_in(rig, name, password=None):
    visitor = rig.visitor()
    return visitor, visitor.fill(visitor.login_page(), name, PEOPLE.get(name, "x")[0] if password is None else password)


def connected(rig):
    done = rig.ctl("check", "--connect", check=False)
    return done.returncode, next(line for line in done.stdout.splitlines() if " connect " in line and "members" in line)


def test_typed_yes_lets_in(members, service):
    answer = sign_in(members, "anna")[1]
    assert answer.status == 302
    assert "participantName=Anna%20Kov%C3%A1cs" in answer.location and "participantEmail=anna%40example.org" in answer.location
    question = service.asked[-1]
    assert {name: question[name] for name in ("request", "name", "client", "platform", "meetingId")} == {
        "request": "check", "name": "anna", "client": "127.0.0.1", "platform": "meeting.example.org",
        "meetingId": "5f521a93c20ff6721fbb6a6c"}
    assert service.unsigned == 0


def test_the_trace_is_passed_on(members, service):
    trace = "0af7651916cd43dd8448eb211c80319c"
    visitor = members.visitor()
    answer = visitor.fill(visitor.login_page(), "anna", "correct horse", headers={"traceparent": "00-%s-b7ad6b7169203331-00" % trace})
    assert answer.status == 302
    assert len(service.traces) == 1 and re.fullmatch("00-%s-[0-9a-f]{16}-00" % trace, service.traces[0][0])
    assert "b7ad6b7169203331" not in service.traces[0][0]
    assert wait_for(lambda: members.events("login"), "the log")[-1]["trace_id"] == trace
    sign_in(members, "bert")
    assert service.traces[-1] is None


def test_denied_unknown_and_not_in_the_policy(members, service):
    assert sign_in(members, "anna", "wrong")[1].status == 401
    assert sign_in(members, "nobody")[1].status == 401
    assert sign_in(members, "bert")[1].status == 403
    assert sign_in(members, "carol")[1].status == 302, "the rule wants a second factor, and the service says so"
    nonces = [question["nonce"] for question in service.asked]
    assert len(set(nonces)) == len(nonces) == 4


def lies():
    def as_json(change):
        return lambda handler, good: (200, "application/json", json.dumps(change(good)).encode())

    def huge(_, good):
        return 200, "application/json", json.dumps({**good, "name": "x" * 300000}).encode()

    def twice(_, good):
        return 200, "application/json", json.dumps(good).encode()[:-1] + b',"verdict":"grant"}'

    def slow(handler, good):
        handler.close_connection = True
        time.sleep(9)
        return 200, "application/json", json.dumps(good).encode()

    def cut(handler, good):
        handler.close_connection = True
        body = json.dumps(good).encode()
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n" + body)
        raise OSError

    yield "html", lambda handler, good: (200, "text/html", json.dumps(good).encode())
    yield "204", lambda handler, good: (204, "application/json", b"")
    yield "redirect", lambda handler, good: (307, "application/json", json.dumps(good).encode(), ("Location", "/check"))
    yield "500", lambda handler, good: (500, "application/json", json.dumps(good).encode())
    yield "201", lambda handler, good: (201, "application/json", json.dumps(good).encode())
    yield "huge", huge
    yield "twice", twice
    yield "slow", slow
    yield "cut", cut
    yield "old nonce", as_json(lambda good: {**good, "nonce": "00" * 16})
    yield "no nonce", as_json(lambda good: {name: value for name, value in good.items() if name != "nonce"})
    yield "true", as_json(lambda good: {**good, "verdict": True})
    yield "list", as_json(lambda good: [good])
    yield "yes", as_json(lambda good: {**good, "verdict": "yes"})
    yield "version", as_json(lambda good: {**good, "version": 2})
    yield "more", as_json(lambda good: {**good, "admin": True})
    yield "nobody", as_json(lambda good: {**good, "subject": ""})
    yield "groups", as_json(lambda good: {**good, "groups": "staff"})


def test_A54_only_a_typed_yes_is_a_yes(members, service):
    for what, lie in lies():
        service.lie = lie
        before = len(service.asked)
        assert sign_in(members, "anna")[1].status == 503, what
        assert len(service.asked) == before + 1, "asked once: " + what
        service.lie = None  # or the breaker would answer the next
        assert sign_in(members, "anna")[1].status == 302, what


def test_A54_yesterday_s_answer(members, service):
    recorded = []

    def replay(_, good):
        recorded.append(json.dumps(good).encode())
        return 200, "application/json", recorded[0]

    service.lie = replay
    assert sign_in(members, "anna")[1].status == 302
    assert sign_in(members, "anna")[1].status == 503


def test_without_a_key_or_with_another(make_rig, service):
    rig = make_rig(start=False)
    rig.sections = section(service)
    rig.start()
    status, line = connected(rig)
    assert status == 1 and "meetauthctl secret set backend/members" in line
    assert sign_in(rig, "anna")[1].status == 503 and not service.asked
    rig.ctl("secret", "set", "backend/members", text="another key\n")
    status, line = connected(rig)
    assert status == 1 and "401" in line and service.unsigned
    rig.ctl("secret", "set", "backend/members", text=KEY + "\n")
    assert connected(rig)[0] == 0 and service.asked[-1]["request"] == "connect"
    wait_for(lambda: sign_in(rig, "anna")[1].status == 302, "the right key")


def test_service_over_tls_with_an_authority_of_its_own(make_rig, authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.certificate("127.0.0.1"))
    service = Service(context)
    try:
        rig = start(make_rig(start=False), section(service, 'ca-file = "%s"' % authority.file, "https"))
        assert connected(rig)[0] == 0
        assert sign_in(rig, "anna")[1].status == 302
        asked = len(service.asked)
        # The system's authorities do not know it.
        rig.sections = section(service, "", "https")
        rig.configure()
        status, line = connected(rig)
        assert status == 1 and "certificate" in line.lower(), line
        assert len(service.asked) == asked and service.unsigned == 0
    finally:
        service.stop()


def test_groups_are_asked_again_and_who_is_gone_is_out(make_rig, service):
    rig = start(make_rig(start=False), section(service, 'group-refresh = "1s"') + POLICY)
    visitor, answer = sign_in(rig, "anna")
    assert answer.status == 302
    service.people["anna"] = ("correct horse", {"groups": []})
    wait_for(lambda: visitor.enter().status == 403, "the new groups")
    assert service.asked[-1]["request"] == "renew" and service.asked[-1]["subject"] == "anna"
    assert "password" not in service.asked[-1]
    del service.people["anna"]
    wait_for(lambda: visitor.enter().status == 303, "the login page")


def test_sample_of_the_readme(make_rig, service):
    with open(TOP + "/docs/catalogue.md", encoding="utf-8") as file:
        sample = next(b for b in re.findall(r"```\n(.*?)```", file.read(), re.S) if re.search('type += "http"', b))
    url = "https://members.example.org/meetauth/check"
    assert url in sample
    rig = start(make_rig(start=False), sample.replace(url, "http://127.0.0.1:%d/meetauth/check" % service.port))
    assert sign_in(rig, "anna")[1].status == 302


def test_A68_nothing_secret_is_said(members, service):
    service.lie = lambda handler, good: (200, "application/json", json.dumps({**good, "x": KEY}).encode())
    assert sign_in(members, "anna")[1].status == 503
    said = members.pool.said()
    assert not any(word in said for word in (KEY, "correct horse", "Kovács"))
