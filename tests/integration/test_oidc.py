# SPDX-License-Identifier: MIT
"""The backend "oidc" through the whole product: with the real oidc-provider, and with one that lies."""

import base64
import concurrent.futures
import json
import os
import re
import signal
import subprocess
import time
import urllib.parse

import pytest
from client import leads_to
from oidc_peers import BACKEND, Liar, Person, RealProvider, encode, section
from processes import everywhere
from rig import ENVIRONMENT, MEETAUTHCTL, MEETAUTHD, TOP, wait_for

SECRET = "client/secret & +%" + "x" * 24
ALICE = {"name": "Alice Liddell", "email": "alice@example.org", "email_verified": True, "groups": ["staff"],
         "realm_access": {"roles": ["hosts"]}}


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    made = RealProvider(str(tmp_path_factory.mktemp("provider")))
    yield made
    made.stop()


def client_of(rig, **more):
    """How the provider knows us."""
    return {"client_id": "meetauth", "client_secret": SECRET, "token_endpoint_auth_method": "client_secret_basic",
            "redirect_uris": [rig.base + "/callback/" + BACKEND], "post_logout_redirect_uris": [rig.base + "/logout"],
            "scope": "openid email profile groups",
            "backchannel_logout_uri": rig.base + "/backchannel/" + BACKEND, "backchannel_logout_session_required": True,
            **more}


def start(make_rig, sections, secret=SECRET, **options):
    """The product with the client's secret in its store from the beginning."""
    rig = make_rig(start=False, sections=sections, **options)
    start_pool = rig.start_pool

    def start_pool_with_secret():
        if secret:
            rig.ctl("secret", "set", "backend/" + BACKEND, text=secret + "\n")
        start_pool()

    rig.start_pool = start_pool_with_secret
    return rig.start()


SCOPES = 'scopes = {"openid", "email", "profile", "groups"}'
LISTS = 'algorithms = {"RS256", "PS256", "ES256", "EdDSA"}'


@pytest.fixture(scope="module")
def real(provider, make_module_rig):
    """The product with the real provider behind it."""
    rig = start(make_module_rig, section(provider.issuer, SCOPES, LISTS))
    provider.configure(clients=[client_of(rig)], accounts={"alice": ALICE, "bob": {"name": "Bob"}})
    return rig


@pytest.fixture
def somebody(real):
    return Person(real)


@pytest.fixture(scope="module")
def lying(make_module_rig, tmp_path_factory):
    peer = Liar(str(tmp_path_factory.mktemp("liar")))
    rig = start(make_module_rig, section(peer.issuer))
    yield rig, peer
    peer.stop()


@pytest.fixture
def liar(lying):
    """The lying provider, honest at first, and somebody new."""
    rig, peer = lying
    peer.reset()
    return peer, Person(rig)


def is_in(answer):
    return answer.status == 302 and "meetingAccessToken=" in answer.location


def assert_refused(answer, status=401):
    assert answer.status == status, answer
    assert not any(name == "__Host-meetauth" for name in answer.cookies), answer.cookies


# -- the real provider --


def test_sign_in_at_the_provider_ends_in_the_meeting(real, somebody):
    first = somebody.start()
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(first.location).query))
    assert query["response_type"] == "code" and query["code_challenge_method"] == "S256"
    assert query["client_id"] == "meetauth" and query["scope"] == "openid email profile groups"
    assert len(query["nonce"]) >= 32 and len(query["code_challenge"]) == 43 and query["nonce"] != query["state"]
    assert query["redirect_uri"] == real.base + "/callback/" + BACKEND
    answer = somebody.ours.get(somebody.sign_in_there(first.location))
    assert is_in(answer), answer
    meeting = real.platform.get(answer.location)
    assert "Alice Liddell" in meeting.text and "alice@example.org" in meeting.text
    event = wait_for(lambda: [e for e in real.events("join") if e.get("user") == "alice"], "the audit line")[-1]
    assert event["backend"] == BACKEND and event["result"] == "ok"


def test_flow_F7_a_parameter_that_no_ticket_holds_is_named(make_rig, provider):
    rig = start(make_rig, section(provider.issuer), platform='forward = {"culture"}')
    refused = rig.visitor().enter(culture="x" * 5000)
    assert refused.status == 400 and "“culture” is too long" in refused.text


def test_next_join_asks_nobody(real, provider, somebody):
    assert is_in(somebody.sign_in())
    before = provider.requests("/token")
    assert is_in(somebody.ours.enter())
    assert provider.requests("/token") == before


@pytest.mark.parametrize("algorithm", ["PS256", "ES256", "EdDSA", "RS256"])
def test_keys_that_change_and_other_algorithms(make_rig, provider, real, algorithm):
    rig = start(make_rig, section(provider.issuer, LISTS))
    provider.configure(clients=[client_of(rig)])
    try:
        assert is_in(Person(rig).sign_in())
        before = provider.requests("/jwks")
        provider.configure(algorithm=algorithm)
        assert is_in(Person(rig).sign_in()), rig.pool.said()[-2000:]
        assert is_in(Person(rig).sign_in("bob"))
        assert provider.requests("/jwks") == before + 1
    finally:
        provider.configure(algorithm="RS256", clients=[client_of(real)])


def test_algorithm_that_is_not_on_the_list_is_refused(make_rig, provider, real):
    rig = start(make_rig, section(provider.issuer))
    provider.configure(algorithm="ES256", clients=[client_of(rig)])
    try:
        assert_refused(Person(rig).sign_in())
        wait_for(lambda: any("ES256" in event.get("detail", "") for event in rig.events("login")), "the reason")
    finally:
        provider.configure(algorithm="RS256", clients=[client_of(real)])


@pytest.mark.parametrize("kind", ["client_secret_post", "private_key_jwt", "none"])
def test_other_ways_of_saying_who_we_are(make_rig, provider, real, kind):
    key = {"kty": "EC", "kid": "ours", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
           "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}
    private = json.dumps({**key, "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"})
    secret = {"client_secret_post": SECRET, "private_key_jwt": private, "none": None}[kind]
    rig = start(make_rig, section(provider.issuer, 'client-auth = "%s"' % kind, 'key-algorithm = "ES256"'), secret)
    provider.configure(clients=[client_of(rig, token_endpoint_auth_method=kind, jwks={"keys": [key]})])
    try:
        assert is_in(Person(rig).sign_in()), rig.pool.said()[-2000:]
    finally:
        provider.configure(clients=[client_of(real)])


def test_secret_that_changes_at_the_provider_later(real, provider):
    real.ctl("secret", "set", "backend/" + BACKEND, text="the next client secret " + "y" * 20 + "\n")
    try:
        assert is_in(Person(real).sign_in())
    finally:
        real.ctl("secret", "retire", "backend/" + BACKEND, "2", "--force")


def test_check_connect_asks_the_provider(real, provider):
    done = real.ctl("check", "--connect", check=False)
    assert done.returncode == 0 and BACKEND in done.stdout, (done.stdout, done.stderr)
    provider.configure(outage=["/jwks"])
    try:
        done = real.ctl("check", "--connect", check=False)
        assert done.returncode == 1 and "503" in done.stdout + done.stderr, done.stdout
    finally:
        provider.configure(outage=[])


# -- logout, both ways --


def press_logout(person, headers=()):
    page = person.ours.get("/auth/logout")
    form = page.forms()[0]
    fields = {name: value for name, kind, value in form["fields"] if kind == "hidden"}
    return person.ours.post("/auth/logout", fields, headers)


def test_logout_leads_to_the_provider_and_back(real, provider, somebody):
    assert is_in(somebody.sign_in())
    answer = press_logout(somebody)
    assert answer.status == 303 and answer.location.startswith(provider.issuer + "/session/end?"), answer
    page = somebody.at_provider("GET", answer.location)
    assert page.status == 200, page
    form = page.forms()[0]
    fields = {name: value for name, kind, value in form["fields"] if kind == "hidden"}
    done = somebody.at_provider("POST", form["action"], {**fields, "logout": "yes"})
    assert done.status == 303 and done.location.startswith(real.base + "/logout"), done
    assert somebody.ours.get(done.location).status == 200
    assert somebody.ours.enter().status == 303
    again = somebody.at_provider("GET", somebody.start().location)
    assert "/interaction/" in again.location, "the provider asks for the password again"


def test_flow_F3_a_browser_leaves_for_the_provider_from_a_page(real, provider, somebody):
    """A provider redirects on wherever it likes, and form-action of our logout page would apply."""
    assert is_in(somebody.sign_in())
    answer = press_logout(somebody, {"Accept": "text/html,*/*;q=0.8", "Sec-Fetch-Site": "same-origin"})
    assert leads_to(answer).startswith(provider.issuer + "/session/end?")
    assert somebody.ours.enter().status == 303


def test_logout_at_the_provider_ends_our_session(real, provider, somebody):
    assert is_in(somebody.sign_in())
    other = Person(real)
    assert is_in(other.sign_in())
    page = somebody.at_provider("GET", provider.issuer + "/session/end")
    form = page.forms()[0]
    fields = {name: value for name, kind, value in form["fields"] if kind == "hidden"}
    done = somebody.at_provider("POST", form["action"], {**fields, "logout": "yes"})
    assert done.status in (302, 303), done
    wait_for(lambda: somebody.ours.enter().status == 303, "the end of the session")
    assert is_in(other.ours.enter()), "of this session only"
    event = wait_for(lambda: [e for e in real.events("logout") if e.get("detail")], "the audit line")[-1]
    assert event["backend"] == BACKEND


def test_whoever_wants_another_account_is_asked_for_it(make_rig, tmp_path):
    peer = Liar(str(tmp_path))
    rig = start(make_rig, section(peer.issuer) + 'policy {\n default = "deny"\n}\n')
    person = Person(rig)
    first = person.start()
    assert "prompt=" not in first.location
    denied = peer.come_back(person, peer.approve(first.location))
    assert denied.status == 403, denied
    assert "Alice Liddell" in denied.text and "u-1" not in denied.text, "nobody knows themselves by a sub"
    assert person.ours.enter(headers=[("Accept", "application/json")]).code == "denied"
    form = denied.forms()[0]
    fields = {name: value for name, kind, value in form["fields"] if kind == "hidden"}
    answer = person.ours.post(form["action"], fields)
    assert "prompt=login" in person.press(person.ours.get(answer.location)).location
    for claims, shown in (({"name": None}, "alice@example.org"), ({"name": None, "preferred_username": "alice"}, "alice"),
                          ({"name": None, "email": None}, BACKEND)):
        peer.claims = claims
        other = Person(rig)
        assert "The account %s is not" % shown in peer.sign_in(other).text, claims
        assert shown in other.ours.get("/auth/logout").text
    peer.stop()


# -- groups --


def test_groups_by_userinfo_are_read_again(make_rig, provider, real):
    sections = section(provider.issuer, SCOPES, "userinfo = true", 'group-refresh = "1s"',
                       'groups-claim = "realm_access.roles"')
    sections += 'policy {\n rule "hosts" {\n allow = true\n groups = {"hosts"}\n }\n default = "deny"\n}\n'
    rig = start(make_rig, sections)
    provider.configure(clients=[client_of(rig)], idTokenClaims=False, accounts={"alice": ALICE})
    try:
        person = Person(rig)
        assert is_in(person.sign_in())
        provider.configure(accounts={"alice": {**ALICE, "realm_access": {"roles": ["guests"]}}})
        assert wait_for(lambda: not is_in(answer := person.ours.enter()) and answer, "new groups").status == 403
        provider.configure(accounts={"alice": ALICE})
        wait_for(lambda: is_in(person.ours.enter()), "the old groups")
        provider.configure(accounts={}) # the provider does not know her any more
        assert wait_for(lambda: not is_in(answer := person.ours.enter()) and answer, "no userinfo").status == 303
    finally:
        provider.configure(clients=[client_of(real)], idTokenClaims=True, accounts={"alice": ALICE, "bob": {"name": "Bob"}})


# -- whose login it is --


def test_A41_a_foreign_code_and_state_are_refused(liar):
    peer, victim = liar
    attacker = Person(victim.rig)
    theirs = peer.approve(attacker.start().location)
    victim.start()
    assert_refused(peer.come_back(victim, theirs), 400)
    mine = peer.approve(victim.start().location)
    for state in ("", "x", None, mine["state"][:-2] + "AA", theirs["state"]):
        answer = peer.come_back(victim, {**mine, "state": state})
        assert answer.status in (400, 403, 410), answer
        assert "__Host-meetauth" not in answer.cookies
    assert is_in(peer.come_back(victim, mine))


def test_A41_a_code_of_somebody_else_with_ones_own_state(liar):
    peer, victim = liar
    attacker = Person(victim.rig)
    theirs = peer.approve(attacker.start().location)
    answer = peer.come_back(victim, {**peer.approve(victim.start().location), "code": theirs["code"]})
    assert_refused(answer) # PKCE: the code was not made for this browser


def test_A42_state_and_code_are_good_once(liar):
    peer, person = liar
    parameters = peer.approve(person.start().location)
    assert is_in(peer.come_back(person, parameters))
    before = peer.count("/token")
    answer = peer.come_back(person, parameters)
    assert answer.status in (400, 403, 409, 410) and peer.count("/token") == before, answer


def test_A42_two_tabs_do_not_disturb_each_other(liar):
    peer, person = liar
    first, second = (peer.approve(person.start().location) for _ in range(2))
    assert first["state"] != second["state"]
    assert is_in(peer.come_back(person, second))
    assert is_in(peer.come_back(person, first))


def test_A42_any_process_takes_the_way_back(make_rig, provider, real):
    rig = start(make_rig, section(provider.issuer), processes=3)
    provider.configure(clients=[client_of(rig)])
    try:
        people = [Person(rig) for _ in range(3)]
        back = [(person, person.sign_in_there(person.start().location)) for person in people]

        def comes_back():
            person, address = back.pop()
            return is_in(person.ours.get(address))

        assert everywhere(rig, comes_back)
    finally:
        provider.configure(clients=[client_of(real)])


# -- tokens that lie --

NOW = int(time.time())
BAD_CLAIMS = {
    "another issuer": {"iss": "https://attacker.example"}, "no issuer": {"iss": None}, "issuer as list": {"iss": ["x"]},
    "another audience": {"aud": "other"}, "no audience": {"aud": None}, "audience in a list": {"aud": ["other"]},
    "audience of numbers": {"aud": ["meetauth", 7]}, "audience as object": {"aud": {"meetauth": True}},
    "two audiences, no party": {"aud": ["meetauth", "other"]},
    "another party": {"aud": ["meetauth", "other"], "azp": "other"}, "another party alone": {"azp": "other"},
    "no expiry": {"exp": None}, "no issue time": {"iat": None}, "expired": {"exp": NOW - 3600},
    "another nonce": {"nonce": "x" * 43}, "no nonce": {"nonce": None}, "nonce as number": {"nonce": 7},
    "no subject": {"sub": None}, "empty subject": {"sub": ""}, "subject as number": {"sub": 7},
    "long subject": {"sub": "x" * 257}, "subject with a newline": {"sub": "a\nb"},
    "for another access token": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
}


@pytest.mark.parametrize("name", BAD_CLAIMS)
def test_A43_claims_that_are_not_for_us(liar, name):
    peer, person = liar
    peer.claims = BAD_CLAIMS[name]
    assert_refused(peer.sign_in(person))
    peer.reset()
    assert is_in(peer.sign_in(person)), "the honest one is let in"


def hs256(peer):
    import hashlib
    import hmac
    return lambda text: hmac.new(json.dumps(peer.jwk).encode(), text.encode(), hashlib.sha256).digest()


BAD_HEADERS = {
    "none": ({"alg": "none"}, lambda peer: lambda text: b""), "None": ({"alg": "None"}, lambda peer: lambda text: b""),
    "none with a signature": ({"alg": "none"}, lambda peer: peer.rs256),
    "HS256 with the public key": ({"alg": "HS256"}, hs256),
    "no signature": ({}, lambda peer: lambda text: b""), "another signature": ({}, lambda peer: lambda text: b"x" * 256),
    "no algorithm": ({"alg": None}, lambda peer: peer.rs256),
    "key of its own": ({"jwk": {"kty": "RSA", "n": "AQAB", "e": "AQAB"}}, lambda peer: peer.rs256),
    "critical": ({"crit": ["x"], "x": 1}, lambda peer: peer.rs256),
    "logout token": ({"typ": "logout+jwt"}, lambda peer: peer.rs256),
    "access token": ({"typ": "at+jwt"}, lambda peer: peer.rs256),
}


@pytest.mark.parametrize("name", BAD_HEADERS)
def test_A43_signatures_that_are_none(liar, name):
    peer, person = liar
    peer.header, make = BAD_HEADERS[name]
    peer.sign = make(peer)
    assert_refused(peer.sign_in(person))


@pytest.mark.parametrize("value", ["1e300", "-1", "-0.5", pytest.param('"%d"' % (NOW + 300), id="text"), '"1.7e9"', "true", "[]", "253402300800",
                                   "9223372036854775807", "1e400", "99999999999999999999"])
@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
def test_A44_times_that_are_none(liar, name, value):
    peer, person = liar
    peer.sign = lambda text: b""

    def token(claims, header=()):
        text = json.dumps(claims).replace('"@"', value).encode()
        signed = encode({"alg": "RS256", "kid": "k1"}) + "." + encode(text)
        return signed + "." + encode(peer.rs256(signed))

    peer.token = token
    try:
        peer.claims = {name: "@"}
        assert_refused(peer.sign_in(person))
    finally:
        del peer.token


@pytest.mark.parametrize("claims,good", [
    (lambda now: {"iat": now + 0.25, "exp": now + 900.5, "nbf": now - 1.5}, True), (lambda now: {"exp": float(now + 900)}, True),
    (lambda now: {"exp": 1.5}, False), (lambda now: {"iat": 1.5}, True), (lambda now: {"nbf": now + 3600.5}, False),
    (lambda now: {"exp": now + 10 ** 9}, True), (lambda now: {"exp": 2 ** 31 + 1}, True), (lambda now: {"exp": 253402300799}, True),
    (lambda now: {"iat": now + 3600}, False), (lambda now: {"nbf": now + 3600}, False), (lambda now: {"nbf": now - 5}, True),
])
def test_A44_times_far_away(liar, claims, good):
    peer, person = liar
    peer.claims = claims(int(time.time()))
    assert is_in(peer.sign_in(person)) == good


# -- the answer that the browser brings --


def test_A45_an_answer_of_another_provider_is_refused(liar):
    peer, person = liar
    before = peer.count("/token")
    for issuer in ("https://attacker.example", peer.issuer + "/", ""):
        assert_refused(peer.sign_in(person, iss=issuer))
    assert peer.count("/token") == before, "the code went nowhere"
    assert is_in(peer.sign_in(person, iss=peer.issuer))


def test_A45_an_issuer_that_was_promised_is_needed(real, somebody):
    back = somebody.sign_in_there(somebody.start().location)
    assert "&iss=" in back
    assert_refused(somebody.ours.get(re.sub("&iss=[^&]*", "", back)))


@pytest.mark.parametrize("error", ["access_denied", "login_required", "server_error", "temporarily_unavailable",
                                   "<script>alert(1)</script>", "x" * 500, "a b\"'&"])
def test_A45_an_error_is_told_in_our_words(liar, error):
    peer, person = liar
    told = person.rig.pool.said().count("the provider answers")
    answer = peer.sign_in(person, code=None, error=error, error_description="<script>alert(2)</script> mark-in-text",
                          error_uri="https://attacker.example/")
    assert_refused(answer)
    assert "<script" not in answer.text and "mark-in-text" not in answer.text and "attacker" not in answer.text
    log = wait_for(lambda: (said := person.rig.pool.said()).count("the provider answers") > told and said, "the line")
    assert "alert(" not in log and "mark-in-text" not in log and "attacker.example" not in log


@pytest.mark.parametrize("description", ["AADSTS65004: declined.\r\nTrace ID: mark-in-text", "mark-in-text\x00", b"mark-in-text\xff",
                                         "a\tb mark-in-text", None])
def test_an_error_s_description_is_not_read(liar, description):
    """Microsoft Entra ID sends line ends in it."""
    peer, person = liar
    state = peer.approve(person.start().location)["state"]
    query = "error=access_denied&state=" + state
    query += "&error_description=" + urllib.parse.quote(description) if description else "&error_description=100%&x=%zz"
    told = len(person.rig.events("login"))
    answer = person.ours.get("/auth/callback/%s?%s" % (BACKEND, query))
    assert_refused(answer)
    event = wait_for(lambda: person.rig.events("login")[told:], "the audit line")[0]
    assert event["result"] == "failed" and "access_denied" in event["detail"], event
    assert "mark-in-text" not in answer.text and "mark-in-text" not in person.rig.pool.said()


def test_an_error_that_cannot_be_read_is_one(liar):
    peer, person = liar
    state = peer.approve(person.start().location)["state"]
    assert_refused(person.ours.get("/auth/callback/%s?error=%%0d%%0a&state=%s" % (BACKEND, state)))
    for more in ("&code=%0a", "&iss=%0a", "&state=%0a"):
        query = urllib.parse.urlencode(peer.approve(person.start().location))
        assert person.ours.get("/auth/callback/%s?%s%s" % (BACKEND, query, more)).status == 400, more


def test_A45_forged_errors_do_not_close_the_way_for_others(liar):
    peer, person = liar
    for _ in range(25):
        assert_refused(peer.sign_in(person, code=None, error="server_error"))
        assert_refused(peer.sign_in(person, code="forged"))
    assert is_in(peer.sign_in(person))


@pytest.mark.parametrize("status,error", [(400, "invalid_grant"), (401, "invalid_grant"), (403, "invalid_grant"), (400, "invalid_request")])
def test_A45_made_up_codes_do_not_close_the_way_for_others(liar, status, error):
    """Providers differ in the status that goes with it."""
    peer, person = liar
    made_up = [{**peer.approve(person.start().location), "code": "made-up"} for _ in range(7)]
    peer.status = {"/token": (status, {"error": error})}
    for parameters in made_up: # one after the other: nothing that succeeds stands between them
        assert_refused(peer.come_back(person, parameters))
    peer.status = {}
    assert is_in(peer.sign_in(person))


def test_A45_a_scope_that_was_taken_out_does_not_close_the_way_for_others(liar):
    """The browser can change what is asked of the provider: without "openid" there is no ID token."""
    peer, person = liar
    changed = [peer.approve(person.start().location) for _ in range(7)]
    peer.status = {"/token": (200, {"access_token": "at", "token_type": "bearer"})}
    for parameters in changed:
        assert_refused(peer.come_back(person, parameters), 503)
    peer.status = {}
    assert is_in(peer.sign_in(person))


def test_A42_made_up_codes_use_up_the_tries_of_an_address(lying, make_rig):
    _, peer = lying
    peer.reset()
    rig = start(make_rig, section(peer.issuer), options={"throttle-address": "5/1d"})
    person = Person(rig)
    assert is_in(peer.sign_in(person)), "a good one does not count"
    before = peer.count("/token")
    statuses = [peer.sign_in(Person(rig), code="made-up").status for _ in range(8)]
    assert statuses == [401] * 5 + [429] * 3
    assert peer.count("/token") == before + 5
    # Whoever has signed in by the provider with their browser before can do it again, and a new one has to wait.
    person.ours.jar.pop("__Host-meetauth")
    assert is_in(peer.sign_in(person))
    assert peer.sign_in(Person(rig)).status == 429


# -- keys --


def test_A46_an_unknown_key_makes_one_fetch_a_minute(liar):
    peer, person = liar
    assert is_in(peer.sign_in(person))
    before = peer.count("/keys")
    for kid in ("k2", "../../keys", "https://attacker.example/keys", "k2?x=y"):
        peer.header = {"kid": kid}
        assert_refused(peer.sign_in(Person(person.rig)), 503)
    assert peer.count("/keys") <= before + 1
    assert not [path for path, _, _ in peer.seen if "attacker" in path or ".." in path]
    peer.reset()
    assert is_in(peer.sign_in(Person(person.rig)))


def foreign_key(tmp_path):
    """How somebody else signs."""
    key = str(tmp_path / "foreign.pem")
    subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
    return lambda text: subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=text.encode(),
                                       check=True, capture_output=True).stdout


def test_A43_where_else_keys_are_is_not_read(liar, make_rig, tmp_path):
    """UAA and XSUAA tell their own keys by jku in every token; others add a certificate."""
    peer, person = liar
    (tmp_path / "other").mkdir()
    other = Liar(str(tmp_path / "other"))
    before = peer.count("/keys")
    for more in ({"jku": peer.issuer + "/keys"}, {"jku": other.issuer + "/keys"}, {"x5u": other.issuer + "/keys"},
                 {"x5c": ["AAAA"], "x5t": "AAAA"}):
        peer.header = more
        assert is_in(peer.sign_in(Person(person.rig))), more
    peer.sign = foreign_key(tmp_path)
    for more in ({"jku": other.issuer + "/keys"}, {"x5u": other.issuer + "/keys", "kid": "k1"}):
        peer.header = more
        assert_refused(peer.sign_in(Person(person.rig)))
    assert not other.seen and peer.count("/keys") <= before + 1
    other.stop()


def test_keys_without_id_are_candidates(make_rig, tmp_path):
    peer = Liar(str(tmp_path))
    bare = {name: value for name, value in peer.jwk.items() if name != "kid"}
    peer.keys = [{**peer.jwk, "kid": "other", "n": encode(b"\xff" * 256)}, bare]
    rig = start(make_rig, section(peer.issuer))
    assert is_in(peer.sign_in(Person(rig)))
    peer.sign = foreign_key(tmp_path)
    assert_refused(peer.sign_in(Person(rig)), 503)
    peer.stop()


@pytest.mark.parametrize("keys,reason", [({}, "set a signing key"), ({"keys": []}, "set a signing key"), ([], "not a JWKS")])
def test_keys_that_are_none_say_what_to_do(make_rig, tmp_path, keys, reason):
    peer = Liar(str(tmp_path))
    peer.status = {"/keys": (200, keys)}
    rig = start(make_rig, section(peer.issuer))
    assert_refused(peer.sign_in(Person(rig)), 503)
    done = rig.ctl("check", "--connect", check=False)
    assert done.returncode == 1 and reason in done.stdout + done.stderr, done.stdout
    peer.stop()


@pytest.mark.parametrize("address", ["", "/logout", "http://login.example.org/logout", "javascript:alert(1)", 7])
def test_broken_logout_address_leaves_sign_in_alone(make_rig, tmp_path, authority, address):
    peer = Liar(str(tmp_path), authority.certificate("127.0.0.1"))
    peer.metadata = {"end_session_endpoint": address, "userinfo_endpoint": address}
    rig = start(make_rig, section(peer.issuer, 'ca-file = "%s"' % authority.file))
    person = Person(rig)
    assert is_in(peer.sign_in(person))
    answer = press_logout(person)
    assert answer.status == 200 and not answer.location, answer
    assert person.ours.enter().status == 303, "the session has ended here"
    peer.stop()


def test_byte_order_mark_before_every_document(make_rig, tmp_path):
    peer = Liar(str(tmp_path))
    honest = peer.answer

    def answer(path, form, headers):
        status, document = honest(path, form, headers)
        return status, b"\xef\xbb\xbf" + json.dumps(document).encode()

    peer.answer = answer
    rig = start(make_rig, section(peer.issuer, "userinfo = true"))
    assert is_in(peer.sign_in(Person(rig)))
    peer.stop()


def test_any_tenant_is_no_issuer_and_the_log_says_what_is(make_rig, tmp_path):
    peer = Liar(str(tmp_path))
    peer.metadata = {"issuer": "https://login.microsoftonline.com/{tenantid}/v2.0"}
    rig = start(make_rig, section(peer.issuer))
    assert Person(rig).start().status == 503
    wait_for(lambda: "id of your tenant" in rig.pool.said(), "the reason")
    peer.stop()


def test_metadata_at_another_address(make_rig, tmp_path, authority):
    """Azure AD B2C: its issuer is not where its metadata are."""
    peer = Liar(str(tmp_path), authority.certificate("127.0.0.1"))
    peer.metadata = {"issuer": "https://b2c.example.org/tenant/v2.0/"}
    peer.claims = {"iss": "https://b2c.example.org/tenant/v2.0/"}
    honest = peer.answer
    peer.answer = lambda path, form, headers: honest(
        "/.well-known/openid-configuration" if path == "/elsewhere?p=B2C_1_in" else path, form, headers)
    rig = start(make_rig, section("https://b2c.example.org/tenant/v2.0/",
                                  'metadata-url = "%s/elsewhere?p=B2C_1_in"' % peer.issuer,
                                  'ca-file = "%s"' % authority.file))
    assert is_in(peer.sign_in(Person(rig))), rig.pool.said()[-2000:]
    peer.claims = {}
    assert_refused(peer.sign_in(Person(rig)))
    peer.stop()


def test_clock_skew_is_an_option(make_rig, tmp_path):
    peer = Liar(str(tmp_path))
    strict, loose = start(make_rig, section(peer.issuer)), start(make_rig, section(peer.issuer, 'clock-skew = "5m"'))
    for claims in ({"iat": int(time.time()) + 120}, {"exp": int(time.time()) - 120}):
        peer.claims = claims
        assert_refused(peer.sign_in(Person(strict)))
        assert is_in(peer.sign_in(Person(loose))), claims
    peer.stop()


def test_check_connect_compares_what_the_provider_takes(make_rig, tmp_path):
    peer = Liar(str(tmp_path))
    peer.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"]}
    rig = start(make_rig, section(peer.issuer))
    done = rig.ctl("check", "--connect", check=False)
    assert done.returncode == 1 and "client_secret_basic" in done.stdout + done.stderr, done.stdout
    peer.metadata = {"userinfo_endpoint": ""}
    assert rig.ctl("check", "--connect", check=False).returncode == 0
    rig = start(make_rig, section(peer.issuer, "userinfo = true"))
    done = rig.ctl("check", "--connect", check=False)
    assert done.returncode == 1 and "userinfo_endpoint" in done.stdout + done.stderr, done.stdout
    peer.stop()


def test_A78_logout_messages_with_unknown_keys_make_one_fetch_and_delay_nobody(make_rig, tmp_path):
    peer = Liar(str(tmp_path))
    rig = start(make_rig, section(peer.issuer))
    person = Person(rig)
    assert is_in(peer.sign_in(person))
    before = peer.count("/keys")
    token = peer.token({"iss": peer.issuer}, {"kid": "unknown"})

    def post(_):
        return rig.visitor().post("/auth/backchannel/" + BACKEND, {"logout_token": token}).status

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert set(pool.map(post, range(40))) == {400}
    assert peer.count("/keys") == before + 1
    assert is_in(peer.sign_in(Person(rig)))
    peer.stop()


def test_A78_an_outage_of_the_provider_is_remembered(make_rig, tmp_path):
    peer = Liar(str(tmp_path))
    peer.status = {"/.well-known/openid-configuration": (503, {})}
    rig = start(make_rig, section(peer.issuer))
    for _ in range(20):
        assert Person(rig).start().status == 503
    assert peer.count("/.well-known/openid-configuration") <= 3
    assert is_in(rig.visitor().sign_in()), "who has a password is not concerned"
    peer.stop()


def test_metadata_of_another_issuer_are_refused(make_rig, tmp_path):
    peer = Liar(str(tmp_path))
    peer.metadata = {"issuer": peer.issuer + "/"}
    rig = start(make_rig, section(peer.issuer))
    assert Person(rig).start().status == 503
    wait_for(lambda: "another issuer" in rig.pool.said(), "the reason")
    done = rig.ctl("check", "--connect", check=False)
    assert done.returncode == 1 and "another issuer" in done.stdout + done.stderr
    peer.stop()


def test_only_a_provider_with_the_right_certificate_is_asked(make_rig, tmp_path, authority):
    peer = Liar(str(tmp_path), authority.certificate("127.0.0.1"))
    trusting = start(make_rig, section(peer.issuer, 'ca-file = "%s"' % authority.file))
    assert is_in(peer.sign_in(Person(trusting)))
    seen = len(peer.seen)
    doubting = start(make_rig, section(peer.issuer))
    assert Person(doubting).start().status == 503
    assert len(peer.seen) == seen
    peer.metadata = {"token_endpoint": peer.issuer.replace("https", "http") + "/token"}
    later = start(make_rig, section(peer.issuer, 'ca-file = "%s"' % authority.file))
    assert Person(later).start().status == 503
    wait_for(lambda: "token_endpoint is not https" in later.pool.said(), "the reason")
    peer.stop()


# -- what others may not choose --


def test_A79_parameters_of_a_link_choose_nothing_at_the_provider(liar):
    peer, person = liar
    wanted = {"scope": "admin", "prompt": "none", "acr_values": "0", "max_age": "0", "client_id": "other",
              "redirect_uri": "https://attacker.example/", "nonce": "fixed", "login_hint": "root", "request": "x"}
    page = person.ours.login_page(**wanted)
    found = re.search(r'href="([^"]*backend=%s[^"]*)"' % BACKEND, page.text).group(1).replace("&amp;", "&")
    answer = person.ours.get(found + "&" + urllib.parse.urlencode(wanted))
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(answer.location).query)
    assert query["scope"] == ["openid email profile"] and query["client_id"] == ["meetauth"]
    assert query["redirect_uri"] == [person.rig.base + "/callback/" + BACKEND]
    assert query["tenant"] == ["1"], "the endpoint's own query stays"
    assert not {"prompt", "acr_values", "max_age", "login_hint", "request"} & set(query)
    assert query["nonce"] != ["fixed"]


# -- claims --


@pytest.mark.parametrize("claims,shown", [
    ({}, True), ({"email_verified": "true"}, True), ({"email_verified": False}, False),
    ({"email_verified": None}, False), ({"email_verified": "false"}, False), ({"email_verified": 1}, False),
    ({"email_verified": ["true"]}, False), ({"email": ["alice@example.org"]}, False), ({"email": {"a": "b"}}, False),
    ({"email": "alice@example.org@attacker.example"}, False), ({"email": "alice"}, False),
])
def test_A29_only_a_verified_address_counts(liar, claims, shown):
    peer, person = liar
    peer.claims = claims
    answer = peer.sign_in(person)
    assert is_in(answer) and ("participantEmail=" in answer.location) == shown, answer


@pytest.mark.parametrize("claims", [{"name": 7}, {"name": ["x"]}, {"name": "a\u0001b"}, {"name": "x" * 300},
                                    {"groups": []}, {"groups": ""}, {"hasgroups": False}, {"_claim_names": {"x": "s"}}])
def test_A29_odd_claims_say_nothing(liar, claims):
    peer, person = liar
    peer.claims = claims
    answer = peer.sign_in(person)
    assert is_in(answer), answer
    assert "name" not in claims or "participantName" not in answer.location or "Alice" not in answer.location


@pytest.fixture(scope="module")
def denying(make_module_rig, tmp_path_factory):
    """Externals are denied, everybody else is let in."""
    peer = Liar(str(tmp_path_factory.mktemp("liar")))
    policy = 'policy {\n rule "externals" {\n allow = false\n groups = {"externals"}\n }\n default = "allow"\n}\n'
    rig = start(make_module_rig, section(peer.issuer) + policy)
    yield rig, peer
    peer.stop()


OVERAGE = {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://graph.example/x"}}}


@pytest.mark.parametrize("claims,reason", [
    (OVERAGE, "overage"), ({"hasgroups": True}, "overage"), ({"hasgroups": "true"}, "overage"),
    ({**OVERAGE, "groups": ["staff"]}, "overage"), ({"groups": {"externals": {"1": "d"}}}, "neither a string nor an array"),
    ({"groups": {"staff": True}}, "neither a string nor an array"), ({"groups": 7}, "neither a string nor an array"),
    ({"groups": [["staff"], 7, None, {}]}, "other members than strings"), ({"groups": [{"name": "externals"}]}, "other members than strings"),
    ({"groups": "externals,staff"}, "groups-separator"), ({"groups": '["externals"]'}, "groups-separator"),
    ({"groups": ["g%d" % i for i in range(70)]}, "more than 64 groups"), ({"groups": ["x" * 129]}, "longer than 128 bytes"),
])
def test_groups_that_are_not_told_whole_are_not_none(denying, claims, reason):
    rig, peer = denying
    peer.claims = {"sub": "u-" + str(len(rig.events("login"))), **claims}
    assert_refused(peer.sign_in(Person(rig)))
    line = wait_for(lambda: [e for e in rig.events("login") if e.get("user") == peer.claims["sub"]], "the audit line")[-1]
    assert line["result"] == "failed" and reason in line["detail"], line
    peer.reset()
    assert is_in(peer.sign_in(Person(rig))), "who is in no group is let in, and nobody else is disturbed"


def test_groups_in_every_readable_form_count(denying):
    rig, peer = denying
    for claim in (["externals"], ["staff", "externals"], "externals"):
        peer.claims = {"groups": claim}
        assert peer.sign_in(Person(rig)).status == 403, claim
    peer.reset()


def test_group_match_and_separator(make_rig, tmp_path):
    peer = Liar(str(tmp_path))
    rig = start(make_rig, section(peer.issuer, 'group-match = {"Meeting *"}', 'groups-separator = ";"') +
                'policy {\n rule "hosts" {\n allow = true\n groups = {"Meeting hosts"}\n }\n}\n')
    for claim in (["%08d-0000" % i for i in range(200)] + ["Meeting hosts"], "x;Meeting hosts"):
        peer.claims = {"groups": claim}
        assert is_in(peer.sign_in(Person(rig))), claim
    peer.claims = {"groups": ["hosts"]}
    assert peer.sign_in(Person(rig)).status == 403
    peer.stop()


# -- what a cookie holds --

MANY = ["%02d-" % i + "x" * 97 for i in range(30)]  # 3000 bytes of names


def named(*groups, allow="true", default="deny"):
    return 'policy {\n rule "named" {\n allow = %s\n groups = {%s}\n }\n default = "%s"\n}\n' % (
        allow, ", ".join('"%s"' % group for group in groups), default)


def reload(rig, sections):
    before = len(rig.events("reload"))
    rig.sections = sections
    rig.configure()
    for pid in rig.daemons():
        os.kill(pid, signal.SIGHUP)
    wait_for(lambda: rig.events("reload")[before:], "the new configuration")


def test_groups_that_no_rule_names_need_no_room_in_the_cookie(make_rig, tmp_path):
    peer = Liar(str(tmp_path))
    peer.claims = {"groups": MANY}
    backend = section(peer.issuer)
    rig = start(make_rig, backend + named(MANY[7]))
    person = Person(rig)
    assert is_in(peer.sign_in(person))
    assert len(person.ours.jar["__Host-meetauth"]) < 1000
    before = peer.count("/token")
    assert is_in(person.ours.enter()) and peer.count("/token") == before
    # A rule that comes later and denies a group which was left out is not got around with the old session.
    reload(rig, backend + named(MANY[8], allow="false", default="allow"))
    answer = person.ours.enter()
    assert answer.status == 303 and "/login?" in answer.location, answer
    assert peer.sign_in(person).status == 403
    # Groups that fit are kept whole, and a session with them outlives every reload.
    peer.claims = {"groups": MANY[:8]}
    other = Person(rig)
    assert is_in(peer.sign_in(other))
    reload(rig, backend + named(MANY[3], allow="false", default="allow"))
    assert other.ours.enter().status == 403
    peer.stop()


def test_a_group_that_a_rule_denies_in_capitals_is_kept(make_rig, tmp_path):
    peer = Liar(str(tmp_path))
    peer.claims = {"groups": MANY}
    backend = section(peer.issuer)
    capitals = MANY[8].upper()
    rig = start(make_rig, backend + named(capitals, default="allow"))
    person = Person(rig)
    assert is_in(peer.sign_in(person))
    reload(rig, backend + named(capitals, allow="false", default="allow"))
    assert person.ours.enter().status == 403
    peer.stop()


def test_groups_that_were_left_out_are_read_again_without_the_person(make_rig, tmp_path):
    peer = Liar(str(tmp_path))
    peer.userinfo = {"groups": MANY}
    backend = section(peer.issuer, "userinfo = true")
    rig = start(make_rig, backend + named(MANY[7]))
    person = Person(rig)
    assert is_in(peer.sign_in(person))
    before = peer.count("/userinfo")
    reload(rig, backend + named(MANY[8], allow="false", default="allow"))
    assert person.ours.enter().status == 403
    assert peer.count("/userinfo") == before + 1
    reload(rig, backend + named(MANY[9], "staff"))
    assert is_in(person.ours.enter()) and is_in(person.ours.enter())
    assert peer.count("/userinfo") == before + 2
    peer.stop()


@pytest.mark.parametrize("count,length", [(24, 120), (30, 100), (64, 128)])
def test_a_session_that_does_not_fit_is_refused_before_it_begins(make_rig, tmp_path, count, length):
    peer = Liar(str(tmp_path))
    groups = ["%02d-" % i + "x" * (length - 3) for i in range(count)]
    peer.claims = {"groups": groups}
    rig = start(make_rig, section(peer.issuer) + named(*groups))
    assert_refused(peer.sign_in(Person(rig)))
    event = wait_for(lambda: rig.events("login"), "the audit line")[-1]
    assert event["result"] == "failed" and event["user"] == "u-1" and "session cookie" in event["detail"], event
    assert not [e for e in rig.events("login") if e["result"] == "ok"]
    peer.claims = {"groups": groups[:15]}
    assert is_in(peer.sign_in(Person(rig)))
    peer.stop()


@pytest.mark.parametrize("length", [10, 1000, 2000, 2048, 2500, 12000])
def test_a_long_access_token_is_dropped_and_not_the_person(make_rig, tmp_path, length):
    peer = Liar(str(tmp_path))
    groups = ["/departments/engineering/team-%02d" % i for i in range(40)]
    peer.userinfo = {"groups": groups}
    honest = peer.answer

    def answer(path, form, headers):
        status, document = honest(path, form, headers)
        return status, {**document, "access_token": "t" * length} if "access_token" in document else document

    peer.answer = answer
    rig = start(make_rig, section(peer.issuer, "userinfo = true") + named(*groups))
    person = Person(rig)
    assert is_in(peer.sign_in(person)), rig.pool.said()[-2000:]
    assert is_in(person.ours.enter())
    peer.stop()


def test_P7_two_factors_are_two_kinds(make_rig, tmp_path):
    peer = Liar(str(tmp_path))
    rig = start(make_rig, section(peer.issuer) + 'policy {\n rule "strong" {\n allow = true\n second-factor = true\n }\n}\n')
    for methods in (["pwd"], ["otp"], ["sms"], ["tel"], ["hwk"], ["swk"], ["sc"], ["otp", "sms"], ["pwd", "pin"], "mfa"):
        peer.claims = {"amr": methods}
        assert peer.sign_in(Person(rig)).status == 403, methods
    for methods in (["mfa"], ["mca"], ["pwd", "otp"], ["pin", "hwk"]):
        peer.claims = {"amr": methods}
        assert is_in(peer.sign_in(Person(rig))), methods
    peer.stop()


def test_max_age_and_acr_are_demanded(make_rig, tmp_path):
    peer = Liar(str(tmp_path))
    rig = start(make_rig, section(peer.issuer, 'max-age = "10m"', 'acr-values = {"gold", "silver"}', 'prompt = "login"'))
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(Person(rig).start().location).query))
    assert (query["max_age"], query["acr_values"], query["prompt"]) == ("600", "gold silver", "login")
    now = int(time.time())
    for claims, good in (({}, False), ({"auth_time": now}, False), ({"acr": "gold"}, False),
                         ({"auth_time": now, "acr": "bronze"}, False), ({"auth_time": now - 3600, "acr": "gold"}, False),
                         ({"auth_time": str(now), "acr": "gold"}, False), ({"auth_time": now, "acr": ["gold"]}, False),
                         ({"auth_time": now, "acr": "silver"}, True)):
        peer.claims = claims
        assert is_in(peer.sign_in(Person(rig))) == good, claims
    peer.stop()


def test_userinfo_about_somebody_else_is_refused(make_rig, tmp_path):
    peer = Liar(str(tmp_path))
    rig = start(make_rig, section(peer.issuer, "userinfo = true"))
    peer.userinfo = {"sub": "u-2", "email": "root@example.org", "email_verified": True}
    assert_refused(peer.sign_in(Person(rig)))
    peer.userinfo = {"email": "root@example.org"}  # not verified there, while the ID token's other one is
    answer = peer.sign_in(Person(rig))
    assert is_in(answer) and "participantEmail" not in answer.location
    peer.userinfo = {"email": "liddell@example.org", "email_verified": True, "name": "A. Liddell"}
    answer = peer.sign_in(Person(rig))
    assert "liddell%40example.org" in answer.location and "A.%20Liddell" in answer.location
    peer.stop()


def test_P14_logout_tokens_that_are_none(lying):
    rig, peer = lying
    peer.reset()
    person = Person(rig)
    peer.claims = {"sid": "s-1"}
    assert is_in(peer.sign_in(person))
    now = int(time.time())
    event = {"http://schemas.openid.net/event/backchannel-logout": {}}
    good = {"iss": peer.issuer, "aud": "meetauth", "iat": now, "exp": now + 60, "jti": "j-1", "sid": "s-1", "events": event}
    bad = [{"iss": "https://attacker.example"}, {"aud": "other"}, {"events": None}, {"events": {}}, {"events": [1]},
           {"events": {"http://schemas.openid.net/event/backchannel-logout": True}}, {"nonce": "x"}, {"jti": None},
           {"jti": 7}, {"sid": None}, {"sid": 7}, {"iat": None}, {"exp": now - 3600}, {"exp": None, "iat": now - 3600},
           {"sid": ""}, {"iat": now - 3600, "exp": now + 30 * 86400}]

    def post(claims, header=()):
        claims = {name: value for name, value in claims.items() if value is not None}
        return rig.visitor().post("/auth/backchannel/" + BACKEND, {"logout_token": peer.token(claims, header)}).status

    for index, change in enumerate(bad):
        assert post({**good, "jti": "bad-%d" % index, **change}) == 400, change
    assert post(good, {"alg": "none"}) == 400
    assert post(good, {"typ": "at+jwt"}) == 400
    assert is_in(person.ours.enter()), "none of them has ended the session"
    assert post(good, {"typ": "logout+jwt"}) == 200
    assert person.ours.enter().status == 303
    assert post(good, {"typ": "logout+jwt"}) == 400, "one message counts once"


EVENT = {"http://schemas.openid.net/event/backchannel-logout": {}}


def tell_ended(rig, peer, **claims):
    """The provider's message that a session there is over; what we answer. Of whom it tells by name, sessions that begin in the same second end
    too: each test has people of its own."""
    now = int(time.time())
    token = {"iss": peer.issuer, "aud": "meetauth", "iat": now, "exp": now + 60, "jti": "p5-%d" % time.time_ns(), "events": EVENT, **claims}
    return rig.visitor().post("/auth/backchannel/" + BACKEND, {"logout_token": peer.token(token, {"typ": "logout+jwt"})}).status


def person_of(rig, peer, **claims):
    person = Person(rig)
    peer.claims = claims
    assert is_in(peer.sign_in(person))
    assert is_in(person.ours.enter())
    return person


def test_P5_a_session_without_an_id_ends_by_the_name(lying):
    """Back-Channel Logout 1.0 section 2.7: a message that is answered with 200 has ended what it names, and nothing else."""
    rig, peer = lying
    peer.reset()
    bare = person_of(rig, peer, sub="u-4")
    named = person_of(rig, peer, sub="u-4", sid="s-2")
    other = person_of(rig, peer, sub="u-44")
    assert tell_ended(rig, peer, sub="u-4", sid="s-unknown") == 200
    assert bare.ours.enter().status == 303
    assert is_in(named.ours.enter()), "it has an id, and that is another"
    assert is_in(other.ours.enter())
    assert tell_ended(rig, peer, sub="u-4") == 200
    assert named.ours.enter().status == 303, "without an id all of the person's are meant"
    assert is_in(other.ours.enter())
    peer.reset()


@pytest.mark.parametrize("sid", ["x" * 300, "a\u0001b", "s \u00e9\ud83d\ude00", " "])
def test_P5_any_id_of_a_session_is_known_again(lying, sid):
    rig, peer = lying
    peer.reset()
    person, copy = person_of(rig, peer, sid=sid), person_of(rig, peer, sid=sid)
    other = person_of(rig, peer, sid=sid + "x")
    assert tell_ended(rig, peer, sid=sid) == 200
    assert person.ours.enter().status == 303
    assert copy.ours.enter().status == 303, "every session that began with it"
    assert is_in(other.ours.enter())
    peer.reset()


@pytest.mark.parametrize("sid", [7, None, [], ""])
def test_P5_an_id_that_is_none_leaves_the_name(lying, sid):
    """What is no id in the ID token is none to us; a message with one that is none is refused where the provider sees it."""
    rig, peer = lying
    peer.reset()
    subject = "u-%r" % (sid,)
    person = person_of(rig, peer, sid=sid, sub=subject)
    assert tell_ended(rig, peer, sub=subject, sid=sid) == 400
    assert is_in(person.ours.enter())
    assert tell_ended(rig, peer, sub=subject, sid="s-9") == 200
    assert person.ours.enter().status == 303
    peer.reset()


def test_P5_a_code_that_was_on_its_way_begins_nothing(lying):
    """The provider's session ended before the browser came back with the code."""
    rig, peer = lying
    peer.reset()
    person = Person(rig)
    peer.claims = {"sid": "s-late"}
    parameters = peer.approve(person.start().location)
    assert tell_ended(rig, peer, sid="s-late") == 200
    time.sleep(1.1)  # so that it is not a matter of the same second
    peer.come_back(person, parameters)
    assert person.ours.enter().status == 303
    peer.reset()


# -- what stays behind --


def test_nothing_secret_is_logged(real, lying):
    rig, peer = lying
    assert len(peer.seen) > 0
    codes = {form["code"] for path, form, _ in peer.seen if path == "/token"}
    verifiers = {form["code_verifier"] for path, form, _ in peer.seen if path == "/token"}
    basic = base64.b64encode(("meetauth:" + urllib.parse.quote(SECRET, safe="")).encode()).decode()
    assert any(headers.get("Authorization") == "Basic " + basic for path, _, headers in peer.seen if path == "/token")
    log = rig.pool.said() + real.pool.said()
    for secret in (SECRET, *codes - {"forged"}, *verifiers):
        assert secret not in log
    assert "id_token" not in log and "eyJ" not in log


def test_provider_that_does_not_answer_is_given_up(make_rig, tmp_path):
    peer = Liar(str(tmp_path))
    rig = start(make_rig, section(peer.issuer, 'timeout = "3s"'))
    person = Person(rig)
    parameters = peer.approve(person.start().location)
    peer.delay = 4
    assert peer.come_back(person, parameters).status == 503
    peer.delay = 0
    assert is_in(client_answer := peer.sign_in(person)), client_answer
    peer.stop()


def test_sample_of_the_readme(tmp_path):
    with open(TOP + "/docs/catalogue.md", encoding="utf-8") as file:
        sample = re.search(r'```\n(backend "google" \{.*?\n\})\n```', file.read(), re.S).group(1)
    conf = tmp_path / "meetauth.conf"
    conf.write_text('base-url = "https://external.example.org/auth"\nstore = "%s/store"\nstore-key = "%s/store.key"\n'
                    'state = "lmdb:%s/state"\nshare = "%s/share"\nplatform "meeting.example.org" { type = "veeting" }\n%s\n'
                    % (tmp_path, tmp_path, tmp_path, TOP, sample), encoding="utf-8")
    (tmp_path / "state").mkdir()
    subprocess.run([MEETAUTHCTL, "-c", conf, "init"], check=True, env=ENVIRONMENT)
    done = subprocess.run([MEETAUTHD, "-t", "-c", conf], capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert done.returncode == 0, done.stderr
    wrong = conf.read_text(encoding="utf-8").replace('label ', 'algorithms = {"none"} label ')
    conf.write_text(wrong, encoding="utf-8")
    done = subprocess.run([MEETAUTHD, "-t", "-c", conf], capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert done.returncode != 0 and "algorithms" in done.stderr
