# SPDX-License-Identifier: MIT
"""Each failure that a visitor can meet (src/service/failures.def): by the reference on its page, an operator finds the one line that
says why, for whom and where to."""

import json
import os
import re
import signal
import threading

import pytest
from client import JSON
from fcgi import ask, request
from rig import HOST, TOP, free_port, wait_for

MEETING = "5f521a93c20ff6721fbb6a6c"


def reload(rig, **options):
    rig.configure(**options)
    before = len([event for event in rig.events("reload") if event.get("what") == "configuration"])
    os.kill(rig.daemons()[0], signal.SIGHUP)
    wait_for(lambda: len([event for event in rig.events("reload") if event.get("what") == "configuration"]) > before, "the reload")


@pytest.fixture(scope="module")
def own(make_module_rig):
    rig = make_module_rig(start=False, platform='timeout = "10s"\nconnect-timeout = "8s"')
    rig.sections = ('policy {\n rule "staff" { allow = true groups = {"staff"} }\n default = "deny"\n}\n'
                    'platform "down.example.org" { type = "veeting" api = "http://127.0.0.1:%d" site = "https://down.example.org" }\n'
                    'platform "bare.example.org" { type = "veeting" api = "http://127.0.0.1:1" site = "https://bare.example.org" }\n'
                    'backend "radio" { type = "command" program = "%s/broken" }\n' % (free_port(), rig.folder))
    with open(rig.folder + "/broken", "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\nread _; while read -r line; do case $line in *broken*) printf 'meetauth 1\\nunavailable disk full\\nend\\n'; exit;; esac; done\n"
                   "printf 'meetauth 1\\nunknown\\nend\\n'\n")
    os.chmod(rig.folder + "/broken", 0o700)
    rig.start_pool_alone = rig.start_pool
    rig.start_pool = lambda: (rig.ctl("secret", "set", "down.example.org", text="a key\n"), rig.start_pool_alone())
    # bare.example.org has no secret, so readyz says 503: wait for healthz instead
    return start(rig)


def start(rig):
    original = rig.send
    rig.send = lambda method, target, *rest, **more: original(method, target.replace("readyz", "healthz"), *rest, **more)
    try:
        rig.start()
    finally:
        rig.send = original
    return rig


def post(visitor, page, name, password="x", **more):
    return visitor.fill(page, name, password, headers=JSON, **more)


def signed_in(rig):
    visitor = rig.visitor()
    visitor.sign_in()
    return visitor


def used_twice(rig):
    visitor = signed_in(rig)
    entry = rig.entry()
    assert visitor.get(entry).status == 302
    return visitor.get(entry, JSON)


def at(fault):
    return lambda rig: signed_in(rig).enter("fault-" + fault, JSON)


def from_platform(name):
    return lambda rig: signed_in(rig).enter(headers=JSON, hostname=name)


def login(name, password="x"):
    def run(rig):
        visitor = rig.visitor()
        return post(visitor, visitor.login_page(), name, password)
    return run


def denied(rig):
    visitor = rig.visitor()
    return post(visitor, visitor.login_page(), "bob", rig.passwords["bob"])


def without_cookie(rig):
    visitor = rig.visitor()
    page = visitor.login_page()
    visitor.jar.clear()
    return post(visitor, page, "alice", rig.passwords["alice"])


def another_browser(rig):
    visitor, other = rig.visitor(), rig.visitor()
    page = visitor.login_page()
    other.login_page()
    return post(other, page, "alice", rig.passwords["alice"])


def damaged_ticket(rig):
    visitor = rig.visitor()
    return visitor.fill(visitor.login_page(), "alice", headers=JSON, ticket="x" * 300)


def late(rig):
    visitor = rig.visitor()
    page = visitor.login_page()
    reload(rig, ticket_lifetime="1s")
    try:
        answers = []

        def try_it():
            answers.append(post(visitor, page, "nobody"))
            return answers[-1].status == 400
        wait_for(try_it, "the end of the ticket")
    finally:
        reload(rig, ticket_lifetime="1h")
    return answers[-1]


def throttled(rig):
    rig.add_user("carla")
    reload(rig, throttle_account="1/1h")
    try:
        visitor = rig.visitor()
        page = visitor.login_page()
        assert post(visitor, page, "carla", "wrong").status == 401
        return post(visitor, page, "carla", "wrong")
    finally:
        reload(rig, throttle_account="100000/1s")


def busy(rig):
    visitor = signed_in(rig)
    reload(rig, max_in_flight=1)
    try:
        waiting = threading.Thread(target=lambda: visitor.get(rig.entry("fault-hold")))
        waiting.start()
        wait_for(lambda: rig.metric("meetauth_exchanges_in_flight") > 0, "an exchange")
        answer = rig.visitor().enter(headers=JSON)
        rig.platform.release()
        waiting.join()
        return answer
    finally:
        reload(rig, max_in_flight=2000)


def too_large(rig):
    return Direct(ask(rig.socket, request("/auth/login", "POST", body=b"a" * 20000, REQUEST_ID="large-one", HTTP_ACCEPT="application/json")), "large-one")


class Direct:
    """An answer that came without nginx, which is the first to refuse such a request."""

    def __init__(self, reply, reference):
        self.status = reply.status
        self.headers = {"X-Request-Id": reference}
        self.code = json.loads(reply.text.partition("\r\n\r\n")[2])["error"]


# code, how it comes about, event, level, what the line has; None: no such field
PLACE = {"platform": HOST, "meeting_id": MEETING}
TABLE = [
    ("internal", from_platform("bare.example.org"), "join", "error",
     {"platform": "bare.example.org", "meeting_id": MEETING, "user": "alice", "detail": "secret set bare.example.org"}),
    ("bad-request", lambda rig: rig.visitor().enter(headers=JSON, meetingToken=None), "join", "info", {"parameter": "meetingToken", "detail": "missing"}),
    ("too-large", too_large, "failure", "info", {"detail": "."}),
    ("unknown-platform", from_platform("other.example.org"), "join", "info", {"meeting_id": MEETING}),
    ("login-failed", login("alice"), "login", "info", {**PLACE, "user": "alice", "result": "failed", "detail": "wrong password"}),
    ("login-failed", login("nobody"), "login", "info", {**PLACE, "user": None, "result": "failed", "detail": "no backend knows"}),
    ("login-failed", login("alice", ""), "login", "info", {**PLACE, "result": "failed", "detail": "empty"}),
    ("login-failed", login("alice", "x" * 2000), "login", "info", {**PLACE, "result": "failed", "detail": "too long"}),
    ("login-throttled", throttled, "login", "info", {**PLACE, "user": "carla", "result": "throttled", "detail": "too many tries"}),
    ("denied", denied, "join", "info", {**PLACE, "user": "bob", "backend": "staff", "rule": "default"}),
    ("already-used", used_twice, "join", "info", {**PLACE, "user": "alice", "detail": "twice"}),
    ("exchange-refused", at("expired"), "join", "info", {"platform": HOST, "meeting_id": "fault-expired", "user": "alice", "detail": "."}),
    ("exchange-bad-answer", at("html"), "join", "error", {"platform": HOST, "meeting_id": "fault-html", "user": "alice", "detail": "."}),
    ("exchange-timeout", at("hang"), "join", "error", {"platform": HOST, "meeting_id": "fault-hang", "user": "alice", "detail": "no answer in time"}),
    ("exchange-unreachable", from_platform("down.example.org"), "join", "error",
     {"platform": "down.example.org", "meeting_id": MEETING, "user": "alice", "detail": "."}),
    ("backend-unavailable", login("broken"), "join", "error", {**PLACE, "detail": "disk full"}),
    ("overloaded", busy, "join", "warning", {"detail": "1 requests are in flight already"}),
    ("ticket-expired", late, "join", "info", {**PLACE, "detail": "expired: older than 1 s"}),
    ("ticket-expired", without_cookie, "join", "info", {**PLACE, "detail": "no cookie"}),
    ("ticket-expired", another_browser, "join", "info", {**PLACE, "detail": "another browser"}),
    ("ticket-expired", damaged_ticket, "join", "info", {"platform": None, "detail": "not a ticket of ours"}),
    ("not-found", lambda rig: rig.visitor().get("/auth/nothing", JSON), "failure", "info", {"detail": "no such path"}),
    ("method-not-allowed", lambda rig: rig.visitor().request("DELETE", "/auth/login", headers=JSON), "failure", "info", {"detail": "GET"}),
]


@pytest.mark.parametrize("code, provoke, event, level, wanted", TABLE, ids=["%s-%d" % (row[0], number) for number, row in enumerate(TABLE)])
def test_one_line_says_why_for_whom_and_where(own, code, provoke, event, level, wanted):
    answer = provoke(own)
    assert answer.code == code, answer
    reference = answer.headers["X-Request-Id"]
    of_it = lambda: [line for line in own.events() if line.get("request_id") == reference]
    wait_for(lambda: [line for line in of_it() if line["event"] == event], "the line")
    lines = [line for line in of_it() if line["event"] in ("join", "failure", "login")]
    line = next(line for line in lines if line["event"] == event)
    assert len([each for each in lines if each["event"] in ("join", "failure")]) <= 1, lines
    assert line["level"] == level, line
    if event != "login":
        assert line["code"] == code
    for name, value in wanted.items():
        assert (name in line) == (value is not None), (name, line)
        if value is not None:
            assert re.search(value, line[name]) if name == "detail" else line[name] == value, (name, line)
    explained = own.ctl("log", "explain", reference.upper(), "--log", own.log).stdout
    assert "(%s)" % code in explained if event != "login" else wanted["detail"] in explained, explained
    assert event == "login" or line.get("detail", "") in explained, explained


def test_the_table_has_every_code():
    with open(TOP + "/src/service/failures.def", encoding="utf-8") as file:
        codes = set(re.findall(r'^FAILURE\(\w+, "([a-z-]+)"', file.read(), re.M))
    assert codes == {row[0] for row in TABLE}


def test_a_session_that_its_account_ends_leaves_a_line(make_rig):
    """Once, and not with each visit of the cookie."""
    rig = make_rig()
    visitor = signed_in(rig)
    rig.ctl("user", "disable", "alice")
    wait_for(lambda: visitor.enter().status == 303, "the end of the session")
    rig.ctl("user", "enable", "alice")
    assert visitor.enter().status == 303 and visitor.enter().status == 303
    lines = [line for line in rig.events("login") if line["result"] == "gone"]
    assert len(lines) == 1
    assert (lines[0]["user"], lines[0]["backend"], lines[0]["platform"], lines[0]["meeting_id"]) == ("alice", "staff", HOST, MEETING)
    assert "disabled" in lines[0]["detail"]
