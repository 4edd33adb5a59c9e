# SPDX-License-Identifier: MIT
"""The guest desk: hosts make accounts and invitations for guests, each for named meetings. What others try at it is in
test_guest_desk_attacks.py."""

import concurrent.futures
import json
import os
import re
import subprocess
import time
import urllib.parse

import pytest
from client import JSON
from desk import Host, guest_of, make_desk, password_of
from guests import MEETING, OTHER, accept, opened, query
from oidc_peers import BACKEND, Liar, Person, section
from processes import everywhere
from rig import ENVIRONMENT, HOST, MEETAUTHD, TOP, wait_for


@pytest.fixture(scope="module")
def shared(make_module_rig):
    return make_desk(make_module_rig)


@pytest.fixture
def host(shared):
    return Host(shared)


# -- who sits there --


def test_a_host_signs_in_from_the_page_and_comes_back_to_it(shared):
    visitor = shared.visitor()
    gone = visitor.get("/auth/guests")
    assert gone.status == 303 and gone.location.startswith(shared.base + "/login?ticket=")
    page = visitor.get(gone.location)
    assert page.status == 200 and HOST not in page.text, "there is no meeting to speak of"
    back = visitor.fill(page, "alice")
    assert back.status == 303 and back.location == shared.base + "/guests"
    desk = visitor.get(back.location)
    assert desk.status == 200 and "Guest desk" in desk.text and "alice" in desk.text
    assert desk.headers["Cache-Control"] == "no-store" and "default-src 'none'" in desk.headers["Content-Security-Policy"]


def test_a_host_comes_back_from_a_provider_too(make_rig, tmp_path):
    peer = Liar(str(tmp_path))
    peer.claims = {"groups": ["hosts"]}
    try:
        rig = make_desk(make_rig, sections=section(peer.issuer), secrets=[("backend/" + BACKEND, "client secret")])
        person = Person(rig)
        page = person.ours.get(person.ours.get("/auth/guests").location)
        back = peer.come_back(person, peer.approve(person.press(page).location))
        assert back.status == 303 and back.location == rig.base + "/guests"
        desk = person.ours.get(back.location)
        assert desk.status == 200 and "u-1" not in desk.text
        form = Host.form_of(desk, "put-account")
        assert person.ours.post("/auth/guests", {**form, **Host.account("anna")}).status == 200
        page = person.ours.get("/auth/guests").text
        assert "anna" in page and "u-1" not in page, "a subject that the provider made up is not shown"
        peer.claims = {"groups": ["others"]}
        person = Person(rig)
        page = person.ours.get(person.ours.get("/auth/guests").location)
        peer.come_back(person, peer.approve(person.press(page).location))
        assert person.ours.get("/auth/guests").status == 403
    finally:
        peer.stop()


def test_a_wrong_password_shows_the_login_page_again(shared):
    visitor = shared.visitor()
    page = visitor.get(visitor.get("/auth/guests").location)
    again = visitor.fill(page, "alice", "wrong")
    assert again.status == 401 and visitor.fill(again, "alice").location == shared.base + "/guests"


def test_who_is_in_none_of_the_groups_is_refused(shared):
    visitor = shared.visitor()
    page = visitor.get(visitor.get("/auth/guests").location)
    assert visitor.fill(page, "bob").status == 303
    answer = visitor.get("/auth/guests")
    assert answer.status == 403 and "guest desk" in answer.text and "meeting" not in answer.text.replace("Your meetings", "")
    assert visitor.get("/auth/guests", JSON).code == "denied"
    posted = visitor.post("/auth/guests", {"do": "put-account", "ticket": "x"}, JSON)
    assert posted.status == 403 and posted.code == "denied"
    wait_for(lambda: [e for e in shared.events("failure") if e["code"] == "denied" and e.get("user") == "bob"], "the line")
    switch, = answer.forms()
    fields = {name: value for name, _, value in switch["fields"]}
    login = visitor.post(urllib.parse.urljoin("/auth/guests", switch["action"]), fields)
    assert login.location.startswith(shared.base + "/login"), "as somebody else, and back here"
    assert visitor.fill(visitor.get(login.location), "alice").location == shared.base + "/guests"


def test_a_guest_never_sits_there(shared, host):
    host.put_account("gus", groups_of_the_backend="staff")
    visitor = guest_of(shared, "gus")
    answer = visitor.get("/auth/guests")
    assert answer.status == 403 and "guests cannot use the guest desk" in answer.text
    switch, = answer.forms()
    fields = {name: value for name, _, value in switch["fields"]}
    login = visitor.post(urllib.parse.urljoin("/auth/guests", switch["action"]), fields)
    assert visitor.fill(visitor.get(login.location), "gus", password_of(shared, "gus")).location == shared.base + "/guests"
    assert visitor.get("/auth/guests").status == 403, "and not after signing in for it either"


def test_head_and_other_methods(shared, host):
    answer = host.request("HEAD", "/auth/guests")
    assert answer.status == 200 and answer.body == b""
    assert shared.visitor().request("HEAD", "/auth/guests").status == 303
    wrong = host.request("PUT", "/auth/guests", headers=JSON)
    assert wrong.status == 405 and "POST" in wrong.headers["Allow"]


def test_without_the_section_there_is_no_desk(rig):
    visitor = rig.visitor()
    assert visitor.get("/auth/guests", JSON).code == "not-found"
    assert visitor.post("/auth/guests", {"do": "put-account"}, JSON).code == "not-found"


# -- accounts --


def test_an_account_from_beginning_to_end(shared, host):
    host.put_account("Anna", display="Anna Guest", email="anna@partner.example", meetings=MEETING)
    row = host.row("anna")
    assert "Anna Guest" in row and HOST + "/" + MEETING in row and "file/" not in row and "<bdi>alice</bdi>" in row
    guest = guest_of(shared, "ANNA")
    back = guest.enter(MEETING)
    assert back.status == 302 and query(back)["participantName"] == "Anna Guest"
    assert "participantEmail" not in query(back), "a host typed it, and nobody has verified it"
    wait_for(lambda: re.search(r"joined[^>]*><bdi>20\d\d-\d\d-\d\d \d\d:\d\d</bdi></td>", host.row("anna")), "when she last joined")
    wait_for(lambda: [e for e in shared.events("join") if e["backend"] == "guests" and e["user"].startswith("guest-")], "the line")
    assert guest.enter(OTHER).status == 303, "for this meeting alone"
    # Another meeting beside it, the password left as it is.
    host.edit_account("anna", meetings="%s, %s/%s" % (MEETING, HOST.upper(), OTHER))
    wait_for(lambda: guest.enter(OTHER).status == 302, "it to count for those who are signed in")
    assert guest.enter(MEETING).status == 302
    # A meeting is taken away: at once, for those who are signed in as well.
    host.edit_account("anna", meetings=OTHER)
    wait_for(lambda: guest.enter(MEETING).status == 303, "the end of it")
    # The end.
    end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 10))
    host.edit_account("anna", expires=end)
    wait_for(lambda: refused(shared, "anna", OTHER), "nobody to be let in")
    assert "<s><bdi>%s</bdi></s>" % end[:16].replace("T", " ") in host.row("anna")
    host.edit_account("anna", expires="")
    wait_for(lambda: not refused(shared, "anna", OTHER), "her to be let in")
    guest = guest_of(shared, "anna", OTHER)
    host.remove_account("anna")
    assert host.row("anna") is None
    wait_for(lambda: guest.enter(OTHER).status == 303, "the session to end")
    assert refused(shared, "anna", OTHER)


def refused(rig, name, meeting=MEETING):
    visitor = rig.visitor()
    return visitor.fill(visitor.login_page(meeting), name, password_of(rig, name)).status == 401


def test_another_meeting_is_denied_at_the_login_too(shared, host):
    host.put_account("berta", meetings=MEETING)
    visitor = shared.visitor()
    wait_for(lambda: not refused(shared, "berta"), "the account")
    answer = visitor.fill(visitor.login_page(OTHER), "berta", password_of(shared, "berta"), headers=JSON)
    assert answer.status == 403 and answer.code == "denied"
    assert not shared.platform.attempts("x")


def test_a_new_password_ends_the_sessions_with_the_old_one(shared, host):
    host.put_account("carla")
    guest = guest_of(shared, "carla")
    old = password_of(shared, "carla")
    host.keep_password(host.send("put-account", **host.edit_page("carla"), new_password="1"))
    wait_for(lambda: guest.enter(MEETING).status == 303, "the session to end")
    visitor = shared.visitor()
    wait_for(lambda: visitor.fill(visitor.login_page(), "carla", old).status == 401, "the old password to be refused")
    visitor = shared.visitor()
    assert visitor.fill(visitor.login_page(), "carla", password_of(shared, "carla")).status == 302


def test_who_made_it_and_when_stay(shared, host):
    host.put_account("dora")
    second = Host(shared, "hanna")
    second.edit_account("dora", display="Dora")
    assert "<bdi>alice</bdi>" in second.row("dora")


@pytest.mark.parametrize("fields,words", [
    ({"name": " "}, "user name"), ({"name": "x" * 300}, "user name"), ({"name": "a\x01"}, None), ({"display": "x" * 300}, "name"),
    ({"email": "a@b@c"}, "e-mail"), ({"email": "nobody"}, "e-mail"),
    ({"expires": "tomorrow"}, "time"), ({"expires": "2026-02-31T10:00"}, "time"),
    ({"expires": "2020-01-01T00:00"}, "past"), ({"expires": "1970-01-01T00:00"}, "past"), ({"expires": "1969-12-31T23:59"}, "past"),
    ({"expires": "0000-01-01T00:00"}, "past"),
    ({"meetings": "evil.example/x"}, "meeting"), ({"meetings": HOST + "/.."}, "meeting"),
    ({"meetings": HOST + "/a b"}, "meeting"), ({"meetings": HOST + "/"}, "meeting"), ({"meetings": ",".join("m%d" % i for i in range(17))}, "meeting"),
    ({"meetings": ",".join("m" * 200 for _ in range(8))}, "meeting")])
def test_what_is_wrong_is_said_and_nothing_is_kept(shared, host, fields, words):
    before = host.files()
    answer = host.send("put-account", **{**host.account("emil"), **fields})
    assert answer.status == 400 and host.files() == before
    if words:
        alert = re.search(r'role="alert"[^>]*>(.*?)</div>', answer.text, re.S).group(1)
        assert words in alert.lower() and "Nothing was changed" in alert
        assert 'value="emil"' in answer.text or "name" in fields, "what was typed is still there"


def test_a_name_is_given_once(shared, host):
    host.put_account("fred")
    answer = host.send("put-account", **host.account("FRED"))
    assert answer.status == 400 and "Another guest has this user name" in answer.text
    host.put_account("frieda")
    page = host.edit_page("frieda")
    answer = host.send("put-account", **{**page, "name": "fred"})
    assert answer.status == 400 and host.row("frieda") is not None


def test_pages_of_many(make_rig):
    """As many as one page holds, newest first; a link leads to the others."""
    rig = make_desk(make_rig)
    host = Host(rig)
    host.put_account("seed")
    with open(rig.folder + "/guest.accounts", encoding="utf-8") as file:
        line = next(line for line in file if '"seed"' in line).rstrip(",\n")
    number = re.search(r'"id": "([0-9a-f]{32})"', line).group(1)
    entries = [line.replace(number, "%032x" % i).replace('"seed"', '"guest-%d"' % i) for i in range(120)]
    text = '{"format": "meetauth guest accounts 1", "entries": [\n%s\n]}\n' % ",\n".join(entries)
    with open(rig.folder + "/new", "w", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write(text)
    os.rename(rig.folder + "/new", rig.folder + "/guest.accounts")
    seen, address = [], "/auth/guests"
    while address:
        page = host.get(address)
        assert page.status == 200
        seen += re.findall(r'<th scope="row"><bdi>(guest-\d+)', page.text)
        more = re.search(r'href="[^"]*(\?accounts=\d+)#accounts" rel="next"', page.text)
        address = more and "/auth/guests" + more.group(1)
    assert seen == ["guest-%d" % i for i in reversed(range(120))]
    assert host.get("/auth/guests?accounts=7777").status == 200 and host.get("/auth/guests?accounts=x").status == 200


# -- two hosts --


def test_two_hosts_at_the_same_time(make_rig):
    """No account is lost, whoever writes when, in whichever process."""
    rig = make_desk(make_rig, processes=3)
    hosts = {prefix + str(number): Host(rig, name) for prefix, name in (("left", "alice"), ("right", "hanna")) for number in range(4)}

    def work(item):
        prefix, one = item
        return [one.send("put-account", **one.account("%s-%d" % (prefix, number))).status for number in range(3)]

    with concurrent.futures.ThreadPoolExecutor(len(hosts)) as pool:
        answers = list(pool.map(work, hosts.items()))
    assert answers == [[200] * 3] * len(hosts)
    page = next(iter(hosts.values())).get("/auth/guests").text
    assert sorted(re.findall(r'<th scope="row"><bdi>([a-z]+\d-\d)', page)) == sorted("%s-%d" % (prefix, n) for prefix in hosts for n in range(3))


def test_nobody_writes_over_what_they_have_not_seen(shared, host):
    host.put_account("greta", display="Greta")
    second = Host(shared, "hanna")
    mine, theirs = host.edit_page("greta"), second.edit_page("greta")
    assert second.send("put-account", **{**theirs, "display": "Greta Two"}).status == 303
    answer = host.send("put-account", **{**mine, "email": "greta@partner.example"})
    assert answer.status == 400 and "in the meantime" in answer.text
    assert "Greta Two" in host.row("greta")
    form = host.form_of(answer, "put-account")
    assert form["email"] == "greta@partner.example"
    assert host.post("/auth/guests", form).status == 303, "now they know"
    host.remove_account("greta")
    gone = second.send("put-account", **theirs)
    assert gone.status == 400 and "removed" in gone.text
    assert second.form_of(gone, "put-account")["id"] == "", "what was typed may become a new one"
    assert second.send("remove-account", id=form["id"]).status == 400


# -- invitations --


def test_an_invitation_from_beginning_to_end(shared, host):
    page = host.send("add-invitation", name="Zoë Guest", email="zoe@partner.example", meetings=MEETING, meeting_token="8320-2640",
                     title="Weekly review")
    assert page.status == 200
    link = host.link(page)
    assert link.startswith(shared.base + "/invite?token=")
    again = host.get("/auth/guests")
    assert "Zoë Guest" in again.text and link.partition("token=")[2] not in again.text, "shown once"
    assert '<option value="%s/%s">' % (HOST, MEETING) in again.text, "the meeting is offered for the next guest"
    assert '<option value="' + HOST not in Host(shared, "hanna").get("/auth/guests").text, "to the host who invited"
    guest = shared.visitor()
    page = opened(guest, link)
    assert "<bdi>Weekly review</bdi> (<bdi>8320-2640</bdi>)" in page.text and "Weekly review" in host.row("Zoë Guest")
    gone = accept(guest, page)
    assert gone.status == 303 and gone.location == shared.site + "/join/8320-2640"
    back = guest.enter(MEETING)
    assert back.status == 302 and query(back)["participantName"] == "Zoë Guest"
    assert guest.enter(OTHER).status == 303
    wait_for(lambda: re.search(r"joined[^>]*><bdi>20\d\d-\d\d-\d\d \d\d:\d\d</bdi></td>\s*<td class", host.row("Zoë Guest")), "when they joined")
    number = re.search(r'value="([0-9a-f]{32})"', host.row("Zoë Guest")).group(1)
    assert host.send("revoke-invitation", id=number).status == 303
    assert "ended" in host.row("Zoë Guest") and "<button" not in host.row("Zoë Guest")
    wait_for(lambda: guest.enter(MEETING).status == 303, "the session to end")
    assert shared.visitor().get(link).status == 400
    assert host.send("revoke-invitation", id=number).status == 303, "it is revoked already"


def test_the_meeting_id_stands_for_the_number_and_the_end_for_what_the_backend_says(shared, host):
    host.link(host.send("add-invitation", name="Default", meetings=MEETING))
    kept, = [entry for entry in json.loads(shared.ctl("--json", "invite", "list").stdout) if entry["name"] == "Default"]
    assert kept["meeting"] == kept["meetingToken"] == MEETING and kept["platform"] == HOST
    assert kept["expires"].startswith("20")


def test_a_reload_of_the_page_with_the_link_makes_no_second_one(shared, host):
    fields = host.fields("add-invitation", name="Reload", meetings=MEETING)
    assert host.post("/auth/guests", fields).status == 200
    again = host.post("/auth/guests", fields)
    assert again.status == 400 and "already sent" in again.text and 'id="link"' not in again.text
    assert len(re.findall(r'<th scope="row"><bdi>Reload', again.text)) == 1
    assert host.send("add-invitation", name="Reload", meetings=MEETING).status == 200, "from a new page it is meant"


@pytest.mark.parametrize("fields", [
    {"name": ""}, {"name": "x" * 300}, {"email": "a b@c.example"}, {"meetings": ""}, {"meetings": MEETING + "," + OTHER},
    {"meetings": "evil.example/" + MEETING}, {"meeting_token": "a/../b#x"}, {"meeting_token": ".."}, {"expires": "2020-01-01T00:00"},
    {"expires": "1970-01-01"}, {"expires": "1969-12-31T23:59"}, {"expires": "never"}])
def test_an_invitation_that_is_wrong(shared, host, fields):
    before = host.files()
    answer = host.send("add-invitation", **{"name": "Zoe", "meetings": MEETING, **fields})
    assert answer.status == 400 and 'role="alert"' in answer.text and 'id="link"' not in answer.text
    assert host.files() == before


def test_without_a_secret_for_links_it_says_what_to_do(make_rig):
    rig = make_desk(make_rig, secret=False)
    answer = Host(rig).send("add-invitation", name="Zoe", meetings=MEETING)
    assert answer.status == 400 and "meetauthctl secret generate" in answer.text


# -- meetings of every platform --

PLATFORMS = """
backend "keys" { type = "meeting-key"  keys = "%s/meeting.keys" }
platform "jitsi.example" { type = "jitsi"  app-id = "meetauth" }
platform "bbb.example" { type = "bigbluebutton" }
platform "galene.example" { type = "galene" }
platform "livekit.example" { type = "livekit" }
platform "example.webex.com" { type = "webex"  mode = "guest-issuer"  issuer = "I1"  meetings-by = {"number", "link"} }
platform "skype.example" { type = "skype"  tenant = "contoso.example"  client-id = "C1"  endpoint = "sip:desk@contoso.example"
    allowed-origins = {"https://app.example.org"}  app = "https://app.example.org/join" }
platform "ucwa.example" { type = "ucwa"  domains = {"contoso.example"}
    allowed-origins = {"https://app.example.org"}  app = "https://app.example.org/join" }
"""
KEYS = {"jitsi.example": "k" * 32, "bbb.example": "k" * 32, "livekit.example": "APIkey:" + "k" * 32, "skype.example": "k" * 32,
        "galene.example": json.dumps({"kty": "oct", "alg": "HS256", "kid": "1", "k": "A" * 43}), "example.webex.com": "a" * 44}
LYNC = 'platform "lync.example" { type = "lync"  domains = {"contoso.example"} }\n'
IDS = {HOST: MEETING, "jitsi.example": "acme/team%20meeting", "bbb.example": "weekly-1", "galene.example": "uni/maths", "livekit.example": "Daily",
       "example.webex.com": "https://example.webex.com/example/j.php?MTID=md41817da6a55b0925530cb88b3577b1e",
       "skype.example": "https://meet.lync.com/contoso/testuser/1SD8D0WZ", "ucwa.example": "john@contoso.example/G03W98W4",
       "lync.example": "john@contoso.example/854T0R7G"}
WRITTEN = {**IDS, "ucwa.example": "https://meet.contoso.example/john/G03W98W4"}  # as operators write them


def test_a_meeting_of_any_platform_can_be_named(make_rig):
    rig = make_desk(make_rig, sections=PLATFORMS + LYNC, secrets=KEYS.items())
    host = Host(rig)
    host.put_account("anna", meetings=", ".join("%s/%s" % pair for pair in IDS.items()))
    with open(rig.folder + "/guest.accounts", encoding="utf-8") as file:
        assert json.load(file)["entries"][0]["meetings"] == ["%s/%s" % pair for pair in IDS.items()]
    for pair in IDS.items():
        assert "%s/%s" % pair in host.row("anna"), "and the form that changes it"
        host.link(host.send("add-invitation", name="Zoe", meetings="%s/%s" % pair))
        rig.ctl("invite", "create", "--platform", pair[0], "--meeting", WRITTEN[pair[0]], "--name", "Ann")
        rig.ctl("meeting-key", "set", "--platform", pair[0], "--meeting", WRITTEN[pair[0]], text="correct horse")
    host.edit_account("anna", display="Anna")
    invitations = json.loads(rig.ctl("--json", "invite", "list").stdout)
    assert [(entry["platform"], entry["meeting"]) for entry in invitations] == [pair for pair in IDS.items() for _ in range(2)]
    keys = json.loads(rig.ctl("--json", "meeting-key", "list").stdout)
    assert [(entry["platform"], entry["meeting"]) for entry in keys] == list(IDS.items())


def test_a_meeting_is_taken_as_it_is_written(make_rig):
    rig = make_desk(make_rig, sections=PLATFORMS + LYNC, secrets=KEYS.items())
    host = Host(rig)
    host.put_account("anna", meetings="Jitsi.example/Acme/Team Meeting, lync.example/John@contoso.example/854t0r7g")
    assert "jitsi.example/acme/team%20meeting, lync.example/john@contoso.example/854T0R7G" in host.row("anna")
    host.link(host.send("add-invitation", name="Zoe", meetings="jitsi.example/WeeklyReview"))
    assert json.loads(rig.ctl("--json", "invite", "list").stdout)[0]["meeting"] == "weeklyreview"
    for no_meeting in ("jitsi.example/a/b/c", "lync.example/john@evil.example/1", "jitsi.example/"):
        page = host.send("put-account", **Host.account("berta", meetings=no_meeting))
        assert page.status == 400 and host.row("berta") is None, no_meeting


@pytest.mark.parametrize("how", ["invitation", "account"])
def test_a_guest_of_a_conference_gets_its_link_and_key(make_rig, how):
    meeting = IDS["lync.example"]
    rig = make_desk(make_rig, sections=LYNC, secrets=[("meeting/lync.example/" + meeting, "k3y-0f-the-meeting")])
    host, guest = Host(rig), rig.visitor()
    if how == "invitation":
        link = host.link(host.send("add-invitation", name="Zoe", meetings="lync.example/" + meeting))
        gone = accept(guest, opened(guest, link))
        assert gone.status == 303 and gone.location.startswith(rig.base + "/lync/")
        page = guest.get(gone.location)
    else:
        host.put_account("zoe", meetings="lync.example/" + meeting)
        login = "/auth/lync/%s?platform=lync.example" % meeting
        page = wait_for(lambda: (lambda got: got if got.status == 200 else None)(guest.fill(guest.get(guest.get(login).location), "zoe", password_of(rig, "zoe"))), "her")
    assert page.status == 200 and "conf:sip:john@contoso.example;gruu;opaque=app:conf:focus:id:854T0R7G" in page.text
    assert "k3y-0f-the-meeting" in page.text
    assert guest.get("/auth/lync/john@contoso.example/OTHER").status == 303, "for this meeting alone"


# -- the pool, the log --


def test_all_processes_know_within_two_seconds(make_rig):
    rig = make_desk(make_rig, processes=3)
    host = Host(rig)
    host.put_account("pia")
    wait_for(lambda: everywhere(rig, lambda: not refused(rig, "pia")), "every process to know")
    guest = guest_of(rig, "pia")
    host.remove_account("pia")
    wait_for(lambda: everywhere(rig, lambda: guest.enter(MEETING).status == 303), "every process to know")


def lines_of(rig, count):
    return wait_for(lambda: len(rig.events("desk")) == count and rig.events("desk"), "%d lines" % count)


def test_every_change_leaves_a_line(make_rig):
    rig = make_desk(make_rig)
    host = Host(rig)
    host.put_account("otto", meetings=MEETING, expires="2036-01-01T00:00")
    host.edit_account("otto", display="Otto")
    assert host.send("put-account", **{**host.edit_page("otto"), "name": "Ottilie"}).status == 303
    host.keep_password(host.send("put-account", **host.edit_page("ottilie"), new_password="1"))
    account = host.id_of("ottilie")
    host.send("put-account", **host.account("ottilie"))
    host.send("put-account", **{**host.edit_page("ottilie"), "meetings": "nowhere.example/x"})
    host.send("remove-account", id=account, meetings="forged", expires="forged")
    host.send("remove-account", id=account)
    host.link(host.send("add-invitation", name="Olga", meetings=MEETING))
    invitation = re.search(r'value="([0-9a-f]{32})"', host.row("Olga")).group(1)
    host.send("revoke-invitation", id=invitation, meetings="forged", expires="forged")
    host.send("revoke-invitation", id="0" * 32)
    lines = lines_of(rig, 11)
    names = ("action", "result", "guest", "guest_id", "change", "former", "new_password", "detail")
    assert [tuple(line.get(name) for name in names) for line in lines] == [
        ("put-account", "ok", "otto", account, "made", None, None, None),
        ("put-account", "ok", "otto", account, "changed", None, None, None),
        ("put-account", "ok", "ottilie", account, "changed", "otto", None, None),
        ("put-account", "ok", "ottilie", account, "changed", None, "yes", None),
        ("put-account", "failed", None, None, None, None, None, "desk.fault.taken"),
        ("put-account", "failed", "ottilie", account, None, None, None, "desk.fault.meetings"),
        ("remove-account", "ok", "ottilie", account, None, None, None, None),
        ("remove-account", "failed", None, account, None, None, None, "desk.fault.gone"),
        ("add-invitation", "ok", "Olga", invitation, None, None, None, None),
        ("revoke-invitation", "ok", "Olga", invitation, None, None, None, None),
        ("revoke-invitation", "failed", None, "0" * 32, None, None, None, "desk.fault.gone")]
    assert all(line["user"] == "alice" and line["backend"] == "staff" and line["request_id"] and line["client"] for line in lines)
    assert lines[0]["meetings"] == MEETING and lines[0]["expires"] == "2036-01-01T00:00"
    assert not any("meetings" in line for line in lines if line["result"] == "failed"), "it may be a password in the wrong field"
    assert "forged" not in str(lines), "what is removed has no meetings, and nobody looked at these"


def damage(rig, name):
    with open(rig.folder + "/" + name, "w", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write("damage")


def test_a_change_that_was_made_is_told_as_made_whatever_the_other_file_is_like(make_rig):
    rig = make_desk(make_rig)
    host = Host(rig)
    fields = host.fields("put-account", **host.account("berta"))
    damage(rig, "invitations")
    host.keep_password(host.post("/auth/guests", fields))
    assert guest_of(rig, "berta").enter(MEETING).status == 302
    answer = host.get("/auth/guests", JSON)
    assert answer.status == 500 and "damage" not in answer.text, "the page has both"
    with open(rig.folder + "/guest.accounts", encoding="utf-8") as file:
        number = re.search(r'"id": "([0-9a-f]{32})"', file.read()).group(1)
    removal = {"ticket": fields["ticket"], "do": "remove-account", "id": number, "sure": "1"}
    assert host.post("/auth/guests", removal).status == 303
    assert host.post("/auth/guests", removal).status == 500
    lines = lines_of(rig, 3)
    assert "/invitations" in lines[0]["detail"], "the page has no lists"
    assert [(line["result"], line.get("guest"), line["guest_id"], line.get("detail")) for line in lines[1:]] == [
        ("ok", "berta", number, None), ("failed", None, number, "desk.fault.gone")]


def test_the_link_of_an_invitation_is_shown_whatever_the_other_file_is_like(make_rig):
    rig = make_desk(make_rig)
    host = Host(rig)
    fields = host.fields("add-invitation", name="Olga", meetings=MEETING)
    damage(rig, "guest.accounts")
    link = host.link(host.post("/auth/guests", fields))
    assert host.post("/auth/guests", fields).status == 500, "and not made twice"
    with open(rig.folder + "/invitations", encoding="utf-8") as file:
        number, = re.findall(r'"id": "([0-9a-f]{32})"', file.read())
    wait_for(lambda: rig.visitor().get(link).status == 200, "the invitation")
    made, again = lines_of(rig, 2)
    assert (made["result"], made["guest"], made["guest_id"]) == ("ok", "Olga", number) and "guest.accounts" in made["detail"]
    assert (again["result"], again["detail"]) == ("failed", "desk.fault.again")


def test_a_file_that_cannot_be_written_is_an_error_that_is_logged(make_rig):
    rig = make_desk(make_rig)
    host = Host(rig)
    host.put_account("paul")
    fields = host.fields("remove-account", id=host.id_of("paul"), sure="1")
    with open(rig.folder + "/guest.accounts", "a", encoding="utf-8") as file:
        file.write("damage")
    answer = host.post("/auth/guests", fields, JSON)
    assert answer.status == 500 and "damage" not in answer.text and rig.folder not in answer.text
    line = wait_for(lambda: [e for e in rig.events("desk") if e["action"] == "remove-account"], "the line")[0]
    assert line["result"] == "failed" and "guest.accounts" in line["detail"]


def test_the_files_are_private(shared, host):
    host.put_account("quinn")
    for name in ("guest.accounts", "invitations"):
        assert os.stat(os.path.join(shared.folder, name)).st_mode & 0o077 == 0


# -- what the catalogue shows --


def test_the_sample_of_the_readme(make_rig):
    rig = make_rig(start=False)
    os.mkdir(rig.folder + "/state")
    with open(TOP + "/docs/catalogue.md", encoding="utf-8") as file:
        block, = [block for block in re.findall(r"```\n(.*?)```", file.read(), re.S) if "guest-desk {" in block]
    rig.sections = block
    rig.configure()
    rig.ctl("init")
    rig.ctl("secret", "generate", "backend/invited")
    rig.add_user("alice", "--group", "staff")
    done = subprocess.run([MEETAUTHD, "-t", "-c", rig.conf], capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert done.returncode == 0, done.stderr
    assert rig.ctl("policy", "lint").returncode == 0
