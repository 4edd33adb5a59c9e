# SPDX-License-Identifier: MIT
"""Skype for Business Online, against a stand-in of the Trusted Application API and of the token
endpoint: what a script gets, what it cannot choose, where links may not lead, and the way to the page."""

import concurrent.futures
import json
import os
import signal
import time
import urllib.parse

import desk
import drivers
import platforms
import pytest
from client import JSON
from guests import accept, opened
from platforms import APP
from rig import wait_for

TITLE = drivers.Skype.title
MEETING = drivers.Skype.weekly
OTHER = drivers.Skype.other

shared, setup, visitor = platforms.fixtures(drivers.Skype)


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
@pytest.mark.parametrize("bare", [False, True])
def test_both_forms_of_everything(setup, visitor, prefix, dates, folded, opened, bare):
    """The first document has its relations without "_links" around."""
    peer = setup.peer
    peer.prefix, peer.dates, peer.folded, peer.open, peer.bare = prefix, dates, folded, opened, bare
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


def test_a_meeting_that_answers_401_costs_nobody_the_token(setup, visitor):
    """The application was let in with the same token right before."""
    assert ask(setup, visitor).status == 200
    setup.peer.ledger.clear()
    with setup.peer.fault(anonymous=401):
        for _ in range(5):
            assert ask(setup, visitor).code == "exchange-refused"
    assert ask(setup, setup.visitor()).status == 200
    assert not setup.peer.asked("token")


def test_a_fresh_token_that_is_refused_is_not_made_twice(setup, visitor):
    setup.peer.tokens.clear()
    setup.peer.ledger.clear()
    with setup.peer.fault(applications=401):
        assert ask(setup, visitor).code == "exchange-bad-answer"
        assert setup.peer.names().count("token") == 1, "in place of the one that was kept"
    assert ask(setup, visitor).status == 200
    assert setup.peer.names().count("token") == 1


def test_a_token_is_not_used_until_its_last_second(make_rig):
    setup = platforms.make(make_rig, drivers.Skype)
    setup.peer.lifetime = 200
    visitor = setup.visitor()
    for count in (1, 2):
        assert ask(setup, visitor).status == 200
        assert len(setup.peer.asked("token")) == count
    setup.check()


def test_malformed_meetings(setup, visitor):
    before = len(setup.peer.ledger)
    for meeting in ("", "x", None, 5, ["https://meet.lync.com/a/b/c"], "http://meet.lync.com/contoso/testuser/1SD8D0WZ", "https://meet.lync.com/",
                    "https://meet.lync.com/contoso", "https://meet.lync.com/a/b/c#d", "https://meet.lync.com/../b/c",
                    "https://meet.lync.com//b/c", "https://meet.lync.com/a/b/c//", "https://meet.lync.com:8443/contoso/testuser/1SD8D0WZ",
                    "https://a.meet.lync.com/contoso/testuser/1SD8D0WZ", "https://meet.lync.com/x/contoso/testuser/1SD8D0WZ",
                    "https://meet.lync.com.evil.example/contoso/testuser/1SD8D0WZ", "https://evil.example/contoso/testuser/1SD8D0WZ",
                    "https://user@meet.lync.com/contoso/testuser/1", "https://meet.lync.com\\@evil.example/a/b/c", "https://meet.lync.com/a/b%2fc/d",
                    "https://meet.lync.com/a/b/c\n", "https://meet.lync.com/" + "a" * 500 + "/b/c", "sip:testuser@contoso.com;gruu;opaque=app:conf:focus:id:1SD8D0WZ"):
        answer = ask(setup, visitor, meeting)
        assert answer.status == 400, (meeting, answer)
    assert len(setup.peer.ledger) == before


def test_capital_letters_are_no_way_past_a_rule(make_rig):
    setup = platforms.make(make_rig, drivers.Skype, policy=platforms.POLICY % 'meetings = {"https://meet.lync.com/contoso/testuser/1SD8D0WZ"}')
    visitor = setup.visitor()
    assert ask(setup, visitor).status == 200
    setup.peer.meetings.add("https://Meet.Lync.com/Contoso/TestUser/1sd8d0wz")
    assert ask(setup, visitor, "https://Meet.Lync.com/Contoso/TestUser/1sd8d0wz").status == 200
    assert ask(setup, visitor, OTHER).status == 403
    assert ask(setup, visitor, OTHER.lower()).status == 403
    setup.check()


def test_a_port_is_no_way_past_a_rule(make_rig):
    """Every spelling that a URL's parser takes for the same, against a rule that denies the one."""
    setup = platforms.make(make_rig, drivers.Skype, policy='policy {\n rule "board" { allow = false  meetings = {"%s*"} }\n'
                           ' rule "staff" { allow = true  groups = {"staff"} }\n default = "deny"\n}\n' % MEETING[:-1])
    visitor, answer = setup.sign_in(setup.entry(OTHER))
    host = "meet.lync.com"
    assert answer.status == 302
    assert ask(setup, visitor).code == "denied" and setup.enter(visitor, OTHER).status == 200
    for other in ("meet.lync.com:443", "MEET.lync.com:443", "meet.lync.com:0443", "meet.lync.com:", "meet.lync.com.", "meet.lync.com.:443", "@meet.lync.com",
                  "%6deet.lync.com", "meet.lync.com:80", "a.meet.lync.com"):
        setup.peer.meetings.add(MEETING.replace(host, other))
        assert ask(setup, visitor, MEETING.replace(host, other)).status in (400, 403), other
    assert [seen["meetingUrl"] for seen in setup.peer.seen] == [OTHER]
    setup.check()


def test_denied_and_strangers(setup, visitor):
    before = len(setup.peer.ledger)
    assert ask(setup, setup.visitor("bob")).status == 403
    assert ask(setup, setup.rig.visitor()).status in (401, 403)
    assert setup.ask(visitor, {"meetingUrl": MEETING}, origin="https://evil.example").status == 400
    assert setup.ask(visitor, {"meetingUrl": MEETING}, origin="https://app.example.org.evil.example").status == 400
    assert len(setup.peer.ledger) == before


def test_the_four_parameters_of_others_lead_nowhere(setup, visitor):
    answer = visitor.get("/auth?hostname=%s&meetingId=abc&meetingToken=abc&requestToken=abcdefgh" % TITLE, JSON)
    assert (answer.status, answer.code) == (403, "unknown-platform")


# -- the way to the page --


def test_the_entry_leads_to_the_page_and_asks_nobody(setup):
    setup.peer.ledger.clear()
    somebody = setup.rig.visitor()
    page = somebody.get(somebody.get(setup.entry(MEETING)).location)
    assert " form-action 'self' %s;" % APP in page.headers["Content-Security-Policy"]
    answer = somebody.fill(page)
    assert answer.status == 302 and answer.location.startswith(APP + "/join?from=meetauth&meetingUrl=https%3A%2F%2Fmeet.lync.com%2Fcontoso%2Ftestuser%2F1SD8D0WZ&code=")
    event = setup.audit(answer)
    assert (event["result"], event["meeting_id"], event["user"]) == ("ok", MEETING, "alice")
    assert not setup.peer.ledger, "the script asks, and the policy again"
    assert ask(setup, somebody).status == 200


def test_the_entry_takes_meetings_as_scripts_name_them(setup, visitor):
    for meeting in ("", "x", "http://meet.lync.com/contoso/testuser/1SD8D0WZ", "https://evil.example/contoso/testuser/1SD8D0WZ", MEETING.replace(".com", ".com:443")):
        assert visitor.get(setup.entry(meeting), JSON).code == "bad-request", meeting
    assert visitor.get("/auth/skype/x?meetingUrl=" + MEETING, JSON).code == "bad-request"
    assert visitor.get(setup.entry(MEETING) + "&meetingUrl=" + OTHER, JSON).code == "bad-request"


def test_without_a_page_there_is_nothing_for_browsers(make_rig):
    class NoPage(drivers.Skype):
        def settings(self):
            return super().settings().replace('app = "%s"' % self.app, "")

        def visitor(self, account="alice"):
            return platforms.Platform.visitor(self, account)

    setup = platforms.make(make_rig, NoPage)
    visitor = setup.visitor()
    answer = visitor.get(setup.entry(MEETING), JSON)
    assert (answer.status, answer.code) == (404, "not-found")
    assert "its option app is not set" in setup.audit(answer)["detail"]
    assert ask(setup, visitor).status == 200
    setup.check()


class WithGuests(drivers.Skype):
    def section(self):
        return super().section() + desk.SECTIONS % {"folder": self.rig.folder}


class Elsewhere(drivers.Skype):
    """Its page is of another site than base-url."""

    origins = (APP, "https://litware.example")
    app = "https://litware.example/join?from=meetauth"


def test_one_process_of_the_pool_takes_a_code(make_rig):
    """Many bring it at once: one gets the token, whichever process each came to."""
    setup = platforms.make(make_rig, Elsewhere, processes=3)
    setup.settle()
    visitor, back = setup.sign_in(setup.entry(MEETING))
    code = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(back.location).query))["code"]
    before = len(setup.peer.seen)

    def trade(_):
        return setup.ask(setup.rig.visitor(), {"meetingUrl": MEETING, "code": code}, origin="https://litware.example").status

    with concurrent.futures.ThreadPoolExecutor(12) as threads:
        statuses = sorted(threads.map(trade, range(12)))
    assert statuses == [200] + [409] * 11
    assert len(setup.peer.seen) == before + 1
    assert setup.ask(setup.rig.visitor(), {"meetingUrl": MEETING}, origin="https://litware.example").code == "login-failed"
    with open(setup.rig.log, encoding="utf-8") as file:
        assert code not in file.read()
    setup.check()


def set_up_guests(make_rig):
    policy = 'policy {\n rule "guests" { allow = true  backends = {"invited"} }\n default = "deny"\n}\n'
    setup = platforms.make(make_rig, WithGuests, policy=policy)
    link = setup.rig.ctl("invite", "create", "--platform", TITLE, "--meeting", MEETING, "--name", "Zoë Guest").stdout.strip()
    guest = setup.rig.visitor()
    return setup, link, guest, opened(guest, link)


def test_an_invitation_leads_to_the_page(make_rig):
    """For somebody without an account, by the entry that takes the meeting as a parameter."""
    setup, _, guest, page = set_up_guests(make_rig)
    answer = accept(guest, page)
    assert answer.status == 303 and answer.location.startswith(setup.rig.base + "/skype?meetingUrl="), answer
    assert setup.arrived(guest, MEETING, guest.get(answer.location)).status == 200
    assert ask(setup, guest, OTHER).status != 200, "for the one meeting"
    setup.check()


def test_without_a_page_there_are_no_invitations(make_rig):
    """None is made, and those from before begin no session and lead nowhere."""
    setup, link, guest, page = set_up_guests(make_rig)
    rig = setup.rig
    rig.sections = rig.sections.replace('app = "%s"' % setup.app, "")
    rig.configure()
    for pid in rig.daemons():
        os.kill(pid, signal.SIGHUP)
    wait_for(lambda: guest.get(link).status == 404, "the configuration to be read")
    answer = accept(guest, page, JSON)
    assert (answer.status, answer.code, answer.location) == (404, "not-found", None)
    assert ask(setup, guest).status == 401
    refused = rig.ctl("invite", "create", "--platform", TITLE, "--meeting", MEETING, "--name", "Zoë Guest", check=False)
    assert refused.returncode == 64 and not refused.stdout and 'set the option "app"' in refused.stderr
    page = desk.Host(rig).send("add-invitation", name="Zoë Guest", meetings=TITLE + "/" + MEETING)
    assert page.status == 400 and "no page that guests can be sent to" in page.text
    assert len(json.loads(rig.ctl("--json", "invite", "list").stdout)) == 1
    setup.check()


# -- what the operator is told --


def test_what_a_failed_answer_is_known_by(setup, visitor):
    """The id of our request, and those of the service's that Microsoft asks for."""
    answer = ask(setup, visitor, OTHER.replace("G03W98W4", "NOBODY"))
    assert answer.code == "exchange-refused"
    assert setup.audit(answer)["detail"] == (
        "anonApplicationTokens: the answer is HTTP 404 (client-request-id %s, X-MS-Correlation-Id 2147486389, "
        "X-MS-Server-Fqdn pool-a.infra.lync.com)" % setup.peer.ids[-1])


def test_a_link_that_leads_elsewhere_is_named_by_its_host(setup, visitor):
    with setup.peer.fault(discover=lambda text: json.dumps({"_links": {"service:applications": {"href": "https://resources.contoso.net/x?token=secret"}}})):
        detail = setup.audit(ask(setup, visitor))["detail"]
    assert detail == "the link applications leads to resources.contoso.net, which is not https or not in hosts"


def test_a_client_secret_that_is_not_taken(make_rig):
    setup = platforms.make(make_rig, drivers.Skype)
    setup.refuse_all()
    detail = setup.audit(ask(setup, setup.visitor()))["detail"]
    assert "refuses the client secret" in detail and "meetauthctl secret set " + TITLE in detail
    setup.check()


def test_discovery_of_a_region(make_rig):
    class Region(drivers.Skype):
        def settings(self):
            return super().settings().replace("platformservice/discover", "platformservice/discover?Region=northamerica")

    setup = platforms.make(make_rig, Region)
    assert ask(setup, setup.visitor()).status == 200
    assert setup.peer.asked("discover")[0].query == "Region=northamerica"
    setup.check()


def test_slow_answers_share_one_deadline(setup, visitor):
    """Each alone is in time; all together are not."""
    def slow(text):
        time.sleep(2)
        return text

    with setup.peer.fault(discover=slow, applications=slow, application=slow, anonymous=slow):
        assert ask(setup, visitor).code == "exchange-timeout"
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
    assert (answer.status, answer.code) == (502, "exchange-bad-answer"), "not the visitor's fault, nor a closed meeting"
    assert "anonApplicationTokens" in setup.audit(answer)["detail"]
    for status, expected in ((401, 403), (403, 403), (429, 503), (503, 502), (307, 502)):
        with setup.peer.fault(anonymous=status):
            assert ask(setup, visitor).status == expected, status
        assert ask(setup, visitor).status == 200


def test_rotation(make_rig):
    setup = platforms.make(make_rig, drivers.Skype)
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
    assert ask(setup, visitor).code == "exchange-bad-answer", "no secret is accepted: the operator's fault"
    setup.check()


