# SPDX-License-Identifier: MIT
"""Attacks on signing in that belong to no single backend, by their numbers in tests/attacks.md. Where an attack needs an address that nginx
would not see here, it goes to the socket of the pool as nginx would send it."""

import secrets
import urllib.parse

import fcgi
import pytest
from client import JSON, password_form
from rig import HOST

SESSION = "__Host-meetauth"
BINDING = "__Host-meetauth-join"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def guarded(make_module_rig):
    made = make_module_rig(options={"throttle-account": "3/1d", "throttle-address": "8/1d"}, processes=2)
    made.add_user("victor", "--group", "staff")
    made.add_user("wanda", "--group", "staff")
    made.stop_pool()  # so that no process is without them
    made.start_pool()
    return made


def try_from(rig, address, name, password="wrong", visitor=None):
    """The status of a try whose REMOTE_ADDR is `address`."""
    visitor = visitor or rig.visitor()
    _, hidden, account, field = password_form(visitor.login_page())
    body = urllib.parse.urlencode({**hidden, account: name, field: password}).encode()
    cookies = "; ".join("%s=%s" % pair for pair in visitor.jar.items())
    reply = fcgi.ask(rig.socket, fcgi.request("/auth/login", "POST", body=body, REMOTE_ADDR=address, CONTENT_TYPE=FORM,
                                              HTTP_COOKIE=cookies, HTTP_ACCEPT="application/json"))
    return reply.status


def a_name():
    return "name-" + secrets.token_hex(6)


# -- counters --


@pytest.mark.parametrize("spellings", [
    ["\uff56ictor-1", "v\u0131\u0307ctor-1", "vic\u200btor-1", "VICTOR-1"],
    ["m\u00fcller", "mu\u0308ller", "M\u00dcLLER", "muller"],
    ["stra\u00dfe", "STRASSE", "stra\u017f\u017fe", "s t r a s s e"],
], ids=["ascii", "accents", "folding"])
def test_A31_unicode_spellings_share_a_counter(guarded, spellings):
    found = [guarded.visitor(source="127.0.2.%d" % (number + 1)) for number in range(4)]
    statuses = [visitor.fill(visitor.login_page(), name, "wrong").status for visitor, name in zip(found, spellings)]
    if spellings[0].startswith("\uff56"):
        statuses[1:2] = [401]  # a dotless i is another letter
        found = guarded.visitor(source="127.0.2.9")
        statuses.append(found.fill(found.login_page(), "v\u00edctor-1", "wrong").status)
    assert statuses[:3] == [401] * 3 and statuses[-1] == 429, statuses


def test_A32_many_names_and_addresses_lock_nobody_out(guarded):
    for number in range(40):
        assert try_from(guarded, "198.51.100.%d" % number, a_name()) == 401, number
    assert guarded.visitor(source="127.0.2.20").sign_in("wanda").status == 302


def test_A32_visitors_of_a_socket_for_both_families_are_not_one(guarded):
    """nginx writes ::ffff:192.0.2.1 there."""
    for number in range(12):
        assert try_from(guarded, "::ffff:192.0.2.%d" % number, a_name()) == 401, number


def test_A34_an_address_is_one_however_it_is_written(guarded):
    written = ["203.0.113.7", "::ffff:203.0.113.7", "::FFFF:cb00:7107"]
    statuses = [try_from(guarded, written[number % 3], a_name()) for number in range(10)]
    assert statuses == [401] * 8 + [429] * 2


def test_A34_addresses_of_a_64_are_one(guarded):
    statuses = [try_from(guarded, "2001:db8:1:2:%x::%x" % (number + 1, number), a_name()) for number in range(10)]
    assert statuses == [401] * 8 + [429] * 2
    assert try_from(guarded, "2001:db8:1:3::1", a_name()) == 401


def test_A33_who_has_signed_in_before_is_not_locked_out(guarded):
    known = guarded.visitor(source="127.0.2.30")
    known.sign_in("victor")
    known.jar.pop(SESSION)  # signed out, or idle for too long
    attacker = guarded.visitor(source="127.0.2.31")
    statuses = [attacker.fill(attacker.login_page(), "victor", "wrong").status for _ in range(4)]
    assert statuses == [401] * 3 + [429]
    stranger = guarded.visitor(source="127.0.2.32")
    assert stranger.fill(stranger.login_page(), "victor").status == 429, "right or wrong, nobody learns which"
    assert known.fill(known.login_page(), "victor").status == 302
    # Its own tries are counted like anybody's.
    known.jar.pop(SESSION)
    statuses = [known.fill(known.login_page(), "victor", "wrong").status for _ in range(4)]
    assert statuses == [401] * 3 + [429]


def test_A33_the_wait_has_an_end_and_is_told(guarded):
    name = a_name()
    visitor = guarded.visitor(source="127.0.2.40")
    answers = [visitor.fill(visitor.login_page(), name, "wrong", headers=JSON) for _ in range(6)]
    assert [answer.status for answer in answers] == [401] * 3 + [429] * 3
    waits = [int(answer.headers["Retry-After"]) for answer in answers[3:]]
    assert all(0 < wait <= 86400 / 3 + 1 for wait in waits), waits
    assert max(waits) - min(waits) <= 5, "tries that were refused do not make it longer"


# -- what an answer tells --


def test_A35_one_answer_for_every_cause(rig):
    import re
    texts = set()
    for name, password in (("alice", "wrong"), ("nobody-here", "wrong"), ("alice", "x" * 1025), ("alice", ""), ("a" * 257, "wrong")):
        visitor = rig.visitor()
        answer = visitor.fill(visitor.login_page(), name, password)
        assert answer.status == 401, answer
        # What differs between any two visits: the ticket, the ids, and what was typed.
        text = re.sub('(value|href)="[^"]*"|<code>[^<]*</code>|<dd><bdi>[^<]*</bdi></dd>|<dd>[^<]*</dd>', "", answer.text)
        texts.add((text, tuple(sorted(set(answer.headers.keys())))))
    assert len(texts) == 1, texts


# -- requests --


@pytest.mark.parametrize("agent", ["ELB-HealthChecker/2.0", "GoogleHC/1.0", "kube-probe/1.27", "Mozilla/5.0 (compatible; Googlebot/2.1)"])
def test_A19_no_user_agent_gets_past_signing_in(rig, visitor, agent):
    assert visitor.enter(headers={"User-Agent": agent}).status == 303
    for path in ("/auth/healthz", "/auth/readyz"):
        answer = rig.send("GET", path + "?hostname=" + HOST + "&meetingId=x&user=alice", [("User-Agent", agent)])
        assert answer.status == 200 and answer.text == "ok\n" and "Set-Cookie" not in answer.headers


ROUTES = {
    "/auth": "GET", "/auth/login": "GET POST", "/auth/callback/x": "GET", "/auth/backchannel/x": "POST", "/auth/invite": "GET POST",
    "/auth/guests": "GET POST", "/auth/logout": "GET POST", "/auth/token/x": "POST OPTIONS",
}


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("method", ["POST", "GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "get", "FOO"])
def test_A21_other_methods_do_nothing(rig, alice, path, method):
    if method in ROUTES[path].split():
        return
    before = len(rig.platform.ledger())
    target = rig.entry() if path == "/auth" else path + "?state=x&code=y&token=z&ticket=t"
    answer = fcgi.ask(rig.socket, fcgi.request(path, method, query=urllib.parse.urlsplit(target).query,
                                               HTTP_COOKIE="%s=%s" % (SESSION, alice.jar[SESSION])))
    assert answer.status in (404, 405), answer
    assert "Set-Cookie" not in answer.text and "Location" not in answer.text
    assert "\nAllow: " in answer.text.replace("\r", "") or answer.status == 404
    assert len(rig.platform.ledger()) == before
    assert alice.enter().status == 302, "still signed in"


@pytest.fixture(scope="module")
def ruled(make_module_rig):
    return make_module_rig(sections="""policy {
    rule "closed" { allow = false meetings = {"secret-*"} }
    rule "open" { allow = true groups = {"staff"} }
    default = "deny"
}
""")


@pytest.mark.parametrize("written", ["secret-1", "secret%2D1", "%73ecret-1", "%73%65%63%72%65%74%2d%31"])
def test_A27_an_encoded_meeting_is_that_meeting(ruled, written):
    visitor = ruled.visitor()
    visitor.sign_in(meeting="open-1")
    target = urllib.parse.urlsplit(ruled.entry("open-1"))
    query = "&".join("meetingId=" + written if part.startswith("meetingId=") else part for part in target.query.split("&"))
    before = len(ruled.platform.ledger())
    assert visitor.get(target.path + "?" + query).status == 403
    assert len(ruled.platform.ledger()) == before


@pytest.mark.parametrize("written", ["secret-1%00", "secret-1%2f", "secret-1%", "secret-1%zz", "secret-1+", "secret-1%20", "", "%ff", "secret%E2%80%911"])
def test_A27_a_malformed_meeting_is_none(ruled, written):
    visitor = ruled.visitor()
    visitor.sign_in(meeting="open-1")
    target = urllib.parse.urlsplit(ruled.entry("open-1"))
    query = "&".join("meetingId=" + written if part.startswith("meetingId=") else part for part in target.query.split("&"))
    assert visitor.get(target.path + "?" + query).status == 400


def test_A79_a_link_chooses_neither_backend_nor_question(rig, visitor):
    more = {"backend": "staff", "again": "1", "prompt": "none", "scope": "openid", "acr_values": "x", "login_hint": "bob", "lang": "xx",
            "name": "bob", "ticket": "x", "redirect": "https://evil.example/", "return": "https://evil.example/"}
    answer = visitor.get(rig.entry(**more))
    assert answer.status == 303 and answer.location.startswith(rig.base + "/login?ticket=")
    assert urllib.parse.urlsplit(answer.location).query.count("=") == 1, "the ticket alone"
    page = visitor.get(answer.location)
    assert page.status == 200 and "bob" not in page.text and "evil.example" not in page.text
    back = visitor.fill(page)
    assert back.status == 302 and back.location.startswith(rig.site + "/join/") and "evil.example" not in back.location


def test_A79_a_link_to_the_login_page_is_of_no_use_to_others(rig, visitor):
    link = visitor.enter().location
    other = rig.visitor()
    other.login_page()
    for address in (link, link + "&again=1", link + "&backend=staff"):
        assert other.get(address).status == 400


# -- cookies --


def test_A36_a_cookie_from_before_does_not_become_a_session(rig):
    attacker = rig.visitor()
    attacker.sign_in("bob")
    planted = dict(attacker.jar)
    victim = rig.visitor()
    victim.jar.update(planted)
    victim.request("POST", "/auth/logout", form={})  # a form without a ticket of ours ends nothing
    victim.jar.pop(SESSION)
    page = victim.login_page()
    assert victim.fill(page, "alice").status == 302
    assert victim.jar[SESSION] != planted[SESSION]
    back = attacker.enter()
    assert back.status == 302 and "Alice" not in back.location, "the attacker is whom they were"


@pytest.mark.parametrize("cookie", [
    SESSION + "_0=%s; " + SESSION + "_1=x", SESSION + "_1=%s", SESSION + ".0=%s", SESSION + "_chunks=2; " + SESSION + "_0=%s",
    SESSION + "_chunks=99999999999999999999; " + SESSION + "_0=%s", SESSION + "_chunks=-1; " + SESSION + "=x%s"])
def test_A38_pieces_of_a_cookie_are_nothing(rig, alice, cookie):
    assert rig.visitor().enter(headers={"Cookie": cookie % alice.jar[SESSION]}).status == 303


@pytest.mark.parametrize("size", [3000, 3800, 3801, 6000])
def test_A38_a_cookie_of_any_length_is_nothing(rig, size):
    assert rig.visitor().enter(headers={"Cookie": SESSION + "=" + "A" * size}).status == 303


def test_A39_begun_logins_keep_the_header_short(rig, visitor):
    for number in range(30):
        answer = visitor.enter("flood-%d" % number)
        assert len(answer.headers.get_all("Set-Cookie") or []) <= 1
    header = "; ".join("%s=%s" % pair for pair in visitor.jar.items())
    assert set(visitor.jar) == {BINDING} and len(header) < 4096


# -- forms --


@pytest.mark.parametrize("path", ["/auth/login", "/auth/logout", "/auth/invite", "/auth/guests"])
@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
                                     {"Sec-Fetch-Site": "none"}, {"Origin": "null"}, {}],
                         ids=["origin", "cross-site", "same-site", "none", "null", "nothing"])
def test_A41_forms_of_others_do_nothing(rig, alice, path, headers):
    answer = alice.request("POST", path, form={"ticket": "x", "name": "bob", "password": rig.passwords["bob"], "do": "put-account"}, headers=headers)
    assert answer.status in (303, 400, 403, 404), answer
    assert not answer.cookies and (answer.location or rig.base).startswith(rig.base)
    back = alice.enter()
    assert back.status == 302 and "Alice" in back.location, "still alice"


def test_A42_a_ticket_of_one_kind_is_none_of_another(rig, alice):
    page = alice.get("/auth/logout")
    logout = next(value for form in page.forms() for name, _, value in form["fields"] if name == "ticket")
    for path, fields in (("/auth/login", {"name": "alice", "password": rig.passwords["alice"]}), ("/auth/login", {"answer": "1"}), ("/auth/invite", {})):
        assert alice.post(path, {"ticket": logout, **fields}).status == 400
    assert alice.get("/auth/login?ticket=" + urllib.parse.quote(logout)).status == 400
    assert alice.get("/auth/callback/staff?code=x&state=" + urllib.parse.quote(logout)).status == 400
