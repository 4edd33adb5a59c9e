# SPDX-License-Identifier: MIT
"""Several backends side by side: who is asked when, what one that is out of order does to the others, second questions. The backends here are
programs (meetauth-command(7)), which can be made to say anything."""

import json
import os
import re
import stat
import time
import urllib.parse

import pytest
from rig import HOST, wait_for

# Says what its folder's file "says" has for the name: a JSON object of name → list of lines. Notes
# each question in "asked".
PROGRAM = """#!/usr/bin/python3
import json, os, sys, time
folder = os.path.dirname(os.path.abspath(__file__))
question = dict(line.rstrip("\\n").partition(" ")[::2] for line in sys.stdin)
title = sys.argv[1]
with open(folder + "/asked", "a") as asked:
    asked.write(json.dumps({"title": title, **{k: v for k, v in question.items() if k != "password"}}) + "\\n")
says = json.load(open(folder + "/says"))
lines = says.get(title, {}).get(question.get("user"), ["unknown"])
if question.get("request") != "login":
    lines = says.get(title, {}).get(question.get("request"), lines)
while lines[0] == "wait":
    time.sleep(0.02)
    lines = lines[os.path.exists(folder + "/go"):]
print("meetauth 1")
for line in lines:
    print(line)
print("end")
"""


class Programs:
    """The rig's folder of programs and what they are to say."""

    def __init__(self, rig, titles, more=""):
        self.rig = rig
        self.program = rig.folder + "/backend.py"
        with open(self.program, "w", encoding="utf-8") as file:
            file.write(PROGRAM)
        os.chmod(self.program, stat.S_IRWXU)
        self.says({})
        rig.sections = "".join(
            'backend "%s" {\n type = "command"\n program = "%s"\n arguments = {"%s"}\n timeout = "20s"\n %s\n}\n'
            % (title, self.program, title, more) for title in titles)

    def says(self, what):
        with open(self.rig.folder + "/says.new", "w", encoding="utf-8") as file:
            json.dump(what, file)
        os.rename(self.rig.folder + "/says.new", self.rig.folder + "/says")

    def asked(self):
        try:
            with open(self.rig.folder + "/asked", encoding="utf-8") as file:
                return [json.loads(line) for line in file]
        except FileNotFoundError:
            return []


GRANT = ["grant carl", "name Chained", "group chain"]


@pytest.fixture
def chain(make_rig):
    rig = make_rig(start=False)
    programs = Programs(rig, ["one", "two"])
    rig.start()
    return programs


def try_in(rig, name, password="some password"):
    visitor = rig.visitor()
    return visitor, visitor.fill(visitor.login_page(), name, password)


def test_unknown_asks_the_next_in_the_order_of_the_file(chain):
    chain.says({"two": {"carl": GRANT}})
    _, answer = try_in(chain.rig, "carl")
    assert answer.status == 302, answer
    assert [each["title"] for each in chain.asked()] == ["one", "two"]
    join = wait_for(lambda: chain.rig.events("join"), "the join")[-1]
    assert (join["user"], join["backend"], join["result"]) == ("carl", "two", "ok")
    assert {"platform": HOST, "client": "127.0.0.1"}.items() <= chain.asked()[0].items()


def test_wrong_password_stops_the_chain(chain):
    chain.says({"one": {"carl": ["deny"]}, "two": {"carl": GRANT}})
    _, answer = try_in(chain.rig, "carl")
    assert answer.status == 401
    assert [each["title"] for each in chain.asked()] == ["one"]


def test_nobody_knows_the_name(chain):
    _, answer = try_in(chain.rig, "carl")
    assert answer.status == 401
    assert [each["title"] for each in chain.asked()] == ["one", "two"]


def test_out_of_order_is_503_unless_another_says_yes(chain):
    chain.says({"one": {"carl": ["unavailable disk full"], "dora": ["unavailable disk full"], "emil": ["unavailable x"]},
                "two": {"dora": ["grant dora"], "emil": ["deny"]}})
    _, answer = try_in(chain.rig, "carl")
    assert answer.status == 503 and answer.headers["Retry-After"], answer
    line = wait_for(lambda: chain.rig.events("login"), "the line")[-1]
    assert (line["result"], line["backend"]) == ("unavailable", "one") and "disk full" in line["detail"]
    _, answer = try_in(chain.rig, "dora")
    assert answer.status == 302
    # A backend that knows the person and says no decides.
    _, answer = try_in(chain.rig, "emil")
    assert answer.status == 401
    line = wait_for(lambda: [each for each in chain.rig.events("login") if each["result"] == "failed"], "the line")[-1]
    assert line["backend"] == "two" and "detail" not in line, "what is wrong with the first is not said of the second"


def test_file_backend_answers_while_another_is_dead(chain):
    """The users file stands first in the rig: it does not wait for those behind it."""
    chain.says({"one": {"alice": ["sleep 5"]}})
    assert chain.rig.visitor().sign_in().status == 302
    assert chain.asked() == []


def test_dead_backend_is_left_alone_after_a_while(chain):
    """A breaker for each: five failures in a row, and nobody waits for it any more."""
    chain.says({"one": {"carl": ["sleep 5"]}, "two": {"carl": GRANT}})
    for _ in range(5):
        assert try_in(chain.rig, "carl")[1].status == 302
    asked = len([each for each in chain.asked() if each["title"] == "one"])
    assert asked == 5
    assert try_in(chain.rig, "carl")[1].status == 302
    assert len([each for each in chain.asked() if each["title"] == "one"]) == 5
    # It is asked again later, and then for everybody.
    chain.says({"one": {"carl": GRANT}})
    wait_for(lambda: try_in(chain.rig, "carl")[1].status == 302 and chain.asked()[-1]["title"] == "one", "a second chance")


DOWN = ["unavailable for a while"]


def logins(chain, title):
    return len([each for each in chain.asked() if each["title"] == title and each["request"] == "login"])


def test_a_program_that_fails_for_some_shuts_nobody_out(chain):
    """One person alone counts once; and where the program says that it is ready, as many as one likes are not its fault."""
    chain.says({"one": {"carl": DOWN, "dora": ["grant dora"], "check": ["ready"], **{"x%d" % n: DOWN for n in range(6)}}})
    for _ in range(6):
        assert try_in(chain.rig, "carl")[1].status == 503
    assert logins(chain, "one") == 5, "carl is left alone"
    assert try_in(chain.rig, "dora")[1].status == 302
    for number in range(6):
        assert try_in(chain.rig, "x%d" % number)[1].status == 503
    assert logins(chain, "one") == 12
    assert try_in(chain.rig, "dora")[1].status == 302


def test_a_program_that_fails_for_everybody_is_left_alone(chain):
    chain.says({"one": {**{"x%d" % n: DOWN for n in range(6)}, "check": DOWN}})
    for number in range(5):
        assert try_in(chain.rig, "x%d" % number)[1].status == 503
    line = wait_for(lambda: chain.rig.events("backend"), "the line")[0]
    assert (line["result"], line["backend"]) == ("left-alone", "one")
    assert try_in(chain.rig, "x5")[1].status == 503
    assert logins(chain, "one") == 5


def test_A72_slow_backend_does_not_hold_up_sessions(chain):
    chain.says({"one": {"carl": ["wait", "deny"]}})
    signed_in = chain.rig.visitor()
    signed_in.sign_in()
    waiting = chain.rig.visitor()
    page = waiting.login_page()
    import threading
    slow = threading.Thread(target=waiting.fill, args=(page, "carl", "x"))
    slow.start()
    wait_for(chain.asked, "the question that takes long")
    assert signed_in.enter().status == 302
    assert slow.is_alive()
    with open(chain.rig.folder + "/go", "w", encoding="utf-8"):
        pass
    slow.join()


# -- second questions --


def challenge_fields(page):
    form = next(form for form in page.forms() if any(name == "answer" for name, _, _ in form["fields"]))
    return form["action"], {name: value for name, kind, value in form["fields"] if kind == "hidden"}


def answer_it(visitor, page, answer):
    action, fields = challenge_fields(page)
    return visitor.post(urllib.parse.urljoin("/auth/login", action), {**fields, "answer": answer})


@pytest.fixture
def asking(chain):
    chain.says({"one": {"carl": ["challenge Next <b>token</b>?", "state 7f"], "answer": GRANT}})
    return chain


def test_challenge_is_a_second_form(asking):
    visitor, page = try_in(asking.rig, "carl")
    assert page.status == 200 and "Next &lt;b&gt;token&lt;/b&gt;?" in page.text
    answer = answer_it(visitor, page, "123 456")
    assert answer.status == 302, answer
    last = asking.asked()[-1]
    assert (last["request"], last["answer"], last["state"], last["user"]) == ("answer", "123 456", "7f", "carl")
    assert len(asking.rig.platform.ledger()) == 1


def test_challenge_can_be_begun_again(asking):
    visitor, page = try_in(asking.rig, "carl")
    again = re.search('<a href="([^"]*/login[?]ticket=[^"]*)"', page.text).group(1)
    page = visitor.get(again)
    assert page.status == 200
    page = visitor.fill(page, "carl", "some password")
    assert answer_it(visitor, page, "1").status == 302


def test_challenge_is_granted_once(asking):
    visitor, page = try_in(asking.rig, "carl")
    assert answer_it(visitor, page, "1").status == 302
    visitor.jar.pop("__Host-meetauth")
    assert answer_it(visitor, page, "1").status == 409


def test_challenge_takes_five_answers(asking):
    visitor, page = try_in(asking.rig, "carl")
    asking.says({"one": {"carl": ["challenge x", "state 7f"], "answer": ["deny"]}})
    for _ in range(5):
        page = answer_it(visitor, page, "wrong")
        assert page.status == 401
    asking.says({"one": {"answer": GRANT}})
    assert answer_it(visitor, page, "right").status == 429


def test_A33_what_is_wrong_with_one_person_s_data_shuts_nobody_out(chain):
    """Somebody in more groups than fit cannot open the breaker."""
    chain.says({"one": {"carl": ["grant carl", *("group g%d" % number for number in range(65))], "dora": ["grant dora"]}})
    for _ in range(7):
        assert try_in(chain.rig, "carl")[1].status == 503
    assert try_in(chain.rig, "dora")[1].status == 302
    assert {each["title"] for each in chain.asked()} == {"one"}, "who is known here is not asked about elsewhere"


def test_A42_challenge_of_another_browser_is_refused(asking):
    _, page = try_in(asking.rig, "carl")
    other = asking.rig.visitor()
    other.login_page()
    assert answer_it(other, page, "1").status == 400


def test_A42_challenge_ticket_is_no_login_ticket(asking):
    visitor, page = try_in(asking.rig, "carl")
    _, fields = challenge_fields(page)
    answer = visitor.post("/auth/login", {**fields, "name": "carl", "password": "x"})
    assert answer.status == 400 and "challenge" not in answer.text.lower()


def test_A70_form_cannot_choose_a_backend_that_has_none(chain):
    visitor = chain.rig.visitor()
    page = visitor.login_page()
    for backend in ("one", "staff", "nobody", ""):
        assert visitor.fill(page, "carl", "x", backend=backend).status == 400
    assert chain.asked() == []


# -- groups that are read again --


def test_A28_who_is_gone_loses_the_session(make_rig):
    rig = make_rig(start=False)
    programs = Programs(rig, ["one"], 'group-refresh = "1s"')
    rig.start()
    programs.says({"one": {"carl": GRANT, "renew": ["grant carl", "group other"]}})
    visitor, answer = try_in(rig, "carl")
    assert answer.status == 302
    began = time.time()
    wait_for(lambda: time.time() - began > 2.1, "the groups to be old")
    assert visitor.enter().status == 302
    assert programs.asked()[-1]["request"] == "renew"
    # A program that does not answer: nobody comes in on old groups, and nobody is thrown out.
    programs.says({"one": {"renew": ["unavailable later"]}})
    began = time.time()
    wait_for(lambda: time.time() - began > 2.1, "the groups to be old")
    assert visitor.enter().status == 503
    programs.says({"one": {"renew": ["deny"]}})
    answer = visitor.enter()
    assert answer.status == 303 and re.search("/auth/login\\?ticket=", answer.location)
    assert "__Host-meetauth" not in visitor.jar
