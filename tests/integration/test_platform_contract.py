# SPDX-License-Identifier: MIT
"""What holds for every platform with an entry of its own: who is let in and into what, who is not, what
a platform that is down, slow or lying leads to, how a secret is rotated, and that nothing secret is
left behind. A new driver gets a class in platforms.py and passes all of this."""

import concurrent.futures
import os
import re
import subprocess
import time
import urllib.parse

import platforms
import pytest
from client import JSON
from rig import ENVIRONMENT, MEETAUTHCTL, MEETAUTHD, TOP, wait_for

every = pytest.mark.parametrize("kind", platforms.ALL)
asking = pytest.mark.parametrize("kind", [kind for kind, each in platforms.ALL.items() if each.asks])
signing = pytest.mark.parametrize("kind", [kind for kind, each in platforms.ALL.items() if not each.asks])


@pytest.fixture(scope="module")
def rigs_by_kind(make_module_rig):
    """One for each kind, made when it is first wanted."""
    made = {}

    def get(kind):
        if kind not in made:
            made[kind] = platforms.make(make_module_rig, platforms.ALL[kind])
        return made[kind]

    return get


@pytest.fixture
def both(rigs_by_kind, kind):
    rig, platform = rigs_by_kind(kind)
    yield rig, platform
    assert rig.pool.process.poll() is None, rig.pool.said()[-5000:]


@every
def test_a_visitor_is_let_into_the_one_meeting(both):
    rig, platform = both
    visitor, answer = platforms.sign_in(rig, platform.entry("weekly-1"))
    assert answer.status == 302, answer
    assert answer.headers["Cache-Control"] == "no-store" and answer.headers["Referrer-Policy"] == "no-referrer"
    assert platform.welcome(answer.location) == ("weekly-1", "Alice Liddell", "")
    event = platforms.audit(rig, answer)
    assert (event["result"], event["platform"], event["meeting_id"], event["user"]) == ("ok", platform.title, "weekly-1", "alice")
    again = visitor.get(platform.entry("weekly-2"))
    assert again.status == 302, "a session is enough"
    assert platform.welcome(again.location)[0] == "weekly-2"
    back = visitor.get(platform.entry("weekly-1", platform=platform.title.upper()))
    assert platform.welcome(back.location)[0] == "weekly-1", "and coming back is no second use of anything"


@every
def test_the_policy_gives_the_role(both):
    rig, platform = both
    _, answer = platforms.sign_in(rig, platform.entry("hosted-1"))
    assert platform.welcome(answer.location)[2] == "moderator"


@every
def test_an_observer_is_no_moderator(both):
    rig, platform = both
    _, answer = platforms.sign_in(rig, platform.entry("quiet-1"))
    assert platform.welcome(answer.location)[2] in ("observer", ""), "platforms without the word make a participant"


@every
def test_denied_visitor(both):
    rig, platform = both
    before = platform.ledger() if platform.asks else None
    _, answer = platforms.sign_in(rig, platform.entry("weekly-1"), "bob")
    assert answer.status == 403 and answer.location is None, answer
    assert platforms.audit(rig, answer)["code"] == "denied"
    assert before == (platform.ledger() if platform.asks else None), "nothing was asked for them"


@every
def test_malformed_meeting(both):
    rig, platform = both
    before = platform.ledger() if platform.asks else None
    for target in (platform.entry(platform.malformed), platform.entry(""), "/auth/" + platform.word, platform.entry("%2e%2e"), platform.entry("a%0db")):
        answer = rig.visitor().get(target, JSON)
        assert answer.status in (400, 404), (target, answer)
        assert answer.location is None
    assert before == (platform.ledger() if platform.asks else None)


@every
def test_other_platforms_and_methods(both):
    rig, platform = both
    visitor = rig.visitor()
    entry = platform.entry("weekly-1")
    assert visitor.get(platform.entry("weekly-1", platform="evil.example"), JSON).code == "unknown-platform"
    assert visitor.get(platform.entry("weekly-1", platform="meeting.example.org"), JSON).code == "unknown-platform", "of another type"
    assert visitor.get(entry + "?platform=a&platform=b", JSON).code == "bad-request"
    assert visitor.request("POST", entry, headers=JSON).status == 405
    assert visitor.request("HEAD", entry).status == 200
    assert visitor.get(entry, {**JSON, "Sec-Purpose": "prefetch"}).code == "bad-request"


@every
def test_a_prepared_link_leads_nowhere_else(both):
    """The site is the configuration's, whatever else stands in the link."""
    rig, platform = both
    visitor, good = platforms.sign_in(rig, platform.entry("weekly-1"))
    origin = urllib.parse.urlsplit(good.location)[:2]
    for more in ({"hostname": "evil.example"}, {"site": "https://evil.example"}, {"url": "//evil.example"}, {"token": "x"}):
        answer = visitor.get(platform.entry("weekly-1", **more))
        assert answer.status == 302 and urllib.parse.urlsplit(answer.location)[:2] == origin
        assert "evil" not in answer.location


@every
def test_rotation(both):
    rig, platform = both
    visitor, _ = platforms.sign_in(rig, platform.entry("weekly-1"))
    old = len(platform.secrets) - 1
    platform.rotate()
    platforms.set_secret(rig, platform)

    def newest():
        platform.welcome(visitor.get(platform.entry("weekly-1")).location)
        return platform.used == old + 1

    wait_for(newest, "the new secret to be used")
    listed = rig.ctl("secret", "list").stdout
    assert platform.title in listed and not any(secret in listed for secret in platform.secrets)


@every
def test_nothing_secret_is_left(both):
    rig, platform = both
    canaries = {form for secret in platform.secrets for form in (secret, urllib.parse.quote(secret, safe=""), *secret.split(":"))}
    visitor, answer = platforms.sign_in(rig, platform.entry("weekly-1"))
    canaries |= {value for _, value in urllib.parse.parse_qsl(urllib.parse.urlsplit(answer.location).query) if len(value) > 60}
    pages = [visitor.get(platform.entry(meeting)).text for meeting in ("fault-status", "fault-unknown", platform.malformed)]
    pages.append(platforms.sign_in(rig, platform.entry("weekly-1"), "bob")[1].text)
    pages.append(rig.ctl("check", "--connect", check=False).stdout)
    platforms.audit(rig, answer)
    for folder, _, names in os.walk(rig.folder):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and ".secrets" not in name and "platform." not in name:
                with open(path, "rb") as file:
                    pages.append(file.read().decode("latin-1"))
    for pid in rig.daemons():
        for name in ("cmdline", "environ"):
            with open("/proc/%d/%s" % (pid, name), encoding="latin-1") as file:
                pages.append(file.read())
    assert len(canaries) >= 2
    for canary in canaries | {"canary-of-the-server"}:
        if len(canary) >= 12:
            assert not any(canary in page for page in pages), canary[:6]


@every
def test_no_secret_at_all(make_rig, kind):
    rig, platform = platforms.make(make_rig, platforms.ALL[kind])
    rig.ctl("secret", "retire", platform.title, "1")
    visitor, _ = platforms.sign_in(rig, platform.entry("weekly-1"))

    def refused():
        answer = visitor.get(platform.entry("weekly-1"), JSON)
        return answer if answer.status == 500 else None

    answer = wait_for(refused, "the secret to be gone")
    assert answer.code == "internal" and "secret set" in platforms.audit(rig, answer)["detail"]


@every
def test_the_guide_begins_with_a_section_that_works(tmp_path, kind):
    with open("%s/docs/platforms/%s.md" % (TOP, kind), encoding="utf-8") as file:
        text = file.read()
    blocks = re.findall(r"```\n(.*?)```", text, re.S)
    section = next(block for block in blocks if block.startswith('platform "'))
    policy = next((block for block in blocks if block.startswith("policy {")), "")
    assert 'type' in section and '"%s"' % kind in section
    conf = tmp_path / "meetauth.conf"
    conf.write_text('base-url = "https://external.example.org/auth"\nstore = "%s/store"\nstore-key = "%s/store.key"\nstate = "lmdb:%s"\n'
                    'share = "%s/share"\nbackend "guests" { type = "guest" }\n%s%s' % (tmp_path, tmp_path, tmp_path, TOP, section, policy), encoding="utf-8")
    for command in ([MEETAUTHCTL, "-c", str(conf), "init"], [MEETAUTHD, "-t", "-c", str(conf)]):
        done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=False)
        assert done.returncode == 0, done.stderr
    assert "check --connect" in text
    assert "/auth/%s/" % platforms.ALL[kind].word in text, "what to type on the platform's side"


# -- a platform in trouble --


@asking
def test_platform_down(make_rig, kind):
    rig, platform = platforms.make(make_rig, platforms.ALL[kind])
    platform.stop()
    visitor, answer = platforms.sign_in(rig, platform.entry("weekly-1"), headers=JSON)
    assert (answer.status, answer.code, answer.location) == (502, "exchange-unreachable", None)
    assert rig.send("GET", "/auth/healthz").status == 200

    def left_alone():
        again = visitor.get(platform.entry("weekly-1"), JSON)
        assert again.code in ("exchange-unreachable", "overloaded")
        return again if again.status == 503 else None

    assert wait_for(left_alone, "the breaker").headers["Retry-After"]


@signing
def test_a_platform_that_is_not_asked_may_be_down(both):
    """Nothing listens at its address in any of these tests."""
    rig, platform = both
    _, answer = platforms.sign_in(rig, platform.entry("weekly-1"))
    assert answer.status == 302
    table = rig.ctl("check", "--connect", check=False).stdout
    assert [line for line in table.splitlines() if line.startswith("FAIL") and " connect " in line and platform.title in line], table


@asking
def test_platform_lies(both):
    rig, platform = both
    visitor, _ = platforms.sign_in(rig, platform.entry("weekly-1"))
    for fault, expected in platform.faults.items():
        began = time.monotonic()
        answer = visitor.get(platform.entry("fault-" + fault), JSON)
        assert (answer.status, answer.code) == expected, fault
        assert answer.location is None and time.monotonic() - began < 4, fault
        assert visitor.get(platform.entry("weekly-1")).status == 302, "and nobody else is kept out"


@asking
def test_platform_slow_delays_nobody(both):
    rig, platform = both
    visitor, _ = platforms.sign_in(rig, platform.entry("weekly-1"))

    def hang(number):
        other = rig.visitor()
        other.jar.update(visitor.jar)
        return other.get(platform.entry("fault-hang_%d" % number), JSON).status

    with concurrent.futures.ThreadPoolExecutor(4) as crowd:
        waiting = [crowd.submit(hang, number) for number in range(4)]
        wait_for(lambda: rig.metric("meetauth_exchanges_in_flight") >= 2, "some at once")
        began = time.monotonic()
        assert rig.send("GET", "/auth/healthz").status == 200
        assert visitor.get(platform.entry("weekly-1")).status == 302
        assert not all(one.done() for one in waiting) and time.monotonic() - began < 1.4
        assert {one.result() for one in waiting} == {504}


@asking
def test_check_connect(make_rig, kind):
    rig, platform = platforms.make(make_rig, platforms.ALL[kind])
    table = rig.ctl("check", "--connect", check=False).stdout
    lines = [line for line in table.splitlines() if " connect " in line and platform.title in line]
    assert len(lines) == 1, table
    assert lines[0].startswith("ok")
    assert [line for line in table.splitlines() if line.startswith("ok") and "newest can be used" in line]
    platform.take(["another"])
    table = rig.ctl("check", "--connect", check=False).stdout
    assert [line for line in table.splitlines() if line.startswith("FAIL") and "secret" in line and platform.title in line]
