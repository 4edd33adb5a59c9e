# SPDX-License-Identifier: MIT
"""What an operator calls a meeting, where the platform's driver has a form of its own for it: the tools take it to the
id that visits come with, or say why it is none; rules that no meeting can match are named."""

import json
import urllib.parse

import drivers
import platforms
import pytest
from client import JSON
from guests import accept, opened

JITSI, GALENE, LYNC, LIVEKIT = "meet.example.org", "galene.example.org", "contoso.example", "livekit.example.org"
UCWA = "ucwa.example.org"
SECTIONS = """
platform "%s" { type = "jitsi"  app-id = "meetauth" }
platform "%s" { type = "galene" }
platform "%s" { type = "lync" }
platform "%s" { type = "livekit" }
platform "%s" { type = "ucwa"  allowed-origins = {"https://app.example.org"} }
backend "guest" { type = "invite"  invitations = "%%s/invitations" }
backend "keys" { type = "meeting-key"  keys = "%%s/keys" }
""" % (JITSI, GALENE, LYNC, LIVEKIT, UCWA)
WRITTEN = [(JITSI, "WeeklyReview", "weeklyreview"), (JITSI, "Acme/Team Meeting", "acme/team%20meeting"), (GALENE, "Uni/maths", "Uni/maths"),
           (GALENE, "https://galene.example.org/group/uni/maths/", "uni/maths"), (LIVEKIT, "Daily", "Daily")]
REFUSED = [(JITSI, "a/b/c"), (JITSI, "meet.example.org/board"), (JITSI, "*"), (GALENE, "a//b"), (GALENE, "https://evil.example/group/x/"), (LIVEKIT, "a/b"),
           (LYNC, "john@evil.example/1"), ("meeting.example.org", "a/b"), (JITSI, "")]


@pytest.fixture(scope="module")
def rig(make_module_rig):
    made = make_module_rig(start=False)
    configure(made)
    made.ctl("init")
    return made


def configure(rig, rules=""):
    rig.sections = SECTIONS % (rig.folder, rig.folder) + ("policy {\n %s\n default = \"allow\"\n}\n" % rules if rules else "")
    rig.configure()


@pytest.mark.parametrize("platform,written,meeting", WRITTEN)
def test_tools_take_a_meeting_as_it_is_written(rig, platform, written, meeting):
    invited = rig.ctl("invite", "create", "--platform", platform, "--meeting", written, "--name", "Grace")
    assert " to %s, " % meeting in invited.stderr
    assert json.loads(rig.ctl("--json", "invite", "list").stdout)[-1]["meeting"] == meeting
    rig.ctl("meeting-key", "generate", "--platform", platform, "--meeting", written)
    assert meeting in [key["meeting"] for key in json.loads(rig.ctl("--json", "meeting-key", "list").stdout)]
    rig.ctl("meeting-key", "set", "--platform", platform, "--meeting", written, text="another key\n")
    rig.ctl("meeting-key", "remove", "--platform", platform, "--meeting", written)
    assert meeting not in rig.ctl("meeting-key", "list").stdout
    told = json.loads(rig.ctl("--json", "policy", "explain", "--user", "alice", "--platform", platform, "--meeting", written).stdout)
    assert told["meeting"] == meeting
    table = rig.ctl("policy", "explain", "--user", "alice", "--platform", platform, "--meeting", written).stdout
    assert table.startswith("meeting %s\n" % meeting) == (written != meeting)


@pytest.mark.parametrize("platform,written", REFUSED)
def test_tools_say_why_something_is_no_meeting(rig, platform, written):
    for command in (("invite", "create", "--name", "Grace"), ("meeting-key", "generate"), ("policy", "explain", "--user", "alice")):
        done = rig.ctl(*command, "--platform", platform, "--meeting", written, check=False)
        assert done.returncode in (64, 65) and not done.stdout
        assert '--meeting: "%s" is not a meeting of %s: ' % (written, platform) in done.stderr


@pytest.mark.parametrize("platform,written,words", [
    (JITSI, "b\u00fcro", "percent-encode them in lower case"), (JITSI, "b%C3%BCro", "percent-encode them in lower case"),
    (JITSI, "https://meet.example.org/weekly", "the tenant is not letters"), (UCWA, "john", "neither USER@DOMAIN/ID nor sip:USER@DOMAIN;"),
    (UCWA, "john@evil.example/1", "evil.example, is not in the option `domains`")])
def test_tools_say_how_a_meeting_is_written(rig, platform, written, words):
    done = rig.ctl("policy", "explain", "--user", "alice", "--platform", platform, "--meeting", written, check=False)
    assert words in done.stderr



def lint(rig, *rules):
    guests = ' rule "guests" { allow = true  backends = {"guest", "keys"} }'
    configure(rig, " ".join('rule "r%d" { allow = false  %s }' % pair for pair in enumerate(rules)) + guests)
    done = rig.ctl("--json", "policy", "lint", check=False)
    found = [entry["finding"] for entry in json.loads(done.stdout)]
    assert done.returncode == (1 if found else 0)
    return [finding for finding in found if not finding.startswith("allowed-origins: ")]


def about(platform, *patterns):
    return "platforms = {\"%s\"}  meetings = {%s}" % (platform, ", ".join('"%s"' % pattern for pattern in patterns))


@pytest.mark.parametrize("platform,pattern,words", [
    (JITSI, "Board", 'can never match: the meeting\'s id is "board"'), (JITSI, "Team Meeting", '"team%20meeting"'),
    (JITSI, "acme/Board*", 'can never match: an id is written like "acme/board0"'), (JITSI, "a/b/c", "can never match"),
    (LYNC, "John@Contoso.example/854t0r7g", '"john@contoso.example/854T0R7G"'), (LYNC, "john@contoso.example/abc*", '"john@contoso.example/ABC0"'),
    ("meeting.example.org", "a b", "can never match"), ("meeting.example.org", "a/*", "can never match"), (GALENE, "..", "can never match"),
    ("meeting.example.org", "8320-*", "looks like a meeting token")])
def test_lint_names_patterns_that_no_meeting_matches(rig, platform, pattern, words):
    found = lint(rig, about(platform, pattern))
    assert len(found) == 1 and 'meetings: "%s" ' % pattern in found[0] and words in found[0]


def test_lint_leaves_alone_what_can_match(rig):
    assert not lint(rig, about(JITSI, "board", "acme/*", "team%20*", "weekly-1"), about(GALENE, "Uni/*", "*"),
                    about(LYNC, "john@contoso.example/*", "*@contoso.example/854T0R7G", "john@*", "j*"),
                    about("meeting.example.org", "5f521a93*"), about(LIVEKIT, "Board", "daily-*"))
    assert not lint(rig, about("%s\", \"%s" % (JITSI, LIVEKIT), "Board")), "LiveKit has such a room"
    assert len(lint(rig, 'platforms = {"nowhere.example"}  meetings = {"Board"}')) == 1, "the platform is what is wrong"


def test_explain_says_what_the_rule_does(make_rig):
    """As people write it, a name neither opens nor closes another meeting than the one they see."""
    rules = 'policy {\n rule "board" { allow = false  meetings = {"Board"} }\n rule "chair" { allow = false  meetings = {"chair"} }\n default = "allow"\n}\n'
    jitsi = platforms.make(make_rig, drivers.Jitsi, policy=rules)
    visitor, _ = jitsi.sign_in(jitsi.entry("weekly"))
    for name, rule in (("Board", "default"), ("Chair", "chair")):
        told = json.loads(jitsi.rig.ctl("--json", "policy", "explain", "--user", "alice", "--platform", JITSI, "--meeting", name, check=False).stdout)
        assert told["rule"] == rule
        answer = visitor.get(jitsi.entry(name), JSON)
        assert (answer.status == 302) == (told["verdict"] == "allowed"), "what explain says is what happens"
        assert jitsi.audit(answer)["meeting_id"] == told["meeting"]


def test_an_invitation_to_a_name_in_capitals_leads_into_the_room(make_rig):
    class Guests(drivers.Jitsi):
        def section(self):
            return super().section() + 'backend "guest" {\n type = "invite"\n invitations = "%s/invitations"\n}\n' % self.rig.folder

    policy = 'policy {\n rule "guests" { allow = true  backends = {"guest"} }\n default = "deny"\n}\n'
    jitsi = platforms.make(make_rig, Guests, policy=policy)
    link = jitsi.rig.ctl("invite", "create", "--platform", JITSI, "--meeting", "Acme/Team Meeting", "--name", "Grace").stdout.strip()
    visitor = jitsi.rig.visitor()
    accepted = accept(visitor, opened(visitor, link))
    seen = jitsi.peer(jitsi.secrets[-1]).open(visitor.get(accepted.location).location)
    assert seen["room"] == "[acme]team%20meeting" and urllib.parse.urlsplit(accepted.location).path.endswith("/jitsi/acme/team%2520meeting")
