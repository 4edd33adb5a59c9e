# SPDX-License-Identifier: MIT
"""The backend "invite" and meetauthctl invite: links for guests of one meeting."""

import json
import os
import re
import shutil
import stat
import subprocess

import pytest
from client import JSON
from guests import MEETING, OTHER, accept, query, rule
from processes import everywhere
from rig import ENVIRONMENT, HOST, MEETAUTHCTL, SANITIZER, wait_for

BACKEND = 'backend "invited" { type = "invite" invitations = "%s/invitations" }\n'
TOKEN = "8320-2640-2482-3499"
FOR = ("--platform", HOST, "--meeting", MEETING, "--meeting-token", TOKEN)


def make(maker, policy=None, **options):
    rig = maker(start=False, **options)
    rig.sections = BACKEND % rig.folder + (rule("invited") if policy is None else policy)
    return rig.start()


@pytest.fixture(scope="module")
def shared(make_module_rig):
    return make(make_module_rig)


def invite(rig, *more, name="Zoë Guest"):
    """(link, id), once the processes know of it."""
    done = rig.ctl("invite", "create", *FOR, "--name", name, *more)
    link = done.stdout.strip()
    assert link.startswith(rig.base + "/invite?token=")
    wait_for(lambda: rig.visitor().get(link).status == 200, "the invitation to be seen")
    return link, re.search("invitation ([0-9a-f]{32})", done.stderr).group(1)


def test_a_link_works_from_the_moment_it_is_shown_in_every_process(make_rig):
    """And so does the session that it begins: whichever process a visitor comes to next."""
    rig = make(make_rig, processes=3)
    first, _ = invite(rig, name="First")  # waits until the processes have read its secret, if they are not too busy
    wait_for(lambda: everywhere(rig, lambda: rig.visitor().get(first).status == 200), "the secret")
    for number in range(3):
        link = rig.ctl("invite", "create", *FOR, "--name", "Guest %d" % number).stdout.strip()
        assert everywhere(rig, lambda link=link: rig.visitor().get(link).status == 200)
        visitor = rig.visitor()
        assert accept(visitor, visitor.get(link)).status == 303
        assert everywhere(rig, lambda visitor=visitor: visitor.enter(MEETING).status == 302)
    assert not [event for event in rig.events("login") if event["result"] == "gone"]


def is_void(rig, link):
    """Whether a link lets nobody in, which is said as it should be."""
    answer = rig.visitor().get(link, JSON)
    assert answer.status == 200 or (answer.status in (400, 403, 410) and not answer.cookies.get("__Host-meetauth")), answer
    return answer.status != 200


# -- the way in --


def test_the_guest_sees_the_title_of_the_meeting(shared):
    link, number = invite(shared, "--title", "Weekly “review”")
    page = shared.visitor().get(link)
    assert "<bdi>Weekly “review”</bdi> (<bdi>%s</bdi>)" % TOKEN in page.text
    kept, = [entry for entry in json.loads(shared.ctl("--json", "invite", "list").stdout) if entry["id"] == number]
    assert kept["title"] == "Weekly “review”"


def test_the_link_leads_into_its_meeting(shared):
    link, number = invite(shared, "--email", "zoe@partner.example")
    visitor = shared.visitor()
    page = visitor.get(link)
    assert page.status == 200 and "Zoë Guest" in page.text
    assert "__Host-meetauth" not in page.cookies, "nothing happens before the button is pressed"
    assert page.headers["Cache-Control"] == "no-store" and page.headers["Referrer-Policy"] == "no-referrer"
    gone = accept(visitor, page)
    assert gone.status == 303 and gone.location == shared.site + "/join/" + TOKEN
    back = visitor.enter(MEETING)
    assert back.status == 302, back
    assert query(back)["participantName"] == "Zoë Guest"
    assert "participantEmail" not in query(back), "nobody has verified it"
    assert shared.platform.get(back.location).status == 200
    join = wait_for(lambda: shared.events("join"), "the audit line")[-1]
    assert join["user"] == "invite-" + number and join["backend"] == "invited"
    assert visitor.enter(OTHER).status == 303, "for this meeting alone"
    token = link.partition("token=")[2]
    assert token not in shared.pool.said()


def test_the_meeting_id_stands_for_the_token_by_default(shared):
    done = shared.ctl("invite", "create", "--platform", HOST, "--meeting", MEETING, "--name", "Zoe")
    link = done.stdout.strip()
    wait_for(lambda: shared.visitor().get(link).status == 200, "the invitation to be seen")
    visitor = shared.visitor()
    assert accept(visitor, visitor.get(link)).location == shared.site + "/join/" + MEETING


@pytest.mark.parametrize("change", [
    lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"), lambda token: ("A" if token[0] != "A" else "B") + token[1:],
    lambda token: token[:-1], lambda token: token + "A", lambda token: "x", lambda token: "A" * 64,
    lambda token: token[32:] + token[:32], lambda token: token + "%00"])
def test_A37_a_forged_link_does_not(shared, change):
    link, _ = invite(shared)
    base, _, token = link.partition("token=")
    assert is_void(shared, base + "token=" + change(token))


@pytest.mark.parametrize("link_of", [
    lambda link: link.partition("?")[0], lambda link: link.partition("token=")[0] + "token=",
    lambda link: link + "&" + link.partition("?")[2], lambda link: link + "A" * 2000])
def test_A40_the_token_stands_once(shared, link_of):
    link, _ = invite(shared)
    assert is_void(shared, link_of(link))


def test_the_page_of_another_browser_is_refused(shared):
    link, _ = invite(shared)
    page = shared.visitor().get(link)
    answer = accept(shared.visitor(), page)
    assert answer.status in (400, 403) and "__Host-meetauth" not in answer.cookies


def test_a_link_of_any_of_several_backends(make_rig):
    rig = make_rig(start=False)
    rig.sections = (BACKEND % rig.folder + BACKEND.replace("invited", "partners").replace("/invitations", "/partners") % rig.folder
                    + rule("invited"))
    rig.start()
    link, _ = invite(rig, "--backend", "partners")
    visitor = rig.visitor()
    assert accept(visitor, visitor.get(link)).status == 303
    answer = rig.visitor().get(link[:-1] + ("A" if link[-1] != "A" else "B"))
    assert answer.status == 400 and "This invitation is invalid" in answer.text


def test_only_a_rule_that_names_the_backend_lets_them_in(make_rig):
    policy = 'policy {\n rule "all" { allow = true }\n rule "mail" { allow = true emails = {"*@partner.example"} }\n default = "allow"\n}\n'
    rig = make(make_rig, policy)
    link, _ = invite(rig, "--email", "zoe@partner.example")
    visitor = rig.visitor()
    accept(visitor, visitor.get(link))
    answer = visitor.enter(MEETING, JSON)
    assert answer.status == 403 and answer.code == "denied"


def test_no_rule_takes_the_address_for_one_that_somebody_has_verified(make_rig):
    rig = make(make_rig, rule("invited", 'emails = {"*@partner.example"}'))
    link, _ = invite(rig, "--email", "zoe@partner.example")
    visitor = rig.visitor()
    accept(visitor, visitor.get(link))
    answer = visitor.enter(MEETING, JSON)
    assert (answer.status, answer.code) == (403, "denied")
    assert "zoe@partner.example" in rig.ctl("invite", "list").stdout


def test_revoked_and_expired_ones_end_everything(shared):
    link, number = invite(shared)
    visitor, late = shared.visitor(), shared.visitor()
    late_page = late.get(link)
    accept(visitor, visitor.get(link))
    assert visitor.enter(MEETING).status == 302
    shared.ctl("invite", "revoke", number)
    wait_for(lambda: visitor.enter(MEETING).status == 303, "the session to end")
    assert is_void(shared, link)
    assert accept(late, late_page).status in (400, 403, 410), "the page was open already"
    link, _ = invite(shared, "--expires", "20s")
    accept(visitor, visitor.get(link))
    assert visitor.enter(MEETING).status == 302
    wait_for(lambda: visitor.enter(MEETING).status == 303, "the session to end")
    assert is_void(shared, link)


def test_who_writes_the_file_makes_no_link(make_rig):
    rig = make(make_rig)
    link, number = invite(rig)
    path = rig.folder + "/invitations"
    with open(path, encoding="utf-8") as file:
        text = file.read()
    assert link.partition("token=")[2] not in text
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(MEETING, OTHER))
    wait_for(lambda: is_void(rig, link), "the change to be seen")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    wait_for(lambda: rig.visitor().get(link).status == 200, "the change to be seen")
    # Without the secret it was signed with it is void, with an older one beside a newer not.
    rig.ctl("secret", "generate", "backend/invited")
    newer, _ = invite(rig)
    assert rig.visitor().get(link).status == 200
    rig.ctl("secret", "retire", "backend/invited", "1", "--force")
    wait_for(lambda: is_void(rig, link), "the secret to be gone")
    assert rig.visitor().get(newer).status == 200


# -- meetauthctl --


@pytest.fixture
def site(make_rig):
    rig = make_rig(start=False)
    rig.sections = BACKEND % rig.folder
    rig.configure()
    rig.ctl("init")
    rig.file = rig.folder + "/invitations"
    return rig


def run(site, *words, status=0, check=True):
    done = site.ctl("invite", *words, check=False)
    assert not check or done.returncode == status, (done.stdout, done.stderr)
    return done


def listed(site):
    return json.loads(run(site, "list", "--json").stdout)


def test_create_list_revoke(site):
    assert listed(site) == []
    done = run(site, "create", *FOR, "--name", "Zoë", "--email", "zoe@partner.example", "--expires", "2099-12-31T18:00Z")
    assert re.fullmatch(re.escape(site.base) + r"/invite\?token=[A-Za-z0-9_-]{64}\n", done.stdout)
    assert stat.S_IMODE(os.stat(site.file).st_mode) == 0o600
    entry, = listed(site)
    number = entry["id"]
    assert number in done.stderr and entry.pop("created")
    assert entry == {
        "id": number, "state": "active", "platform": HOST, "meeting": MEETING, "meetingToken": TOKEN, "title": None, "name": "Zoë",
        "email": "zoe@partner.example", "expires": "2099-12-31T18:00:00Z", "revoked": None}
    run(site, "revoke", number)
    entry, = listed(site)
    assert entry["state"] == "revoked" and entry["revoked"]
    run(site, "revoke", number)
    table = run(site, "list").stdout.splitlines()
    assert table[0].split("\t")[:2] == ["ID", "STATE"] and table[1].split("\t")[:2] == [number, "revoked"]
    assert "no invitation" in run(site, "revoke", "0" * 32, status=1).stderr


def test_create_makes_one_secret_for_all(site):
    links = {run(site, "create", *FOR, "--name", "Zoe").stdout for _ in range(3)}
    assert len(links) == 3
    secrets = json.loads(site.ctl("secret", "list", "--json").stdout)
    assert [(entry["name"], entry["version"]) for entry in secrets] == [("backend/invited", 1)]


def test_thirty_days_unless_the_backend_says_otherwise(site):
    def days(entry):
        made, ends = (int(subprocess.check_output(["date", "-d", entry[name], "+%s"])) for name in ("created", "expires"))
        return (ends - made) / 86400

    run(site, "create", *FOR, "--name", "Zoe")
    site.sections = (BACKEND % site.folder).replace("}", 'lifetime = "2d" }')
    site.configure()
    run(site, "create", *FOR, "--name", "Zoe")
    run(site, "create", *FOR, "--name", "Zoe", "--expires", "7d")
    assert [round(days(entry), 3) for entry in listed(site)] == [30, 2, 7]


def test_without_a_store_there_is_no_link(site):
    os.unlink(site.folder + "/store")
    done = run(site, "create", *FOR, "--name", "Zoe", status=1)
    assert done.stdout == "" and "meetauthctl init" in done.stderr
    assert not os.path.exists(site.file)


def test_a_damaged_file_is_told_and_kept(site):
    for text, says in (("{", "invitations:1: "), ('{"format": "meetauth invitations 1", "entries": [{}]}', "entry 1")):
        with open(os.open(site.file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        assert says in run(site, "list", status=66).stderr
        done = run(site, "create", *FOR, "--name", "Zoe", status=1)
        assert says in done.stderr and done.stdout == ""
        with open(site.file, encoding="utf-8") as file:
            assert file.read() == text


# -- together, and killed --


def argv(site, *words):
    return [MEETAUTHCTL, "-c", site.conf, "invite", *words]


def test_changes_at_the_same_time_all_count(site):
    names = ["guest %d" % i for i in range(6)]
    running = [subprocess.Popen(argv(site, "create", *FOR, "--name", name), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env=ENVIRONMENT) for name in names]
    for process in running:
        _, said = process.communicate(timeout=300)
        assert process.returncode == 0 and not SANITIZER.search(said.decode())
    assert sorted(entry["name"] for entry in listed(site)) == names


def strace_works():
    done = shutil.which("strace") and subprocess.run(
        ["strace", "-f", "-e", "inject=getppid:signal=SIGKILL", "true"], capture_output=True, check=False)
    return done and done.returncode == 0


@pytest.mark.skipif(not strace_works(), reason="no strace, or it may not trace")
@pytest.mark.parametrize("call", ["openat", "write", "fchmod", "fsync", "/rename", "close", "unlink"])
def test_a_kill_leaves_the_old_file_or_the_new_one(site, call):
    """Killed at the first such call, at the second, … until one time nothing is left to kill."""
    run(site, "create", *FOR, "--name", "Zoe")
    run(site, "create", *FOR, "--name", "Ann")
    number = listed(site)[0]["id"]
    with open(site.file, encoding="utf-8") as file:
        old = file.read()
    for when in range(1, 200):
        done = subprocess.run(
            ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=" + call, "-e",
             "inject=%s:signal=SIGKILL:when=%d" % (call, when), *argv(site, "revoke", number)],
            env={**ENVIRONMENT, "ASAN_OPTIONS": "detect_leaks=0"}, capture_output=True, timeout=300, check=False)
        states = [entry["state"] for entry in listed(site)]
        assert states in (["active", "active"], ["revoked", "active"])
        with open(site.file, encoding="utf-8") as file:
            assert states[0] == "revoked" or file.read() == old
        if states[0] == "revoked":
            with open(site.file, "w", encoding="utf-8") as file:
                file.write(old)  # and once more from the start
        if done.returncode == 0:
            break
    assert done.returncode == 0 and when > 1, "nothing was killed"
    run(site, "revoke", listed(site)[1]["id"])  # what was left behind is in nobody's way
    assert not os.path.exists(site.file + ".tmp")
