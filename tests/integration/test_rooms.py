# SPDX-License-Identifier: MIT
"""The pool of licensed rooms: meetings of one's own that take one of a few, by a lease in the shared state."""

import concurrent.futures
import json
import os
import re
import signal
import subprocess
import time

import drivers
import platforms
import pytest
from client import JSON
from drivers import LEASE
from rig import ENVIRONMENT, MEETAUTHD, TOP, wait_for

import webex as peers

TITLE = drivers.Webex.title
ROOMS = ("111222333", "444555666")


class WithRooms(drivers.Webex):
    meetings_by = ""  # by names of one's own


def set_up(make_rig, rooms=ROOMS, lease="4h", processes=0):
    peer = peers.Webex()
    peer.meetings.update(ROOMS)
    options = 'rooms = {%s}  room-lease = "%s"' % (", ".join('"%s"' % room for room in rooms), lease)
    setup = platforms.make(make_rig, WithRooms, peer=peer, options=options, processes=processes)
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


def test_two_meetings_and_one_room(make_rig):
    setup = set_up(make_rig, ROOMS[:1], lease="3s")
    wait_for(lambda: enter(setup, "board").status == 302, "the lease of warm-up to end", 10)
    assert setup.peer.joined["meetingNumber"] == ROOMS[0], "the room in place of the meeting that was asked for"
    refused = enter(setup, "team")
    assert refused.status == 503 and refused.code == "overloaded" and refused.headers["Retry-After"] == "60"
    assert "room" in refused.text.lower()
    assert setup.audit(refused)["detail"] == "no room is free: all 1 are leased"
    visitor = setup.rig.visitor()
    visitor.jar.update(setup.jar)
    page = visitor.get("/auth/webex/team")
    assert page.status == 503 and "No room is free" in page.text and ROOMS[0] not in page.text
    # Each join makes it run on: past its first end it is still the board's.
    end = time.monotonic() + 4
    while time.monotonic() < end:
        assert enter(setup, "board").status == 302
        assert enter(setup, "team").status == 503
        time.sleep(0.2)
    # And it ends by itself.
    answer = wait_for(lambda: accepted(enter(setup, "team")), "the lease to end", 10)
    assert room_of(setup, answer) == ROOMS[0]
    assert enter(setup, "board").status == 503


def accepted(answer):
    return answer if answer.status == 302 else None


def test_a_meeting_keeps_its_room_and_no_other_gets_it(make_rig):
    setup = set_up(make_rig, ROOMS, lease="1h")
    first = room_of(setup, enter(setup, "warm-up"))
    second = room_of(setup, enter(setup, "board"))
    assert {first, second} == set(ROOMS)
    for _ in range(3):
        assert room_of(setup, enter(setup, "board")) == second
        assert room_of(setup, enter(setup, "warm-up")) == first
    assert enter(setup, "third").status == 503
    assert enter(setup, "BOARD").status == 503, "another name is another meeting"


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


def test_a_join_that_fails_keeps_no_room(make_rig):
    """Others get it when Webex cannot be asking any more. Who got in keeps theirs."""
    setup = set_up(make_rig, ROOMS, lease="1h")
    with setup.peer.fault(join=503):
        assert enter(setup, "board").status == 502
    answer = wait_for(lambda: accepted(enter(setup, "team")), "the room to be free again", 30)
    assert room_of(setup, answer) == ROOMS[1]
    assert enter(setup, "board").status == 503
    assert room_of(setup, enter(setup, "warm-up")) == ROOMS[0]


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


def test_who_is_denied_takes_no_room(make_rig):
    setup = set_up(make_rig, ROOMS, lease="1h")
    assert setup.visitor("bob").get("/auth/webex/nobody", JSON).status == 403
    assert setup.rig.visitor().request("HEAD", "/auth/webex/nobody").status == 200
    assert enter(setup, "board").status == 302
    assert enter(setup, "nobody").status == 503


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
