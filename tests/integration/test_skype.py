# SPDX-License-Identifier: MIT
"""Skype for Business Online, against a stand-in of the Trusted Application API and of the token
endpoint: what a script gets, what it cannot choose, and where links may not lead."""

import json
import time

import drivers
import platforms
import pytest
from client import JSON
from platforms import APP
from rig import wait_for

TITLE = "skype.example.org"
MEETING = "https://meet.lync.com/contoso/testuser/1SD8D0WZ"
OTHER = "https://meet.lync.com/contoso/testuser/G03W98W4"


def set_up(make_rig, rule=""):
    return platforms.make(make_rig, drivers.Skype, policy=platforms.POLICY % rule)


@pytest.fixture(scope="module")
def shared(make_module_rig):
    return set_up(make_module_rig)


@pytest.fixture
def setup(shared):
    peer = shared.peer
    peer.prefix, peer.dates, peer.folded, peer.open, peer.link_base = "ms:rtc:saas:", "iso", False, True, peer.url
    yield shared
    shared.check()


@pytest.fixture(scope="module")
def visitor(shared):
    return shared.visitor()


def ask(setup, visitor, meeting=MEETING, **more):
    return setup.ask(visitor, {"meetingUrl": meeting, **more})


def test_a_script_gets_a_token_for_the_one_meeting(setup, visitor):
    answer = ask(setup, visitor)
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/json", answer
    assert answer.headers["Access-Control-Allow-Origin"] == APP and answer.headers["Cache-Control"] == "no-store"
    given = json.loads(answer.body)
    assert set(given) == {"token", "expiryTime", "discoverUrl"} and given["token"].startswith("psat=")
    assert given["discoverUrl"].startswith(setup.peer.url + "/platformService/discover?anonymousContext=psat%253d"), "as it stands: encoded twice"
    assert given["expiryTime"] == "2026-06-27T01:42:13Z"
    assert setup.peer.seen[-1]["meetingUrl"] == MEETING
    event = setup.audit(answer)
    assert (event["result"], event["meeting_id"], event["user"]) == ("ok", MEETING, "alice")


@pytest.mark.parametrize("prefix", ["ms:rtc:saas:", "service:"])
@pytest.mark.parametrize("dates", ["iso", "date"])
@pytest.mark.parametrize("folded", [False, True])
@pytest.mark.parametrize("opened", [False, True])
def test_both_forms_of_everything(setup, visitor, prefix, dates, folded, opened):
    peer = setup.peer
    peer.prefix, peer.dates, peer.folded, peer.open = prefix, dates, folded, opened
    answer = ask(setup, visitor)
    assert answer.status == 200, answer
    assert json.loads(answer.body)["expiryTime"] == "2026-06-27T01:42:13Z"


def test_what_a_script_cannot_choose(setup, visitor):
    answer = ask(setup, visitor, applicationSessionId="x", allowedOrigins="https://evil.example", endpointId="sip:evil@evil.example", anonymousDisplayName="Boss")
    assert answer.status == 200
    seen = setup.peer.seen[-1]
    assert seen["allowedOrigins"] == "https://app.example.org;https://other.example.org"
    assert seen["applicationSessionId"] != "x"


def test_who_comes_back_is_the_same(setup, visitor):
    def session(somebody, meeting):
        assert ask(setup, somebody, meeting).status == 200
        return setup.peer.seen[-1]["applicationSessionId"]

    first = session(visitor, MEETING)
    assert session(visitor, MEETING) == first
    assert session(visitor, OTHER) != first
    assert session(setup.visitor(), MEETING) != first


def test_the_applications_token_is_kept(setup, visitor):
    ask(setup, visitor)
    before = len(setup.peer.asked("token"))
    for _ in range(3):
        assert ask(setup, visitor).status == 200
    assert len(setup.peer.asked("token")) == before
    setup.peer.tokens.clear()
    assert ask(setup, visitor).status == 200, "one that was taken back is asked for again"
    assert len(setup.peer.asked("token")) == before + 1


def test_a_token_is_not_used_until_its_last_second(make_rig):
    setup = set_up(make_rig)
    setup.peer.lifetime = 200
    visitor = setup.visitor()
    for count in (1, 2):
        assert ask(setup, visitor).status == 200
        assert len(setup.peer.asked("token")) == count
    setup.check()


def test_malformed_meetings(setup, visitor):
    before = len(setup.peer.ledger)
    for meeting in ("", "x", None, 5, ["https://meet.lync.com/a/b/c"], "http://meet.lync.com/contoso/testuser/1SD8D0WZ", "https://meet.lync.com/",
                    "https://meet.lync.com/contoso", "https://meet.lync.com/a/b/c?d=e", "https://meet.lync.com/a/b/c#d", "https://meet.lync.com/../b/c",
                    "https://meet.lync.com//b/c", "https://meet.lync.com/a/b/c/", "https://meet.lync.com:8443/contoso/testuser/1SD8D0WZ",
                    "https://meet.lync.com.evil.example/contoso/testuser/1SD8D0WZ", "https://evil.example/contoso/testuser/1SD8D0WZ",
                    "https://user@meet.lync.com/contoso/testuser/1", "https://meet.lync.com\\@evil.example/a/b/c", "https://meet.lync.com/a/b%2fc/d",
                    "https://meet.lync.com/a/b/c\n", "https://meet.lync.com/" + "a" * 500 + "/b/c", "sip:testuser@contoso.com;gruu;opaque=app:conf:focus:id:1SD8D0WZ"):
        answer = ask(setup, visitor, meeting)
        assert answer.status == 400, (meeting, answer)
    assert len(setup.peer.ledger) == before


def test_capital_letters_are_no_way_past_a_rule(make_rig):
    setup = set_up(make_rig, 'meetings = {"https://meet.lync.com/contoso/testuser/1SD8D0WZ"}')
    visitor = setup.visitor()
    assert ask(setup, visitor).status == 200
    setup.peer.meetings.add("https://Meet.Lync.com/Contoso/TestUser/1sd8d0wz")
    assert ask(setup, visitor, "https://Meet.Lync.com/Contoso/TestUser/1sd8d0wz").status == 200
    assert ask(setup, visitor, OTHER).status == 403
    assert ask(setup, visitor, OTHER.lower()).status == 403
    setup.check()


def test_denied_and_strangers(setup, visitor):
    before = len(setup.peer.ledger)
    assert ask(setup, setup.visitor("bob")).status == 403
    assert ask(setup, setup.rig.visitor()).status in (401, 403)
    assert setup.ask(visitor, {"meetingUrl": MEETING}, origin="https://evil.example").status == 400
    assert setup.ask(visitor, {"meetingUrl": MEETING}, origin="https://app.example.org.evil.example").status == 400
    assert len(setup.peer.ledger) == before


def test_there_is_nothing_for_browsers(setup, visitor):
    """Neither by an entry nor by the four parameters of the platforms that redirect here."""
    assert visitor.get("/auth/skype/x", JSON).status == 404
    answer = visitor.get("/auth?hostname=%s&meetingId=abc&meetingToken=abc&requestToken=abcdefgh" % TITLE, JSON)
    assert (answer.status, answer.code) == (403, "unknown-platform")


def test_slow_answers_share_one_deadline(setup, visitor):
    """A second each is not five seconds."""
    def slow(text):
        time.sleep(0.6)
        return text

    with setup.peer.fault(discover=slow, applications=slow, application=slow, anonymous=slow):
        began = time.monotonic()
        assert ask(setup, visitor).code == "exchange-timeout"
        assert time.monotonic() - began < 2.5
    assert ask(setup, visitor).status == 200


EVIL = ["https://evil.example/a", "https://lync.com.evil.example/", "https://evillync.com/", "//evil.example/a", "https://lync.com@evil.example/", "a/b",
        "https://lync.com:8443/", "http://lync.com/", "https://lync.com\\@evil.example/", "file:///etc/passwd", "http://127.0.0.1:1/", "http://localhost/",
        "http://[::1]/", "https://169.254.169.254/", "\\\\evil.example\\a", "/\\evil.example", "https://lync.com/a#b", "https://lync.com/a b", "", 5, None,
        {"href": "x"}, "https://lync.com./x", "https://lync.com%2eevil.example/", "/" + "a" * 5000]


@pytest.mark.parametrize("step, relation", [("discover", "applications"), ("applications", "application"), ("application", "anonApplicationTokens"),
                                            ("anonymous", "discover")])
def test_links_lead_to_the_listed_hosts_only(setup, visitor, step, relation):
    assert ask(setup, visitor).status == 200
    for number, href in enumerate(EVIL + [setup.trap.url + "/a", "https://lync.com.:443/"]):
        def change(text, href=href):
            document = json.loads(text)
            document["_links"]["ms:rtc:saas:" + relation] = {"href": href}
            return json.dumps(document)

        with setup.peer.fault(**{step: change}):
            answer = ask(setup, visitor)
        assert answer.code in ("exchange-bad-answer", "exchange-refused"), (href, answer)
        assert number % 3 or ask(setup, visitor).status == 200


def test_tokens_that_are_none(setup, visitor):
    assert ask(setup, visitor).status == 200
    for change in ({"token": None}, {"token": 7}, {"token": "a b"}, {"token": "a" * 7000}, {"expiryTime": None}, {"expiryTime": 1488872625837}, {"expiryTime": "soon"},
                   {"expiryTime": "/Date(x)/"}, {"expiryTime": "/Date(99999999999999999999)/"}, {"expiryTime": "/Date()/"}, {"expiryTime": "2016-13-45T01:42:13Z"},
                   {"expiryTime": "2016-06-27T01:42:13.Zx"}, {"_links": {}}, {"_links": []}, {"_links": "x"}):
        with setup.peer.fault(anonymous=lambda text, change=change: json.dumps({**json.loads(text), **change})):
            assert ask(setup, visitor).code in ("exchange-bad-answer", "exchange-refused"), change
        assert ask(setup, visitor).status == 200
    for change in ({"access_token": None}, {"access_token": ["x"]}, {"access_token": "a\r\nb"}, {"expires_in": "soon"}, {"expires_in": -1}, {"expires_in": None}):
        setup.peer.tokens.clear()
        with setup.peer.fault(token=lambda text, change=change: json.dumps({**json.loads(text), **change})):
            assert ask(setup, visitor).code == "exchange-bad-answer", change
        assert ask(setup, visitor).status == 200


def test_what_the_application_may_not_do(setup, visitor):
    """A capability that was not granted is a link that is not there."""
    with setup.peer.fault(application=lambda text: json.dumps({"_links": {}})):
        answer = ask(setup, visitor)
    assert (answer.status, answer.code) == (403, "exchange-refused")
    assert "anonApplicationTokens" in setup.audit(answer)["detail"]
    for status, expected in ((401, 403), (403, 403), (429, 502), (503, 502), (307, 502)):
        with setup.peer.fault(anonymous=status):
            assert ask(setup, visitor).status == expected, status
        assert ask(setup, visitor).status == 200


def test_rotation(make_rig):
    setup = set_up(make_rig)
    peer, visitor = setup.peer, setup.visitor()
    assert ask(setup, visitor).status == 200
    peer.client_secrets.append("another-secret-of-the-application")
    setup.set_secret(peer.client_secrets[1])

    def newest():
        peer.tokens.clear()
        assert ask(setup, visitor).status == 200
        return peer.asked("token")[-1].form()["client_secret"] == peer.client_secrets[1]

    wait_for(newest, "the new secret to be used")
    peer.client_secrets = peer.client_secrets[:1]
    peer.tokens.clear()
    assert ask(setup, visitor).status == 200, "the older one is tried where the newer is refused"
    peer.client_secrets = []
    peer.tokens.clear()
    assert ask(setup, visitor).code == "exchange-refused"
    setup.check()


