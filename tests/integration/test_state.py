# SPDX-License-Identifier: MIT
"""What visitors can make of the state that the processes share."""

import re
import urllib.parse

import pytest
from oidc_peers import BACKEND, Liar, Person, section
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
