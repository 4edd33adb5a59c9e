# SPDX-License-Identifier: MIT
"""Lync and Live Meeting: the page with a meeting's link and key, to whom it is shown and to whom not."""

import drivers
import platforms
import pytest
from client import JSON
from drivers import shown
from rig import wait_for

TITLE = "lync.example.org"
MEETING = "john@contoso.example/854T0R7G"
URI = "sip:john@contoso.example;gruu;opaque=app:conf:focus:id:854T0R7G"
KEY = "k3y-0f-the-meeting"


@pytest.fixture(scope="module")
def shared(make_module_rig):
    setup = platforms.make(make_module_rig, drivers.Lync)
    setup.set_secret(KEY, "meeting/%s/%s" % (TITLE, MEETING))
    setup.set_secret("another-meetings-key", "meeting/%s/mary@contoso.example/1SD8D0WZ" % TITLE)
    visitor = setup.visitor()
    wait_for(lambda: visitor.get("/auth/lync/mary@contoso.example/1SD8D0WZ").status == 200, "the keys")
    return setup


@pytest.fixture
def setup(shared):
    yield shared
    shared.check()


def test_link_and_key_after_signing_in(setup):
    visitor = setup.rig.visitor()
    answer = visitor.get("/auth/lync/" + MEETING)
    assert answer.status == 303
    page = visitor.get(answer.location)
    assert "conf:" not in page.text and KEY not in page.text
    answer = visitor.fill(page)
    assert shown(answer) == ("conf:" + URI, KEY)
    assert answer.headers["Cache-Control"] == "no-store" and answer.headers["Referrer-Policy"] == "no-referrer"
    event = setup.audit(answer)
    assert (event["result"], event["meeting_id"], event["user"]) == ("ok", MEETING, "alice")


@pytest.mark.parametrize("target", ["JOHN@Contoso.Example/854t0r7g", "?conferenceUri=sip:john%40contoso.example%3Bgruu%3Bopaque%3Dapp:conf:focus:id:854T0R7G"])
def test_other_spellings_of_the_same_meeting(setup, target):
    link, key = shown(setup.visitor().get("/auth/lync/" + target))
    assert link.lower() == ("conf:" + URI).lower() and key == KEY


def test_a_rule_for_one_meeting(make_rig):
    setup = platforms.make(make_rig, drivers.Lync, policy=platforms.POLICY % 'meetings = {"john@contoso.example/*"}')
    visitor = setup.visitor()
    for each in ("john@contoso.example/1", "mary@contoso.example/1"):
        setup.set_secret("a key of " + each[:4], "meeting/%s/%s" % (TITLE, each))
    wait_for(lambda: visitor.get("/auth/lync/john@contoso.example/1").status == 200, "the keys")
    for each in ("mary@contoso.example/1", "MARY@contoso.example/1", "?conferenceUri=" + URI.replace("john", "mary").replace(";", "%3B")):
        answer = visitor.get("/auth/lync/" + each, JSON)
        assert answer.code == "denied" and "a key" not in answer.text


def test_malformed_meetings(setup):
    for target in ("", "john", "john@contoso.example", "john@contoso.example/", "@contoso.example/1", "john@evil.example/1", "john@sub.contoso.example/1", "john@contoso.example/1/2",
                   "john@contoso.example:5061/1", "john@contoso.example/1%3Bx", "john@contoso.example/..", "jo%0ahn@contoso.example/1", "%3Cscript%3E@contoso.example/1",
                   "john@contoso.example/%22onclick", "?conferenceUri=sip:john", "?conferenceUri=javascript:alert(1)", MEETING + "?conferenceUri=" + URI.replace(";", "%3B")):
        answer = setup.rig.visitor().get("/auth/lync/" + target, JSON)
        assert answer.status == 400, (target, answer)
        assert "script" not in answer.text


def test_the_four_parameters_of_others_lead_nowhere(setup):
    answer = setup.visitor().get("/auth?hostname=%s&meetingId=abc&meetingToken=abc&requestToken=abcdefgh" % TITLE, JSON)
    assert (answer.status, answer.code) == (403, "unknown-platform")
    assert setup.ask(setup.visitor(), {"conferenceUri": URI}).status == 404, "scripts get nothing"


def test_a_key_may_have_any_letters(setup):
    key = "<b>\"k'&y</b> é"
    setup.set_secret(key, "meeting/%s/john@contoso.example/ODD" % TITLE)
    visitor = setup.visitor()
    answer = wait_for(lambda: (lambda got: got if got.status == 200 else None)(visitor.get("/auth/lync/john@contoso.example/ODD")), "the key")
    assert shown(answer)[1] == key and "<b>" not in answer.text


def test_meetauthctl_names_meetings_as_the_driver_does(setup):
    done = setup.set_secret("x1", "meeting/%s/John@CONTOSO.example/ab12" % TITLE.upper())
    assert "meeting/%s/john@contoso.example/AB12: version 1" % TITLE in done.stdout
    assert setup.set_secret("x2", "meeting/%s/john+team@contoso.example/AB12" % TITLE).returncode == 0
    for name in ("meeting/%s" % TITLE, "meeting/%s/" % TITLE, "meeting/%s/john" % TITLE, "meeting/%s/john@evil.example/1" % TITLE,
                 "meeting/meeting.example.org/john@contoso.example/1", "meeting/other.example.org/john@contoso.example/1"):
        done = setup.rig.ctl("secret", "set", name, text="x\n", check=False)
        assert done.returncode == 64 and "secret set" in done.stderr, (name, done)


def test_meetauthctl_says_what_is_wrong_with_a_name(setup):
    done = setup.set_secret("x2", "meeting/%s/%s" % (TITLE, URI.replace("854T0R7G", "ab34")))
    assert "meeting/%s/john@contoso.example/AB34: version 1" % TITLE in done.stdout
    for name, words in (("", "missing"), ("john", "neither USER@DOMAIN/ID nor sip:"), ("john@evil.example/1", "evil.example, is not in the option `domains`")):
        done = setup.rig.ctl("secret", "set", "meeting/%s/%s" % (TITLE, name), text="x\n", check=False)
        assert done.returncode == 64 and '"%s" is not a meeting of %s: ' % (name, TITLE) in done.stderr and words in done.stderr, done


def test_imported_keys_are_shown_until_their_end(setup):
    """A key that ends is shown, and then its meeting is refused like one without a key, and the log says why."""
    def import_keys(end):
        rows = ["meeting,key,expires", "john@contoso.example/IMPORT1,\"key, of one\",2199-12-31", "\"meet:%s\",key of two,%s" % (URI.replace("854T0R7G", "IMPORT2"), end)]
        return setup.rig.ctl("secret", "import", TITLE, "-", text="\n".join(rows) + "\n").stdout
    assert import_keys("30d") == "%s: 2 keys added, 0 replaced, 0 unchanged\n" % TITLE
    visitor = setup.visitor()
    for meeting, key in (("IMPORT1", "key, of one"), ("IMPORT2", "key of two")):
        page = wait_for(lambda: (lambda got: got if got.status == 200 else None)(visitor.get("/auth/lync/john@contoso.example/" + meeting)), "the imported key")
        assert shown(page)[1] == key
    assert import_keys("15s") == "%s: 0 keys added, 1 replaced, 1 unchanged\n" % TITLE
    answer = wait_for(lambda: (lambda got: got if got.status != 200 else None)(visitor.get("/auth/lync/john@contoso.example/IMPORT2", JSON)), "the end of the key", 300)
    assert (answer.status, answer.code) == (403, "exchange-refused") and "key of two" not in answer.text
    assert "the key of this meeting ended at 20" in setup.audit(answer)["detail"]
    assert shown(visitor.get("/auth/lync/john@contoso.example/IMPORT1"))[1] == "key, of one"
    listed = setup.rig.ctl("secret", "list").stdout
    assert "2199-12-31T00:00:00Z" in listed and "key of" not in listed


def test_check_wants_no_key_by_the_platforms_name(setup):
    lines = [line for line in setup.rig.ctl("check", check=False).stdout.splitlines() if line.startswith("FAIL")]
    assert not lines, lines
