# SPDX-License-Identifier: MIT
"""A meeting platform as the tests see it: how it is set up, come to, and asked what it makes of an answer.
drivers.py has one class for each driver; test_platform_contract.py runs the same story against all of them."""

import contextlib
import json
import re
import secrets
import sys
import urllib.parse

import pytest
from rig import TOP, wait_for

sys.path.append(TOP + "/tests/peers")  # at the end: one of them has a name of the standard library
sys.dont_write_bytecode = True

import strict  # noqa: E402

APP = "https://app.example.org"
POLICY = """
policy {
 rule "hosts" { allow = true  users = {"alice"}  meetings = {"hosted*"}  role = "moderator" }
 rule "quiet" { allow = true  groups = {"staff"}  meetings = {"quiet*"}  role = "observer" }
 rule "staff" { allow = true  groups = {"staff"}  networks = {"127.0.0.0/8"}  %s }
 default = "deny"
}
"""
TIMES = 'timeout = "5s"\n connect-timeout = "4s"\n'
TIMEOUT, BAD, REFUSED = (504, "exchange-timeout"), (502, "exchange-bad-answer"), (403, "exchange-refused")
BUSY = (503, "overloaded")


class Platform:
    """One of them. A browser comes in by an address of its own and is redirected; nobody is asked."""

    type = title = word = None  # word: what stands behind the mount
    options = ""
    success = 302
    secret_length = 32
    weekly, other = "weekly-1", "weekly-2"  # meetings that it has
    unknown = None  # one that it does not; None: any name is a room
    malformed = ("a%20b", "", "%2e%2e", "a%0db")  # meetings of no platform
    redirects = True  # the browser goes on to a site of the configuration
    roles = False  # it knows any
    person = "Alice Liddell"  # as it is told about alice
    keyed = True  # it has a secret
    without_secret = (500, "internal")
    asks = False  # something is asked of it during a join
    tries_secret = False  # by `check --connect`
    faults = {}  # what it may do wrong → (status, error code)

    def __init__(self, rig, options=None, secret=None):
        self.rig = rig
        if options is not None:
            self.options = options
        self.secrets = [] if secret is None else [secret]
        if self.keyed and not self.secrets:
            self.add_secret()

    # -- set up --

    def section(self):
        return 'platform "%s" {\n type = "%s"\n %s\n}\n' % (self.title, self.type, self.settings() + "\n " + self.options)

    def settings(self):
        return ""

    def add_secret(self):
        """Another one; the platform takes all of them."""
        self.secrets.append(self.new_secret())

    def new_secret(self):
        return secrets.token_urlsafe(self.secret_length)

    def set_secret(self, secret=None, name=None):
        """Into the store: the newest, or the one that is given."""
        return self.rig.ctl("secret", "set", name or self.title, text=(secret or self.secrets[-1]) + "\n")

    def rotate(self):
        self.add_secret()
        self.set_secret()

    def retire(self):
        """Takes every secret of it out of the store."""
        for entry in json.loads(self.rig.ctl("secret", "list", "--json").stdout):
            if self.title in entry["name"].split("/"):
                self.rig.ctl("secret", "retire", entry["name"], str(entry["version"]), "--force")

    def settle(self):
        """Until it can be used, once the pool runs."""

    def stop(self):
        pass

    # -- use --

    def entry(self, meeting, **query):
        return "/auth/%s/%s%s" % (self.word, meeting, "?" + urllib.parse.urlencode(query) if query else "")

    def enter(self, visitor, meeting, headers=()):
        """Somebody who has signed in comes for a meeting."""
        return visitor.get(self.entry(meeting), headers)

    def arrived(self, visitor, meeting, answer):
        """What the visitor gets in the end, where an answer of ours only leads to it."""
        return answer

    def sign_in(self, target, account="alice", headers=()):
        """Comes in by the entry and signs in: the visitor, and the answer to the form."""
        visitor = self.rig.visitor()
        answer = visitor.get(target)
        assert answer.status == 303, answer
        page = visitor.get(answer.location)
        assert page.status == 200, page
        return visitor, visitor.fill(page, account, headers=headers)

    def come(self, meeting, account="alice", headers=()):
        """Somebody who has not signed in comes for a meeting: the visitor, and the answer in the end."""
        return self.sign_in(self.entry(meeting), account, headers)

    def visitor(self, account="alice"):
        """Somebody who has signed in, by the rig's own platform."""
        somebody = self.rig.visitor()
        somebody.fill(somebody.login_page(), account)
        return somebody

    def ask(self, visitor, body, origin=APP, kind="application/json", **more):
        """What the script of a page does."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Origin": origin, "Content-Type": kind, "Content-Length": str(len(data)), **more}
        return visitor.request("POST", "/auth/token/" + self.title, headers=headers, body=data)

    def seen(self, answer):
        """(meeting, name, role) as the platform has them of an answer, which it has to take; `used` is
        the number of the secret then."""
        return self.welcome(answer.location)

    def logged(self, meeting):
        """The meeting's id in the log."""
        return meeting

    def ledger(self):
        """What the platform was asked; nothing where nobody asks it."""
        return []

    @contextlib.contextmanager
    def fault(self, name):
        """It does this wrong for the meeting that is yielded."""
        yield "fault-" + name

    @contextlib.contextmanager
    def hanging(self, count):
        """It does not answer for the meetings that are yielded, as many, and does for others."""
        yield ["fault-hang_%d" % number for number in range(count)]

    def refuse_all(self):
        """From now on it takes no secret."""

    # -- what is left behind --

    def audit(self, answer):
        """The line of the log that an answer left behind."""
        name = answer.headers["X-Request-Id"]
        return wait_for(lambda: [e for e in self.rig.events("join") if e["request_id"] == name], "the audit line")[0]

    def connect_lines(self):
        table = self.rig.ctl("check", "--connect", check=False).stdout
        return [line for line in table.splitlines() if self.title in line]

    def canaries(self, answer):
        """What nobody may find: of the secrets, and of an answer that let somebody in."""
        query = urllib.parse.parse_qsl(urllib.parse.urlsplit(answer.location or "").query)
        return {form for secret in self.secrets for form in (secret, urllib.parse.quote(secret, safe=""))} | {value for _, value in query if len(value) > 60}

    def leaves_none_of(self, canaries, pages=()):
        """Nothing of them in the installation's files (the sealed store among them), in processes, in
        pages or in what the operator is shown."""
        texts = list(pages) + [self.rig.ctl("check", "--connect", check=False).stdout, self.rig.ctl("secret", "list").stdout]
        texts += self.rig.left_behind()
        canaries = set(canaries) | {strict.CANARY}
        assert all(len(canary) >= 8 for canary in canaries)
        for canary in canaries:
            assert not any(canary in text for text in texts), canary[:4]

    def check(self):
        """After each test: nothing crashed."""
        assert self.rig.pool.process.poll() is None, self.rig.pool.said()[-5000:]


class Talking(Platform):
    """One that is talked with in several turns: a stand-in in this process, and a trap that nobody may ever ask."""

    stand_in = None
    asks = True
    steps = ()  # the calls of a join, as the stand-in names them

    def __init__(self, rig, peer=None, **others):
        self.peer, self.trap = peer or self.stand_in(), strict.Trap()
        self.peer.trap = self.trap
        super().__init__(rig, **others)

    @property
    def faults(self):
        bad = {(step, how): TIMEOUT if how == "hang" else BAD for step in self.steps for how in strict.FAULTS}
        return bad | {(step, how): BUSY for step in self.steps for how in strict.BUSY}

    @contextlib.contextmanager
    def fault(self, name):
        step, how = name
        with self.peer.fault(**{step: how}):
            yield self.weekly

    @contextlib.contextmanager
    def hanging(self, count):
        with self.peer.fault(only=re.split("[/:]", self.other)[-1], **{self.steps[-1]: "hang"}):
            yield [self.other] * count

    def ledger(self):
        return self.peer.names()

    def check(self):
        """And nobody broke the documents, nobody asked the trap."""
        self.peer.check()
        self.trap.check()
        super().check()

    def stop(self):
        self.peer.stop()
        self.trap.stop()


class ForScripts(Talking):
    """The entry leads to the page of an application, whose script asks."""

    success = 200
    app = APP + "/join?from=meetauth"
    parameter = None  # by which the entry and the page take the meeting

    def entry(self, meeting, **query):
        return "/auth/%s?%s" % (self.word, urllib.parse.urlencode({self.parameter: meeting or "", **query}))

    def enter(self, visitor, meeting, headers=()):
        return self.ask(visitor, self.body(meeting))

    def arrived(self, visitor, meeting, answer):
        """The page is opened, and asks with what stands in its address; what did not let somebody in stays as it is."""
        if answer.status != 302:
            return answer
        assert answer.location.startswith(self.app + "&"), answer.location
        brought = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer.location).query, strict_parsing=True))
        assert brought.pop("code"), "for pages of other sites"
        assert brought == {"from": "meetauth", self.parameter: meeting}, "the meeting, and no token"
        return self.enter(visitor, brought[self.parameter])

    def visitor(self, account="alice"):
        """By the entry of its own: there may be no other platform."""
        return self.sign_in(self.entry(self.weekly), account)[0]

    def come(self, meeting, account="alice", headers=()):
        visitor, answer = self.sign_in(self.entry(meeting), account, headers)
        return visitor, self.arrived(visitor, meeting, answer)


def make(make_rig, driver, **options):
    """One, in a started rig, beside that one's own platform; with its secret."""
    return make_all(make_rig, driver, **options)[0]


def make_all(make_rig, *drivers, policy=POLICY % "", processes=0, **options):
    """Several in one rig."""
    rig = make_rig(processes=processes, start=False)
    rig.platform_options += TIMES
    made = [each(rig, **options) for each in drivers]
    rig.sections = "".join(each.section() for each in made) + policy
    start, stop = rig.start_nginx, rig.stop

    def start_nginx():  # after the store was made, before the pool begins
        for each in made:
            if each.secrets:
                each.set_secret(each.secrets[0])
        start()

    def stop_all():
        try:
            stop()
        finally:
            for each in made:
                each.stop()

    rig.start_nginx, rig.stop = start_nginx, stop_all
    rig.start()
    return made


def fixtures(driver):
    """Of the tests of one that is talked with: the platform in a rig that they share, the same as it is at first
    and looked at afterwards, and somebody who has signed in."""
    @pytest.fixture(scope="module")
    def shared(make_module_rig):
        made = make(make_module_rig, driver)
        made.settle()
        return made

    @pytest.fixture
    def setup(shared):
        shared.peer.reset()
        yield shared
        shared.check()

    @pytest.fixture(scope="module")
    def visitor(shared):
        return shared.visitor()

    return shared, setup, visitor


def lies(send, peer, name, expected=BAD, faults=strict.FAULTS, recover=None):
    """Every fault of a call fails as it should, and the next visitor is served."""
    for fault in faults:
        with peer.fault(**{name: fault}):
            answer = send()
        wanted = TIMEOUT if fault == "hang" else expected
        assert (answer.status, answer.code) == wanted, (name, fault, answer)
        assert answer.location is None and strict.CANARY not in answer.text
        if recover:
            recover()
