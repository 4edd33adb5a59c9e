# SPDX-License-Identifier: MIT
"""What a login that failed leaves in the log: why, and whose account it is, where a backend says so; never what was typed."""

import os
import re
import signal
import stat

import pytest
from rig import wait_for
from test_chain import Programs, answer_it, try_in

TYPED = "My-Winter-Passw0rd!"  # in the field for the name


def line_of(rig, answer):
    reference = answer.headers["X-Request-Id"]
    return wait_for(lambda: [event for event in rig.events("login") if event["request_id"] == reference], "the line")[0]


def said(rig):
    with open(rig.log, encoding="utf-8") as log:
        return log.read()


# -- nothing that was typed --


def test_P13_a_password_in_the_field_for_the_name_is_not_logged_by_pam(make_rig):
    """As common-auth does: no for every name, whether there is such an account or not."""
    rig = make_rig(start=False)
    helper = rig.folder + "/helper"
    with open(helper, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\ncat >/dev/null\nprintf 'meetauth 1\\ndeny\\nend\\n'\n")
    os.chmod(helper, stat.S_IRWXU)
    rig.sections = 'backend "unix" { type = "pam" helper = "%s" }\n' % helper
    rig.start()
    _, answer = try_in(rig, TYPED)
    assert answer.status == 401
    line = line_of(rig, answer)
    assert (line["result"], line["backend"]) == ("failed", "unix") and "user" not in line, line
    assert TYPED not in said(rig)


@pytest.mark.parametrize("verdict", [
    ["deny"], ["deny", "reason no password %s for %s"], ["unknown"], ["unavailable no such user %s: %s"], ["unavailable %s/%s"],
    ["challenge Next?", "state 7f"]])
def test_P13_nothing_typed_is_logged_whatever_a_program_repeats(make_rig, verdict):
    rig = make_rig(start=False)
    programs = Programs(rig, ["one"])
    rig.start()
    programs.says({"one": {TYPED: [line % ((TYPED.upper(), "p4ss with blanks")[:line.count("%s")]) for line in verdict],
                           "answer": ["unavailable not 4711 of " + TYPED]}})
    visitor, answer = try_in(rig, TYPED, "p4ss with blanks")
    assert answer.status in (200, 401, 503), answer
    assert line_of(rig, answer)["backend"] == "one"
    if answer.status == 200:
        answer = answer_it(visitor, answer, "4711")
        assert answer.status == 503
        assert line_of(rig, answer)["backend"] == "one"
    text = said(rig).lower()
    assert TYPED.lower() not in text and "p4ss" not in text and "not 4711" not in text


def test_P13_a_name_that_nobody_has_is_not_logged(rig):
    visitor = rig.visitor()
    answer = visitor.fill(visitor.login_page(), TYPED, "wrong")
    assert answer.status == 401
    line = line_of(rig, answer)
    assert line["result"] == "failed" and "user" not in line and line["detail"] == "no backend knows that name"
    assert TYPED not in said(rig)


def test_P13_no_metric_and_no_json_has_what_was_typed(rig):
    from client import JSON
    visitor = rig.visitor()
    answer = visitor.fill(visitor.login_page(), TYPED, "wrong", headers=JSON)
    assert answer.status == 401 and TYPED not in answer.text
    assert TYPED not in rig.send("GET", "/auth/metrics").text


# -- names of people, as log-users says --


def test_the_log_names_people_only_as_log_users_says(make_rig):
    """Nothing but the store's key leads from the log to a person, and no file of the rest does with "none"."""
    rig = make_rig(options={"log-users": "keyed"})

    def visit():
        visitor = rig.visitor()
        references = [visitor.fill(visitor.login_page(), name, password).headers["X-Request-Id"]
                      for name, password in (("alice", "wrong"), ("nobody", "wrong"), ("ALICE", rig.passwords["alice"]))]
        assert visitor.fill(rig.visitor().login_page(), "alice").status == 400  # without its browser
        ended = visitor.get("/auth/logout")
        assert ended.status == 200, ended
        return references

    def lines(references):
        of_them = lambda: [line for line in rig.events() if line.get("request_id") in references]
        wait_for(lambda: {line["request_id"] for line in of_them()} == set(references), "the lines")
        return of_them()

    failed, _, joined = references = visit()
    named = {line["user"] for line in lines(references) if "user" in line}
    assert len(named) == 1 and re.fullmatch("u-[0-9a-f]{16}", next(iter(named))), named
    assert [line["user"] for line in lines([failed])] == list(named) and lines([joined])[-1]["event"] == "join"
    assert "alice" not in said(rig).lower()

    told = rig.ctl("log", "user", "Staff/Alice", "--log", rig.log, check=False)
    assert told.returncode == 1, "no backend is called Staff"
    told = rig.ctl("log", "user", "staff/Alice", "--log", rig.log).stdout
    assert next(iter(named)) in told and "Reference %s" % failed in told and "joined meeting" in told
    assert rig.ctl("log", "user", "bob", "--log", rig.log, check=False).returncode == 1
    assert "policy explain" not in rig.ctl("log", "explain", joined, "--log", rig.log).stdout

    rig.configure(**{"log-users": "none"})
    os.kill(rig.daemons()[0], signal.SIGHUP)
    wait_for(lambda: [event for event in rig.events("reload") if event.get("what") == "configuration"], "the reload")
    none = lines(visit())
    assert not [line for line in none if "user" in line or "name" in line], none
    assert [line["backend"] for line in none if line["event"] == "join"] == ["staff"]
    assert "alice" not in said(rig).lower()


# -- why, for the operator; for the visitor one answer --


def test_the_log_says_why_a_login_failed(make_rig):
    rig = make_rig()
    rig.add_user("dora", "--group", "staff")
    rig.ctl("user", "disable", "dora")
    rig.add_user("emil", "--group", "staff", "--expires", "1s")
    texts, found = set(), {}

    def fill(name, password):
        visitor = rig.visitor()
        return visitor.fill(visitor.login_page(), name, password, headers={"Accept": "application/json"})

    for name, reason in (("dora", "disabled"), ("emil", "expired")):
        wait_for(lambda name=name, reason=reason: reason in line_of(rig, fill(name, rig.passwords[name])).get("detail", ""), "what is " + reason)
    for name, password in (("Alice", "wrong"), ("dora", "wrong"), ("dora", None), ("emil", "wrong"), ("emil", None), ("nobody", "wrong")):
        answer = fill(name, password or rig.passwords[name])
        reference = answer.headers["X-Request-Id"]
        assert answer.status == 401
        texts.add(answer.text.replace(reference, ""))
        line = line_of(rig, answer)
        found[name, password is None] = (line.get("user"), line["detail"])
    assert len(texts) == 1, texts
    assert found == {
        ("Alice", False): ("alice", "wrong password"),
        ("dora", False): ("dora", "wrong password; the account is disabled"),
        ("dora", True): ("dora", "the account is disabled"),
        ("emil", False): ("emil", "wrong password; the account has expired"),
        ("emil", True): ("emil", "the account has expired"),
        ("nobody", False): (None, "no backend knows that name"),
    }


def test_a_program_may_say_whom_it_denies_and_why(make_rig):
    rig = make_rig(start=False)
    programs = Programs(rig, ["one"])
    rig.start()
    programs.says({"one": {"carl@example.org": ["deny", "user carl", "reason the account has expired"],
                           "dora": ["deny", "user dora", "user dora"], "emil": ["deny", "name Emil"]}})
    answer = try_in(rig, "carl@example.org")[1]
    assert answer.status == 401
    line = line_of(rig, answer)
    assert (line["user"], line["detail"]) == ("carl", "the account has expired")
    assert [try_in(rig, name)[1].status for name in ("dora", "emil")] == [503, 503], "an answer that is not as the manual has it"
