# SPDX-License-Identifier: MIT
"""The backend radius with a real FreeRADIUS, and with one between them who lies."""

import hashlib
import os
import random
import re
import secrets
import shutil
import socket
import threading
import time
import urllib.parse

import pytest
from rig import TOP, Program, wait_for

ACCEPT, REJECT, CHALLENGE = 2, 3, 11
STATE, MESSAGE_AUTHENTICATOR = 24, 80
SECRET = secrets.token_urlsafe(24)
PASSWORDS = {"anna": "correct horse", "bert": "battery staple", "dora": "dora's own", "carol": "first of two"}

POLICY = """
policy {
    rule "two" { allow = true  users = {"campus/carol"}  second-factor = true }
    rule "staff" { allow = true  backends = {"campus"}  groups = {"staff"}  users = {"anna", "dora@example.org"} }
    rule "file" { allow = true  backends = {"staff"} }
}
"""


class FreeRadius(Program):
    """tests/peers/radius on a port of its own."""

    def __init__(self, folder, port=0, secret=SECRET):
        program = shutil.which("freeradius")
        assert program, "FreeRADIUS is missing: install the package freeradius"
        self.folder = str(folder)
        self.port = port or free_udp_port()
        for name in ("radiusd.conf", "users"):
            with open(os.path.join(TOP, "tests/peers/radius", name), encoding="utf-8") as file:
                text = file.read()
            for word, value in (("FOLDER", self.folder), ("PORT", str(self.port)), ("SECRET", secret)):
                text = text.replace("@%s@" % word, value)
            with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(os.path.join(self.folder, name), 0o600)
        log = os.path.join(self.folder, "log")
        if os.path.exists(log):
            os.remove(log)
        super().__init__([program, "-f", "-l", "stdout", "-d", self.folder], log)
        wait_for(lambda: "Ready to process requests" in self.said() or self.process.poll() is not None, "FreeRADIUS")
        assert self.process.poll() is None, self.said()


def free_udp_port():
    """Below the range of which the kernel takes one for each question that is asked."""
    while True:
        port = 10000 + random.randrange(20000)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def section(port, more=""):
    return 'backend "campus" {\n type = "radius"\n servers = {"127.0.0.1:%d"}\n %s\n}\n' % (port, more) + POLICY


def set_secret(rig, secret=SECRET):
    rig.ctl("secret", "set", "backend/campus", text=secret + "\n")


def connected(rig):
    """What meetauthctl check --connect says of the backend: (exit status, its line)."""
    done = rig.ctl("check", "--connect", check=False)
    return done.returncode, next(line for line in done.stdout.splitlines() if " connect " in line and "campus" in line)


def start(rig, port, more="", sections=""):
    """A rig that is made and not started yet, with the backend behind the users file."""
    rig.sections = sections or section(port, more)
    rig.start()
    set_secret(rig)
    rig.stop_pool()  # so that no process is without the secret
    rig.start_pool()
    return rig


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = FreeRadius(tmp_path_factory.mktemp("radius"))
    yield made
    made.stop()


@pytest.fixture(scope="module")
def campus(make_module_rig, server):
    return start(make_module_rig(processes=2, start=False), server.port)


def sign_in(rig, name, password=None):
    visitor = rig.visitor()
    return visitor, visitor.fill(visitor.login_page(), name, PASSWORDS.get(name, "x") if password is None else password)


def answer_it(visitor, page, answer):
    form = next(form for form in page.forms() if any(name == "answer" for name, _, _ in form["fields"]))
    hidden = {name: value for name, kind, value in form["fields"] if kind == "hidden"}
    return visitor.post(urllib.parse.urljoin("/auth/login", form["action"]), {**hidden, "answer": answer})


# -- a server that does what it should --


def test_right_password_lets_in_with_the_groups_of_filter_id(campus):
    assert sign_in(campus, "anna")[1].status == 302
    join = wait_for(lambda: [e for e in campus.events("join") if e.get("user") == "anna"], "the join")[-1]
    assert (join["backend"], join["result"]) == ("campus", "ok")
    # bert is right, and in no group.
    assert sign_in(campus, "bert")[1].status == 403


def test_wrong_password_and_unknown_name_look_alike(campus):
    answers = [sign_in(campus, name, "wrong")[1] for name in ("anna", "nobody")]
    assert [answer.status for answer in answers] == [401, 401]


def test_name_of_the_answer_counts_and_capitals_do_not(campus):
    """The rule names dora@example.org and anna."""
    assert sign_in(campus, "dora")[1].status == 302
    assert sign_in(campus, "ANNA", PASSWORDS["anna"])[1].status == 401, "FreeRADIUS knows anna alone"


def test_users_file_in_front_is_asked_first(campus):
    assert campus.visitor().sign_in("alice").status == 302


def test_names_and_passwords_of_every_kind_arrive(campus):
    """None of them is right; none of them breaks anything."""
    for name, password in (("%{User-Name}", "x"), ("anna\\00", "x"), ("änne", "pässword €"), ("a" * 253, "p" * 128),
                           ("a" * 254, "x"), ("anna", "p" * 129), ("anna", "correct horse ")):
        assert sign_in(campus, name, password)[1].status == 401, name


def test_challenge_is_a_second_form_that_any_process_reads(campus):
    for _ in range(4):
        visitor, page = sign_in(campus, "carol")
        assert page.status == 200 and "The code of your &lt;token&gt;?" in page.text
        assert 'type="password"' in page.text, "not to be seen where the server does not say so"
        # Allowed by the rule that wants a second factor.
        assert answer_it(visitor, page, "424242").status == 302


def test_challenge_with_a_wrong_answer(campus):
    visitor, page = sign_in(campus, "carol")
    answer = answer_it(visitor, page, "424243")
    assert answer.status == 401, answer
    assert not any(cookie == "__Host-meetauth" for cookie in visitor.jar)


def test_first_password_alone_is_not_enough(campus):
    visitor, page = sign_in(campus, "carol")
    assert page.status == 200
    assert visitor.enter().status == 303, "still to the login page"


def test_challenge_form_has_nothing_of_the_server(campus):
    """Its State is sealed in the ticket."""
    _, page = sign_in(campus, "carol")
    fields = [name for form in page.forms() for name, _, _ in form["fields"]]
    assert sorted(filter(None, fields)) == ["answer", "ticket"]


def test_check_connect(campus):
    status, line = connected(campus)
    assert status == 0 and "ok" in line.lower(), line


def test_sample_of_the_readme(make_rig, server):
    with open(TOP + "/docs/catalogue.md", encoding="utf-8") as file:
        sample = next(b for b in re.findall(r"```\n(.*?)```", file.read(), re.S) if 'type    = "radius"' in b)
    for name in ("radius1.example.org", "radius2.example.org:1812"):
        assert name in sample
        sample = sample.replace(name, "127.0.0.1:%d" % server.port)
    rig = start(make_rig(start=False), 0, sections=sample)
    assert sign_in(rig, "anna")[1].status == 302


# -- what is out of order --


def test_without_a_secret_or_with_another_one(make_rig, server):
    rig = make_rig(start=False)
    rig.sections = section(server.port, 'timeout = "5s"\n retries = 0')
    rig.start()
    status, line = connected(rig)
    assert status == 1 and "meetauthctl secret set backend/campus" in line
    assert sign_in(rig, "anna")[1].status == 503
    wait_for(lambda: "meetauthctl secret set backend/campus" in rig.pool.said(), "the line that says what to do")
    set_secret(rig, "another secret than the server's")
    status, line = connected(rig)
    assert status == 1 and "no answer" in line
    set_secret(rig)
    assert connected(rig)[0] == 0
    wait_for(lambda: sign_in(rig, "anna")[1].status == 302, "the right secret")


def test_server_that_is_gone_and_comes_back(make_rig, tmp_path):
    server = FreeRadius(tmp_path)
    try:
        rig = start(make_rig(start=False), server.port, 'timeout = "3s"\n retries = 1')
        assert sign_in(rig, "anna")[1].status == 302
        server.stop()
        answer = sign_in(rig, "anna")[1]
        assert answer.status == 503 and answer.headers["Retry-After"], answer
        assert rig.visitor().sign_in("alice").status == 302, "the users file stands in front"
        server = FreeRadius(tmp_path, server.port)
        wait_for(lambda: sign_in(rig, "anna")[1].status == 302, "the server")
    finally:
        server.stop()


def test_next_server_is_asked_when_the_first_is_silent(make_rig, server):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        both = section(server.port, 'timeout = "5s"\n retries = 0').replace(
            'servers = {', 'servers = {"127.0.0.1:%d", ' % silent.getsockname()[1])
        rig = start(make_rig(start=False), 0, sections=both)
        assert sign_in(rig, "anna")[1].status == 302
        visitor, page = sign_in(rig, "carol")
        assert answer_it(visitor, page, "424242").status == 302


# -- somebody on the way --


class Liar:
    """Stands between meetauth and the server; `lie` makes of (reply, request) what is sent instead, a list."""

    def __init__(self, port):
        self.server = ("127.0.0.1", port)
        self.lie = honest
        self.inside = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.inside.bind(("127.0.0.1", 0))
        self.port = self.inside.getsockname()[1]
        self.requests = []
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            request, peer = self.inside.recvfrom(5000)
            if not request:
                return
            self.requests.append(request)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outside:
                outside.settimeout(300)
                outside.sendto(request, self.server)
                reply = outside.recv(5000)
                for packet in self.lie(reply, request):
                    # An answer from another port is outside's.
                    (outside if packet[0:1] == b"@" else self.inside).sendto(packet.removeprefix(b"@"), peer)

    def stop(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outside:
            outside.sendto(b"", ("127.0.0.1", self.port))
        self.thread.join(20)
        self.inside.close()


def honest(reply, _):
    return [reply]


def proven(reply, request, secret=SECRET):
    """With a right response authenticator: what an MD5 collision gives to somebody without the secret."""
    reply = reply[:2] + len(reply).to_bytes(2, "big") + reply[4:]
    proof = hashlib.md5(reply[:4] + request[4:20] + reply[20:] + secret.encode()).digest()
    return reply[:4] + proof + reply[20:]


def attributes(packet):
    found, at = [], 20
    while at < len(packet):
        found.append((packet[at], packet[at + 2 : at + packet[at + 1]]))
        at += packet[at + 1]
    return found


def without(packet, number):
    kept = [(kind, value) for kind, value in attributes(packet) if kind != number]
    return packet[:20] + b"".join(bytes([kind, len(value) + 2]) + value for kind, value in kept)


def to_accept(packet):
    return bytes([ACCEPT]) + packet[1:]


# Each makes a yes of the server's no.
FORGERIES = {
    "collision with the reject's signature": lambda reply, request: [proven(to_accept(reply), request)],
    "collision without a signature": lambda reply, request: [
        proven(without(to_accept(reply), MESSAGE_AUTHENTICATOR), request)],
    "code alone": lambda reply, request: [to_accept(reply)],
    "another secret": lambda reply, request: [proven(to_accept(reply), request, "guessed")],
    "signature of zeros": lambda reply, request: [
        proven(without(to_accept(reply), MESSAGE_AUTHENTICATOR) + b"\x50\x12" + bytes(16), request)],
    "two signatures": lambda reply, request: [proven(to_accept(reply) + b"\x50\x12" + bytes(16), request)],
    "short signature": lambda reply, request: [
        proven(without(to_accept(reply), MESSAGE_AUTHENTICATOR) + b"\x50\x02", request)],
    "two states": lambda reply, request: [proven(to_accept(reply) + b"\x18\x03a\x18\x03b", request)],
    "attribute of no length": lambda reply, request: [proven(to_accept(reply) + b"\x0b\x00", request)],
    "attribute past the end": lambda reply, request: [proven(to_accept(reply) + b"\x0b\xffx", request)],
    "another id": lambda reply, request: [bytes([ACCEPT, reply[1] ^ 1]) + reply[2:]],
    "cut short": lambda reply, request: [reply[:n] for n in range(len(reply))],
    "too long": lambda reply, request: [reply + bytes(4100)],
    "length of 65535": lambda reply, request: [reply[:2] + b"\xff\xff" + reply[4:]],
    "from another port": lambda reply, request: [b"@" + reply],
    "random bytes": lambda reply, request: [secrets.token_bytes(n) for n in (1, 19, 20, 100, 4096)],
}


@pytest.fixture
def liar(server):
    made = Liar(server.port)
    yield made
    made.stop()


def test_A50_A51_forged_replies_let_nobody_in(make_rig, liar):
    rig = start(make_rig(start=False), liar.port, 'timeout = "3s"\n retries = 0')
    assert sign_in(rig, "anna")[1].status == 302
    for what, lie in FORGERIES.items():
        liar.lie = lie
        assert sign_in(rig, "anna", "wrong")[1].status == 503, what
        liar.lie = honest  # or the breaker would answer the next
        assert sign_in(rig, "anna", "wrong")[1].status == 401, what
    for reason in ("wrong Message-Authenticator", "no Message-Authenticator", "wrong response authenticator",
                   "malformed", "another id", "repeated an attribute"):
        wait_for(lambda reason=reason: reason in rig.pool.said(), reason)


def test_A51_forged_replies_do_not_keep_the_answer_out(make_rig, liar):
    """All of them first, then the answer: it counts."""
    rig = start(make_rig(start=False), liar.port, 'timeout = "10s"')
    assert sign_in(rig, "anna")[1].status == 302
    liar.lie = lambda reply, request: [p for lie in FORGERIES.values() for p in lie(reply, request)] + [reply]
    assert sign_in(rig, "anna", "wrong")[1].status == 401
    assert sign_in(rig, "anna")[1].status == 302
    visitor, page = sign_in(rig, "carol")
    assert answer_it(visitor, page, "424242").status == 302


def test_A50_an_unsigned_answer_is_told_to_the_operator(make_rig, liar):
    """A server older than 3.2.5 that nobody told to sign."""
    rig = start(make_rig(start=False), liar.port, 'timeout = "300ms"\n retries = 0')
    liar.lie = lambda reply, request: [proven(without(reply, MESSAGE_AUTHENTICATOR), request)]
    status, line = connected(rig)
    assert status == 1 and "no Message-Authenticator" in line
    assert sign_in(rig, "anna")[1].status == 503


def test_requests_are_signed_first_and_hide_the_password(make_rig, liar):
    rig = start(make_rig(start=False), liar.port)
    assert sign_in(rig, "anna")[1].status == 302
    visitor, page = sign_in(rig, "carol")
    assert answer_it(visitor, page, "424242").status == 302
    for request in liar.requests:
        assert attributes(request)[0][0] == MESSAGE_AUTHENTICATOR
        assert not any(word.encode() in request for word in (*PASSWORDS.values(), "424242", SECRET))
    assert dict(attributes(liar.requests[-1]))[STATE]


def test_an_empty_answer_goes_to_the_server(make_rig, liar):
    """Row 21 of the sign-in cases: "approve on the telephone, then press Enter"."""
    rig = start(make_rig(start=False), liar.port)
    visitor, page = sign_in(rig, "carol")
    assert " required" not in page.text
    assert answer_it(visitor, page, "").status == 401, "this server wants a code"
    assert len(liar.requests) == 2
    asked = dict(attributes(liar.requests[-1]))
    assert asked[STATE] and len(asked[USER_PASSWORD]) == 16
    visitor, page = sign_in(rig, "")
    assert page.status == 401 and len(liar.requests) == 2, "a first password is never empty"


USER_NAME = 1
USER_PASSWORD = 2


def silent_for(start):
    """A server that says nothing about some: NPS while nobody approves a push, a realm whose server is gone."""
    return lambda reply, request: [] if any(kind == USER_NAME and value.startswith(start) for kind, value in attributes(request)) else [reply]


def test_a_push_that_nobody_approves_shuts_nobody_else_out(make_rig, liar):
    """pam_radius#71: silence about one person is not the server's."""
    rig = start(make_rig(start=False), liar.port, 'timeout = "3s"\n retries = 0')
    liar.lie = silent_for(b"bert")
    for _ in range(6):
        left_alone = time.monotonic()  # since the fifth
        assert sign_in(rig, "bert")[1].status == 503
    assert sign_in(rig, "anna")[1].status == 302
    asked = len([each for each in liar.requests if (USER_NAME, b"bert") in attributes(each)])
    answer = sign_in(rig, "bert")[1]
    assert answer.status == 503 and int(answer.headers["Retry-After"]) > 0
    again = len([each for each in liar.requests if (USER_NAME, b"bert") in attributes(each)]) - asked
    assert again == 0 or time.monotonic() - left_alone > 4, "left alone by themselves, for five seconds at first"


def test_names_that_the_server_is_silent_about_shut_nobody_out(make_rig, liar):
    """As many as one likes: before it is left alone it is asked about nobody, and answers."""
    rig = start(make_rig(start=False), liar.port, 'timeout = "3s"\n retries = 0')
    liar.lie = silent_for(b"x")
    for number in range(7):
        assert sign_in(rig, "x%d@nowhere.example" % number)[1].status == 503
        assert number < 5 or sign_in(rig, "anna")[1].status == 302
    assert [each for each in liar.requests if (USER_NAME, b"meetauth-check") in attributes(each)]
    assert not rig.events("backend")


def test_a_server_that_is_silent_about_everybody_is_left_alone(make_rig, liar):
    rig = start(make_rig(start=False), liar.port, 'timeout = "200ms"\n retries = 0')
    liar.lie = silent_for(b"")
    for number in range(5):
        assert sign_in(rig, "x%d" % number)[1].status == 503
    line = wait_for(lambda: rig.events("backend"), "the line")[0]
    assert (line["result"], line["backend"]) == ("left-alone", "campus") and "no answer" in line["detail"]
    before = len(liar.requests)
    answer = sign_in(rig, "anna")[1]
    assert answer.status == 503 and int(answer.headers["Retry-After"]) > 0 and len(liar.requests) == before


def test_P13_a_password_in_the_field_for_the_name_is_not_logged(campus):
    typed = "My-Winter-Passw0rd!"
    answer = sign_in(campus, typed, "wrong")[1]
    assert answer.status == 401
    line = wait_for(lambda: [e for e in campus.events("login") if e["request_id"] == answer.headers["X-Request-Id"]], "the line")[0]
    assert line["result"] == "failed" and "user" not in line and line["detail"] == "the server rejected the request"
    assert typed not in campus.pool.said()


def test_A68_nothing_secret_is_said(campus):
    said = campus.pool.said()
    assert not any(word in said for word in (*PASSWORDS.values(), "424242", SECRET))
