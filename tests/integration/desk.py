# SPDX-License-Identifier: MIT
"""What the tests of the guest desk have in common: a rig with a desk, and somebody who sits at it."""

import html
import os
import re

from client import Visitor
from guests import MEETING
from rig import wait_for

SECTIONS = """backend "guests" { type = "guest-account" accounts = "%(folder)s/guest.accounts" groups = {"hosts"} }
backend "invited" { type = "invite" invitations = "%(folder)s/invitations" }
guest-desk { groups = {"hosts", "staff"} }
"""
POLICY = """policy {
    rule "staff" { allow = true groups = {"staff"} }
    rule "guests" { allow = true backends = {"guests", "invited"} %s }
    default = "deny"
}
"""


def make_desk(maker, secret=True, sections="", secrets=(), rule="", **options):
    """A rig with a desk; alice and hanna may sit at it. secrets: (name, value), beside that for links; rule: what that for guests
    says besides."""
    rig = maker(start=False, **options)
    rig.sections = SECTIONS % {"folder": rig.folder} + (sections % rig.folder if "%s" in sections else sections) + POLICY % rule
    start_pool = rig.start_pool

    def prepare_and_start():
        rig.add_user("hanna", "--group", "hosts")
        if secret:
            rig.ctl("secret", "generate", "backend/invited")
        for name, value in secrets:
            rig.ctl("secret", "set", name, text=value + "\n")
        rig.start_pool = start_pool
        start_pool()

    rig.start_pool = prepare_and_start
    return rig.start()


class Host(Visitor):
    """Somebody signed in at the desk."""

    def __init__(self, rig, name="alice"):
        super().__init__(rig)
        page = self.get(self.get("/auth/guests").location)
        assert self.fill(page, name).location == rig.base + "/guests"

    # -- forms --

    @staticmethod
    def form_of(page, action):
        """The fields of the form that does that."""
        for form in page.forms():
            fields = {name: value for name, kind, value in form["fields"] if kind not in ("submit", "checkbox")}
            if fields.get("do") == action:
                return fields
        raise AssertionError("no form for %s in %r" % (action, page))

    def fields(self, action, **fields):
        """A form of a fresh page, filled in. Those of the lists are only there when they are not empty."""
        ticket = self.form_of(self.get("/auth/guests"), "put-account")["ticket"]
        return {"ticket": ticket, "do": action, **fields}

    def send(self, action, headers=(), **fields):
        """With the answer to the question that removals ask."""
        if action.startswith(("remove", "revoke", "end")):
            fields.setdefault("sure", "1")
        return self.post("/auth/guests", self.fields(action, **fields), headers)

    # -- the lists --

    def row(self, name):
        """The row of a guest, as HTML; None: there is none."""
        page = self.get("/auth/guests")
        assert page.status == 200
        found = re.findall(r'<tr>\s*<th scope="row"><bdi>%s\b.*?</tr>' % re.escape(name), page.text, re.S)
        assert len(found) <= 1, found
        return found[0] if found else None

    def id_of(self, name):
        return re.search(r'name="id" value="([0-9a-f]{32})"', self.row(name)).group(1)

    def files(self):
        """What is kept."""
        found = []
        for name in ("guest.accounts", "invitations"):
            path = os.path.join(self.rig.folder, name)
            if os.path.exists(path):
                with open(path, encoding="utf-8") as file:
                    found.append(file.read())
        return found

    # -- what a host does --

    @staticmethod
    def account(name, **fields):
        return {"name": name, "meetings": MEETING, "display": "", "email": "", "expires": "", **fields}

    def put_account(self, name, **fields):
        """The desk makes the password: password_of()."""
        self.keep_password(self.send("put-account", **self.account(name, **fields)))

    def keep_password(self, page):
        assert page.status == 200, page
        name, password = (html.unescape(re.search(r'id="%s">([^<]*)</code>' % what, page.text).group(1)) for what in ("account", "password"))
        self.rig.guest_passwords[name] = password

    def edit_page(self, name):
        """The filled form of an account; without its ticket and what it does."""
        fields = self.form_of(self.get("/auth/guests?edit=" + self.id_of(name)), "put-account")
        assert fields["name"] == name.lower() and "password" not in fields
        return {key: value for key, value in fields.items() if key not in ("ticket", "do")}

    def edit_account(self, name, **fields):
        answer = self.send("put-account", **{**self.edit_page(name), **fields})
        assert answer.status == 303, answer

    def remove_account(self, name):
        assert self.send("remove-account", id=self.id_of(name)).status == 303

    @staticmethod
    def link(page):
        assert page.status == 200, page
        return re.search(r'id="link">([^<]*)</code>', page.text).group(1)


def password_of(rig, name):
    """That the desk made for a guest last."""
    return rig.guest_passwords[name.lower()]


def guest_of(rig, name, meeting=MEETING):
    """Somebody who has signed in with an account and is in the meeting."""
    def try_it():
        visitor = rig.visitor()
        return visitor if visitor.fill(visitor.login_page(meeting), name, password_of(rig, name)).status == 302 else None

    return wait_for(try_it, "the account to be known")
