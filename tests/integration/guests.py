# SPDX-License-Identifier: MIT
"""What the tests of the backends for guests have in common."""

import urllib.parse

from rig import wait_for

MEETING = "5f521a93c20ff6721fbb6a6c"
OTHER = "5f521a93c20ff6721fbb6a6d"


def rule(backend, more=""):
    """A policy that lets in who came by this backend, and staff."""
    return """policy {
    rule "staff" { allow = true groups = {"staff"} }
    rule "guests" { allow = true backends = {"%s"} %s }
    default = "deny"
}
""" % (backend, more)


def hidden(form):
    return {name: value for name, kind, value in form["fields"] if kind == "hidden"}


def form_of(page, backend):
    """The form of a backend of its own."""
    found = [form for form in page.forms() if hidden(form).get("backend") == backend]
    assert len(found) == 1, page
    return found[0]


def fill(visitor, page, backend, headers=(), **fields):
    form = form_of(page, backend)
    return visitor.post(urllib.parse.urljoin("/auth/login", form["action"]), {**hidden(form), **fields}, headers)


def opened(visitor, link):
    """The page of an invitation, once the pool knows of it."""
    def page():
        answer = visitor.get(link)
        return answer if answer.status == 200 else None

    return wait_for(page, "the invitation")


def accept(visitor, page, headers=()):
    """Goes on from the page of an invitation."""
    form, = page.forms()
    assert form["method"] == "POST"
    return visitor.post(urllib.parse.urljoin("/auth/invite", form["action"]), {name: value for name, _, value in form["fields"]}, headers)


def query(answer):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer.location).query))
