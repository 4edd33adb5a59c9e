# SPDX-License-Identifier: MIT
"""What visitors can make of the state that the processes share."""

import ctypes
import re
import struct
import time
import urllib.parse

import pytest
from client import JSON
from fixtures import needs_lmdb
from guests import MEETING, accept, fill, rule
from oidc_peers import BACKEND, Liar, Person, section
from rig import HOST, wait_for
from test_oidc import start
from test_sessions import GUESTS as INVITED
from test_sessions import POLICY, SESSION, try_password, with_session_of


def entries(rig):
    return rig.metric("meetauth_state_entries")


@pytest.fixture
def liar(tmp_path):
    peer = Liar(str(tmp_path))
    yield peer
    peer.stop()


def state_of(answer):
    query = urllib.parse.urlsplit(answer.location).query
    return dict(urllib.parse.parse_qsl(query))["state"]


# -- who is nobody --


def test_P4_callbacks_of_nobody_leave_no_entries(make_rig, liar):
    rig = start(make_rig, section(liar.issuer), options={"throttle-address": "5/1d"})
    person = Person(rig)
    page = person.ours.login_page()
    button = re.search(r'href="([^"]*backend=%s[^"]*)"' % BACKEND, page.text).group(1).replace("&amp;", "&")
    button = urllib.parse.urljoin(rig.base + "/login", button)

    def come_back_with_an_error():
        state = state_of(person.ours.get(button))
        return person.ours.get(rig.base + "/callback/%s?state=%s&error=x" % (BACKEND, urllib.parse.quote(state)))

    statuses = [come_back_with_an_error().status for _ in range(8)]
    assert statuses == [401] * 5 + [429] * 3
    before = entries(rig)
    for _ in range(1000):
        answer = come_back_with_an_error()
        assert answer.status == 429 and int(answer.headers["Retry-After"]) > 0, answer
    assert entries(rig) == before


# -- who is in --

GUESTS = 'backend "guests" { type = "guest" }\n' + rule("guests", 'meetings = {"%s"}' % MEETING)


def made_up(visitor, number=[0]):
    number[0] += 1
    return visitor.enter(requestToken="made-up-%08d" % number[0], headers=JSON)


@pytest.fixture(scope="module")
def limited(make_module_rig):
    return make_module_rig(options={"throttle-refused": "4/1d"}, sections=GUESTS)


def guest_of(rig, source="127.0.0.1"):
    guest = rig.visitor(source=source)
    assert fill(guest, guest.login_page(), "guests", name="Zoe").status == 302
    return guest


def test_P4_made_up_request_tokens_are_throttled(limited):
    guest, other = guest_of(limited), guest_of(limited)
    statuses = [made_up(guest).status for _ in range(6)]
    assert statuses == [403] * 4 + [429] * 2
    before = entries(limited)
    for _ in range(200):
        answer = made_up(guest)
        assert answer.status == 429 and answer.code == "login-throttled", answer
        assert 0 < int(answer.headers["Retry-After"]) <= 86400 / 4
    assert entries(limited) == before
    page = guest.enter()
    assert page.status == 429 and "too many attempts to join" in page.text, "a good token neither, until then"
    event = wait_for(lambda: limited.events("join"), "the audit line")[-1]
    assert event["code"] == "login-throttled" and "refused too many" in event["detail"]
    assert other.enter().status == 302
    assert limited.platform.attempts("made-up-00000001") and not limited.platform.attempts("made-up-%08d" % 50)


def test_P4_guests_who_come_anew_are_counted_by_address(limited):
    alice = limited.visitor(source="127.0.0.2")
    alice.sign_in()
    for _ in range(15):
        guest = guest_of(limited, "127.0.0.2")
        assert [made_up(guest).status for _ in range(4)] == [403] * 4
    guest = limited.visitor(source="127.0.0.2")
    assert fill(guest, guest.login_page(), "guests", name="Zoe").status == 429
    assert alice.enter().status == 302, "who is no guest is not one of them"
    assert guest_of(limited, "127.0.0.3").enter().status == 302


def test_P4_who_is_known_is_counted_everywhere(limited):
    here, elsewhere = limited.visitor(), limited.visitor(source="127.0.0.4")
    limited.add_user("dora", "--group", "staff")
    wait_for(lambda: here.fill(here.login_page(), "dora").status == 302, "the user")
    assert elsewhere.fill(elsewhere.login_page(), "dora").status == 302
    assert [made_up(here).status for _ in range(5)] == [403] * 4 + [429]
    assert made_up(elsewhere).status == 429


def test_P4_an_office_and_many_meetings_are_no_flood(limited):
    people = []
    for number in range(12):
        limited.add_user("user%d" % number, "--group", "staff")
    for number in range(12):
        people.append(limited.visitor(source="127.0.0.9"))
        wait_for(lambda: people[-1].fill(people[-1].login_page(), "user%d" % number).status == 302, "the user")
    for number in range(20):
        assert all(person.enter("5f521a93c20ff672%08x" % number).status == 302 for person in people)


def test_P4_joins_of_one_person_have_a_rate(make_rig):
    rig = make_rig(options={"throttle-joins": "10/1h"})
    alice, bob = rig.visitor(), rig.visitor()
    alice.sign_in()
    bob.sign_in("bob")
    answers = [alice.enter(headers=JSON) for _ in range(11)]
    assert [answer.status for answer in answers] == [302] * 9 + [429] * 2
    assert answers[-1].code == "login-throttled" and 0 < int(answers[-1].headers["Retry-After"]) <= 361
    assert bob.enter().status == 302


def test_a_guest_who_left_stays_out(limited):
    guest = guest_of(limited, "127.0.0.10")
    copy = dict(guest.jar)
    form = guest.get("/auth/logout").forms()[0]
    assert guest.post("/auth/logout", {name: value for name, _, value in form["fields"]}).status == 200
    guest.jar = copy
    assert guest.enter().status == 303


def begin_over(visitor, begin):
    """A session over the one before, and the end of that one."""
    session = visitor.jar.get(SESSION)
    assert begin().status < 500
    assert visitor.jar.get(SESSION) not in (session, None)


def test_P4_guests_who_come_and_go_fill_nothing(make_rig):
    """Each end of a session is an entry: of those there are so many for all guests of an address, and for an account."""
    rig = make_rig(start=False)
    rig.sections = INVITED % {"folder": rig.folder} + POLICY
    rig.start()
    link = rig.ctl("invite", "create", "--platform", HOST, "--meeting", MEETING, "--name", "Zoe").stdout.strip()
    wait_for(lambda: rig.visitor().get(link).status == 200, "the invitation")
    guest, alice = rig.visitor(), rig.visitor()
    page = guest.get(link)
    assert accept(guest, page).status == 303
    early = dict(guest.jar)
    for _ in range(2010):
        begin_over(guest, lambda: accept(guest, page))
    before = entries(rig)
    for _ in range(1000):
        begin_over(guest, lambda: accept(guest, page))
    assert entries(rig) <= before + 2, "one more a minute"
    assert guest.enter(MEETING).status == 302, "and guests still get in"
    out = guest.get("/auth/logout")
    answer = guest.post("/auth/logout", {name: value for name, _, value in out.forms()[0]["fields"]})
    assert answer.status in (200, 429)
    guest.jar = early
    assert guest.enter(MEETING).status == 303, "what was ended stays so"
    alice.sign_in()
    copy, page = with_session_of(alice)
    assert copy.fill(page, "bob").status in (302, 403), "who has an account is not counted with them"
    assert alice.enter().status == 303


# -- what is full --


def fill_state(rig, prefix, count, until):
    """As many entries of that kind, as meetauthd would write them."""
    lmdb, env, txn, table = ctypes.CDLL("liblmdb.so.0"), ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_uint()
    value = struct.pack("=q", until * 1000000)
    data = (ctypes.c_size_t * 2)(len(value), ctypes.cast(ctypes.c_char_p(value), ctypes.c_void_p).value)
    assert lmdb.mdb_env_create(ctypes.byref(env)) == 0
    assert lmdb.mdb_env_set_mapsize(env, ctypes.c_size_t(256 << 20)) == 0
    assert lmdb.mdb_env_open(env, (rig.folder + "/state/state.mdb").encode(), 0x14000, 0o600) == 0
    name = ctypes.create_string_buffer(17)
    key = (ctypes.c_size_t * 2)(17, ctypes.addressof(name))
    for first in range(0, count, 100000): # a step copies every page that it changes
        assert lmdb.mdb_txn_begin(env, None, 0, ctypes.byref(txn)) == 0
        assert lmdb.mdb_dbi_open(txn, None, 0, ctypes.byref(table)) == 0
        for number in range(first, min(first + 100000, count)):
            name.raw = prefix + struct.pack(">Q", number)
            assert lmdb.mdb_put(txn, table, key, data, 0) == 0
        assert lmdb.mdb_txn_commit(txn) == 0
    lmdb.mdb_env_close(env)


def warned(rig):
    return [line for line in rig.ctl("check").stdout.splitlines() if line.startswith("warn  state")]


@needs_lmdb
def test_P4_a_full_state_lets_people_in_and_out_and_is_told_of(make_rig):
    """The file of its real size. What is live keeps joins out, and nothing else; a flood that has expired keeps nobody out."""
    rig = make_rig()
    limit = int(rig.metric("meetauth_state_entries_limit"))
    alice, bob = rig.visitor(), rig.visitor()
    alice.sign_in()
    assert not warned(rig)
    until = int(time.time()) + 3600
    fill_state(rig, b"cabcdefgh", limit * 9 // 10, until)
    row, = warned(rig)
    assert "nearly full: " in row and "with %d nobody can join any more" % limit in row
    assert alice.enter().status == 302
    fill_state(rig, b"tabcdefgh", limit * 2 // 10, until)
    assert alice.enter().status == 503
    assert bob.fill(bob.login_page(), "bob", "wrong").status == 401
    bob.fill(bob.login_page(), "bob")
    out = bob.get("/auth/logout")
    copy = dict(bob.jar)
    assert bob.post("/auth/logout", {name: value for name, _, value in out.forms()[0]["fields"]}).status == 200
    bob.jar = copy
    assert bob.enter().status == 303
    assert "has ended" in rig.ctl("session", "revoke", "alice").stdout
    assert alice.enter().status == 303
    for prefix, tenths in ((b"cabcdefgh", 9), (b"tabcdefgh", 2)):
        fill_state(rig, prefix, limit * tenths // 10, 1)
    wait_for(lambda: try_password(rig, "bob").status == 302, "room for joins")
