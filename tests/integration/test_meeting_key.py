# SPDX-License-Identifier: MIT
"""The backend "meeting-key" and meetauthctl meeting-key: a key of its own for each meeting."""

import json
import os
import re
import stat

import pytest
from guests import MEETING, OTHER, fill, form_of, query, rule
from rig import HOST, wait_for

BACKEND = 'backend "key" { type = "meeting-key" keys = "%s/meeting.keys" }\n'
WHERE = ("--platform", HOST, "--meeting")


def make(maker, keys, **options):
    """keys: what meetings have from the start."""
    rig = maker(start=False, **options)
    rig.sections = BACKEND % rig.folder + rule("key")
    rig.configure()
    for meeting, key in keys.items():
        rig.ctl("meeting-key", "set", *WHERE, meeting, text=key + "\n")
    return rig.start()


@pytest.fixture(scope="module")
def shared(make_module_rig):
    return make(make_module_rig, {MEETING: "correct horse", OTHER: "other secret"})


def enter(rig, meeting, key, name="Zoë", source="127.0.0.1"):
    visitor = rig.visitor(source=source)
    return visitor, fill(visitor, visitor.login_page(meeting), "key", name=name, password=key)


def test_the_key_lets_into_its_meeting(shared):
    visitor = shared.visitor()
    page = visitor.login_page()
    fields = [(name, kind) for name, kind, _ in form_of(page, "key")["fields"] if kind != "hidden"]
    assert fields == [("name", "text"), ("password", "password")]
    back = fill(visitor, page, "key", name="Zoë", password="correct horse")
    assert back.status == 302, back
    assert query(back)["participantName"] == "Zoë"
    assert shared.platform.get(back.location).status == 200
    assert visitor.enter(MEETING).status == 302
    assert visitor.enter(OTHER).status == 303, "for this meeting alone"
    join = wait_for(lambda: shared.events("join"), "the audit line")[-1]
    assert join["backend"] == "key" and re.fullmatch("key-[0-9a-f]{32}-[0-9a-f]{16}", join["user"])


def test_a_key_is_typed_as_it_was_read_out(shared):
    """Kind F of the sign-in cases: capitals, blanks and dashes of another kind."""
    meeting = "read-out"
    key = shared.ctl("meeting-key", "generate", *WHERE, meeting).stdout.strip()
    assert re.fullmatch("[a-z2-9]{4}(-[a-z2-9]{4}){2}", key)
    wait_for(lambda: enter(shared, meeting, key)[1].status == 302, "the key to be known")
    for typed in (key.upper(), key.replace("-", " "), key.replace("-", "\u2013") + "\u00a0", key.replace("-", "")):
        assert enter(shared, meeting, typed)[1].status == 302, typed
    assert enter(shared, MEETING, "correct horse ", name="Zoë\u00a0")[1].status == 302
    assert enter(shared, meeting, key.replace("-", "--x"))[1].status == 401


@pytest.mark.parametrize("meeting,key", [
    (MEETING, "other secret"), (MEETING, "correct  horse"), (MEETING, "Correct horse"), (MEETING, "x" * 1025),
    (OTHER, "correct horse"), (MEETING.upper(), "correct horse"), ("another", "correct horse")])
def test_another_key_does_not(shared, meeting, key):
    _, answer = enter(shared, meeting, key)
    assert answer.status == 401
    assert "__Host-meetauth" not in answer.cookies
    assert key not in answer.text and key not in shared.pool.said()


def test_A35_wrong_key_and_no_key_look_the_same(shared):
    def text(meeting):
        answer = enter(shared, meeting, "wrong key")[1].text
        answer = re.sub('(value|href)="[^"]{40,}"', "", answer).replace(meeting, "MEETING")
        return re.sub(r"[0-9]{4}(-[0-9]{4}){3}|<code>[0-9a-f]+</code>", "", answer)

    assert text(MEETING) == text("another0000000000000000")


def test_A31_other_names_buy_no_more_tries(make_rig):
    rig = make(make_rig, {MEETING: "correct horse"}, options={"throttle-account": "3/1d"})
    assert enter(rig, MEETING, "correct horse")[1].status == 302
    statuses = [enter(rig, MEETING, "wrong key", "guest %d" % i)[1].status for i in range(5)]
    assert statuses[-1] == 429 and 401 in statuses, statuses
    assert enter(rig, MEETING, "correct horse")[1].status == 429
    assert enter(rig, OTHER, "wrong key")[1].status == 401, "other meetings have tries of their own"


def test_A33_who_guesses_a_key_shuts_nobody_else_out(make_rig):
    rig = make(make_rig, {MEETING: "correct horse"}, options={"throttle-account": "3/1d"})
    statuses = [enter(rig, MEETING, "wrong key", source="127.0.3.1")[1].status for _ in range(5)]
    assert statuses == [401] * 3 + [429] * 2
    assert enter(rig, MEETING, "correct horse", source="127.0.3.2")[1].status == 302
    # All addresses together have an end as well: ten times as many.
    statuses = [enter(rig, MEETING, "wrong key", source="127.0.3.%d" % (10 + number // 3))[1].status for number in range(30)]
    assert statuses.count(401) == 27 and statuses[27:] == [429] * 3, statuses


def test_sessions_end_with_the_key(make_rig):
    rig = make(make_rig, {})
    assert enter(rig, MEETING, "correct horse")[1].status == 401
    rig.ctl("meeting-key", "set", *WHERE, MEETING, text="correct horse")
    wait_for(lambda: enter(rig, MEETING, "correct horse")[1].status == 302, "the key to be seen")
    visitor, _ = enter(rig, MEETING, "correct horse")
    rig.ctl("meeting-key", "set", *WHERE, MEETING, text="battery staple")
    wait_for(lambda: visitor.enter(MEETING).status == 303, "the session to end")
    visitor, answer = enter(rig, MEETING, "battery staple")
    assert answer.status == 302
    assert enter(rig, MEETING, "correct horse")[1].status == 401
    rig.ctl("meeting-key", "remove", *WHERE, MEETING)
    wait_for(lambda: visitor.enter(MEETING).status == 303, "the session to end")
    assert enter(rig, MEETING, "battery staple")[1].status == 401
    rig.ctl("meeting-key", "set", *WHERE, MEETING, "--expires", "2s", text="short lived")
    wait_for(lambda: enter(rig, MEETING, "short lived")[1].status == 401, "the key to expire")


# -- meetauthctl --


@pytest.fixture
def site(make_rig):
    rig = make_rig(start=False)
    rig.sections = BACKEND % rig.folder
    rig.configure()
    rig.file = rig.folder + "/meeting.keys"
    return rig


def run(site, *words, text="", status=0):
    done = site.ctl("meeting-key", *words, text=text, check=False)
    assert done.returncode == status, (done.stdout, done.stderr)
    assert not text or len(text) < 4 or text.strip() not in done.stdout + done.stderr
    return done


def listed(site):
    return json.loads(run(site, "list", "--json").stdout)


def test_set_keeps_a_hash_that_others_cannot_read(site):
    assert listed(site) == []
    run(site, "set", "--platform", HOST.upper(), "--meeting", MEETING, "--expires", "2099-12-31T18:00Z", text="correct horse\n")
    assert stat.S_IMODE(os.stat(site.file).st_mode) == 0o600
    with open(site.file, encoding="utf-8") as file:
        text = file.read()
    assert "correct horse" not in text and "$argon2id$v=19$m=65536,t=2,p=1$" in text
    entry, = listed(site)
    assert entry.pop("created")
    assert entry == {"platform": HOST, "meeting": MEETING, "state": "active", "expires": "2099-12-31T18:00:00Z"}
    assert "argon2" not in run(site, "list").stdout


def test_generate_prints_the_key_once(site):
    done = run(site, "generate", *WHERE, MEETING)
    assert re.fullmatch(r"[a-km-np-z2-9]{4}(-[a-km-np-z2-9]{4}){2}\n", done.stdout)
    with open(site.file, encoding="utf-8") as file:
        assert done.stdout.strip() not in file.read()
    assert done.stdout.strip() not in run(site, "list").stdout
    assert run(site, "generate", *WHERE, MEETING).stdout != done.stdout
    assert len(listed(site)) == 1, "one key a meeting"


def test_remove(site):
    run(site, "set", *WHERE, MEETING, text="correct horse")
    run(site, "set", *WHERE, OTHER, text="correct horse")
    run(site, "remove", *WHERE, MEETING)
    assert [entry["meeting"] for entry in listed(site)] == [OTHER]
    assert "has no key" in run(site, "remove", *WHERE, MEETING, status=1).stderr


def test_a_damaged_file_stops_everything(site):
    for text, says in (("{", "meeting.keys:1: "), ('{"format": "x", "entries": []}', "format")):
        with open(os.open(site.file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        assert says in run(site, "list", status=66).stderr
        assert says in run(site, "set", *WHERE, MEETING, text="correct horse", status=1).stderr
        with open(site.file, encoding="utf-8") as file:
            assert file.read() == text
    os.chmod(site.file, 0o644)
    assert "chmod" in run(site, "list", status=66).stderr
