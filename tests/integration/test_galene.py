# SPDX-License-Identifier: MIT
"""Galene: as an authentication portal and as an authentication server, with its kinds of keys, checked
by the rules of its package token and of its page."""

import json
import unicodedata
import urllib.parse

import drivers
import platforms
import pytest
from rig import wait_for

import galene as peer  # of tests/peers
import jwt_rules

TARGET = "/auth/token/galene.example.org"


@pytest.fixture(scope="module")
def galene(make_module_rig):
    return platforms.make(make_module_rig, drivers.Galene)


def sender(rig, seen=None, **replaced):
    """What Galene's page does with authServer; headers may be replaced, or left out (None)."""
    def send(headers, body):
        merged = {**dict(headers), **{name.replace("_", "-"): value for name, value in replaced.items()}}
        answer = rig.send("POST", TARGET, [pair for pair in merged.items() if pair[1] is not None], body)
        if seen is not None:
            seen.append(answer)
        return answer
    return send


# -- the portal --


def test_subgroups_have_names_of_their_own(galene):
    _, answer = galene.sign_in(galene.entry("uni/maths"))
    assert galene.welcome(answer.location) == ("uni/maths", "Alice Liddell", "")
    token = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer.location).query))["token"]
    for other in ("uni", "uni/maths/x", "uni/physics"):
        with pytest.raises(jwt_rules.Refused):
            galene.peer.join(token, other)


NAMES = ["CORP\\jane", "Jane/../Doe", "Jane Doe (HR) /", "/jane", "a//b", "..", ".", "./a", "a/.", "Alice c/o Bob", "...", "a.b/.c/..d", "\\\\", "///"]


def test_flow_F6_names_that_galene_would_refuse(galene):
    """Galene takes a name for a path (group.go, validUsername) and refuses the token after a sign-in that was right."""
    seen = set()
    for number, name in enumerate(NAMES):
        galene.rig.add_user("account%d" % number, "--group", "staff", "--name", name)
    wait_for(lambda: galene.sign_in(galene.entry("uni/maths"), "account%d" % number)[1].status == 302, "the last of the accounts")
    for number, name in enumerate(NAMES):
        _, answer = galene.sign_in(galene.entry("uni/maths"), "account%d" % number)
        username = galene.welcome(answer.location)[1]
        assert unicodedata.normalize("NFKC", username) == name and (username == name) == peer.is_username(name)
        seen.add(username)
    assert len(seen) == len(NAMES)


@pytest.mark.parametrize("fragment", ["#", "#chat", "#/group/other/"])
def test_flow_F11_a_fragment_is_no_part_of_the_group(galene, fragment):
    """Case 18: galene.js sends location.href as it stands."""
    def send(headers, body):
        values = json.loads(body)
        values["location"] += fragment
        return sender(galene.rig)(headers, json.dumps(values).encode())

    token = galene.peer.ask(send, "public", "alice", galene.rig.passwords["alice"])
    assert galene.peer.join(token, "public")[0] == "Alice Liddell"


@pytest.mark.parametrize("algorithm,length", [("HS256", 32), ("HS384", 48), ("HS512", 64)])
def test_flow_F10_a_key_has_the_length_that_galene_wants(galene, algorithm, length):
    """Case 17."""
    for size in (length - 1, length + 1, 2 * length, length):
        key = json.dumps({"kty": "oct", "alg": algorithm, "kid": "x", "k": jwt_rules.encode64(b"k" * size)})
        done = galene.rig.ctl("secret", "set", galene.title, text=key + "\n", check=False)
        assert (done.returncode == 0) == (size == length), (size, done.stderr)
        assert size == length or "Galene needs exactly %d" % length in done.stderr
    versions = [entry["version"] for entry in json.loads(galene.rig.ctl("secret", "list", "--json").stdout) if entry["name"] == galene.title]
    galene.rig.ctl("secret", "retire", galene.title, str(max(versions)))


@pytest.mark.parametrize("kind", ["EC", "RSA"])
def test_keys_that_galene_has_the_public_half_of(make_rig, kind):
    class Public(drivers.Galene):
        pems = []

        def new_secret(self):
            private, pem = (jwt_rules.ec_key if kind == "EC" else jwt_rules.rsa_key)("key-%d" % len(self.secrets))
            self.pems.append(pem)
            return private

        @property
        def peer(self):
            private = [json.loads(secret) for secret in self.secrets]
            public = [{name: key[name] for name in ("kty", "alg", "kid")} for key in private]
            return peer.Galene("https://" + self.title, [{**key, "pem": pem} for key, pem in zip(public, self.pems)])

    galene = platforms.make(make_rig, Public)
    visitor, answer = galene.sign_in(galene.entry("public"))
    assert galene.welcome(answer.location)[0] == "public"
    galene.rotate()

    def newest():
        galene.welcome(visitor.get(galene.entry("public")).location)
        return galene.used == 1

    wait_for(newest, "the new key")


# -- the server --


def test_server_good_password(galene):
    seen = []
    token = galene.peer.ask(sender(galene.rig, seen), "weekly", "alice", galene.rig.passwords["alice"])
    assert galene.peer.join(token, "weekly") == ("Alice Liddell", ["message", "present"])
    assert seen[0].headers["Cache-Control"] == "no-store" and "Set-Cookie" not in seen[0].headers
    assert galene.peer.join(galene.peer.ask(sender(galene.rig), "hosted-1", "alice", galene.rig.passwords["alice"]), "hosted-1")[1][1] == "op"


@pytest.mark.parametrize("name,password", [("alice", "wrong"), ("alice", ""), ("nobody", "wrong"), ("", ""), ("alice", "x" * 2000)])
def test_server_wrong_password(galene, name, password):
    seen = []
    with pytest.raises(jwt_rules.Refused, match="said: 401"):
        galene.peer.ask(sender(galene.rig, seen), "weekly", name, password)
    assert seen[0].code == "login-failed" and seen[0].headers["Content-Type"] == "application/json"
    assert "Set-Cookie" not in seen[0].headers


def test_server_denied_visitor(galene):
    with pytest.raises(jwt_rules.Refused, match="said: 403"):
        galene.peer.ask(sender(galene.rig), "weekly", "bob", galene.rig.passwords["bob"])


@pytest.mark.parametrize("location", [
    "https://evil.example/group/weekly/", "https://galene.example.org.evil.example/group/weekly/", "https://galene.example.org/group/weekly",
    "https://galene.example.org/group/../weekly/", "http://galene.example.org/group/weekly/", "", None, 5])
def test_server_signs_for_no_other_address(galene, location):
    body = {"location": location, "username": "alice", "password": galene.rig.passwords["alice"]}
    answer = galene.rig.send("POST", TARGET, [("Content-Type", "application/json"), ("Origin", "https://galene.example.org")], json.dumps(body).encode())
    assert answer.status == 400 and answer.code == "bad-request"


@pytest.mark.parametrize("replaced", [
    {"Origin": "https://evil.example"}, {"Origin": None}, {"Origin": "null"}, {"Origin": "https://galene.example.org.evil.example"},
    {"Content_Type": "text/plain"}, {"Content_Type": "application/x-www-form-urlencoded"}, {"Content_Type": None}])
def test_server_answers_its_own_page_alone(galene, replaced):
    seen = []
    with pytest.raises((jwt_rules.Refused, TypeError)):
        galene.peer.ask(sender(galene.rig, seen, **replaced), "weekly", "alice", galene.rig.passwords["alice"])
    assert seen[0].status == 400 and "eyJ" not in seen[0].text
    if "Origin" in replaced:
        assert "Access-Control-Allow-Origin" not in seen[0].headers


def test_server_preflight(galene):
    asked = [("Origin", "https://galene.example.org"), ("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "content-type")]
    answer = galene.rig.send("OPTIONS", TARGET, asked)
    assert answer.status == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "https://galene.example.org"
    assert answer.headers["Access-Control-Allow-Methods"] == "POST"
    assert answer.headers["Access-Control-Allow-Headers"].lower() == "content-type"
    assert answer.headers["Vary"] == "Origin"
    assert "Access-Control-Allow-Credentials" not in answer.headers, "the page sends no cookies"
    evil = galene.rig.send("OPTIONS", TARGET, [("Origin", "https://evil.example"), *asked[1:]])
    assert evil.status == 400 and "Access-Control-Allow-Origin" not in evil.headers


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'{"a":1,"a":2}', b"{}x", b'{"location":"\\u0000"}', b'{"username":"\\u000a"}', b"\xff"])
def test_server_bad_bodies(galene, body):
    answer = galene.rig.send("POST", TARGET, [("Content-Type", "application/json"), ("Origin", "https://galene.example.org"), ("Content-Length", str(len(body)))], body)
    assert answer.status == 400 and answer.code == "bad-request"


@pytest.mark.parametrize("wrong", [{"password": "a\nb"}, {"username": "a\x7f"}, {"password": 5}, {"username": ["alice"]}, {"location": "https://galene.example.org/group/a\n/"}])
def test_server_takes_nothing_but_texts(galene, wrong):
    body = {"location": "https://galene.example.org/group/weekly/", "username": "alice", "password": galene.rig.passwords["alice"], **wrong}
    answer = galene.rig.send("POST", TARGET, [("Content-Type", "application/json"), ("Origin", "https://galene.example.org")], json.dumps(body).encode())
    assert (answer.status, answer.code) == (400, "bad-request")


def test_server_is_throttled(make_rig):
    rig = make_rig(start=False, options={"throttle-account": "3/1h"})
    galene = platforms.make(lambda **_: rig, drivers.Galene)
    said = []
    for _ in range(5):
        try:
            galene.peer.ask(sender(rig), "weekly", "alice", "wrong")
        except jwt_rules.Refused as refused:
            said.append(str(refused)[-3:])
    assert said == ["401", "401", "401", "429", "429"]


def test_server_asks_no_second_question(make_rig):
    """Somebody with a second factor cannot give it there: they use the portal."""
    class Factor(drivers.Galene):
        def section(self):
            return super().section() + 'backend "second" {\n type = "file"\n users = "%s/second.passwd"\n second-factor = "required"\n}\n' % self.rig.folder

    rig = make_rig(start=False)
    rig.usual = False
    add_user = rig.add_user

    def add_to_both(name, *more):
        add_user(name, *more, "--backend", "staff")
        if name == "bob":
            add_user("carol", "--group", "staff", "--backend", "second")
            add_user("dave", "--group", "staff", "--backend", "second")
            rig.ctl("user", "totp", "dave", "--backend", "second")

    rig.add_user = add_to_both
    galene = platforms.make(lambda **_: rig, Factor)
    seen = []
    for name in ("carol", "dave"):
        with pytest.raises(jwt_rules.Refused):
            galene.peer.ask(sender(rig, seen), "weekly", name, rig.passwords[name])
        assert seen[-1].headers["Content-Type"] == "application/json"
        assert (seen[-1].status, seen[-1].code) == (401, "login-failed") and "eyJ" not in seen[-1].text

    def told():
        return {event["user"]: event["detail"] for event in rig.events("login") if event["result"] == "failed"}

    assert wait_for(lambda: told() if len(told()) == 2 else None, "both lines").keys() == {"carol", "dave"}
    assert "a script cannot show" in told()["dave"] and "meetauthctl user totp" in told()["carol"]


def test_other_methods_and_platforms(galene):
    assert galene.rig.send("GET", TARGET).status == 405
    assert galene.rig.send("GET", TARGET).headers["Allow"] == "POST, OPTIONS"
    for other in ("/auth/token/meeting.example.org", "/auth/token/evil.example", "/auth/token/"):
        assert galene.rig.send("POST", other, [("Content-Length", "0"), ("Origin", "https://galene.example.org")]).status == 404
