# SPDX-License-Identifier: MIT
"""Jitsi Meet: as its tokenAuthUrl sends people, with every kind of key and client, checked by the
rules of its Prosody modules."""

import json
import urllib.parse

import drivers
import platforms
import pytest
from client import JSON
from guests import accept, opened

import jitsi as peer  # of tests/peers
import jwt_rules

SITE = "https://meet.example.org"
CYRILLIC = "Еженедельное совещание отдела разработки"  # 231 bytes as Jitsi encodes it


@pytest.fixture(scope="module")
def jitsi(make_module_rig):
    return platforms.make(make_module_rig, drivers.Jitsi)


def state(room, **more):
    """As the web client makes it (getTokenAuthUrl)."""
    safe = urllib.parse.quote(room.lower(), safe="!'()*~").lower()
    return json.dumps({"room": room, "roomSafe": safe, "config.localSubject": "", "config.subject": "", **more}, separators=(",", ":"))


def address(text, room="", pattern="/auth/jitsi/{room}?code_challenge_method=S256&code_challenge={code_challenge}&state={state}"):
    quoted = urllib.parse.quote(text, safe="!'()*~")
    return pattern.replace("{state}", quoted).replace("{room}", urllib.parse.quote(room)).replace("{code_challenge}", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")


def test_the_address_of_the_web_client(jitsi):
    text = state("WeeklyReview", tenant="Acme", **{"config.prejoinConfig.enabled": False, "config.startWithAudioMuted": True})
    _, answer = jitsi.sign_in(address(text, "WeeklyReview"))
    assert answer.status == 302 and answer.location.startswith(SITE + "/Acme/WeeklyReview?jwt=")
    seen = jitsi.peer(jitsi.secrets[-1]).open(answer.location)
    assert seen["room"] == "[acme]weeklyreview" and seen["claims"]["sub"] == "acme"
    assert seen["overrides"] == {"config.prejoinConfig.enabled": False, "config.startWithAudioMuted": True}
    user = seen["claims"]["context"]["user"]
    assert user == {"id": "staff/alice", "name": "Alice Liddell", "email": "alice@example.org", "affiliation": "member", "moderator": "false"}


def test_a_name_beyond_ascii(jitsi):
    _, answer = jitsi.sign_in(address(state("BüroÄ"), "BüroÄ"))
    assert jitsi.peer(jitsi.secrets[-1]).open(answer.location)["room"] == "b%c3%bcro%c3%a4"


@pytest.mark.parametrize("room", ["C++", "Team #3", "100%", "a,b", "a;b=c", "d@e", "5$"])
def test_flow_F8_a_room_with_characters_that_are_encoded(jitsi, room):
    """Case 13: the web client encodes both names."""
    quoted = urllib.parse.quote(room, safe="!'()*~")
    text = json.dumps({"room": quoted, "roomSafe": quoted.lower()})
    for target in (address(text, room), address(state(room), room)):
        _, answer = jitsi.sign_in(target)
        seen = jitsi.peer(jitsi.secrets[-1]).open(answer.location)
        assert seen["room"] == jitsi.audit(answer)["meeting_id"] == quoted.lower()


@pytest.mark.parametrize("safe", ["a%2eb", "a%2fb", "a%5cb", "a%00b", "a%1fb", "a%252fb", "a%2ab", "a%26b", "a%3ab", "a%3fb", "a%22b", "a%27b", "a%2", "a%"])
def test_flow_F8_what_another_address_could_be_made_of_is_refused(jitsi, safe):
    answer = jitsi.rig.visitor().get(address(json.dumps({"room": safe, "roomSafe": safe}), "x"), JSON)
    assert (answer.status, answer.code) == (400, "bad-request")


def test_flow_22_overrides_of_the_address_bar_come_as_texts_of_json(jitsi):
    """parseURLParams.ts leaves them as they stand in the address."""
    texts = {"config.prejoinConfig.enabled": "false", "config.subject": '"Team 1"', "config.resolution": "180", "config.localSubject": "plain", "config.list": "[1]"}
    _, answer = jitsi.sign_in(address(state("Weekly", **texts), "Weekly"))
    assert jitsi.peer(jitsi.secrets[-1]).open(answer.location)["overrides"] == {
        "config.prejoinConfig.enabled": False, "config.subject": "Team 1", "config.resolution": 180, "config.localSubject": "plain"}


def test_flow_25_a_slash_behind_the_room(jitsi):
    _, answer = jitsi.sign_in("/auth/jitsi/weekly/")
    assert jitsi.peer(jitsi.secrets[-1]).open(answer.location)["room"] == "weekly"


def test_a_room_with_a_blank(jitsi):
    _, answer = jitsi.sign_in(address(state("Team Meeting"), "Team Meeting"))
    assert answer.location.startswith(SITE + "/Team%20Meeting?jwt=")
    seen = jitsi.peer(jitsi.secrets[-1]).open(answer.location)
    assert seen["room"] == seen["claims"]["room"] == jitsi.audit(answer)["meeting_id"] == "team%20meeting"


@pytest.mark.parametrize("client,scheme", [("ios", "org.jitsi.meet"), ("android", "intent"), ("electron", "jitsi-meet")])
def test_native_clients(jitsi, client, scheme):
    text = state("Weekly", **{client: True, "config.startAudioOnly": True})
    visitor, answer = jitsi.sign_in(address(text))
    assert answer.location.startswith(scheme + "://meet.example.org/Weekly?jwt=")
    seen = jitsi.peer(jitsi.secrets[-1]).open(answer.location)
    assert (seen["client"], seen["overrides"]) == (client, {"config.startAudioOnly": True})


def test_the_login_page_lets_its_form_lead_to_clients(jitsi):
    """Chromium applies form-action to the redirect that answers the form."""
    visitor = jitsi.rig.visitor()
    page = visitor.get(visitor.get(address(state("Weekly", ios=True))).location)
    policy = page.headers["Content-Security-Policy"]
    form = next(part.split() for part in policy.split("; ") if part.startswith("form-action"))
    assert {"'self'", SITE, "org.jitsi.meet:", "jitsi-meet:", "intent:"} == set(form[1:])


@pytest.mark.parametrize("room,safe", [("harmless", "board"), ("*", "*"), ("ü", "*"), ("a", "A")])
def test_a_state_that_names_another_room_is_refused(jitsi, room, safe):
    text = json.dumps({"room": room, "roomSafe": safe})
    answer = jitsi.rig.visitor().get(address(text), JSON)
    assert answer.status == 400 and answer.location is None


def test_a_host_in_the_state_is_nothing(jitsi):
    _, answer = jitsi.sign_in(address(state("weekly", host="evil.example", locationURL="https://evil.example/", jwt="x")))
    assert jitsi.peer(jitsi.secrets[-1]).open(answer.location)["room"] == "weekly"


def test_a_token_is_for_no_other_room(jitsi):
    _, answer = jitsi.sign_in(jitsi.entry("weekly"))
    prosody = jitsi.peer(jitsi.secrets[-1])
    claims = prosody.open(answer.location)["claims"]
    for node in ("board", "[acme]weekly", "weekly2"):
        with pytest.raises(jwt_rules.Refused):
            prosody.enter(claims, node)


def test_the_policy_sees_the_tenant(make_rig):
    policy = 'policy {\n rule "acme" { allow = true  groups = {"staff"}  meetings = {"acme/*"} }\n default = "deny"\n}\n'
    jitsi = platforms.make(make_rig, drivers.Jitsi, policy=policy)
    visitor, answer = jitsi.sign_in(jitsi.entry("ACME/Weekly"))
    assert answer.status == 302
    assert visitor.get(jitsi.entry("Weekly"), JSON).code == "denied"
    assert visitor.get(jitsi.entry("other/Weekly"), JSON).code == "denied"
    assert visitor.get(address(state("acme/x", tenant="other")), JSON).status == 400


RULES = {"deny": 'rule "board" { allow = false  meetings = {"board"} }\n rule "staff" { allow = true  groups = {"staff"} }',
         "allow": 'rule "tenants" { allow = true  groups = {"staff"}  meetings = {"meet*", "weekly"} }'}


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("domain", ["meet.example.org", "MEET.example.org", "prosody.example"])
def test_the_domain_as_tenant_is_no_second_name_of_a_room(make_rig, rules, domain):
    class WithDomain(drivers.Jitsi):
        options = 'app-id = "meetauth"' + ('\n domain = "Prosody.example"' if "prosody" in domain else "")

    jitsi = platforms.make(make_rig, WithDomain, policy="policy {\n %s\n default = \"deny\"\n}\n" % RULES[rules])
    visitor, answer = jitsi.sign_in(jitsi.entry("weekly"))
    assert answer.status == 302
    assert visitor.get(jitsi.entry("board"), JSON).code == "denied"
    for target in (jitsi.entry(domain + "/board"), jitsi.entry("board") + "?tenant=" + domain, address(state("board", tenant=domain), "board")):
        answer = visitor.get(target, JSON)
        assert (answer.status, answer.code, answer.location) == (400, "bad-request", None), target


@pytest.mark.parametrize("algorithm,length", [("HS384", 48), ("HS512", 64)])
def test_longer_hmacs(make_rig, algorithm, length):
    class Longer(drivers.Jitsi):
        options = 'app-id = "meetauth"\n algorithm = "%s"' % algorithm

        def new_secret(self):
            return "s" * length

    jitsi = platforms.make(make_rig, Longer)
    _, answer = jitsi.sign_in(jitsi.entry("weekly"))
    assert peer.Jitsi(jitsi.title, "meetauth", algorithm, "s" * length).open(answer.location)["room"] == "weekly"


def test_rs256_with_keys_found_by_kid(make_rig):
    """Rotation as the guide has it: the key server gets the new public key first."""
    class ByKey(drivers.Jitsi):
        options = 'app-id = "meetauth"\n algorithm = "RS256"\n audience = "jitsi"\n domain = "meet.jitsi"'
        keys = {}

        def new_secret(self):
            kid = "meetauth-%d" % len(self.secrets)
            private, self.keys[kid] = jwt_rules.rsa_key(kid)
            return private

    jitsi = platforms.make(make_rig, ByKey)
    prosody = peer.Jitsi(jitsi.title, "meetauth", "RS256", keys=jitsi.keys, audiences=["jitsi"], domain="meet.jitsi")
    visitor, answer = jitsi.sign_in(jitsi.entry("weekly"))
    assert prosody.open(answer.location)["room"] == "weekly"
    old = jwt_rules.split(urllib.parse.parse_qs(urllib.parse.urlsplit(answer.location).query)["jwt"][0])[0]
    assert old == {"alg": "RS256", "kid": "meetauth-0", "typ": "JWT"}
    assert jitsi.secrets[0] not in jitsi.rig.ctl("secret", "list").stdout


def test_a_secret_that_is_too_short_is_named(make_rig):
    """Stored for another algorithm than the section has when somebody comes."""
    class Short(drivers.Jitsi):
        options = 'app-id = "meetauth"\n algorithm = "HS512"'

        def new_secret(self):
            return "short-canary" * 3

        def set_secret(self, secret=None, name=None):
            now = self.rig.sections
            self.rig.sections = now.replace("HS512", "HS256")
            self.rig.configure()
            super().set_secret(secret, name)
            self.rig.sections = now
            self.rig.configure()

    jitsi = platforms.make(make_rig, Short)
    _, answer = jitsi.sign_in(jitsi.entry("weekly"), headers=JSON)
    assert (answer.status, answer.code) == (500, "internal")
    detail = jitsi.audit(answer)["detail"]
    assert detail and "short-canary" not in detail


@pytest.mark.parametrize("room", ["weekly", urllib.parse.quote(CYRILLIC.lower()).lower(), "w" * 1017])
def test_an_invitation_leads_to_the_entry_and_into_the_room(make_rig, room):
    policy = 'policy {\n rule "guests" { allow = true  backends = {"guest"} }\n default = "deny"\n}\n'

    class Guests(drivers.Jitsi):
        def section(self):
            return super().section() + 'backend "guest" {\n type = "invite"\n invitations = "%s/invitations"\n}\n' % self.rig.folder

    jitsi = platforms.make(make_rig, Guests, policy=policy)
    link = jitsi.rig.ctl("invite", "create", "--platform", jitsi.title, "--meeting", "acme/" + room, "--name", "Grace").stdout.strip()
    visitor = jitsi.rig.visitor()
    accepted = accept(visitor, opened(visitor, link))
    assert accepted.status == 303 and accepted.location.startswith(jitsi.rig.base + "/jitsi/acme/" + room.replace("%", "%25") + "?platform="), accepted
    seen = jitsi.peer(jitsi.secrets[-1]).open(visitor.get(accepted.location).location)
    assert seen["room"] == "[acme]" + room and seen["claims"]["context"]["user"]["name"] == "Grace"
    other = visitor.get(jitsi.entry("board"), JSON)
    assert other.location is None or "/login" in other.location, "good for one meeting"


def test_a_state_with_too_much_in_it_still_fits_through_the_login(jitsi):
    more = {"config.k%02d" % number: "x" * 180 for number in range(25)}
    _, answer = jitsi.sign_in(address(state("w" * 190, tenant="t" * 64, **more)))
    seen = jitsi.peer(jitsi.secrets[-1]).open(answer.location)
    assert seen["room"] == "[%s]%s" % ("t" * 64, "w" * 190) and 0 < len(seen["overrides"]) < 25


@pytest.mark.parametrize("room", [CYRILLIC, CYRILLIC * 4, "會議室" * 37])
def test_flow_F7_long_rooms_beyond_ascii(jitsi, room):
    more = {"config.k%02d" % number: "x" * 180 for number in range(12)}
    _, answer = jitsi.sign_in(address(state(room, **more), room))
    seen = jitsi.peer(jitsi.secrets[-1]).open(answer.location)
    assert seen["room"] == seen["claims"]["room"] == urllib.parse.quote(room.lower(), safe="").lower()


def test_flow_F7_a_room_that_prosody_does_not_take_is_said_to_be_too_long(jitsi):
    visitor = jitsi.visitor()
    refused = visitor.get(address(state("會議室" * 38)))
    assert refused.status == 400 and "“room” is too long" in refused.text
    assert jitsi.audit(refused)["detail"] == "room: longer than 1023 bytes"
    refused = visitor.get(address(state("r", tenant="t" * 65)))
    assert refused.status == 400 and "“tenant” is too long" in refused.text
