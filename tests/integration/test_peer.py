# SPDX-License-Identifier: MIT
"""The stand-in platform is as strict as the tests lean on: what is not as agreed is refused, and used
tokens stay used."""

import json
import urllib.parse

import client
import pytest
from rig import Platform, token_hash

MEETING = "5f521a93c20ff6721fbb6a6c"
KEY = "key one/%"
GOOD = [("Accept", "application/json")]


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    running = Platform(str(tmp_path_factory.mktemp("platform")), "http://127.0.0.1:1/auth", keys=["another", KEY])
    yield running
    running.stop()


def new_token(platform, meeting=MEETING):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(platform.join(meeting)).query))["requestToken"]


def path(token, key=KEY, meeting=MEETING):
    quoted = [urllib.parse.quote(part, safe="") for part in (key, meeting, token)]
    return "/api/v6/meeting-room/auth/%s/access-token/%s/%s" % tuple(quoted)


def exchange(platform, target, headers=GOOD, method="GET", body=b""):
    answer = client.send(platform.address, method, target, headers, body)
    return answer, json.loads(answer.body or b"{}") if "json" in answer.headers["Content-Type"] else {}


def test_good_exchange_once(platform):
    token = new_token(platform)
    _, first = exchange(platform, path(token))
    assert first["responseCode"] == 0 and first["data"]["meetingId"] == MEETING
    _, second = exchange(platform, path(token))
    assert second["responseCode"] == -3
    assert [(e["key"], e["result"]) for e in platform.attempts(token)] == [(2, "granted"), (2, "unknown or used token")]


def test_the_ledger_holds_no_secret(platform):
    token = new_token(platform)
    exchange(platform, path(token))
    with open(platform.ledger_file, encoding="utf-8") as ledger:
        text = ledger.read()
    assert token_hash(token) in text and token not in text and KEY not in text and "key%20one" not in text


WRONG = {
    "key": lambda t: (path(t, key="wrong"), GOOD), "meeting": lambda t: (path(t, meeting="other"), GOOD), "token": lambda t: (path(t + "x"), GOOD),
    "query": lambda t: (path(t) + "?a=b", GOOD), "empty-query": lambda t: (path(t) + "?", GOOD), "raw-key": lambda t: (path(t, key="another/x"), GOOD),
    "needless-escape": lambda t: (path(t).replace(t[-1:], "%%%02x" % ord(t[-1])), GOOD), "double-escape": lambda t: (path(t).replace("%25", "%2525"), GOOD),
    "more": lambda t: (path(t) + "/more", GOOD), "slash": lambda t: (path(t) + "/", GOOD), "no-accept": lambda t: (path(t), []),
    "any-accept": lambda t: (path(t), [("Accept", "*/*")]), "cookie": lambda t: (path(t), [*GOOD, ("Cookie", "a=b")]), "referer": lambda t: (path(t), [*GOOD, ("Referer", "x")]),
}


@pytest.mark.parametrize("what", WRONG)
def test_refused(platform, what):
    token = new_token(platform)
    target, headers = WRONG[what](token)
    answer, document = exchange(platform, target, headers)
    assert answer.status == 404 or (answer.status == 200 and document["responseCode"] < 0)
    _, document = exchange(platform, path(token))
    assert document["responseCode"] == 0, "and the token is still good"


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT"])
def test_refused_method(platform, method):
    token = new_token(platform)
    exchange(platform, path(token), method=method)
    assert [e["result"] for e in platform.attempts(token)] != ["granted"]
    assert exchange(platform, path(token), body=b"x")[1]["responseCode"] == -2, "a body"
    assert exchange(platform, path(token))[1]["responseCode"] == 0


def test_access_token_is_checked_once_and_the_name_is_escaped(platform):
    _, document = exchange(platform, path(new_token(platform)))
    query = urllib.parse.urlencode({"meetingAccessToken": document["data"]["accessToken"], "participantName": "<b>&"})
    assert client.send(platform.address, "GET", "/join/0000-0000-0000-0000?" + query).status == 403, "another meeting's page"
    welcome = client.send(platform.address, "GET", "/join/8320-2640-2482-3499?" + query)
    assert welcome.status == 200 and "&lt;b&gt;&amp;" in welcome.text
    assert client.send(platform.address, "GET", "/join/8320-2640-2482-3499?" + query).status == 403


def test_expired_token(platform):
    token = new_token(platform, "fault-expired")
    assert exchange(platform, path(token, meeting="fault-expired"))[1]["responseCode"] == -3
