# SPDX-License-Identifier: MIT
"""Rules against visitors who bring what they like: a meeting's token is their word, and groups and names are those of the backend that told
them. Audit findings 1, 8 and 14."""

import json
import re
import subprocess

import drivers
import platforms
import pytest
from client import JSON
from desk import Host, make_desk
from guests import MEETING, OTHER, accept, fill, opened
from rig import ENVIRONMENT, HOST, MEETAUTHD, wait_for
from test_remote_user import with_snippet

WANTED = "aaaaaaaaaaaaaaaaaaaaaaaa"
TOKEN = "8320-2640-2482-3499"
BACKENDS = """
backend "guests" { type = "guest" }
backend "keys" { type = "meeting-key"  keys = "%(folder)s/meeting.keys" }
backend "invited" { type = "invite"  invitations = "%(folder)s/invitations" }
"""
POLICY = """policy {
    rule "lobby"  { allow = true  backends = {"guests"}  meetings = {"%(meeting)s"} }
    rule "keys"   { allow = true  backends = {"keys", "invited"} }
    rule "bob"    { allow = true  users = {"staff/bob"}  meetings = {"%(meeting)s"} }
    rule "number" { allow = true  groups = {"staff"}  meetings = {"%(meeting)s", "%(other)s"}  meeting-tokens = {"8320-*"} }
    rule "closed" { allow = false  meetings = {"closed"} }
    default = "deny"
}
"""


def ruled(maker, policy=POLICY, sections=BACKENDS):
    rig = maker(start=False)
    rig.sections = (sections + policy) % {"folder": rig.folder, "meeting": MEETING, "other": OTHER}
    rig.configure()
    add_user = rig.add_user
    rig.add_user = lambda name, *more: add_user(name, *more, *(() if "--backend" in more else ("--backend", "staff")))
    return rig


@pytest.fixture(scope="module")
def rig(make_module_rig):
    made = ruled(make_module_rig)
    made.ctl("meeting-key", "set", "--platform", HOST, "--meeting", MEETING, text="correct horse\n")
    return made.start()


def audit(rig, answer):
    reference = answer.headers["X-Request-Id"]
    return wait_for(lambda: [line for line in rig.events("join") if line["request_id"] == reference], "the audit line")[0]


def joins(rig, who, meeting, token):
    """How a visit with that id and that token ends, the request token being issued for the id."""
    visitor = rig.visitor()
    page = visitor.login_page(meeting, meetingToken=token)
    if who == "guests":
        return fill(visitor, page, "guests", JSON, name="Eve")
    return visitor.fill(page, who, headers=JSON)


# -- 1: what a visit brings --


@pytest.mark.parametrize("who", ["guests", "bob"])
def test_P1_an_id_as_token_opens_no_other_meeting(rig, who):
    assert joins(rig, who, MEETING, TOKEN).status == 302
    answer = joins(rig, who, WANTED, MEETING)
    assert answer.status == 403 and answer.code == "denied"
    line = audit(rig, answer)
    assert (line["result"], line["rule"], line["meeting_id"]) == ("denied", "default", WANTED)
    assert joins(rig, who, WANTED, TOKEN).status == 403


def test_P1_an_id_as_token_is_no_way_around_a_rule_that_denies(make_rig):
    rig = ruled(make_rig, 'policy {\n rule "board" { allow = false  meetings = {"%s"} }\n default = "allow"\n}\n' % WANTED).start()
    for token in (TOKEN, MEETING, "x"):
        assert joins(rig, "alice", WANTED, token).status == 403
    assert joins(rig, "alice", MEETING, WANTED).status == 302, "whose token is another's id is not the other"


def test_P1_a_session_for_one_meeting_is_good_for_its_id(rig):
    """Guests, keys and invitations name a meeting by its id; another meeting's visit does not borrow it as token."""
    guest = rig.visitor()
    assert fill(guest, guest.login_page(MEETING), "guests", name="Eve").status == 302
    assert guest.enter(MEETING, meetingToken="another").status == 302
    assert guest.enter(WANTED, meetingToken=MEETING).status == 303, "asked anew"
    key = rig.visitor()
    assert fill(key, key.login_page(WANTED, meetingToken=MEETING), "keys", name="Eve", password="correct horse").status == 401
    assert fill(key, key.login_page(MEETING, meetingToken=TOKEN), "keys", name="Eve", password="correct horse").status == 302
    link = rig.ctl("invite", "create", "--platform", HOST, "--meeting", MEETING, "--meeting-token", WANTED, "--name", "Grace").stdout.strip()
    invited = rig.visitor()
    page = opened(invited, link)
    assert "<dd><bdi>%s</bdi> (<bdi>%s</bdi>)</dd>" % (MEETING, WANTED) in page.text, "the id, which it is good for, and the number printed in it"
    assert accept(invited, page).status == 303
    assert invited.enter(MEETING, meetingToken=WANTED).status == 302
    assert invited.enter(WANTED, meetingToken=MEETING).status == 303


def test_P1_a_token_narrows_what_the_id_allows(rig):
    assert joins(rig, "alice", MEETING, TOKEN).status == 302
    assert joins(rig, "alice", MEETING, "1111-2222").status == 403
    assert joins(rig, "alice", WANTED, TOKEN).status == 403


ALONE = ["", 'backends = {"staff"}', 'platforms = {"%s"}' % HOST, 'networks = {"127.0.0.0/8"}', 'meetings = {"*"}', 'emails = {"*@*"}',
         "second-factor = true", 'not-after = "2036-01-01"', 'role = "moderator"']


@pytest.mark.parametrize("beside", ALONE)
def test_P1_no_rule_allows_by_a_token_alone(make_rig, beside):
    rig = ruled(make_rig, 'policy {\n rule "number" {\n allow = true\n meeting-tokens = {"8320-*"}\n %s\n }\n}\n' % beside)
    with open(rig.conf, encoding="utf-8") as file:
        line = next(number for number, text in enumerate(file, 1) if "meeting-tokens" in text)
    for done in (load(rig), rig.ctl("check", check=False)):
        assert done.returncode == 1
        assert '%s:%d: rule "number": meeting-tokens: visitors supply the token' % (rig.conf, line) in done.stdout + done.stderr


def load(rig):
    return subprocess.run([MEETAUTHD, "-t", "-c", rig.conf], capture_output=True, text=True, env=ENVIRONMENT, check=False)


def told(rig):
    """What the operator is warned of, by all who have to: pairs of section and sentence."""
    found = [(entry["about"], entry["finding"]) for entry in json.loads(rig.ctl("--json", "policy", "lint", check=False).stdout)]
    loaded = load(rig)
    checked = rig.ctl("check", check=False)
    listed = json.loads(rig.ctl("--json", "check", check=False).stdout)
    assert loaded.returncode == checked.returncode == 0, (loaded, checked)
    for about, text in found:
        assert re.search(r"%s:\d+: warning: %s: %s" % tuple(map(re.escape, (rig.conf, about, text))), loaded.stderr)
        assert re.search(r"(?m)^warn  policy +%s +%s$" % (re.escape(about), re.escape(text)), checked.stdout)
        assert [row["ok"] for row in listed if row.get("warning") and (row["name"], row["finding"]) == (about, text)] == [True]
    assert loaded.stderr.count("warning") == checked.stdout.count("warn  policy") == len(found)
    return found


@pytest.mark.parametrize("rule,words", [
    ('allow = true  backends = {"guests"}  meetings = {"%s"}' % TOKEN, 'meetings: "%s" looks like a meeting token: only ids are compared' % TOKEN),
    ('allow = false  meetings = {"8320-*"}', 'meetings: "8320-*" looks like a meeting token'),
    ('allow = true  backends = {"guests"}  meetings = {"a.b"}', 'meetings: "a.b" can never match a meeting id and looks like a meeting token'),
    ('allow = true  backends = {"guests"}  meetings = {"%s"}' % ("x" * 65), "can never match a meeting id"),
    ('allow = true  groups = {"staff"}  meeting-tokens = {"8320-*"}', "the rule admits its people to every meeting"),
    ('allow = false  meeting-tokens = {"8320-*"}', "visitors evade the rule with another token"),
    ('allow = true  meetings = {"%s"}  meeting-tokens = {"a/b"}' % MEETING, 'meeting-tokens: "a/b" can never match a meeting token')])
def test_P1_operators_are_told_of_tokens(make_rig, rule, words):
    rig = ruled(make_rig, 'policy {\n rule "open" { allow = true  backends = {"guests"}  meetings = {"%s"} }\n rule "x" { %s }\n}\n' % (MEETING, rule),
                'backend "guests" { type = "guest" }\n').start()
    found = [text for about, text in told(rig) if about == 'rule "x"']
    assert len(found) == 1 and words in found[0]
    said = found[0].replace('"', '\\"')
    wait_for(lambda: any(said in line["message"] for line in rig.events("policy")), "the warning in the log of a start, too")


def test_P1_tokens_where_no_visit_brings_any(make_rig):
    rig = ruled(make_rig, 'policy {\n rule "x" { allow = true  platforms = {"meet.example.org"}  meetings = {"board"}  meeting-tokens = {"board"} }\n}\n',
                'platform "meet.example.org" { type = "jitsi"  app-id = "meetauth" }\n')
    found = json.loads(rig.ctl("--json", "policy", "lint", check=False).stdout)
    assert [entry["finding"] for entry in found if "meeting-tokens" in entry["finding"]] == [
        'meeting-tokens: "board" is compared with ids, because no visit to the rule\'s platforms has a token: move it to meetings']


def explain(rig, *arguments, meeting=MEETING):
    done = rig.ctl("--json", "policy", "explain", "--user", "alice", "--backend", "staff", "--group", "staff", "--platform", HOST, "--meeting", meeting,
                   *arguments, check=False)
    answer = json.loads(done.stdout)
    return answer["verdict"], answer["rule"], {rule["rule"]: rule["match"] for rule in answer["rules"]}


def test_P1_explain_takes_id_and_token_for_two_things(rig):
    assert explain(rig, "--meeting-token", TOKEN)[:2] == ("allowed", "number")
    assert explain(rig, "--meeting-token", "x")[:2] == ("denied", "default")
    verdict, _, matches = explain(rig)
    assert verdict == "undecided" and matches["number"] == "may", "it depends on the token"
    assert explain(rig, "--meeting-token", MEETING, meeting=WANTED)[:2] == ("denied", "default")
    done = rig.ctl("policy", "explain", "--user", "a", "--platform", HOST, "--meeting", MEETING, "--meeting-token", "a/b", check=False)
    assert done.returncode == 65 and "--meeting-token: expected 1 to 128" in done.stderr
    done = rig.ctl("policy", "explain", "--user", "a", "--platform", HOST, "--meeting", "a.b~c", check=False)
    assert done.returncode == 65 and "an id is 1 to 64" in done.stderr, "a token is no id"


def test_P1_explain_knows_what_guests_can_have(make_rig):
    """A guest has a new subject with each name that is typed; no guest has an address or a second factor; groups are those of the section."""
    rig = ruled(make_rig, 'policy {\n rule "named" { allow = true  backends = {"guests"}  users = {"alice"} }\n'
                ' rule "group" { allow = true  backends = {"partners"}  groups = {"partners"} }\n'
                ' rule "mail" { allow = true  backends = {"partners", "guests", "invited"}  emails = {"*@example.org"} }\n'
                ' rule "strong" { allow = true  backends = {"partners", "guests", "invited"}  second-factor = true }\n}\n',
                'backend "guests" { type = "guest" }\nbackend "invited" { type = "invite" }\n'
                'backend "partners" { type = "guest-account"  accounts = "%(folder)s/accounts"  groups = {"partners"} }\n')
    for backend, verdict, hits in (("guests", "denied", set()), ("invited", "denied", set()), ("partners", "allowed", {"group"})):
        done = rig.ctl("--json", "policy", "explain", "--user", "alice", "--backend", backend, "--platform", HOST, "--meeting", MEETING, check=False)
        answer = json.loads(done.stdout)
        assert answer["verdict"] == verdict, (backend, answer)
        assert {rule["rule"] for rule in answer["rules"] if rule["match"] != "miss"} == hits
    assert ["never match" in entry["finding"] for entry in json.loads(rig.ctl("--json", "policy", "lint", check=False).stdout)
            if entry["rule"] == "named"] == [True]


def test_P1_no_page_shows_what_the_visitor_brought_as_the_meeting(rig):
    """The platform confirms the id once it is exchanged, and the token never."""
    visitor = rig.visitor()
    token, meeting = "ring-the-bank-0800-123456", "YourAccountIsLocked"
    page = visitor.login_page(meeting, meetingToken=token, requestToken="request-token-of-nobody")
    wrong = visitor.fill(page, "alice", "wrong")
    denied = visitor.fill(page, "bob")
    again = visitor.enter(meeting, meetingToken=token, headers=JSON)
    assert (wrong.status, denied.status, again.status) == (401, 403, 403)
    for answer in (page, wrong, denied, again):
        assert token not in answer.text and meeting not in answer.text, answer
        assert HOST in answer.text or answer.status == 403


@pytest.mark.parametrize("kind", drivers.ALL)
def test_P1_every_platform_lets_into_the_meeting_that_rules_go_by(make_rig, kind):
    """Whatever else a visit says: of the parameters of other platforms none is another name of the meeting."""
    driver = drivers.ALL[kind]
    allowed = driver.logged(driver, driver.weekly)
    platform = platforms.make(make_rig, driver, policy=platforms.POLICY % 'meetings = {"%s"}' % allowed)
    platform.settle()
    brought = {"meetingToken": allowed, "name": allowed, "id": allowed}
    before = platform.ledger()
    visitor, answer = platform.sign_in(platform.entry(platform.other, **brought))
    line = platform.audit(answer)
    assert (answer.status, line["code"], line["meeting_id"]) == (403, "denied", platform.logged(platform.other))
    if hasattr(platform, "body"):
        assert platform.ask(visitor, {**platform.body(platform.other), **brought}).code == "denied"
    assert platform.ledger() == before, "nobody was asked"
    visitor, answer = platform.sign_in(platform.entry(platform.weekly, name="another"))
    assert platform.seen(platform.arrived(visitor, platform.weekly, answer))[0] == platform.weekly
    platform.check()


# -- 8: who told it --


PARTNER = """
backend "partner" { type = "file"  users = "%%(folder)s/partner.passwd" }
backend "invited" { type = "invite"  invitations = "%%(folder)s/invitations" }
guest-desk { groups = {"hosts"} %s }
"""
BELIEVES = """policy {
    rule "groups" { allow = true  %(backends)s groups = {"staff"}  meetings = {"%%(meeting)s"} }
    rule "users"  { allow = true  %(backends)s users = {"dave"}  meetings = {"%%(meeting)s"} }
    rule "emails" { allow = true  %(backends)s emails = {"*@example.org"}  meetings = {"%%(meeting)s"} }
    rule "guests" { allow = true  backends = {"invited"} }
    default = "deny"
}
"""


def with_partner(maker, backends):
    """alice and hanna of staff; carol, dave and erin of a partner, who call their groups and themselves what they like."""
    rig = ruled(maker, BELIEVES % {"backends": backends}, PARTNER % backends)
    start_pool = rig.start_pool

    def prepare_and_start():
        rig.add_user("hanna", "--group", "hosts")
        for name, more in (("carol", ("--group", "staff", "--group", "hosts")), ("dave", ()), ("erin", ("--email", "erin@example.org"))):
            rig.add_user(name, "--backend", "partner", *more)
        rig.ctl("secret", "generate", "backend/invited")
        start_pool()

    rig.start_pool = prepare_and_start
    return rig.start()


def at_the_desk(rig, name):
    visitor = rig.visitor()
    visitor.fill(visitor.get(visitor.get("/auth/guests").location), name)
    return visitor


def test_P8_groups_and_names_are_those_of_the_backend_that_told_them(make_rig):
    rig = with_partner(make_rig, 'backends = {"staff"}')
    assert joins(rig, "alice", MEETING, TOKEN).status == 302
    for stranger in ("carol", "dave", "erin"):
        answer = joins(rig, stranger, MEETING, TOKEN)
        assert answer.status == 403 and audit(rig, answer)["backend"] == "partner"
    hanna = at_the_desk(rig, "hanna")
    ticket = hanna.get("/auth/guests").forms()[0]["fields"][0][2]
    carol = at_the_desk(rig, "carol")
    assert carol.get("/auth/guests", JSON).code == "denied"
    form = {"ticket": ticket, "do": "add-invitation", "name": "Zoe", "meetings": MEETING}
    assert carol.post("/auth/guests", form, JSON).code == "denied"
    assert hanna.post("/auth/guests", form).status == 200
    assert not [text for _, text in told(rig) if "each for its own people" in text]


def test_P8_operators_are_told_of_rules_and_of_a_desk_that_believe_several(make_rig):
    rig = with_partner(make_rig, "")
    for stranger in ("carol", "dave", "erin"):
        assert joins(rig, stranger, MEETING, TOKEN).status == 302, "as the file says"
    assert at_the_desk(rig, "carol").get("/auth/guests").status == 200
    found = told(rig)
    for about, condition in (('rule "groups"', "groups"), ('rule "users"', "users"), ('rule "emails"', "emails"), ("guest-desk", "groups")):
        assert [text for where, text in found if where == about and
                re.match('%s: the (rule|desk) trusts "staff", "partner", each for its own people' % condition, text)], (about, found)


@pytest.mark.parametrize("backend,groups,emails", [
    ('type = "oidc"  issuer = "https://accounts.example.com"  client-id = "x"', True, True),
    ('type = "oidc"  issuer = "https://accounts.example.com"  client-id = "x"  groups-claim = ""  email-claim = ""  allow-unverified-email = true', False, False),
    ('type = "ldap"  servers = {"ldaps://ldap.example.org"}  base = "dc=example"  filter = "(uid={name})"', True, True),
    ('type = "radius"  servers = {"radius.example.org"}', True, False),
    ('type = "radius"  servers = {"radius.example.org"}  groups-attribute = ""', False, False),
    ('type = "remote-user"', False, False), ('type = "remote-user"  groups = "MEETAUTH_GROUPS"', True, False),
    ('type = "remote-user"  email = "MEETAUTH_EMAIL"', False, True), ('type = "http"  url = "https://members.example.org/"', True, True),
    ('type = "email"  server = "smtps://mail.example.org"  from = "a@example.org"', False, True),
    ('type = "file"  users = "/etc/nginx/htpasswd"  format = "htpasswd"', False, False),
    ('type = "guest-account"  groups = {"staff"}', False, False), ('type = "invite"', False, False)])
def test_P8_who_can_tell_groups_and_addresses(make_rig, backend, groups, emails):
    """By type and options: nobody is warned of what cannot be."""
    rig = ruled(make_rig, 'policy {\n rule "a" { allow = true  groups = {"staff"} }\n rule "b" { allow = true  emails = {"*@example.org"} }\n'
                ' rule "c" { allow = true  backends = {"other"} }\n}\n', 'backend "other" { %s }\n' % backend)
    found = {entry["rule"] for entry in json.loads(rig.ctl("--json", "policy", "lint", check=False).stdout) if "each for its own people" in entry["finding"]}
    assert found == {rule for rule, tells in (("a", groups), ("b", emails)) if tells}


# -- 14: forms of the desk, names of guests --


def test_P14_operators_are_told_of_guests_who_are_asked_for_first(make_rig):
    rig = ruled(make_rig, 'policy { rule "all" { allow = true  backends = {"partners", "staff", "people"} } }\n',
                'backend "partners" { type = "guest-account"  accounts = "%(folder)s/accounts" }\n'
                'backend "people" { type = "file"  users = "%(folder)s/people.passwd" }\n')
    rig.add_user("paula", "--backend", "people")
    rig.start()
    text = 'a guest account locks out a person with the same name in "people", which is asked later: move this section below that one'
    assert ('backend "partners"', text) in told(rig)


@pytest.fixture(scope="module")
def desk(make_module_rig):
    return make_desk(make_module_rig)


def test_P14_a_form_of_the_desk_is_for_the_session_it_was_shown_to(desk):
    """Two tabs of one browser: alice's form is neither done nor logged as hanna's, nor as that of a later session of alice."""
    host = Host(desk)
    form = host.fields("put-account", **host.account("nobody"))
    for name in ("hanna", "alice"):
        before = host.files()
        login = desk.visitor()
        login.jar = {cookie: value for cookie, value in host.jar.items() if cookie != "__Host-meetauth"}
        assert login.fill(login.get(login.get("/auth/guests").location), name).status == 303
        host.jar = dict(login.jar)
        answer = host.post("/auth/guests", form, JSON)
        assert answer.status == 400 and answer.code == "ticket-expired" and host.files() == before
    host.put_account("somebody")


def test_P14_a_logout_form_signs_out_whom_it_names(desk):
    visitor = Host(desk)
    page = visitor.get("/auth/logout")
    assert "alice" in page.text
    form = {name: value for name, _, value in page.forms()[0]["fields"]}
    alice = dict(visitor.jar)
    other = desk.visitor()
    other.jar = {cookie: value for cookie, value in alice.items() if cookie != "__Host-meetauth"}
    assert other.fill(other.get(other.get("/auth/guests").location), "hanna").status == 303
    answer = other.post("/auth/logout", form, JSON)
    assert answer.status == 400 and answer.code == "ticket-expired"
    assert other.get("/auth/guests").status == 200, "hanna is still signed in"
    assert visitor.post("/auth/logout", form).status == 200
    assert visitor.get("/auth/guests").status == 303, "and alice is not"
    assert visitor.post("/auth/logout", form).status == 200, "once more: there is nobody to sign out"


def test_P14_a_form_of_whom_the_web_server_names_is_for_them(make_rig):
    """They have no session: each request says anew who it is."""
    rig = make_desk(make_rig, sections='backend "proxy" { type = "remote-user"  groups = "MEETAUTH_GROUPS" }\n')
    with_snippet(rig, "fastcgi_param MEETAUTH_USER $http_x_who;\nfastcgi_param MEETAUTH_GROUPS hosts;\n")
    visitor = rig.visitor()
    page = visitor.get("/auth/guests", {"X-Who": "nora"})
    assert page.status == 200 and "nora" in page.text
    form = {"ticket": Host.form_of(page, "put-account")["ticket"], "do": "put-account", **Host.account("guest")}
    answer = visitor.post("/auth/guests", form, {"X-Who": "otto", **JSON})
    assert answer.status == 400 and answer.code == "ticket-expired"
    assert visitor.post("/auth/guests", form, {"X-Who": "nora"}).status == 200
    done = wait_for(lambda: rig.events("desk"), "the line of the desk")
    assert [(line["user"], line["result"]) for line in done] == [("nora", "ok")]
