# SPDX-License-Identifier: MIT
"""What holds for every platform: who is let in and into what, who is not, what a meeting that nobody knows, a
platform that is down, slow or lying leads to, how a secret is rotated, and that nothing secret is left
behind. A new driver gets a class in drivers.py and passes all of this."""

import concurrent.futures
import json
import re
import subprocess
import urllib.parse

import drivers
import platforms
import pytest
from client import JSON
from rig import ENVIRONMENT, MEETAUTHCTL, MEETAUTHD, TOP, wait_for


def those(condition=lambda _: True):
    return pytest.mark.parametrize("kind", [kind for kind, each in drivers.ALL.items() if condition(each)])


every = those()
asking = those(lambda each: each.asks)
silent = those(lambda each: not each.asks)
keyed = those(lambda each: each.keyed)
entered = those(lambda each: each.word)
redirecting = those(lambda each: each.redirects)


def made(make_rig, kind):
    platform = platforms.make(make_rig, drivers.ALL[kind])
    platform.settle()
    return platform


@pytest.fixture(scope="module")
def by_kind(make_module_rig):
    """One for each kind, made when it is first wanted."""
    found = {}

    def get(kind):
        if kind not in found:
            found[kind] = made(make_module_rig, kind)
        return found[kind]

    return get


@pytest.fixture
def platform(by_kind, kind):
    it = by_kind(kind)
    yield it
    it.check()


def test_every_type_of_the_build_is_here():
    shown = subprocess.run([MEETAUTHD, "-V"], capture_output=True, text=True, env=ENVIRONMENT, check=True).stdout
    built = set(re.findall(r"^platform +(\S+)", shown, re.M)) - {"mock"}
    assert built <= set(drivers.ALL), "a platform without a class in ALL of drivers.py: HACKING.md, A platform"


@every
def test_a_visitor_is_let_into_the_one_meeting(platform):
    visitor, answer = platform.come(platform.weekly)
    assert answer.status == platform.success, answer
    assert answer.headers["Cache-Control"] == "no-store" and answer.headers["Referrer-Policy"] == "no-referrer"
    assert platform.seen(answer) == (platform.weekly, platform.person, "")
    event = platform.audit(answer)
    assert (event["result"], event["platform"], event["user"]) == ("ok", platform.title, "alice")
    assert event["meeting_id"] == platform.logged(platform.weekly)
    again = platform.enter(visitor, platform.other)
    assert again.status == platform.success, "a session is enough"
    assert platform.seen(again)[0] == platform.other
    assert platform.seen(platform.enter(visitor, platform.weekly))[0] == platform.weekly, "and coming back is no second use of anything"


@entered
def test_two_of_a_kind_would_be_told_apart(platform):
    visitor, answer = platform.sign_in(platform.entry(platform.weekly, platform=platform.title.upper()))
    assert platform.seen(platform.arrived(visitor, platform.weekly, answer))[0] == platform.weekly


@those(lambda each: each.roles)
def test_the_policy_gives_the_role(platform):
    visitor, answer = platform.come("hosted-1")
    assert platform.seen(answer)[2] == "moderator"
    quiet = platform.seen(platform.enter(visitor, "quiet-1"))[2]
    assert quiet in ("observer", ""), "platforms without the word make a participant"


@every
def test_denied_visitor(platform):
    before = platform.ledger()
    _, answer = platform.come(platform.weekly, "bob")
    assert answer.status == 403 and answer.location is None, answer
    assert platform.audit(answer)["code"] == "denied"
    assert platform.ledger() == before, "nothing was asked for them"


@those(lambda each: each.unknown)
def test_unknown_meeting(platform):
    """Where any name is a room there is none."""
    visitor = platform.visitor()
    answer = platform.enter(visitor, platform.unknown, JSON)
    assert (answer.status, answer.code, answer.location) == (403, "exchange-refused", None)
    event = platform.audit(answer)
    assert event["result"] == "refused" and event["meeting_id"] == platform.logged(platform.unknown) and event["detail"]
    assert platform.enter(visitor, platform.weekly).status == platform.success


@every
def test_the_tools_call_a_meeting_as_the_log_does(platform):
    def called(name):
        told = platform.rig.ctl("--json", "policy", "explain", "--user", "alice", "--platform", platform.title, "--meeting", name, check=False)
        return json.loads(told.stdout)["meeting"]

    for meeting in (platform.weekly, platform.logged(platform.weekly)):
        assert called(meeting) == platform.logged(platform.weekly)


@every
def test_malformed_meeting(platform):
    visitor = platform.visitor()
    before = platform.ledger()
    for meeting in platform.malformed:
        answer = platform.enter(visitor, meeting, JSON)
        assert answer.status in (400, 404), (meeting, answer)
        assert answer.location is None
    assert platform.ledger() == before


@entered
def test_other_platforms_and_methods(platform):
    visitor = platform.rig.visitor()
    entry = platform.entry(platform.weekly)
    assert visitor.get(platform.entry(platform.weekly, platform="evil.example"), JSON).code == "unknown-platform"
    assert visitor.get(platform.entry(platform.weekly, platform="meeting.example.org"), JSON).code == "unknown-platform", "of another type"
    assert visitor.get(entry + ("&" if "?" in entry else "?") + "platform=a&platform=b", JSON).code == "bad-request"
    assert visitor.request("POST", entry, headers=JSON).status == 405
    assert visitor.request("HEAD", entry).status == 200
    assert visitor.get(entry, {**JSON, "Sec-Purpose": "prefetch"}).code == "bad-request"


@redirecting
def test_a_prepared_link_leads_nowhere_else(platform):
    """The site is the configuration's, whatever else stands in the link."""
    visitor, _ = platform.come(platform.weekly)
    good = visitor.get(platform.entry(platform.weekly))
    origin = urllib.parse.urlsplit(good.location)[:2]
    for more in ({"site": "https://evil.example"}, {"url": "//evil.example"}, {"token": "x"}, {"redirect_uri": "https://evil.example"}):
        answer = visitor.get(platform.entry(platform.weekly, **more))
        if "redirect_uri" in more and answer.status == 400:  # where the platform has scripts: none of its `redirects`
            continue
        assert answer.status == 302 and urllib.parse.urlsplit(answer.location)[:2] == origin, more
        assert "evil" not in answer.location


@keyed
def test_rotation(platform):
    number = len(platform.secrets)
    platform.rotate()
    visitor = platform.visitor()

    def newest():
        platform.seen(platform.enter(visitor, platform.weekly))
        return platform.used == number

    wait_for(newest, "the new secret to be used")
    listed = platform.rig.ctl("secret", "list").stdout
    assert platform.title in listed and not any(secret in listed for secret in platform.secrets)


@every
def test_nothing_secret_is_left(platform):
    visitor, answer = platform.come(platform.weekly)
    platform.seen(answer)
    canaries = platform.canaries(answer)
    assert canaries
    pages = [platform.come(platform.weekly, "bob")[1].text]
    pages += [platform.enter(visitor, meeting).text for meeting in (platform.unknown, *platform.malformed) if meeting]
    platform.audit(answer)
    platform.leaves_none_of(canaries, pages)


@keyed
def test_no_secret_at_all(make_rig, kind):
    platform = made(make_rig, kind)
    platform.retire()
    visitor = platform.visitor()

    def refused():
        answer = platform.enter(visitor, platform.weekly, JSON)
        return answer if answer.status != platform.success else None

    answer = wait_for(refused, "the secret to be gone")
    assert (answer.status, answer.code) == platform.without_secret
    assert "secret set" in platform.audit(answer)["detail"]


@every
def test_the_guide_begins_with_a_section_that_works(tmp_path, kind):
    with open("%s/docs/platforms/%s.md" % (TOP, kind), encoding="utf-8") as file:
        text = file.read()
    blocks = re.findall(r"```\n(.*?)```", text, re.S)
    section = next(block for block in blocks if block.startswith('platform "'))
    policy = next((block for block in blocks if block.startswith("policy {")), "")
    assert re.search('type *= "%s"' % kind, section)
    conf = tmp_path / "meetauth.conf"
    conf.write_text('base-url = "https://external.example.org/auth"\nstore = "%s/store"\nstore-key = "%s/store.key"\nstate = "lmdb:%s"\n'
                    'share = "%s/share"\nbackend "guests" { type = "guest" }\n%s%s' % (tmp_path, tmp_path, tmp_path, TOP, section, policy), encoding="utf-8")
    for command in ([MEETAUTHCTL, "-c", str(conf), "init"], [MEETAUTHD, "-t", "-c", str(conf)]):
        done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=False)
        assert done.returncode == 0, done.stderr
    assert "check --connect" in text
    word = drivers.ALL[kind].word
    assert re.search("/auth/(%s|token)[/?]" % word if word else r"\.example\.org/auth", text), "what to type on the platform's side"


# -- a platform in trouble --


@asking
def test_platform_down(make_rig, kind):
    platform = made(make_rig, kind)
    visitor = platform.visitor()
    platform.stop()
    answer = platform.enter(visitor, platform.weekly, JSON)
    assert (answer.status, answer.code, answer.location) == (502, "exchange-unreachable", None)
    assert platform.rig.send("GET", "/auth/healthz").status == 200
    assert [line for line in platform.connect_lines() if line.startswith("FAIL") and " connect " in line]

    def left_alone():
        again = platform.enter(visitor, platform.weekly, JSON)
        assert again.code in ("exchange-unreachable", "overloaded")
        return again if again.status == 503 else None

    assert wait_for(left_alone, "the breaker").headers["Retry-After"]


@silent
def test_a_platform_that_is_not_asked_may_be_down(platform):
    """Nothing listens at its address in any of these tests."""
    _, answer = platform.come(platform.weekly)
    assert answer.status == platform.success
    assert [line for line in platform.connect_lines() if line.startswith("FAIL") and " connect " in line]


@asking
def test_platform_lies(platform):
    visitor = platform.visitor()
    pages, canaries = [], set()
    for name, expected in platform.faults.items():
        with platform.fault(name) as meeting:
            answer = platform.enter(visitor, meeting, JSON)
        assert (answer.status, answer.code) == expected, (name, answer)
        assert answer.location is None, name
        assert expected != platforms.BUSY or answer.headers["Retry-After"] == "7", (name, answer.headers)
        pages.append(answer.text)
        after = platform.enter(visitor, platform.weekly)
        assert after.status == platform.success, ("and nobody else is kept out", name, after)
        platform.seen(after)
        canaries |= platform.canaries(after)
    platform.audit(after)
    platform.leaves_none_of(canaries, pages)


@those(lambda each: issubclass(each, platforms.Talking))
def test_a_platform_whose_connections_die(platform):
    """RFC 9110, 9.2.2: what is idempotent is sent once more, on a fresh connection."""
    visitor = platform.visitor()
    platform.peer.short_lived = True
    try:
        for _ in range(2):
            answer = platform.enter(visitor, platform.weekly)
            assert answer.status == platform.success, answer
    finally:
        platform.peer.short_lived = False
    assert platform.peer.dropped, "it died under none: this test shows nothing"
    platform.seen(answer)


@asking
def test_bad_answers_about_one_meeting_keep_nobody_out(platform):
    """A visitor may choose the meeting, and come again and again."""
    visitor = platform.visitor()
    name = next(name for name, expected in platform.faults.items() if expected == platforms.BAD)
    for _ in range(25):
        with platform.fault(name) as meeting:
            answer = platform.enter(visitor, meeting, JSON)
        assert (answer.status, answer.code) == platforms.BAD, answer
    assert platform.enter(visitor, platform.weekly).status == platform.success


@asking
def test_platform_slow_delays_nobody(platform):
    visitor = platform.visitor()
    assert platform.enter(visitor, platform.weekly).status == platform.success

    def hang(meeting):
        other = platform.rig.visitor()
        other.jar.update(visitor.jar)
        return platform.enter(other, meeting, JSON).status

    with platform.hanging(4) as meetings, concurrent.futures.ThreadPoolExecutor(4) as crowd:
        waiting = [crowd.submit(hang, meeting) for meeting in meetings]
        wait_for(lambda: platform.rig.metric("meetauth_exchanges_in_flight") >= 2, "some at once")
        assert platform.rig.send("GET", "/auth/healthz").status == 200
        assert platform.enter(visitor, platform.weekly).status == platform.success
        assert not all(one.done() for one in waiting)
        assert {one.result() for one in waiting} == {504}


@asking
def test_check_connect(make_rig, kind):
    platform = made(make_rig, kind)
    lines = [line for line in platform.connect_lines() if " connect " in line]
    assert lines and all(line.startswith("ok") for line in lines), lines
    if platform.tries_secret:
        assert [line for line in platform.connect_lines() if line.startswith("ok") and "newest is usable" in line]
        platform.refuse_all()
        assert [line for line in platform.connect_lines() if line.startswith("FAIL") and "secret" in line]
