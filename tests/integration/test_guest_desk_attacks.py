# SPDX-License-Identifier: MIT
"""What may be tried at the guest desk: forms of others, forms that say more than they should, and texts that are no text."""

import glob
import os
import re
import urllib.parse

import pytest
from client import JSON
from desk import Host, guest_of, make_desk, password_of
from guests import MEETING, OTHER, accept, opened
from oidc_peers import BACKEND, Liar, Person, section
from rig import wait_for

PAYLOAD = "\"'><script>alert(1)</script><img src=x onerror=f()>{{ticket}}"


@pytest.fixture(scope="module")
def shared(make_module_rig):
    return make_desk(make_module_rig)


@pytest.fixture
def host(shared):
    return Host(shared)


def refused(host, answer, status=400):
    """It was refused with that status."""
    assert answer.status == status, answer
    return answer


# -- whose form is it? --


@pytest.mark.parametrize("headers", [
    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"}, {"Origin": "https://evil.example"},
    {"Origin": "https://external.example.org.evil.example"}, {"Content-Type": "text/plain"}, {"Content-Type": "application/json"},
    {"Content-Type": "multipart/form-data; boundary=x"}])
def test_A41_a_form_of_another_site_changes_nothing(host, headers):
    before = host.files()
    answer = refused(host, host.send("put-account", headers={**headers, **JSON}, **host.account("mallory")))
    assert answer.code == "bad-request" and host.files() == before


def test_A41_the_ticket_is_of_this_browser_and_of_this_page(shared, host):
    before = host.files()
    other = Host(shared, "hanna")
    logout, = host.get("/auth/logout").forms()
    login = shared.visitor()
    join = urllib.parse.parse_qs(urllib.parse.urlsplit(login.get("/auth/guests").location).query)["ticket"][0]
    mine = host.fields("put-account")["ticket"]
    tickets = [other.fields("put-account")["ticket"], dict((n, v) for n, _, v in logout["fields"])["ticket"], join, "", "x",
               mine[:-1] + ("A" if mine[-1] != "A" else "B")]
    for ticket in tickets:
        answer = host.post("/auth/guests", {**host.account("mallory"), "do": "put-account", "ticket": ticket}, JSON)
        assert answer.status == 400 and answer.code == "ticket-expired", ticket
    answer = host.post("/auth/guests", {**host.account("mallory"), "do": "put-account"}, JSON)
    assert answer.status == 400 and host.files() == before
    # And the desk's ticket is good for nothing else.
    assert host.post("/auth/logout", {"ticket": mine}, JSON).status == 400
    assert host.post("/auth/login", {"ticket": mine, "name": "alice", "password": shared.passwords["alice"]}, JSON).status == 400
    assert host.send("put-account", **host.account("no-mallory")).status == 200


def test_a_form_without_a_session_leads_to_the_login_and_changes_nothing(shared, host):
    fields = host.fields("put-account", **host.account("mallory"))
    before = host.files()
    host.jar.pop("__Host-meetauth")
    answer = host.post("/auth/guests", fields)
    assert answer.status == 401 and 'name="name" value="mallory"' in answer.text
    assert host.post("/auth/guests", fields, JSON).status == 303
    assert host.files() == before


def test_who_was_removed_is_out_with_the_next_form(make_rig):
    rig = make_desk(make_rig)
    host = Host(rig, "hanna")
    fields = host.fields("put-account", **host.account("late"))
    rig.ctl("user", "remove", "hanna")
    wait_for(lambda: host.get("/auth/guests").status == 303, "the end of the session")
    assert host.post("/auth/guests", fields).status == 401 and not host.files()


def test_who_left_the_group_is_out_with_the_next_form(make_rig):
    rig = make_desk(make_rig)
    host = Host(rig, "hanna")
    fields = host.fields("put-account", **host.account("late"))
    path = rig.folder + "/users.passwd"
    with open(path, encoding="utf-8") as file:
        text = file.read()
    assert "hosts" in text
    with open(path + ".new", "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text.replace(":hosts:", ":others:"))
    os.rename(path + ".new", path)
    answer = wait_for(lambda: (lambda got: got if got.status == 303 else None)(host.get("/auth/guests")), "the end of the session")
    assert host.post("/auth/guests", fields).status == 401 and not host.files()
    assert host.fill(host.get(answer.location), "hanna").status == 303
    assert host.get("/auth/guests").status == 403


def test_who_left_the_group_of_a_provider_is_out_with_the_next_form(make_rig, tmp_path):
    """However young the groups are that the session has."""
    peer = Liar(str(tmp_path))
    peer.claims = {"groups": ["hosts"]}
    try:
        lines = ("userinfo = true", 'group-refresh = "1h"')
        peer.userinfo = {"groups": ["hosts"]}
        rig = make_desk(make_rig, sections=section(peer.issuer, *lines), secrets=[("backend/" + BACKEND, "client secret")])
        person = Person(rig)
        page = person.ours.get(person.ours.get("/auth/guests").location)
        peer.come_back(person, peer.approve(person.press(page).location))
        form = Host.form_of(person.ours.get("/auth/guests"), "put-account")
        peer.userinfo = {"groups": ["others"]}
        assert person.ours.post("/auth/guests", {**form, **Host.account("late")}).status == 403
        peer.status["/userinfo"] = (503, {})
        assert person.ours.get("/auth/guests").status == 503, "not in on old groups either"
        assert not os.path.exists(rig.folder + "/guest.accounts")
    finally:
        peer.stop()


# -- what stands in it? --


def test_A70_only_known_fields_count(shared, host):
    host.put_account("heidi", hash="$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA", by="file/mallory", created="2000-01-01T00:00Z",
                     groups="staff", guest="0", subject="alice", backend="staff")
    text = host.files()[0]
    line = next(line for line in text.splitlines() if '"heidi"' in line)
    assert "mallory" not in line and "AAAA$AAAA" not in line and "2000" not in line and "subject" not in line
    assert '"by": "staff/alice"' in line


@pytest.mark.parametrize("fields", [
    {"do": "unknown"}, {"do": ""}, {"do": "show"}, {"do": None}, {"id": "x"}, {"id": "0" * 31}, {"id": "../../etc/passwd"},
    {"id": "A" * 32}, {"id": "0" * 32, "seen": ""}, {"id": "0" * 32, "seen": "x"}, {"do": "remove-account", "id": ""},
    {"do": "revoke-invitation", "id": ""}, {"do": "add-invitation", "id": "0" * 32}, {"name": "x" * 2049}, {"meetings": "m" * 2049},
    {"new_password": "x" * 2049}, {"display": "\r\nx: y"}, {"display": "\x00"}, {"email": "a@b.example\nBcc: x@y.example"}])
def test_A70_what_no_form_of_ours_says(host, fields):
    before = host.files()
    given = {**host.fields("put-account", **host.account("ivan")), **fields}
    answer = host.post("/auth/guests", {name: value for name, value in given.items() if value is not None}, JSON)
    assert answer.status == 400 and host.files() == before


@pytest.mark.parametrize("name", ["do", "id", "name", "meetings", "new_password", "expires", "ticket"])
def test_A40_no_field_stands_twice(host, name):
    before = host.files()
    fields = list(host.fields("put-account", id="", new_password="1", **host.account("judy")).items())
    body = urllib.parse.urlencode([*fields, (name, dict(fields)[name])]).encode()
    answer = host.request("POST", "/auth/guests", headers={"Content-Type": "application/x-www-form-urlencoded", **JSON}, body=body)
    assert answer.status == 400 and host.files() == before


def test_the_id_of_an_account_is_no_right_over_it(shared, host):
    """Every host may change every account; what none may do is change one that they have not seen as it is."""
    host.put_account("kim")
    number = host.id_of("kim")
    answer = host.send("put-account", **{**host.account("lea"), "id": number, "seen": "0" * 32})
    assert answer.status == 400 and host.row("lea") is None
    assert host.send("revoke-invitation", id=number).status == 400, "an account is no invitation"
    assert host.send("remove-account", id=number).status == 303


def test_a_body_that_is_too_large(host):
    body = b"ticket=" + b"x" * 20000
    answer = host.request("POST", "/auth/guests", headers={"Content-Type": "application/x-www-form-urlencoded"}, body=body)
    assert answer.status in (400, 413)


# -- what is made of it? --


def harmless(page):
    assert "<script" not in page.text and "<img src=x" not in page.text and "onerror=alert(1)>" not in page.text
    return page


def test_A64_nothing_that_is_typed_becomes_markup(shared, host):
    host.put_account(PAYLOAD + "a", display=PAYLOAD)
    page = harmless(host.get("/auth/guests"))
    assert "&lt;script&gt;" in page.text and page.text.count("{{ticket}}") > 0, "as text, and not as a template"
    number = re.search(r"\?edit=([0-9a-f]{32})", page.text).group(1)
    assert "&lt;script&gt;" in harmless(host.get("/auth/guests?edit=" + number)).text
    for name in ("name", "display", "email", "meetings", "expires"):
        harmless(refused(host, host.send("put-account", **{**host.account("nora", meetings="none.example/x"), name: PAYLOAD})))
        harmless(refused(host, host.send("add-invitation", **{"name": "Zoe", "meetings": "none.example/x", name: PAYLOAD})))
    harmless(refused(host, host.send("add-invitation", name="Zoe", meetings=MEETING, meeting_token=PAYLOAD)))
    link = host.link(harmless(host.send("add-invitation", name=PAYLOAD, meetings=MEETING)))
    harmless(opened(shared.visitor(), link))
    for query in ("edit=" + urllib.parse.quote(PAYLOAD), "accounts=" + urllib.parse.quote(PAYLOAD), urllib.parse.quote(PAYLOAD)):
        harmless(host.get("/auth/guests?" + query))


def test_A64_the_name_of_a_guest_stays_a_name_on_the_way_to_the_platform(shared, host):
    host.put_account("olga", display="Olga&participantEmail=boss@example.org#")
    back = guest_of(shared, "olga").enter(MEETING)
    values = urllib.parse.parse_qs(urllib.parse.urlsplit(back.location).query)
    assert values["participantName"] == ["Olga&participantEmail=boss@example.org#"] and "participantEmail" not in values


def test_A64_the_number_of_a_meeting_stays_one_segment_of_the_way_there(shared, host):
    link = host.link(host.send("add-invitation", name="Zoe", meetings=MEETING, meeting_token="a/../b?x=1"))
    guest = shared.visitor()
    gone = accept(guest, opened(guest, link))
    assert gone.status == 303 and gone.location == shared.site + "/join/a%2F..%2Fb%3Fx%3D1"


@pytest.mark.parametrize("how", ["account", "invitation"])
def test_an_address_that_a_host_typed_vouches_for_nobody(make_rig, how):
    """Neither rules nor the platform take it for the guest's: a host could let guests in where rules let in members of a domain, or give them a role."""
    rig = make_desk(make_rig, rule='emails = {"*@example.org"} role = "moderator"')
    host = Host(rig)
    visitor = rig.visitor()
    if how == "account":
        host.put_account("mallory", email="boss@example.org")
        answer = wait_for(lambda: (lambda got: got if got.status != 401 else None)(visitor.fill(visitor.login_page(), "mallory", password_of(rig, "mallory"), headers=JSON)), "her")
    else:
        link = host.link(host.send("add-invitation", name="Mallory", meetings=MEETING, email="boss@example.org"))
        accept(visitor, opened(visitor, link))
        answer = visitor.enter(MEETING, JSON)
    assert (answer.status, answer.code) == (403, "denied")
    assert "boss@example.org" in host.get("/auth/guests").text, "hosts see it"


def test_A57_a_line_of_the_log_stays_one_line(shared, host):
    host.send("put-account", **host.account("x", meetings="x\u2028event=desk result=ok user=root"))
    host.send("put-account", **host.account('evil" result=ok user="root'))
    wait_for(lambda: [event for event in shared.events("desk") if event["action"] == "put-account"], "the lines")
    assert all(event["user"] in ("alice", "hanna") for event in shared.events("desk"))


def test_passwords_stay_nowhere(make_rig):
    """Neither in a page, nor in a file, nor in the log; nor the links."""
    rig = make_desk(make_rig)
    host = Host(rig)
    host.put_account("petra")
    first = password_of(rig, "petra")
    pages = [host.get("/auth/guests"),
             host.send("put-account", **host.account("petra")), host.send("put-account", **host.account("", email="x"))]
    guest_of(rig, "petra")
    rig.visitor().fill(rig.visitor().login_page(), "petra", first + "!")
    pages.append(host.get("/auth/guests?edit=" + host.id_of("petra")))
    host.keep_password(host.send("put-account", **host.edit_page("petra"), new_password="1"))
    secrets = (first, password_of(rig, "petra"))
    link = host.link(host.send("add-invitation", name="Zoe", meetings=MEETING))
    token = link.partition("token=")[2]
    pages.append(host.get("/auth/guests"))
    rig.visitor().get(link)
    for page in pages:
        assert not any(secret in page.text for secret in (*secrets, token))
    rig.stop_pool()
    for path in glob.glob(rig.folder + "/**", recursive=True):
        if os.path.isfile(path):
            with open(path, "rb") as file:
                text = file.read()
            for secret in (*secrets, token):
                assert secret.encode() not in text, path


def test_A53_a_guest_s_account_locks_nobody_out_and_is_nobody_else(shared, host):
    """The staff's backend stands first: a guest account of the same name never gets a turn."""
    host.put_account("alice")
    visitor = shared.visitor()
    assert visitor.fill(visitor.login_page(), "alice").status == 302
    wait_for(lambda: [e for e in shared.events("join") if e.get("user") == "alice" and e["backend"] == "staff"], "the line")
    stranger = shared.visitor()
    assert stranger.fill(stranger.login_page(), "alice", password_of(shared, "alice")).status == 401
    host.remove_account("alice")


def test_a_guest_of_one_meeting_is_in_no_other(shared, host):
    host.put_account("rosa", meetings=MEETING)
    guest = guest_of(shared, "rosa")
    for meeting in (OTHER, MEETING.upper(), MEETING + "0", MEETING[:-1]):
        assert guest.enter(meeting).status == 303
