# SPDX-License-Identifier: MIT
"""Lync and Skype for Business Server, against a stand-in of autodiscovery, WebTicket and the meetings'
addresses: what a script gets, what is kept and until when, and that no host off the list is ever asked
(the hole of CVE-2023-41763)."""

import json
import urllib.parse

import drivers
import platforms
import pytest
from client import JSON
from platforms import APP, lies
from rig import wait_for

import ucwa as peers
from strict import FAULTS

URI = drivers.Ucwa.weekly
OTHER = drivers.Ucwa.other

shared, setup, visitor = platforms.fixtures(drivers.Ucwa)


def ask(setup, visitor, uri=URI, **more):
    return setup.ask(visitor, {"conferenceUri": uri, **more} if uri else more)


def anew(setup, visitor, **more):
    """With autodiscovery from its beginning."""
    return ask(setup, visitor, failed="403", **more)


# -- tokens --


def test_a_script_gets_a_token_for_the_one_conference(setup, visitor):
    setup.peer.ledger.clear()
    answer = anew(setup, visitor)
    assert answer.status == 200, answer
    assert answer.headers["Access-Control-Allow-Origin"] == APP and answer.headers["Cache-Control"] == "no-store"
    given = json.loads(answer.body)
    assert set(given) == {"token", "expiresIn", "applicationsUrl", "conferenceUri", "xframeUrl"}
    assert setup.peer.tokens[given["token"]][0] == URI == given["conferenceUri"] and given["expiresIn"] == 3600
    assert given["applicationsUrl"] == setup.peer.url + "/ucwa/oauth/v1/applications"
    assert setup.peer.names() == ["first", "root", "user", "token", "user"]
    event = setup.audit(answer)
    assert (event["result"], event["meeting_id"], event["user"]) == ("ok", "john@contoso.example/G03W98W4", "alice")


def test_a_redirect_of_the_first_hop(setup, visitor):
    setup.peer.redirect = "status"
    assert anew(setup, visitor).status == 200


def test_what_is_found_is_kept(setup, visitor):
    assert anew(setup, visitor).status == 200
    setup.peer.ledger.clear()
    for _ in range(3):
        assert ask(setup, visitor).status == 200
    assert setup.peer.names() == ["token"] * 3
    setup.peer.ledger.clear()
    assert ask(setup, visitor, OTHER).status == 200
    assert setup.peer.names()[0] == "first", "another organizer may be at home elsewhere"


@pytest.mark.parametrize("fault, forgets", [(403, True), (502, True), ("close", True), ("cut", True), ("hang", False), (400, False), (401, False), (404, False),
                                            (500, False), (503, False)])
def test_until_403_502_or_an_error_of_the_connection(setup, visitor, fault, forgets):
    """"No other HTTP error codes require clearing the cache.\" Hosts that are not there are in ucwa_talk_test.c."""
    assert anew(setup, visitor).status == 200
    setup.peer.ledger.clear()
    with setup.peer.fault(token=fault):
        answer = ask(setup, visitor)
        assert answer.status in (403, 502, 504)
    if fault == "hang":
        assert setup.audit(answer)["detail"].startswith(setup.peer.host + ": "), "which host it was"
    assert ("first" in setup.peer.names()) is forgets
    assert ask(setup, visitor).status == 200


def test_a_home_that_moved(setup, visitor):
    """403 once, from where it was: found anew in the same request."""
    assert anew(setup, visitor).status == 200
    faults = [403]

    def once(text):
        setup.peer.faults = {}
        return text

    setup.peer.faults = {"token": faults[0], "first": once}
    assert ask(setup, visitor).status == 200
    setup.peer.faults = {}


def test_renewal_keeps_the_identity(setup, visitor):
    first = json.loads(ask(setup, visitor).body)["token"]
    again = json.loads(ask(setup, visitor, renew=first).body)["token"]
    assert setup.peer.tokens[again][1] == setup.peer.tokens[first][1]
    assert setup.peer.tokens[json.loads(ask(setup, visitor).body)["token"]][1] != setup.peer.tokens[first][1]
    assert ask(setup, visitor, OTHER, renew=first).code == "exchange-refused", "for another conference it is none"
    for renew in ("", "a b", "x" * 5000, "cwt=\r\n", 5, [first], True):
        assert ask(setup, visitor, renew=renew).status == 400, renew


def test_failed_is_a_text(setup, visitor):
    """What would be dropped without a word is refused."""
    assert anew(setup, visitor).status == 200
    for failed in (403, True, {"status": 403}):
        answer = ask(setup, visitor, failed=failed)
        assert answer.status == 400 and setup.audit(answer)["detail"].startswith("failed: not a string")
    assert ask(setup, visitor, failed=None).status == 200, "the same as not there"


def test_the_address_of_an_invitation(setup, visitor):
    """Its key may be another than the id."""
    for path in ("/john/K3Y9", "/meet/john/K3Y9", "/contoso.example/john/K3Y9", "/meet/contoso.example/john/K3Y9"):
        answer = ask(setup, visitor, None, meetingUrl=setup.peer.url + path)
        assert answer.status == 200, (path, answer)
        assert json.loads(answer.body)["conferenceUri"].endswith("id:K3Y9")
        assert setup.audit(answer)["meeting_id"] == "john@contoso.example/K3Y9"


def test_a_meeting_has_one_name_for_rules(make_rig):
    setup = platforms.make(make_rig, drivers.Ucwa, policy=platforms.POLICY % 'meetings = {"john@contoso.example/G03W98W4"}')
    visitor = setup.visitor()
    assert ask(setup, visitor).status == 200
    assert ask(setup, visitor, URI.replace("john", "JOHN").replace("contoso", "Contoso")).status == 200
    assert ask(setup, visitor, None, meetingUrl=setup.peer.url + "/john/G03W98W4").status == 200
    before = len(setup.peer.ledger)
    for uri in (OTHER, OTHER.lower().replace("1sd", "1Sd")):
        assert ask(setup, visitor, uri).status == 403
    for path in ("/mary/1SD8D0WZ", "/MARY/1sd8d0wz", "/meet/mary/1SD8D0WZ", "/contoso.example/Mary/1SD8D0WZ"):
        assert ask(setup, visitor, None, meetingUrl=setup.peer.url + path).code == "denied"
    assert len(setup.peer.ledger) == before, "nothing is asked before the policy"
    setup.check()


def test_an_address_that_answers_with_another_meeting(setup, visitor):
    for other in (OTHER, URI.replace("contoso.example", "evil.example"), "sip:x", "", URI + "x"):
        setup.peer.answers_for = {"/john/G03W98W4": other}
        answer = ask(setup, visitor, None, meetingUrl=setup.peer.url + "/john/G03W98W4")
        assert answer.code == "exchange-bad-answer", other
        assert ask(setup, visitor).status == 200


# -- whom it asks --


def test_meetings_elsewhere_are_never_asked_for(setup, visitor):
    """CVE-2023-41763: an address that a visitor names is no address to go to."""
    before = len(setup.peer.ledger)
    host = setup.peer.host
    for url in (setup.trap.url + "/john/G03W98W4", "https://evil.example/john/G03W98W4", "http://169.254.169.254/john/G03W98W4", setup.peer.url + "@evil.example/john/X1",
                setup.peer.url + ".evil.example/john/X1", "http://%s:1/john/X1" % host, "http://localhost/john/X1", "http://x@%s/john/X1" % host, setup.peer.url,
                setup.peer.url + "/", setup.peer.url + "/john", setup.peer.url + "//john/X1", setup.peer.url + "/john/X1#a",
                setup.peer.url + "/john/X1//", setup.peer.url + "/../X1", setup.peer.url + "/john/..", setup.peer.url + "/evil.example/john/X1",
                setup.peer.url + "/a/b/c/john/X1", setup.peer.url + "/jo%68n/X1", setup.peer.url + "/john/X1%00", setup.peer.url + "\\john\\X1",
                "file:///etc/passwd", "gopher://%s/john/X1" % host, "//%s/john/X1" % host, "", "x", "https://meet.contoso.example.evil.example/john/X1"):
        answer = ask(setup, visitor, None, meetingUrl=url)
        assert answer.status == 400, (url, answer)
    assert len(setup.peer.ledger) == before


def test_malformed_conferences(setup, visitor):
    before = len(setup.peer.ledger)
    for uri in ("", "x", "sip:john@contoso.example", URI.replace("sip:", "sips:"), URI + ";x=y", URI.replace("john@", "john@evil.example@"), URI.replace("@contoso", "@evil"),
                URI.replace("contoso.example", "contoso.example:5061"), URI.replace("contoso.example", "sub.contoso.example"), URI.replace("john", ""), URI.replace("G03W98W4", ""),
                URI.replace("G03W98W4", "G03/W4"), URI.replace("john", "jo hn"), URI.replace("john", "j&password=x"), URI.replace("G03", "G03\n"),
                URI.replace(";gruu", " ;gruu"), "a" * 5000, URI.replace("contoso.example", "127.0.0.1"), URI.replace("contoso.example", "contoso.example/x")):
        assert ask(setup, visitor, uri).status == 400, uri
    for body in ({}, {"conferenceUri": 5}, {"conferenceUri": [URI]}, {"conferenceUri": URI, "meetingUrl": setup.peer.url + "/john/G03W98W4"}):
        assert setup.ask(visitor, body).status == 400, body
    assert len(setup.peer.ledger) == before


EVIL = ["https://evil.example/a", "https://contoso.example.evil.example/", "https://evilcontoso.example/", "//evil.example/a", "https://contoso.example@evil.example/",
        "https://contoso.example:8443/", "http://contoso.example/", "https://contoso.example\\@evil.example/", "file:///etc/passwd", "http://localhost/", "http://127.0.0.1/",
        "http://[::1]/", "https://169.254.169.254/latest", "", "a", "\\\\evil.example\\a", "https://contoso.example/a#b"]


@pytest.mark.parametrize("step, relation", [("first", "redirect"), ("root", "user"), ("root", "xframe"), ("root", "redirect"), ("user", "applications")])
def test_links_lead_to_the_listed_hosts_only(setup, visitor, step, relation):
    assert anew(setup, visitor).status == 200
    for number, href in enumerate(EVIL + [setup.trap.url + "/a", 5, None]):
        def change(text, href=href):
            document = json.loads(text) if text.startswith("{") else {"_links": {}}
            document["_links"][relation] = {"href": href}
            return json.dumps(document)

        if step == "user":
            setup.peer.faults = {}
            original = setup.peer.user
            setup.peer.user = lambda request, change=change: json.loads(change(json.dumps(original(request))))
            answer = anew(setup, visitor)
            setup.peer.user = original
        else:
            with setup.peer.fault(**{step: change}):
                answer = anew(setup, visitor)
        if (relation in ("xframe", "redirect")) and not isinstance(href, str):
            continue  # the same as no link
        if href == "" and relation in ("xframe", "redirect"):
            continue
        assert answer.code == "exchange-bad-answer", (href, answer)
        assert number % 3 or anew(setup, visitor).status == 200


def test_redirects_of_the_status_too(setup, visitor):
    for location in EVIL + [setup.trap.url + "/a"]:
        original = setup.peer.first

        def redirect(request, location=location):
            raise peers.Refused(302, {}, [("Location", location)])

        setup.peer.first = redirect
        assert anew(setup, visitor).code == "exchange-bad-answer", location
        setup.peer.first = original
        assert anew(setup, visitor).status == 200


def test_redirects_without_end(setup, visitor):
    with setup.peer.fault(root=lambda text: json.dumps({"_links": {"redirect": {"href": setup.peer.url + peers.ROOT}}})):
        before = len(setup.peer.ledger)
        assert anew(setup, visitor).code == "exchange-bad-answer"
        assert len(setup.peer.ledger) - before <= 5
    assert anew(setup, visitor).status == 200


# -- the challenge --


def test_challenges_as_documents_have_them(setup, visitor):
    token, grants = setup.peer.url + peers.TOKEN, peers.GRANTS
    for lines in (["MsRtcOAuth href=%s,grant_type=\"%s\"" % (token, grants)], ["MsRtcOAuth grant_type=\"%s\", href=\"%s\"" % (grants, token)],
                  ['Bearer realm="x, MsRtcOAuth href=\\"https://evil.example/\\"", MsRtcOAuth href="%s",grant_type="%s", Basic realm="y"' % (token, grants)],
                  ['msrtcoauth HREF = "%s" , GRANT_TYPE = "%s"' % (token, grants)], ["Negotiate", "NTLM", 'MsRtcOAuth href="%s",grant_type="%s"' % (token, grants)]):
        setup.peer.challenges = lines
        assert anew(setup, visitor).status == 200, lines


def test_challenges_that_are_none(setup, visitor):
    token, grants = setup.peer.url + peers.TOKEN, peers.GRANTS
    bad = [["Basic realm=x"], ['MsRtcOAuth grant_type="%s"' % grants], ['Bearer href="%s",grant_type="%s"' % (token, grants)],
           ['MsRtcOAuth href="",grant_type="%s"' % grants], ["MsRtcOAuth" * 500], [","], ['MsRtcOAuth href="%s",grant_type="%s"' % (setup.trap.url, grants)],
           ['MsRtcOAuth href="https://evil.example/",grant_type="%s"' % grants], ['MsRtcOAuth href="%s",grant_type="%s"' % ("https://a/" + "a" * 3900, grants)]]
    for lines in bad:
        setup.peer.challenges = lines
        assert anew(setup, visitor).code == "exchange-bad-answer", lines
        setup.peer.challenges = None
        assert anew(setup, visitor).status == 200
    setup.peer.challenges = ['MsRtcOAuth href="%s,grant_type=' % token]
    assert anew(setup, visitor).status in (403, 502), "a quote that never ends"
    for offered in ("password", "urn:microsoft.rtc:anonmeetings", ""):
        setup.peer.challenges = ['MsRtcOAuth href="%s",grant_type="%s"' % (token, offered)]
        assert anew(setup, visitor).code == "exchange-bad-answer", offered


# -- trouble --


def test_the_meetings_address_lies(setup, visitor):
    send = lambda: ask(setup, visitor, None, meetingUrl=setup.peer.url + "/john/K3Y9")  # noqa: E731
    lies(send, setup.peer, "meeting", faults=[fault for fault in FAULTS if fault != "hang"], recover=lambda: send().status == 200)
    with setup.peer.fault(meeting="hang"):
        answer = send()
    assert answer.code == "exchange-bad-answer", "no failure of the organizer's home"
    assert "the meeting's address: %s: " % setup.peer.host in setup.audit(answer)["detail"]
    for text in ("<conf-info><conf-uri>%s</conf-uri></conf-info>" % URI.replace("G03W98W4", "K3Y9"), "<other/>",
                 '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><conf-info><conf-uri>&x;</conf-uri></conf-info>'):
        with setup.peer.fault(meeting=lambda _, text=text: text):
            assert send().code == "exchange-bad-answer", text
        assert send().status == 200


def test_tokens_that_are_none(setup, visitor):
    for change in ({"access_token": None}, {"access_token": 5}, {"access_token": "a b"}, {"access_token": "x" * 5000}, {"token_type": "mac"}, {"token_type": None},
                   {"expires_in": 0}, {"expires_in": "3600"}, {"expires_in": 10**12}, {"expires_in": -1}):
        with setup.peer.fault(token=lambda text, change=change: json.dumps({**json.loads(text), **change})):
            assert ask(setup, visitor).code == "exchange-bad-answer", change
        assert ask(setup, visitor).status == 200


def test_denied_and_strangers(setup, visitor):
    before = len(setup.peer.ledger)
    assert ask(setup, setup.visitor("bob")).code == "denied"
    assert ask(setup, setup.rig.visitor()).status in (401, 403)
    assert setup.ask(visitor, {"conferenceUri": URI}, origin="https://evil.example").status == 400
    assert len(setup.peer.ledger) == before


# -- the way to the page --


def test_the_entry_leads_to_the_page_and_asks_nobody(setup):
    setup.peer.ledger.clear()
    _, answer = setup.sign_in(setup.entry(URI))
    assert answer.status == 302 and answer.location.startswith(APP + "/join?from=meetauth&conferenceUri=" + urllib.parse.quote(URI, safe="") + "&code=")
    event = setup.audit(answer)
    assert (event["result"], event["meeting_id"], event["user"]) == ("ok", "john@contoso.example/G03W98W4", "alice")
    url = setup.peer.url + "/john/K3Y9"
    somebody, answer = setup.sign_in("/auth/ucwa?meetingUrl=" + urllib.parse.quote(url, safe=""))
    assert answer.location.startswith(APP + "/join?from=meetauth&meetingUrl=" + urllib.parse.quote(url, safe="") + "&code=")
    assert urllib.parse.quote(URI, safe="") + "&code=" in somebody.get("/auth/ucwa/john@contoso.example/G03W98W4").location, "as rules and invitations name it"
    assert not setup.peer.ledger, "the script asks, and the policy again"
    assert ask(setup, somebody).status == 200


def test_the_entry_takes_meetings_as_scripts_name_them(setup, visitor):
    for target in ("", "?conferenceUri=x", "?meetingUrl=https://evil.example/john/X1", "/john@evil.example/G03W98W4", "/john", "?conferenceUri=%s&meetingUrl=%s/john/X1" % (
            urllib.parse.quote(URI), setup.peer.url), "/john@contoso.example/G03W98W4?conferenceUri=" + urllib.parse.quote(URI)):
        assert visitor.get("/auth/ucwa" + target, JSON).code == "bad-request", target


def test_autodiscovery_by_the_organizers_domain(make_rig):
    """Without an address of its own: LyncDiscover.DOMAIN, over https alone."""
    class Nowhere(drivers.Ucwa):
        title = "contoso.invalid"

        def settings(self):
            return 'internal = true\n allowed-origins = {"%s"}' % APP

        def visitor(self, account="alice"):
            return platforms.Platform.visitor(self, account)

    setup = platforms.make(make_rig, Nowhere)
    visitor = setup.visitor()
    answer = setup.ask(visitor, {"conferenceUri": URI.replace(".example", ".invalid")})
    assert answer.code == "exchange-unreachable"
    assert "LyncDiscoverInternal.contoso.invalid:443" in setup.audit(answer)["detail"]
    assert "LyncDiscover.contoso.invalid:443" in setup.audit(answer)["detail"]
    answer = setup.ask(visitor, {"meetingUrl": "https://meet.contoso.invalid/john/G03W98W4"})
    assert answer.code == "exchange-bad-answer", "no failure of the organizer's home"
    assert "the meeting's address: meet.contoso.invalid:443: " in setup.audit(answer)["detail"]
    answer = visitor.get("/auth/ucwa?conferenceUri=" + urllib.parse.quote(URI), JSON)
    assert answer.status == 404 and "its option app is not set" in setup.audit(answer)["detail"], "without a page there is nothing for browsers"
    setup.check()


def test_what_a_visitor_chooses_does_not_shut_the_platform(make_rig):
    """A name of meeting-hosts that is not there, and addresses that are no meetings'."""
    setup = platforms.make(make_rig, drivers.Ucwa)
    visitor = setup.visitor()
    for fault in (403, 500, "html", "close"):
        with setup.peer.fault(meeting=fault):
            for _ in range(8):
                assert ask(setup, visitor, None, meetingUrl=setup.peer.url + "/lwa/WebPages").code == "exchange-bad-answer"
    assert ask(setup, setup.visitor()).status == 200
    setup.check()


def test_a_link_that_is_missing_and_one_that_leads_elsewhere(setup, visitor):
    with setup.peer.fault(root=lambda text: json.dumps({"_links": {}})):
        assert setup.audit(anew(setup, visitor))["detail"] == "autodiscovery: the link user is missing, or not a string"
    with setup.peer.fault(root=lambda text: text.replace(setup.peer.host, "webext.contoso.net")):
        assert " leads to webext.contoso.net, " in setup.audit(anew(setup, visitor))["detail"]
    assert anew(setup, visitor).status == 200


def test_nothing_secret_is_left(setup, visitor):
    given = json.loads(ask(setup, visitor).body)
    ask(setup, visitor, renew=given["token"])
    ask(setup, visitor, None, meetingUrl=setup.peer.url + "/john/K3Y9")
    pages = []
    for step in ("first", "root", "token"):
        for fault in ("status", "html", "json", 400, 401):
            with setup.peer.fault(**{step: fault}):
                pages.append(anew(setup, visitor).text)
            anew(setup, visitor)
    setup.leaves_none_of({"S3CR3T99", *setup.peer.tokens}, pages)


def test_check_connect(make_rig):
    setup = platforms.make(make_rig, drivers.Ucwa)
    lines = setup.connect_lines()
    assert not [line for line in lines if line.startswith("FAIL")], lines
    assert wait_for(lambda: "user" in setup.peer.names(), "autodiscovery"), "as far as that goes without a conference"
    assert not setup.peer.asked("token")
    setup.check()
