# SPDX-License-Identifier: MIT
"""What visitors can make of the state that the processes share."""

import os
import re
import signal
import time
import urllib.parse

import pytest
from oidc_peers import BACKEND, Liar, Person, section
from rig import wait_for
from test_oidc import start


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
    rig = start(make_rig, section(liar.issuer), options={"throttle-address": "5/10m"})
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


# -- what has ended --


def change_options(rig, **options):
    rig.configure(**options)
    reloads = len(rig.events("reload"))
    os.kill(rig.pool.pid, signal.SIGHUP)
    wait_for(lambda: len(rig.events("reload")) > reloads, "the reload")


def test_P12_later_lifetimes_bring_nothing_back(make_rig):
    seconds = 6
    options = {name: "%ds" % seconds for name in ("session-lifetime", "session-idle", "ticket-lifetime")}
    rig = make_rig(options=options)
    left, gone, pending = rig.visitor(), rig.visitor(), rig.visitor()
    began = time.monotonic()
    page = pending.login_page()
    left.sign_in()
    gone.sign_in("bob")
    assert left.enter().status == 302
    copy = dict(left.jar)
    out = left.get("/auth/logout")
    ticket = {name: value for name, _, value in out.forms()[0]["fields"]}
    assert left.post("/auth/logout", ticket).status == 200
    left.jar = dict(copy)
    assert left.enter().status == 303
    change_options(rig, session_lifetime="12h", session_idle="12h", ticket_lifetime="1h")
    left.jar = dict(copy)
    assert left.enter().status == 303
    time.sleep(max(0, began + seconds + 1 - time.monotonic()))
    for _ in range(20): # by which whatever has expired is dropped
        assert rig.visitor().sign_in().status == 302
    left.jar = dict(copy)
    assert left.enter().status == 303
    assert gone.enter().status == 303
    assert pending.fill(page).status == 400
