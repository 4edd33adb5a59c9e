# SPDX-License-Identifier: MIT
"""Conditions of the policy from outside: where somebody comes from, guests, and what `meetauthctl policy` says about them."""

import json
import os

import pytest
from rig import HOST

MEETING = "5f521a93c20ff6721fbb6a6c"
SECTIONS = """
backend "visitors" { type = "guest" }
backend "invited" { type = "invite" }
backend "keys" { type = "meeting-key" }
backend "partners" { type = "guest-account" }
policy {
    rule "home"     { allow = true  networks = {"127.0.0.2", "2001:db8::/32"} }
    rule "office"   { allow = true  networks = {"::ffff:127.0.0.0/127"}  groups = {"staff"}  role = "moderator" }
    rule "nowhere"  { allow = false networks = {"127.0.0.3"} }
    rule "gold"     { allow = true  acr = {"urn:example:gold"}  second-factor = true }
    rule "visitors" { allow = true  backends = {"visitors"}  meetings = {"open"} }
    rule "rest"     { allow = true  meetings = {"rest"} }
}
"""


@pytest.fixture(scope="module")
def ruled(make_module_rig):
    return make_module_rig(sections=SECTIONS)


def join(rig, account, source, meeting=MEETING, headers=()):
    visitor = rig.visitor(source)
    return visitor.fill(visitor.login_page(meeting), account, headers=headers)


def test_networks(ruled):
    assert join(ruled, "alice", "127.0.0.1").status == 302, "mapped, as the rule is written"
    assert join(ruled, "bob", "127.0.0.1").status == 403
    assert join(ruled, "bob", "127.0.0.2").status == 302
    assert join(ruled, "alice", "127.0.0.3").status == 403
    assert join(ruled, "alice", "127.0.0.4").status == 403


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "REMOTE_ADDR", "Remote-Addr", "Client-IP"])
def test_A18_headers_are_no_address(ruled, header):
    value = "for=127.0.0.2" if header == "Forwarded" else "127.0.0.2"
    assert join(ruled, "bob", "127.0.0.1", headers={header: value}).status == 403


def guest(rig, meeting):
    visitor = rig.visitor()
    page = visitor.login_page(meeting)
    form = next(form for form in page.forms()
                if "visitors" in form["action"] + str(form["fields"]) and "password" not in str(form["fields"]))
    fields = {name: value for name, kind, value in form["fields"] if kind == "hidden"}
    name = next(name for name, kind, _ in form["fields"] if kind == "text")
    action = form["action"] if form["action"].startswith("/") else "/auth/login"
    return visitor.post(action, {**fields, name: "Alice"})


def test_guests_come_in_by_a_rule_that_names_their_backend(ruled):
    assert guest(ruled, "open").status == 302
    assert guest(ruled, "rest").status == 403, "a rule for everybody is none for guests"
    assert guest(ruled, MEETING).status == 403


def explain(rig, *arguments, meeting=MEETING):
    done = rig.ctl("--json", "policy", "explain", "--user", "alice", "--platform", HOST, "--meeting", meeting,
                   *arguments, check=False)
    answer = json.loads(done.stdout)
    assert done.returncode == (0 if answer["verdict"] == "allowed" else 1)
    return answer["verdict"], answer["rule"], answer["role"], {rule["rule"]: rule["match"] for rule in answer["rules"]}


def test_explain(ruled):
    verdict, rule, role, _ = explain(ruled, "--group", "staff", "--address", "127.0.0.1")
    assert (verdict, rule, role) == ("allowed", "office", "moderator")
    assert explain(ruled, "--group", "x", "--address", "127.0.0.3")[:3] == ("denied", "nowhere", "")
    assert explain(ruled, "--acr", "urn:example:gold", "--second-factor", "--address", "10.0.0.1")[:2] == ("allowed", "gold")
    assert explain(ruled, "--acr", "urn:example:gold", "--address", "10.0.0.1")[3]["gold"] == "miss"
    verdict, rule, _, matches = explain(ruled)
    assert (verdict, rule) == ("undecided", None)
    assert (matches["home"], matches["gold"], matches["rest"]) == ("may", "miss", "miss"), "the users' file tells no acr"
    assert explain(ruled, "--backend", "visitors", "--address", "::1", meeting="rest")[:2] == ("denied", "default")
    assert explain(ruled, "--backend", "visitors", "--address", "::1", meeting="open")[:2] == ("allowed", "visitors")
    for backend in ("invited", "keys", "partners"):
        assert explain(ruled, "--backend", backend, "--address", "::1", meeting="rest")[:2] == ("denied", "default"), "a guest as well"
    text = ruled.ctl("policy", "explain", "--user", "alice", "--platform", HOST, "--meeting", MEETING, "--group", "staff",
                     "--address", "127.0.0.1").stdout
    assert text.endswith("allowed: office, as moderator\n")


def test_explain_refuses_what_is_no_address(ruled):
    done = ruled.ctl("policy", "explain", "--user", "a", "--platform", HOST, "--meeting", "m", "--address", "10.0.0.0/8",
                     check=False)
    assert done.returncode == os.EX_DATAERR and "--address" in done.stderr


def test_lint_finds_what_can_never_match(ruled):
    done = ruled.ctl("policy", "lint", check=False)
    assert done.returncode == 1
    assert 'rule "gold": acr: it can never match: only backends of type oidc report an acr, and none is configured' in done.stdout
    for backend in ("invited", "keys", "partners"):
        assert 'guests of backend "%s" can never join' % backend in done.stdout
    assert done.stdout.count("\n") == 4, done.stdout
