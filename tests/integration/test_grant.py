# SPDX-License-Identifier: MIT
"""What a driver is told of a visit: whose it is, the same each time, and what time it is now."""

import time
import urllib.parse

import drivers
import platforms
import pytest
from test_remote_user import with_snippet

import jwt_rules

EARLIER_S = 10  # for clocks that differ
POLICY = 'policy {\n rule "all" { allow = true  backends = {"proxy", "slow"} }\n default = "deny"\n}\n'


def identity_of(livekit, answer):
    """Who the platform takes somebody for."""
    token = livekit.peer.open("https://meet.example.net", answer.location)
    return livekit.peer.join(token, "daily")[0]


@pytest.fixture
def ambient(make_rig):
    class Ambient(drivers.LiveKit):
        def section(self):
            return super().section() + 'backend "proxy" {\n type = "remote-user"\n}\n'

    livekit = platforms.make(make_rig, Ambient, policy=POLICY)
    with_snippet(livekit.rig, "fastcgi_param MEETAUTH_USER alice;\n")
    return livekit


def test_who_is_known_to_the_web_server_keeps_their_place(ambient):
    """There is no session whose id could tell."""
    visitor = ambient.rig.visitor()
    first = identity_of(ambient, visitor.get(ambient.entry("daily")))
    assert first.startswith("proxy/alice#")
    assert identity_of(ambient, visitor.get(ambient.entry("daily"))) == first
    other = ambient.rig.visitor()
    assert identity_of(ambient, other.get(ambient.entry("daily"))) != first, "another browser takes no place away"


def test_a_token_begins_when_it_is_made(make_rig, tmp_path):
    """Not when somebody began to sign in, which may take as long as a telephone takes to be found."""
    program = tmp_path / "backend"
    program.write_text("#!/bin/sh\nwhile read -r line && [ \"$line\" != end ]; do :; done\nsleep 3\nprintf 'meetauth 1\\ngrant alice\\nend\\n'\n")
    program.chmod(0o755)

    class Slow(drivers.LiveKit):
        def section(self):
            return super().section() + 'backend "slow" {\n type = "command"\n program = "%s"\n timeout = "20s"\n}\n' % program

    livekit = platforms.make(make_rig, Slow, policy=POLICY)
    visitor = livekit.rig.visitor()
    page = visitor.get(visitor.get(livekit.entry("daily")).location)
    began = time.time()
    answer = visitor.fill(page, "carol")
    assert answer.status == 302, answer
    token = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer.location).query))["token"]
    claims = jwt_rules.split(token)[1]
    assert claims["nbf"] + EARLIER_S >= int(began) + 3
