# SPDX-License-Identifier: MIT
"""LiveKit: redirects to LiveKit Meet, and tokens for the scripts of an application, checked by the rules
of its verifier."""

import json
import urllib.parse

import drivers
import platforms
import pytest
from platforms import APP

import jwt_rules

TARGET = "/auth/token/livekit.example.org"


class WithApp(drivers.LiveKit):
    options = drivers.LiveKit.options + '\n allowed-origins = {"%s"}\n lifetime = "2m"' % APP


@pytest.fixture(scope="module")
def livekit(make_module_rig):
    return platforms.make(make_module_rig, WithApp)


@pytest.fixture(scope="module")
def visitor(livekit):
    somebody, _ = livekit.sign_in(livekit.entry("daily"))
    return somebody


def test_a_script_with_a_session_gets_a_token(livekit, visitor):
    """The schema of LiveKit's token endpoints, as its clients' TokenSource has it."""
    answer = livekit.ask(visitor, {"room_name": "daily", "participant_name": "Mallory", "participant_identity": "admin"})
    assert answer.status == 201 and answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Access-Control-Allow-Origin"] == APP and answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert answer.headers["Cache-Control"] == "no-store" and answer.headers["Vary"] == "Origin"
    given = json.loads(answer.body)
    assert set(given) == {"server_url", "participant_token"} and given["server_url"] == "wss://livekit.example.org"
    identity, name, rights = livekit.peer.join(given["participant_token"], "daily")
    assert identity.startswith("staff/alice#") and name == "Alice Liddell"
    assert rights == {"canPublish": True, "canSubscribe": True, "canPublishData": True, "roomAdmin": False}
    event = livekit.audit(answer)
    assert (event["result"], event["meeting_id"], event["user"]) == ("ok", "daily", "alice")


def test_the_same_session_keeps_its_place(livekit, visitor):

    def identity(somebody, room):
        return livekit.peer.join(json.loads(livekit.ask(somebody, {"room_name": room}).body)["participant_token"], room)[0]

    assert identity(visitor, "daily") == identity(visitor, "daily")
    other, _ = livekit.sign_in(livekit.entry("daily"))
    assert identity(other, "daily") != identity(visitor, "daily"), "another browser takes no place away"
    assert identity(visitor, "daily") != identity(visitor, "weekly"), "and places of two rooms are not told from each other"


def test_what_nobody_reads_may_be_any_json(livekit, visitor):
    """As JSON.stringify(data, null, 2) makes it; LiveKit's clients send it along."""
    body = {"room_name": "daily", "participant_metadata": '{\n  "a": 1\n}', "participant_attributes": {"a": "x\ty"}, "room_config": None}
    answer = livekit.ask(visitor, body)
    assert answer.status == 201 and livekit.peer.join(json.loads(answer.body)["participant_token"], "daily")


def test_roles(livekit, visitor):
    for room, wanted in (("hosted-1", (True, True)), ("quiet-1", (False, False)), ("daily", (True, False))):
        rights = livekit.peer.join(json.loads(livekit.ask(visitor, {"room_name": room}).body)["participant_token"], room)[2]
        assert (rights["canPublish"], rights["roomAdmin"]) == wanted


def test_a_token_is_for_no_other_room(livekit, visitor):
    token = json.loads(livekit.ask(visitor, {"room_name": "daily"}).body)["participant_token"]
    with pytest.raises(jwt_rules.Refused):
        livekit.peer.join(token, "board")


def test_a_script_without_a_session(livekit):
    answer = livekit.ask(livekit.rig.visitor(), {"room_name": "daily"})
    assert (answer.status, answer.code) == (401, "login-failed") and "You are not signed in" in answer.text
    assert answer.headers["Access-Control-Allow-Origin"] == APP, "the application may read why"
    assert answer.location is None and "Set-Cookie" not in answer.headers


def test_passwords_are_not_taken_here(livekit):
    answer = livekit.ask(livekit.rig.visitor(), {"room_name": "daily", "username": "alice", "password": livekit.rig.passwords["alice"]})
    assert answer.status == 401


def test_denied(livekit):
    bob, _ = livekit.sign_in(livekit.entry("daily"), "bob")
    answer = livekit.ask(bob, {"room_name": "daily"})
    assert (answer.status, answer.code) == (403, "denied") and "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "", "https://app.example.org.evil.example", "http://app.example.org", "https://app.example.org:8443", "HTTPS://APP.EXAMPLE.ORG"])
def test_other_origins(livekit, visitor, origin):
    answer = livekit.ask(visitor, {"room_name": "daily"}, origin=origin)
    assert answer.status == 400 and "Access-Control-Allow-Origin" not in answer.headers and "eyJ" not in answer.text


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "application/jsonp"])
def test_forms_of_other_sites_get_nothing(livekit, visitor, kind):
    """A form can send the cookie, but not JSON."""
    answer = livekit.ask(visitor, {"room_name": "daily"}, kind=kind)
    assert answer.status == 400 and "eyJ" not in answer.text


@pytest.mark.parametrize("body", [{}, {"room_name": "a/b"}, {"room_name": "*"}, {"room_name": ""}, {"room_name": 5}, {"room_name": ["daily"]}, {"room_name": "daily\n"}])
def test_bad_rooms(livekit, visitor, body):
    answer = livekit.ask(visitor, body)
    assert (answer.status, answer.code) == (400, "bad-request")


def test_preflight_allows_cookies(livekit):
    answer = livekit.rig.send("OPTIONS", TARGET, [("Origin", APP), ("Access-Control-Request-Method", "POST")])
    assert answer.status == 204 and answer.headers["Access-Control-Allow-Credentials"] == "true"


def test_no_origins_no_scripts(make_rig):
    livekit = platforms.make(make_rig, drivers.LiveKit)
    visitor, _ = livekit.sign_in(livekit.entry("daily"))
    assert livekit.ask(visitor, {"room_name": "daily"}).status == 400
    assert livekit.ask(visitor, {"room_name": "daily"}, origin=livekit.rig.origin).status == 400


def test_an_application_without_livekit_meet(make_rig):
    """Its visitors come in by the entry as well, and the address of its page has no token."""
    class Alone(WithApp):
        options = WithApp.options.replace(drivers.LiveKit.options, "") + '\n app = "%s/rooms"' % APP

    setup = platforms.make(make_rig, Alone)
    somebody = setup.rig.visitor()
    page = somebody.get(somebody.get(setup.entry("daily")).location)
    assert " form-action 'self' %s;" % APP in page.headers["Content-Security-Policy"]
    answer = somebody.fill(page)
    assert answer.status == 302 and answer.location.startswith(APP + "/rooms?room_name=daily&code=")
    assert setup.audit(answer)["result"] == "ok"
    token = json.loads(setup.ask(somebody, {"room_name": "daily"}).body)["participant_token"]
    assert setup.peer.join(token, "daily")[1] == "Alice Liddell"
    assert setup.sign_in(setup.entry("daily"), "bob")[1].status == 403
    again = somebody.get(setup.entry("daily", app="https://evil.example", site="https://evil.example"))
    assert again.location.startswith(APP + "/rooms?room_name=daily&code=")


def test_the_token_lives_as_long_as_it_says(livekit, visitor):
    claims = livekit.peer.verify(json.loads(livekit.ask(visitor, {"room_name": "daily"}).body)["participant_token"])
    assert 0 < claims["exp"] - claims["nbf"] <= 130


def test_two_livekits_are_told_apart(make_rig):
    class Second(drivers.LiveKit):
        title = "second.example.org"

    first, second = platforms.make_all(make_rig, drivers.LiveKit, Second)
    visitor, answer = first.sign_in(first.entry("daily", platform=second.title))
    assert second.welcome(answer.location)[0] == "daily"
    with pytest.raises(jwt_rules.Refused):
        first.welcome(answer.location)
    missing = visitor.get(first.entry("daily"), {"Accept": "application/json"})
    assert (missing.status, missing.code) == (400, "bad-request"), "which of the two?"
    assert urllib.parse.urlsplit(visitor.get(first.entry("daily", platform=first.title)).location).path == "/custom"
