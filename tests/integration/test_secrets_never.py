# SPDX-License-Identifier: MIT
"""A68: canaries. API key, password, cookies, tickets, request and access tokens go through everything
that can go wrong, and then stand in no log, no command line, no environment and no core file."""

import os
import resource
import signal
import urllib.parse

import pytest
from client import password_form
from rig import HOST, wait_for
from test_join import token_of

WRONG = "wrong-password-canary"


@pytest.fixture(scope="module")
def story(make_module_rig):
    """A rig after a day at work, and every secret that was seen in it."""
    rig = make_module_rig(processes=2, platform='timeout = "5s"\nconnect-timeout = "4s"', options={"log-format": "logfmt"})
    secrets = {"API key": rig.key, "password": rig.passwords["alice"], "wrong password": WRONG}
    visitor = rig.visitor()

    def note(what, value):
        secrets["%s %d" % (what, len(secrets))] = value

    def visit(target):
        note("request token", token_of(target))
        answer = visitor.get(target)
        note_answer(answer)
        return answer

    def note_answer(answer):
        for name, value in visitor.jar.items():
            note("cookie " + name, value)
        for name, value in urllib.parse.parse_qsl(urllib.parse.urlsplit(answer.location or "").query):
            if name == "meetingAccessToken" or len(value) > 60:
                note(name, value)
        if "type=\"password\"" in answer.text:
            for name, value in password_form(answer)[1].items():
                note("ticket " + name, value)

    page = visitor.get(visit(rig.entry()).location)
    note_answer(page)
    note_answer(visitor.fill(page, "alice", WRONG))
    note_answer(visitor.fill(page, WRONG, WRONG))
    back = visitor.fill(page)
    assert back.status == 302
    note_answer(back)
    rig.platform.get(back.location)
    for fault in ("hang", "close", "reset", "status-500", "redirect-301", "status-403", "twice", "token-crlf", "expired", "slow-100", "garbage", "big"):
        visit(rig.entry("fault-" + fault))
    visit(rig.entry(hostname="evil.example"))
    visit(rig.entry(meetingId="a/b"))
    for cookie in visitor.jar.values():
        visitor.get("/auth?requestToken=" + cookie[:60])
    rig.platform.set_keys("other")
    visit(rig.entry())
    rig.platform.set_keys(rig.key)
    for pid in rig.daemons():
        os.kill(pid, signal.SIGHUP)
    rig.secrets = secrets
    rig.bystander = visitor
    return rig


def contents(folder, skip):
    for directory, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(directory, name)
            if not any(part in path for part in skip) and os.path.isfile(path):
                with open(path, "rb") as file:
                    yield path, file.read()


def find(rig, texts):
    """Where any secret stands, plain or percent-encoded."""
    found = []
    for path, data in texts:
        for what, secret in rig.secrets.items():
            for form in {secret, urllib.parse.quote(secret, safe=""), urllib.parse.quote_plus(secret)}:
                if len(form) >= 8 and form.encode() in data:
                    found.append((what, path))
    return found


def test_the_story_was_told(story):
    kinds = {what.rpartition(" ")[0].split(" ")[0] for what in story.secrets}
    assert {"request", "cookie", "ticket", "meetingAccessToken"} <= kinds
    assert len(story.secrets) > 25


def test_A68_no_file_holds_a_secret(story):
    """Logs of nginx and meetauthd, the shared state, the store, the users."""
    answered = story.send("GET", "/auth/healthz")
    assert answered.status == 200
    texts = list(contents(story.folder, skip=["platform."]))
    names = {os.path.basename(path) for path, _ in texts}
    assert {"meetauth.log", "meetauthd.log", "nginx-main.log", "store", "users.passwd"} <= names
    assert find(story, texts) == []


def test_A68_no_process_shows_a_secret(story):
    texts = []
    for pid in [story.pool.pid, *story.daemons()]:
        for name in ("cmdline", "environ"):
            with open("/proc/%d/%s" % (pid, name), "rb") as file:
                texts.append(("/proc/PID/" + name, file.read()))
    assert find(story, texts) == []


def test_A68_the_search_finds_what_is_there(story):
    """A search that finds nothing anywhere proves nothing."""
    name, value = next(iter(story.secrets.items()))
    assert find(story, [("here", b"x" + value.encode() + b"y")]) == [(name, "here")]


def test_A68_no_error_log_of_nginx_when_nobody_answers(story):
    """nginx puts the whole request line behind its errors, unless it is told not to."""
    story.stop_pool()
    try:
        answer = story.bystander.get(story.entry())
        assert answer.status in (502, 504)
        entry = story.entry()
        story.secrets["request token of the outage"] = token_of(entry)
        story.bystander.get(entry)
        assert find(story, contents(story.folder, skip=["platform."])) == []
    finally:
        story.start_pool()


def test_A68_no_core_file(make_rig):
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    try:
        rig = make_rig()
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))
    with open("/proc/%d/limits" % rig.pool.pid, encoding="utf-8") as file:
        line = next(line for line in file if line.startswith("Max core file size"))
    assert line.split()[4:6] == ["0", "0"]


def test_A68_meetauthctl_prints_no_secret(story):
    texts = []
    for call in (["secret", "list"], ["secret", "list", "--json"], ["user", "list"], ["user", "list", "--json"], ["check"], ["check", "--connect"]):
        done = story.ctl(*call, check=False)
        texts.append((" ".join(call), (done.stdout + done.stderr).encode()))
    assert find(story, texts) == []
    again = story.ctl("init", check=False)
    assert again.returncode != 0, "it refuses to overwrite"


def test_every_log_line_is_one_event(story):
    for event in wait_for(story.events, "a line"):
        assert event.get("event") and event.get("time") and event.get("level"), event
    wait_for(lambda: {"join", "login"} <= {event["event"] for event in story.events()}, "joins and sign-ins")
    results = {"exchange-timeout", "exchange-bad-answer", "exchange-refused"}
    wait_for(lambda: results <= {event.get("code") for event in story.events("join")}, "each result")


def test_json_log(make_rig):
    import json
    rig = make_rig(options={"log-format": "json"})
    rig.visitor().sign_in()

    def joins():
        with open(rig.log, encoding="utf-8") as log:
            lines = [json.loads(line) for line in log.read().splitlines()]
        return [line for line in lines if line["event"] == "join" and line["result"] == "ok"]

    join = wait_for(joins, "the line of the join")  # which comes after the answer
    assert join[0]["user"] == "alice" and join[0]["platform"] == HOST
