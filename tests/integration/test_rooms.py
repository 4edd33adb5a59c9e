# SPDX-License-Identifier: MIT
"""The pool of licensed rooms: meetings of one's own that take one of a few, by a lease in the shared state. What a lease
means to one process is grant_test.c's."""

import concurrent.futures
import json
import os
import re
import signal
import subprocess

import drivers
import platforms
import pytest
from client import JSON
from desk import Host
from drivers import LEASE
from fixtures import needs_lmdb
from rig import ENVIRONMENT, MEETAUTHD, TOP, wait_for

import webex as peers

TITLE = drivers.Webex.title
ROOMS = ("111222333", "444555666")
DESK = platforms.POLICY % "" + 'backend "guests" { type = "guest-account" accounts = "%s/guests" }\nguest-desk { groups = {"staff"} }\n'


class WithRooms(drivers.Webex):
    meetings_by = ""  # by names of one's own


def set_up(make_rig, rooms=ROOMS, lease="4h", processes=0, policy=platforms.POLICY % ""):
    peer = peers.Webex()
    peer.meetings.update(ROOMS)
    options = 'rooms = {%s}  room-lease = "%s"' % (", ".join('"%s"' % room for room in rooms), lease)
    setup = platforms.make(make_rig, WithRooms, peer=peer, options=options, processes=processes, policy=policy)
    setup.jar = dict(setup.visitor().jar)
    setup.settle()
    assert enter(setup, "warm-up").status == 302
    return setup


def enter(setup, meeting):
    visitor = setup.rig.visitor()
    visitor.jar.update(setup.jar)
    return visitor.get("/auth/webex/" + meeting, JSON)


def room_of(setup, answer):
    """The room of a join that went well, as the log has it."""
    assert answer.status == 302, answer
    return setup.audit(answer)["room"]


@needs_lmdb
def test_leases_survive_the_pool_and_each_of_its_processes(make_rig):
    setup = set_up(make_rig, ROOMS[:1], lease="1h", processes=2)
    rig = setup.rig
    started = len(rig.events("start"))
    os.kill(rig.daemons()[0], signal.SIGKILL)
    wait_for(lambda: len(rig.events("start")) > started, "another process")
    assert enter(setup, "board").status == 503
    rig.stop_pool()
    rig.start_pool()
    assert enter(setup, "board").status == 503
    assert enter(setup, "warm-up").status == 302
    with open(rig.folder + "/state/state.mdb", "rb") as file:
        text = file.read()
    assert b"warm-up" not in text and ROOMS[0].encode() not in text, "keyed hashes alone"


def forget_leases(setup):
    """What time does: every lease has ended, and here every session, too."""
    setup.rig.stop_pool()
    setup.end_lease()
    setup.rig.start_pool()
    setup.jar = dict(setup.visitor().jar)


@needs_lmdb
def test_who_is_left_of_a_meeting_is_expelled_before_the_next(make_rig):
    """Once, by whichever process the first of the next meeting comes to; who comes in with them is not."""
    setup = set_up(make_rig, ROOMS[:1], lease="1h", processes=3)
    setup.peer.enter()
    assert enter(setup, "warm-up").status == 302
    setup.peer.enter()
    assert not setup.peer.expelled, "they are of this meeting"
    forget_leases(setup)
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: enter(setup, "board"), range(6)))
    assert {answer.status for answer in answers} == {302}, setup.rig.pool.said()[-3000:]
    assert len(setup.peer.expelled) == 2 and not setup.peer.members[ROOMS[0]]
    names = setup.peer.names()
    assert "join" not in names[names.index("participant"):len(names) - 1 - names[::-1].index("participant")], "cleared before anybody came in"
    setup.peer.enter()
    assert enter(setup, "board").status == 302 and len(setup.peer.expelled) == 2
    setup.check()


def test_a_meeting_is_ended_early(make_rig):
    """Its links are good for some minutes: until then the room rests, since Webex takes none of them back."""
    setup = set_up(make_rig, ROOMS[:1], lease="1h", processes=2)
    listed = json.loads(setup.rig.ctl("room", "list", "--json").stdout)
    assert [(row["platform"], row["room"], row["taken"]) for row in listed] == [(TITLE, ROOMS[0], True)]
    assert enter(setup, "board").status == 503
    ended = setup.rig.ctl("room", "end", TITLE, "warm-up").stdout
    assert "meeting ended; free when the last join link expires" in ended
    assert enter(setup, "board").status == 503 and enter(setup, "warm-up").status == 503
    again = json.loads(setup.rig.ctl("room", "list", "--json").stdout)[0]
    assert again["taken"] and again["until"] < listed[0]["until"], "minutes, and no hour"
    refused = setup.rig.ctl("room", "end", TITLE, "board", check=False)
    assert refused.returncode == 1 and "neither a room nor a meeting" in refused.stderr
    assert setup.rig.ctl("room", "end", "nowhere.example.org", ROOMS[0], check=False).returncode == 64


def test_a_meeting_is_ended_at_the_desk(make_rig, tmp_path):
    """By the same path as `room end`: the room rests while links into it are good, and a second End does not cut that short."""
    setup = set_up(make_rig, ROOMS[:1], lease="1h", policy=DESK % tmp_path)
    host = Host(setup.rig)
    page = host.get("/auth/guests")
    assert page.status == 200 and "<bdi>%s</bdi>" % ROOMS[0] in page.text
    sent = host.post("/auth/guests", {**host.form_of(page, "end-room"), "room": TITLE + "/warm-up", "sure": "1"})
    assert sent.status == 303
    listed = json.loads(setup.rig.ctl("room", "list", "--json").stdout)[0]
    assert listed["taken"]
    again = setup.rig.ctl("room", "end", TITLE, ROOMS[0]).stdout
    assert "free when the last join link expires" in again
    assert json.loads(setup.rig.ctl("room", "list", "--json").stdout)[0]["until"] == listed["until"]
    event = wait_for(lambda: [e for e in setup.rig.events("desk") if e["action"] == "end-room"], "the line")[-1]
    assert (event["result"], event["meetings"], event["user"]) == ("ok", TITLE + "/warm-up", "alice")
    assert enter(setup, "board").status == 503


@needs_lmdb
def test_what_a_guests_token_can_still_do(make_rig):
    """Webex binds it to no meeting: it outlives the lease, and clearing sends away whoever came by it, no more."""
    setup = set_up(make_rig, ROOMS[:1], lease="1h")
    given = json.loads(setup.ask(setup.visitor(), {"meetingNumber": "warm-up"}).body)
    assert given["expiresIn"] > 3600 and given["meetingNumber"] == ROOMS[0]
    setup.peer.enter()
    forget_leases(setup)
    assert enter(setup, "board").status == 302
    assert len(setup.peer.expelled) == 1


def test_many_at_once_never_share_a_room(make_rig):
    setup = set_up(make_rig, ROOMS, lease="1h", processes=3)
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = dict(enumerate(pool.map(lambda number: enter(setup, "meeting-%d" % (number % 12)), range(48))))
    winners = {number % 12 for number, answer in answers.items() if answer.status == 302}
    assert {answer.status for answer in answers.values()} == {302, 503}, setup.rig.pool.said()[-3000:]
    assert len(winners) == 1, "one room was free"
    events = {e["meeting_id"]: e["room"] for e in setup.rig.events("join") if e.get("platform") == TITLE and e["result"] == "ok"}
    assert len(set(events.values())) == len(events) == 2


def test_a_script_is_told_the_room(make_rig):
    setup = set_up(make_rig, ROOMS, lease="1h")
    answer = setup.ask(setup.visitor(), {"meetingNumber": "board"})
    assert answer.status == 200, answer
    assert json.loads(answer.body)["meetingNumber"] == setup.audit(answer)["room"]
    assert enter(setup, "third").status == 503
    refused = setup.ask(setup.visitor(), {"meetingNumber": "third"})
    assert refused.status == 503 and refused.headers["Retry-After"] == "60"


class Partners(WithRooms):
    title = "partners.example.org"

    def settings(self):
        return super().settings() + ' site = "https://Example.Webex.com:443"\n'


def test_two_sections_share_a_room_by_one_lease(make_rig):
    peer = peers.Webex()
    peer.meetings.update(ROOMS)
    setup, other = platforms.make_all(make_rig, WithRooms, Partners, peer=peer, options='rooms = {"%s"}' % ROOMS[0])
    wait_for(lambda: setup.count("renewal", result="ok") == 2, "both access tokens", LEASE)
    setup.jar = dict(setup.visitor().jar)
    setup.settle()
    assert enter(setup, "one?platform=" + setup.title).status == 302
    assert enter(setup, "one?platform=" + other.title).status == 503, "a meeting of another section is another one"
    assert enter(setup, "one?platform=" + setup.title).status == 302


@pytest.mark.parametrize("meeting", ["a/b", "x" * 65, "a%20b", "..", "a%00b", "%3Cscript%3E"])
def test_names_of_one_s_own_have_a_form(make_rig_once, meeting):
    assert enter(make_rig_once, meeting).status in (400, 404)


@pytest.fixture(scope="module")
def make_rig_once(make_module_rig):
    return set_up(make_module_rig)


def samples():
    with open(TOP + "/docs/platforms/webex.md", encoding="utf-8") as file:
        return [block for block in re.findall(r"```\w*\n(.*?)```", file.read(), re.S) if block.startswith("platform ")]


@pytest.mark.parametrize("block", samples())
def test_the_samples_of_the_guide(make_rig, block):
    rig = make_rig(start=False)
    os.mkdir(rig.folder + "/state")
    rig.sections = block
    rig.configure()
    rig.ctl("init")
    rig.add_user("alice")
    done = subprocess.run([MEETAUTHD, "-t", "-c", rig.conf], capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert done.returncode == 0, done.stderr
