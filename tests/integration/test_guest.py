# SPDX-License-Identifier: MIT
"""The backend "guest": a name and nothing else, where a rule lets guests in."""

import re

import pytest
from client import JSON
from guests import MEETING, OTHER, fill, form_of, query, rule
from rig import wait_for

BACKEND = 'backend "guests" { type = "guest" label = "Come in as a guest" }\n'


@pytest.fixture(scope="module")
def rig(make_module_rig):
    return make_module_rig(sections=BACKEND + rule("guests", 'meetings = {"%s"}' % MEETING))


def test_a_name_is_enough_for_a_meeting_that_is_open(rig):
    visitor = rig.visitor()
    page = visitor.login_page()
    assert "Come in as a guest" in page.text
    assert [name for name, kind, _ in form_of(page, "guests")["fields"] if kind != "hidden"] == ["name"]
    back = fill(visitor, page, "guests", name="  Zoë <b>&  ")
    assert back.status == 302, back
    assert query(back)["participantName"] == "Zoë <b>&" and "participantEmail" not in query(back)
    assert rig.platform.get(back.location).status == 200
    join = wait_for(lambda: rig.events("join"), "the audit line")[-1]
    assert re.fullmatch("guest-[0-9a-f]{32}", join["user"]) and join["backend"] == "guests"
    assert join["name"] == "Zoë <b>&"


def test_the_session_is_for_that_meeting(rig):
    visitor = rig.visitor()
    assert fill(visitor, visitor.login_page(), "guests", name="Zoe").status == 302
    again = visitor.enter(MEETING)
    assert again.status == 302 and query(again)["participantName"] == "Zoe"
    assert visitor.enter(OTHER).status == 303, "asked anew"


def test_other_meetings_are_closed_to_guests(rig):
    visitor = rig.visitor()
    answer = fill(visitor, visitor.login_page(OTHER), "guests", JSON, name="Zoe")
    assert answer.status == 403 and answer.code == "denied"


def test_a_rule_that_does_not_name_the_backend_lets_no_guest_in(make_rig):
    policy = 'policy {\n rule "all" { allow = true }\n default = "allow"\n}\n'
    rig = make_rig(sections=BACKEND + policy)
    visitor = rig.visitor()
    answer = fill(visitor, visitor.login_page(), "guests", JSON, name="Zoe")
    assert answer.status == 403 and answer.code == "denied"
    assert rig.visitor().sign_in().status == 302


@pytest.mark.parametrize("name", ["   ", "x" * 65, "\u202egro.elpmaxe", "a\u200bb", "\u2028", "x" * 300])
def test_names_that_are_none(rig, name):
    visitor = rig.visitor()
    answer = fill(visitor, visitor.login_page(), "guests", name=name)
    assert answer.status == 401, answer
    assert "Set-Cookie" not in answer.headers or "__Host-meetauth" not in answer.cookies


def test_a_guest_is_not_who_bears_the_name(rig):
    """The name of a member of staff gives nothing of theirs."""
    visitor = rig.visitor()
    answer = fill(visitor, visitor.login_page(OTHER), "guests", JSON, name="alice")
    assert answer.code == "denied"
    back = fill(visitor, visitor.login_page(MEETING), "guests", name="alice")
    assert "participantEmail" not in query(back)
