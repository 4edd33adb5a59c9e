# SPDX-License-Identifier: MIT
"""Every backend as a visitor meets it, for test_backend_contract.py: how it is set up, how somebody signs in, how an account
ends, and how it gets out of order. A new backend gets a class here, and its real server where it has one."""

import os
import re
import secrets
import sys

import desk
import guests
import test_command
import test_http_backend
import test_ldap
import test_pam
import test_radius
from client import JSON
from oidc_peers import BACKEND, Liar, Person, section
from rig import HOST, TOP
from test_remote_user import with_snippet

sys.path.insert(0, TOP + "/tests/peers/smtp")
import server as smtp  # noqa: E402

MEETING = guests.MEETING


class Backend:
    """One of them: a name and a password on the login page, unless a class has another way."""

    type = title = None
    person, other, nobody = "anna", "bert", "nobody-of-that-name"  # two who are known, one who is not
    secrets = {}  # of those who are known
    guessed = True  # there is something to guess
    ends = True  # sessions end with the account
    asks = True  # somebody who may be out of order

    def __init__(self, rig, authority, folder):
        self.rig, self.authority, self.folder = rig, authority, folder

    def section(self):
        """Of meetauth.conf."""

    def condition(self):
        """Of the rule that lets everybody in who signs in by it."""
        return 'backends = {"%s"}' % self.title

    def prepare(self):
        """Once there is a store, before the pool starts."""

    def settle(self):
        """Once the pool has started."""

    def sign_in(self, name=None, secret=None, source="127.0.0.1"):
        """(visitor, answer), of somebody who comes for the meeting. The secret is the right one unless it is given."""
        name = name or self.person
        visitor = self.rig.visitor(source=source)
        return visitor, self.answer(visitor, name, self.secrets.get(name, "x") if secret is None else secret)

    def answer(self, visitor, name, secret):
        return visitor.fill(visitor.login_page(MEETING), name, secret, headers=JSON)

    def remove(self):
        """Ends the account of `person`."""

    def break_down(self):
        """From now on it is out of order."""

    def canaries(self):
        return set(self.secrets.values())

    def stop(self):
        pass


class File(Backend):
    """That of every rig."""

    type, title = "file", "staff"
    person, other = "alice", "bob"
    asks = False

    def section(self):
        self.secrets = self.rig.passwords
        return ""

    def remove(self):
        self.rig.ctl("user", "remove", "alice")


class Ldap(Backend):
    type, title = "ldap", "people"

    def section(self):
        names = ("admin", "service", self.person, self.other)
        self.secrets = {name: secrets.token_hex(12) for name in names}
        self.server = test_ldap.ldap.Directory(self.folder + "/slapd", self.authority, self.secrets).fill()
        for name in names[2:]:
            self.server.add(name)
        return test_ldap.searching(self.server, 'group-refresh = "1s"')

    def prepare(self):
        self.rig.ctl("secret", "set", "backend/people", text=self.secrets["service"])

    def remove(self):
        self.server.remove(self.person)

    def break_down(self):
        self.server.stop()

    def stop(self):
        if self.server.process.poll() is None:
            self.server.stop()


class Pam(Backend):
    type, title = "pam", "unix"
    person, other = "carol", "plain"
    secrets = dict.fromkeys((person, other), test_pam.PASSWORD)

    def section(self):
        self.pam = test_pam.Pam(self.folder)
        return 'backend "unix" { type = "pam"  service = "unix"  helper = "%s"  timeout = "20s"  group-refresh = "1s" }\n' % self.pam.helper

    def remove(self):
        for name in ("passwd", "shadow"):
            with open(self.folder + "/" + name, encoding="utf-8") as file:
                text = re.sub("^carol:.*\n", "", file.read(), flags=re.M)
            with open(self.folder + "/" + name, "w", encoding="utf-8") as file:
                file.write(text)

    def break_down(self):
        self.pam.service("unix", "auth required pam_nowhere.so")


class Oidc(Backend):
    """The password is the provider's affair; what there is to guess here is the code. How sessions end is in test_oidc.py."""

    type, title = "oidc", BACKEND
    person = "u-1"
    guessed = ends = False

    def section(self):
        self.peer = Liar(self.folder)
        return section(self.peer.issuer)

    def prepare(self):
        self.secrets = {self.person: secrets.token_urlsafe(24)}
        self.rig.ctl("secret", "set", "backend/" + BACKEND, text=self.secrets[self.person])

    def sign_in(self, name=None, secret=None, source="127.0.0.1"):
        person = Person(self.rig)
        first = person.start()
        if first.status != 302:
            return person.ours, first
        return person.ours, self.peer.come_back(person, {**self.peer.approve(first.location), **({"code": secret} if secret else {})})

    def break_down(self):
        self.peer.status = {"/token": (500, {})}

    def stop(self):
        self.peer.stop()


class Command(Backend):
    """The example in shell."""

    type, title = "command", "own"
    secrets = {"anna": "cr*rect $(horse)", "bert": "battery staple"}

    def section(self):
        self.program = test_command.copy(self.rig.folder, test_command.SHELL)
        self.write(*self.secrets)
        return test_command.section(self.program, self.folder + "/people", 'group-refresh = "1s"')

    def write(self, *names):
        test_command.write_users(self.folder + "/people.new", *("%s:%s:::" % (name, test_command.crypt(self.secrets[name])) for name in names))
        os.rename(self.folder + "/people.new", self.folder + "/people")

    def remove(self):
        self.write(self.other)

    def break_down(self):
        os.unlink(self.program)


class Radius(Backend):
    """Nobody can ask a RADIUS server whether an account is still there."""

    type, title = "radius", "campus"
    other = "dora"
    secrets = test_radius.PASSWORDS
    ends = False

    def section(self):
        self.server = test_radius.FreeRadius(self.folder)
        return 'backend "campus" { type = "radius"  servers = {"127.0.0.1:%d"}  timeout = "5s"  retries = 1 }\n' % self.server.port

    def prepare(self):
        test_radius.set_secret(self.rig)

    def canaries(self):
        return {self.secrets[self.person], test_radius.SECRET}

    def break_down(self):
        self.server.stop()

    def stop(self):
        self.server.stop()


class Http(Backend):
    type, title = "http", "members"
    secrets = {name: test_http_backend.PEOPLE[name][0] for name in ("anna", "bert")}

    def section(self):
        self.service = test_http_backend.Service()
        return test_http_backend.section(self.service, 'group-refresh = "1s"')

    def prepare(self):
        self.rig.ctl("secret", "set", "backend/members", text=test_http_backend.KEY)

    def remove(self):
        del self.service.people[self.person]

    def canaries(self):
        return {*self.secrets.values(), test_http_backend.KEY}

    def break_down(self):
        self.service.lie = lambda *_: (500, "text/plain", b"out of order")

    def stop(self):
        self.service.stop()


class RemoteUser(Backend):
    """nginx knows who it is: here by a cookie, which no operator would take."""

    type, title = "remote-user", "proxy"
    guessed = asks = False

    def section(self):
        return 'backend "proxy" { type = "remote-user"  user = "MEETAUTH_USER" }\n'

    def settle(self):
        with_snippet(self.rig, "fastcgi_param MEETAUTH_USER $cookie_who;\n")

    def answer(self, visitor, name, secret):
        self.visitor = visitor
        visitor.jar["who"] = name
        return visitor.enter(MEETING)

    def remove(self):
        del self.visitor.jar["who"]


class Email(Backend):
    """A code goes to an address that a rule admits; there is no account that could end."""

    type, title = "email", "mail"
    person, other, nobody = "anna@partner.example", "bert@partner.example", "eve@elsewhere.example"
    ends = False

    def condition(self):
        return 'emails = {"*@partner.example"}'

    def section(self):
        self.server = smtp.Server(self.authority, "localhost", "meetings", "pass word %&")
        return ('backend "mail" { type = "email"  server = "smtps://localhost:%d"  ca-file = "%s"  from = "meetings@example.org"\n'
                ' user = "meetings"  timeout = "5s" }\n' % (self.server.smtps, self.authority.file))

    def prepare(self):
        self.rig.ctl("secret", "set", "backend/mail", text="pass word %&")

    def answer(self, visitor, name, secret):
        seen = len(self.server.mails(name))
        page = guests.fill(visitor, visitor.login_page(MEETING), "mail", name=name)
        if page.status != 200 or name == self.nobody or self.server.process.poll() is not None:
            code = "123456"
        else:
            codes = {smtp.code_in(mail) for mail in self.server.wait_for_mail(name, seen + 1)} - set(self.secrets.get(name, ()))
            self.secrets = {**self.secrets, name: self.secrets.get(name, ()) + tuple(codes)}
            code, = codes
        if page.status != 200:
            return page
        if secret != "x" and not isinstance(secret, tuple):
            code = "%06d" % ((int(code) + 1) % 1000000)
        form, = [form for form in page.forms() if "answer" in [name for name, _, _ in form["fields"]]]
        return visitor.post(form["action"], {**guests.hidden(form), "answer": code}, JSON)

    def canaries(self):
        return {"pass word %&"}

    def break_down(self):
        self.server.stop()

    def stop(self):
        if self.server.process.poll() is None:
            self.server.stop()


class Invite(Backend):
    """The link is all that there is."""

    type, title = "invite", "invited"
    guessed = asks = False

    def section(self):
        return 'backend "invited" { type = "invite"  invitations = "%s/invitations" }\n' % self.rig.folder

    def settle(self):
        done = self.rig.ctl("invite", "create", "--platform", HOST, "--meeting", MEETING, "--name", "Anna")
        self.link = done.stdout.strip()
        self.id = re.search("invitation ([0-9a-f]{32})", done.stderr).group(1)
        self.secrets = {"link": self.link.partition("token=")[2]}

    def answer(self, visitor, name, secret):
        guests.accept(visitor, guests.opened(visitor, self.link))
        return visitor.enter(MEETING)

    def remove(self):
        self.rig.ctl("invite", "revoke", self.id)


class Guest(Backend):
    """A name, and nothing that could be guessed, end or break."""

    type, title = "guest", "guests"
    guessed = ends = asks = False

    def section(self):
        return 'backend "guests" { type = "guest" }\n'

    def answer(self, visitor, name, secret):
        return guests.fill(visitor, visitor.login_page(MEETING), "guests", JSON, name=name)


class MeetingKey(Backend):
    """Whoever has the key: a meeting without one is what an unknown name is elsewhere."""

    type, title = "meeting-key", "key"
    secrets = dict.fromkeys(("anna", "bert"), "correct horse")
    asks = False

    def section(self):
        return 'backend "key" { type = "meeting-key"  keys = "%s/meeting.keys" }\n' % self.rig.folder

    def prepare(self):
        self.rig.ctl("meeting-key", "set", "--platform", HOST, "--meeting", MEETING, text="correct horse")

    def answer(self, visitor, name, secret):
        meeting = guests.OTHER if name == self.nobody else MEETING
        return guests.fill(visitor, visitor.login_page(meeting), "key", JSON, name=name, password=secret)

    def remove(self):
        self.rig.ctl("meeting-key", "remove", "--platform", HOST, "--meeting", MEETING)


class GuestAccount(Backend):
    type, title = "guest-account", "guests"
    secrets = dict.fromkeys(("anna", "bert"))
    asks = False

    def section(self):
        return desk.SECTIONS % {"folder": self.rig.folder}

    def prepare(self):
        self.rig.ctl("secret", "generate", "backend/invited")

    def settle(self):
        self.host = desk.Host(self.rig)
        for name in self.secrets:
            self.host.put_account(name)
        self.secrets = {name: desk.password_of(self.rig, name) for name in self.secrets}
        # Tries before all processes know the accounts would count against them.
        self.rig.stop_pool()
        self.rig.start_pool()

    def remove(self):
        self.host.remove_account(self.person)


ALL = {each.type: each for each in (File, Ldap, Pam, Oidc, Command, Radius, Http, RemoteUser, Email, Invite, Guest, MeetingKey, GuestAccount)}
POLICY = """policy {
    rule "contract" { allow = true  %s }
    rule "staff" { allow = true  backends = {"staff"} }
    default = "deny"
}
"""


def make(make_rig, kind, authority, folder, **options):
    """One, in a started rig."""
    rig = make_rig(start=False, options=options)
    backend = ALL[kind](rig, authority, folder)
    rig.sections = backend.section() + POLICY % backend.condition()
    start, stop = rig.start_nginx, rig.stop

    def start_nginx():
        backend.prepare()
        start()

    def stop_both():
        try:
            stop()
        finally:
            backend.stop()

    rig.start_nginx, rig.stop = start_nginx, stop_both
    rig.start()
    backend.settle()
    return backend
