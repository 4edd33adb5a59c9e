# SPDX-License-Identifier: MIT
"""The five steps from outside: arrive, authenticate, authorize, exchange, return."""

import re
import urllib.parse

import pytest
from client import JSON, leads_to, password_form
from rig import HOST, wait_for

SESSION, BINDING = "__Host-meetauth", "__Host-meetauth-join"
TOKENS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def token_of(address):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))["requestToken"]


# -- the whole way --


def test_first_join_asks_for_the_password_and_ends_in_the_meeting(rig, visitor):
    entry = rig.entry()
    first = visitor.get(entry)
    assert first.status == 303
    assert first.location.startswith(rig.base + "/login")
    assert not TOKENS.search(first.location) and "8320" not in first.location
    page = visitor.get(first.location)
    assert page.status == 200
    assert not rig.platform.attempts(token_of(entry)), "nothing is exchanged before the login"
    back = visitor.fill(page)
    assert back.status == 302
    assert [entry["result"] for entry in rig.platform.attempts(token_of(entry))] == ["granted"]
    meeting = rig.platform.get(back.location)
    assert meeting.status == 200
    assert "Alice Liddell" in meeting.text and "alice@example.org" in meeting.text


def test_second_join_needs_no_password(rig, alice):
    back = alice.enter()
    assert back.status == 302
    assert rig.platform.get(back.location).status == 200


def test_way_back_is_as_the_document_has_it(rig, alice):
    back = alice.enter()
    parts = urllib.parse.urlsplit(back.location)
    assert back.location.startswith(rig.site + "/join/8320-2640-2482-3499?")
    assert [name for name, _ in urllib.parse.parse_qsl(parts.query)] == [
        "meetingAccessToken", "participantName", "participantEmail"]
    assert "participantName=Alice%20Liddell" in parts.query
    assert "participantEmail=alice%40example.org" in parts.query


def test_access_token_works_once(rig, alice):
    back = alice.enter()
    assert rig.platform.get(back.location).status == 200
    assert rig.platform.get(back.location).status == 403


def test_email_is_left_out_where_unknown_and_the_name_is_encoded(rig, visitor):
    back = visitor.sign_in("bob")
    assert "participantEmail" not in back.location
    assert "participantName=Bob%20%3Ci%3E%22%26%27" in back.location
    assert "Bob &lt;i&gt;&quot;&amp;&#x27;" in rig.platform.get(back.location).text


def test_forwarded_parameter_goes_along_and_others_do_not(rig, alice):
    back = alice.enter(culture="de-CH & more", other="dropped")
    assert "culture=de-CH%20%26%20more" in back.location
    assert "other" not in back.location and "dropped" not in back.location


def test_forwarded_parameter_survives_the_login(rig, visitor):
    back = visitor.fill(visitor.login_page(culture="de"))
    assert "culture=de" in back.location


def test_flow_F7_a_parameter_that_no_ticket_holds_is_named(rig, visitor):
    refused = visitor.enter(culture="x" * 5000)
    assert refused.status == 400 and "“culture” is too long" in refused.text
    refused = visitor.enter(meetingId="m" * 65)
    assert refused.status == 400 and "“meetingId” is too long" in refused.text


def test_host_name_in_any_case(rig, alice):
    assert alice.enter(hostname=HOST.upper()).status == 302


def test_prefill_false_sends_nothing_about_the_person(make_rig):
    rig = make_rig(platform="prefill = false\njoin-path = \"/{meetingToken}/join\"")
    back = rig.visitor().sign_in()
    assert "participant" not in back.location and "Alice" not in back.location
    assert back.location.startswith(rig.site + "/8320-2640-2482-3499/join?meetingAccessToken=")


@pytest.mark.parametrize("accept", ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"])
def test_flow_F3_a_browser_goes_on_from_a_page_without_the_form(rig, visitor, accept):
    """Else form-action of the login page would be applied to wherever the platform redirects on to."""
    page = visitor.login_page()
    answer = visitor.fill(page, headers={"Accept": accept, "Sec-Fetch-Site": "same-origin"})
    address = leads_to(answer)
    assert rig.platform.get(address).status == 200
    assert answer.headers["Cache-Control"] == "no-store" and answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; ") and "<script" not in answer.text
    assert SESSION in answer.cookies
    again = visitor.fill(page, headers={"Accept": accept, "Sec-Fetch-Site": "same-origin"})
    assert again.status == 409 and "refresh" not in again.text
    assert visitor.enter(headers={"Accept": accept, "Sec-Fetch-Site": "same-origin"}).status == 302, "no form, no page"


@pytest.mark.parametrize("headers", [{}, {"Accept": "*/*"}, {"Accept": "text/html"}, {"Accept": "application/json"},
    {"Accept": "application/json, text/html;q=0.5", "Sec-Fetch-Site": "same-origin"}])
def test_flow_F3_a_program_gets_the_redirect(rig, visitor, headers):
    answer = visitor.fill(visitor.login_page(), headers=headers)
    assert answer.status == 302 and rig.platform.get(answer.location).status == 200 and not answer.body


# -- headers and cookies --


def test_redirects_leak_nothing(alice):
    back = alice.enter()
    assert back.headers["Cache-Control"] == "no-store"
    assert back.headers["Referrer-Policy"] == "no-referrer"
    assert len(back.body) == 0 or not TOKENS.search(back.text)


def test_login_page_headers(rig, visitor):
    page = visitor.login_page()
    policy = dict(part.strip().partition(" ")[::2] for part in page.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert rig.site in policy["form-action"].split()
    assert "script-src" not in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Content-Type"].lower() == "text/html; charset=utf-8"
    assert "<script" not in page.text
    assert 'lang="en"' in page.text


def test_cookie_attributes(visitor):
    first = visitor.enter()
    seen = dict(first.cookies)
    page = visitor.get(first.location)
    seen.update(page.cookies)
    seen.update(visitor.fill(page).cookies)
    assert set(seen) == {SESSION, BINDING}
    for value, attributes in seen.values():
        assert {"secure", "httponly"} <= set(attributes)
        assert attributes["samesite"] == "Lax" and attributes["path"] == "/"
        assert "domain" not in attributes
        assert re.fullmatch("[A-Za-z0-9_-]+", value)
        assert "alice" not in value


def test_request_id_is_nginx_s(rig, alice):
    answer = alice.enter()
    request_id = answer.headers["X-Request-Id"]
    assert re.fullmatch("[0-9a-f]{32}", request_id)
    event = wait_for(lambda: [e for e in rig.events("join") if e["request_id"] == request_id], "the audit line")[0]
    assert event["result"] == "ok" and event["user"] == "alice" and event["backend"] == "staff"
    assert event["platform"] == HOST and event["meeting_id"] == "5f521a93c20ff6721fbb6a6c"
    assert event["client"] == "127.0.0.1"
    assert int(event["exchange_ms"]) <= int(event["total_ms"]) < 5000


def test_a_trace_is_passed_on_to_the_platform(rig, alice):
    trace = "0af7651916cd43dd8448eb211c80319c"
    answer = alice.enter(headers={"traceparent": "00-%s-b7ad6b7169203331-01" % trace})
    event = wait_for(lambda: [e for e in rig.events("join") if e["request_id"] == answer.headers["X-Request-Id"]], "the audit line")[0]
    assert event["result"] == "ok" and event["trace_id"] == trace
    of_it = [entry["traceparent"] for entry in rig.platform.ledger() if trace in str(entry.get("traceparent"))]
    assert len(of_it) == 1 and len(of_it[0]) == 1 and re.fullmatch("00-%s-[0-9a-f]{16}-01" % trace, of_it[0][0])
    assert "b7ad6b7169203331" not in of_it[0][0]


@pytest.mark.parametrize("target", ["/auth/nothing", "/auth", "/auth/login", "/auth/logout", "/auth/readyz", "/auth/healthz"])
def test_every_answer_carries_a_request_id(visitor, target):
    assert re.fullmatch("[0-9a-f]{32}", visitor.get(target).headers["X-Request-Id"])


# -- errors in HTML and JSON --


def test_error_in_json(visitor):
    answer = visitor.get("/auth/nothing", JSON)
    assert answer.status == 404 and answer.code == "not-found"
    assert answer.headers["Content-Type"].startswith("application/json")
    import json
    assert set(json.loads(answer.body)) == {"error", "message", "requestId"}
    assert json.loads(answer.body)["requestId"] == answer.headers["X-Request-Id"]


def test_error_in_html(visitor):
    answer = visitor.get("/auth/nothing", {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert answer.status == 404 and answer.text.lstrip().lower().startswith("<!doctype html>")
    assert answer.headers["X-Request-Id"] in answer.text


# -- methods --


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND", "TRACE"])
def test_A21_wrong_method_on_the_entry(rig, alice, method):
    entry = rig.entry()
    answer = alice.request(method, entry)
    assert answer.status == 405
    if method != "TRACE":  # nginx answers that one itself
        assert "GET" in answer.headers["Allow"].split(", ")
    assert not rig.platform.attempts(token_of(entry))


@pytest.mark.parametrize("method,target", [("PUT", "/auth/login"), ("DELETE", "/auth/logout"), ("POST", "/auth/metrics"),
                                           ("POST", "/auth/healthz"), ("POST", "/auth/readyz"), ("DELETE", "/auth/login")])
def test_A21_wrong_method_elsewhere(visitor, method, target):
    answer = visitor.request(method, target, headers=JSON)
    assert answer.status == 405 and answer.headers["Allow"] and answer.code == "method-not-allowed"


def test_A21_head_exchanges_nothing(rig, alice):
    entry = rig.entry()
    answer = alice.request("HEAD", entry)
    assert answer.status < 500 and not answer.body
    assert not rig.platform.attempts(token_of(entry))
    assert alice.get(entry).status == 302, "and the token is still good"


@pytest.mark.parametrize("target", ["/auth/nothing", "/auth/login", "/auth/callback/staff", "/auth/../etc/passwd",
                                    "/auth/login/more", "/auth/static/../pages/login.html", "/auth/static/nothing"])
def test_not_found(visitor, target):
    answer = visitor.get(target)
    assert answer.status in (404, 400), answer


# -- login --


def test_wrong_password_and_unknown_name_look_alike(rig):
    answers = []
    for account in ("alice", "nobody-of-that-name"):
        visitor = rig.visitor()
        answer = visitor.fill(visitor.login_page(), account, "wrong")
        assert answer.status == 401
        assert SESSION not in answer.cookies
        text = re.sub(r"[A-Za-z0-9_-]{80,}|[0-9a-f]{32}", "*", answer.text).replace(account, "NAME")
        answers.append(text)
    assert answers[0] == answers[1]


def test_right_password_after_a_wrong_one(visitor):
    wrong = visitor.fill(visitor.login_page(), "alice", "wrong")
    assert wrong.status == 401
    assert visitor.fill(wrong).status == 302


@pytest.mark.parametrize("password", ["", " ", "wonder"])
def test_A48_empty_and_short_passwords(visitor, password):
    assert visitor.fill(visitor.login_page(), "alice", password).status in (400, 401)
    assert SESSION not in visitor.jar


def test_a_disabled_user_cannot_sign_in_and_their_session_ends(rig):
    rig.add_user("carol", "--name", "Carol")
    visitor = rig.visitor()
    wait_for(lambda: visitor.fill(visitor.login_page(), "carol").status == 302, "the new user")
    assert visitor.enter().status == 302
    rig.ctl("user", "disable", "carol")
    wait_for(lambda: visitor.enter().status == 303, "the end of the session")
    assert visitor.fill(visitor.login_page(), "carol").status == 401


def test_revoked_session(rig):
    rig.add_user("dave", "--name", "Dave")
    visitor = rig.visitor()
    wait_for(lambda: visitor.fill(visitor.login_page(), "dave").status == 302, "the new user")
    other = rig.visitor()
    other.sign_in("alice")
    rig.ctl("session", "revoke", "dave")
    wait_for(lambda: visitor.enter().status == 303, "the end of the session")
    assert other.enter().status == 302, "somebody else's session goes on"


# -- tabs, browsers, time --


def test_two_tabs_do_not_disturb_each_other(rig, visitor):
    one, two = rig.entry("tab-1"), rig.entry("tab-2")
    page_one = visitor.get(visitor.get(one).location)
    page_two = visitor.get(visitor.get(two).location)
    back_two = visitor.fill(page_two)
    back_one = visitor.fill(page_one)
    for back, entry in ((back_one, one), (back_two, two)):
        assert back.status == 302
        wanted = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(entry).query))
        assert back.location.startswith("%s/join/%s?" % (rig.site, wanted["meetingToken"]))
        assert [e["meetingId"] for e in rig.platform.attempts(wanted["requestToken"])] == [wanted["meetingId"]]


def test_A42_ticket_in_another_browser(rig, visitor):
    page = visitor.login_page()
    stranger = rig.visitor()
    answer = stranger.fill(page)
    assert answer.status == 400
    stranger.login_page()  # now with a binding of their own
    answer = stranger.fill(page, headers=JSON)
    assert answer.status == 400 and answer.code == "ticket-expired"
    assert SESSION not in stranger.jar


def test_A42_login_page_address_in_another_browser(rig, visitor):
    address = visitor.enter().location
    assert rig.visitor().get(address).status in (400, 404)


def test_A42_form_sent_twice_makes_one_exchange(rig, visitor):
    entry = rig.entry()
    page = visitor.get(visitor.get(entry).location)
    assert visitor.fill(page).status == 302
    again = visitor.fill(page, headers=JSON)
    assert again.status == 409 and again.code == "already-used"
    assert len(rig.platform.attempts(token_of(entry))) == 1


def test_entry_opened_twice_makes_one_exchange(rig, alice):
    entry = rig.entry()
    assert alice.get(entry).status == 302
    again = alice.get(entry, JSON)
    assert again.status == 409 and again.code == "already-used"
    assert len(rig.platform.attempts(token_of(entry))) == 1


def test_a_session_ends_by_the_clock(make_rig):
    """How long sessions and tickets last, and what makes them last longer: signin_test.c, by a clock of its own."""
    visitor = make_rig(options={"session-lifetime": "3s", "session-idle": "3s"}).visitor()
    visitor.sign_in()
    wait_for(lambda: visitor.enter().status == 303, "the session to end")


# -- logout, another account --


def test_logout(visitor):
    visitor.sign_in()
    page = visitor.get("/auth/logout")
    assert page.status == 200
    form = next(form for form in page.forms() if form["method"] == "POST")
    done = visitor.post(urllib.parse.urljoin("/auth/logout", form["action"]), {n: v for n, _, v in form["fields"]})
    assert done.status in (200, 303)
    assert SESSION not in visitor.jar
    assert visitor.enter().status == 303


def test_A71_logout_needs_the_page(rig, visitor):
    visitor.sign_in()
    before = dict(visitor.jar)
    for form in ({}, {"ticket": "x"}):
        assert visitor.post("/auth/logout", form).status in (400, 403)
    assert visitor.jar[SESSION] == before[SESSION]
    assert visitor.enter().status == 302


@pytest.fixture(scope="module")
def strict(make_module_rig):
    return make_module_rig(sections='policy {\n rule "staff" { allow = true groups = {"staff"} }\n'
                           ' rule "open" { allow = true meetings = {"open-*"} }\n default = "deny"\n}\n')


def test_denied_names_the_account_and_offers_another(strict):
    visitor = strict.visitor()
    entry = strict.entry()
    denied = visitor.fill(visitor.get(visitor.get(entry).location), "bob")
    assert denied.status == 403
    assert "bob" in denied.text
    assert not strict.platform.attempts(token_of(entry)), "nothing is exchanged"
    assert visitor.enter(headers=JSON).code == "denied"
    assert visitor.enter("open-1").status == 302, "but another meeting is open to bob"
    switched = switch_account(visitor, denied)
    back = visitor.fill(switched)
    assert back.status == 302
    assert "Alice Liddell" in strict.platform.get(back.location).text


def switch_account(visitor, denied):
    """Takes the way the page offers and returns the login page."""
    for form in denied.forms():
        if form["action"]:
            fields = {name: value for name, _, value in form["fields"]}
            answer = visitor.request(form["method"], urllib.parse.urljoin("/auth/login", form["action"]), fields)
            break
    else:
        link = re.search(r'<a[^>]* href="([^"]*)"', denied.text)
        answer = visitor.get(urllib.parse.urljoin(visitor.rig.base + "/login", link.group(1).replace("&amp;", "&")))
    while answer.status in (302, 303):
        answer = visitor.get(answer.location)
    password_form(answer)
    return answer


def test_A36_new_session_id_at_login(rig, alice):
    planted = alice.jar[SESSION]
    victim = rig.visitor()
    victim.jar[SESSION] = planted[:-2] + ("AA" if planted[-2:] != "AA" else "BB")
    victim.sign_in()
    assert victim.jar[SESSION] != planted


def test_language_is_the_visitor_s(rig, visitor):
    assert 'lang="en"' in visitor.get("/auth/nothing", {"Accept-Language": "xx,;q=;;=,en;q=banana"}).text


def test_static_files_and_no_others(visitor):
    page = visitor.login_page()
    styles = re.findall(r'href="(/auth/static/[^"]+\.css)(?:\?[^"]*)?"', page.text)
    assert styles
    answer = visitor.get(styles[0])
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/css")


def test_no_daemon_shows_a_page_of_nginx(make_rig):
    rig = make_rig()
    rig.stop_pool()
    answer = rig.visitor().enter()
    assert answer.status in (502, 504)
    assert answer.headers["Cache-Control"] == "no-store"
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-Id"])
    assert "<h1>" in answer.text and "nginx" not in answer.text.lower()
