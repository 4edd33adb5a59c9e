# SPDX-License-Identifier: MIT
"""What ends a session before its time: a new password, another account of the name, another second factor, another sign-in over it. Nothing of
it comes back. What a provider says is test_oidc.py's, what a directory says test_ldap.py's."""

import os
import secrets

import pytest
from guests import MEETING, accept, fill
from rig import HOST, wait_for
from test_command import crypt
from test_totp import answer_with, code, give, is_code_page, key_of

SESSION = "__Host-meetauth"
HTPASSWD = 'backend "web" { type = "file" users = "%s/htpasswd" format = "htpasswd" }\n'


@pytest.fixture(scope="module")
def shared(make_module_rig):
    return make_module_rig()


@pytest.fixture
def erin(shared, request):
    """A user of the test's own, and a session of theirs."""
    name = request.node.name.replace("_", "-").lower()
    shared.add_user(name, "--group", "staff")
    wait_for(lambda: try_password(shared, name).status == 302, "the user to be known")
    return name, signed_in(shared, name)


def try_password(rig, name, password=None):
    visitor = rig.visitor()
    return visitor.fill(visitor.login_page(), name, password)


def signed_in(rig, name):
    """Their new session. Each process sees a changed file for itself, so one may refuse for a moment what another lets in."""
    visitor = rig.visitor()
    wait_for(lambda: visitor.fill(visitor.login_page(), name).status == 302, "the sign-in of " + name)
    assert visitor.enter().status == 302
    return visitor


def assert_ends(*visitors):
    for visitor in visitors:
        wait_for(lambda visitor=visitor: visitor.enter().status == 303, "the session to end")


def copy_of(visitor):
    other = visitor.rig.visitor()
    other.jar.update(visitor.jar)
    return other


def test_P10_a_new_password_ends_the_session(shared, erin):
    name, visitor = erin
    shared.passwords[name] = secrets.token_hex(8)
    shared.ctl("user", "passwd", name, text=shared.passwords[name] + "\n")
    assert_ends(visitor)
    assert signed_in(shared, name)
    assert visitor.enter().status == 303


def test_P10_the_same_password_set_again_ends_it_too(shared, erin):
    """Whoever set it may have done so since somebody else knows it; and a hash tells nothing of the password."""
    name, visitor = erin
    shared.ctl("user", "passwd", name, text=shared.passwords[name] + "\n")
    assert_ends(visitor)


def test_P10_disable_and_enable_at_once_end_it(shared, erin):
    """No process need have seen the moment in between."""
    name, visitor = erin
    shared.ctl("user", "disable", name)
    shared.ctl("user", "enable", name)
    assert_ends(visitor)
    again = signed_in(shared, name)
    shared.ctl("user", "disable", name)
    assert_ends(again)
    shared.ctl("user", "enable", name)
    wait_for(lambda: try_password(shared, name).status == 302, "the user to be let in again")
    assert visitor.enter().status == 303 and again.enter().status == 303


def test_P10_the_next_owner_of_the_name_gets_no_session(shared, erin):
    name, visitor = erin
    shared.ctl("user", "remove", name)
    shared.add_user(name, "--group", "staff")
    assert_ends(visitor)
    wait_for(lambda: try_password(shared, name).status == 302, "the next one to be known")
    assert visitor.enter().status == 303


def test_P10_a_change_by_hand_that_was_undone(shared, erin):
    """Who was refused once stays signed out, also a copy that was not seen meanwhile."""
    name, visitor = erin
    copy, path = copy_of(visitor), shared.folder + "/users.passwd"
    with open(path, encoding="utf-8") as file:
        before = file.read()
    write_users(path, before.replace("\n%s:$" % name, "\n%s:!$" % name))
    assert_ends(visitor)
    write_users(path, before)
    wait_for(lambda: try_password(shared, name).status == 302, "the user to be let in again")
    assert visitor.enter().status == 303 and copy.enter().status == 303


def write_users(path, text):
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path + ".new", 0o600)
    os.rename(path + ".new", path)


def test_P10_an_expiry_that_was_put_off(shared, erin):
    name, visitor = erin
    path = shared.folder + "/users.passwd"
    with open(path, encoding="utf-8") as file:
        before = file.read()
    line = next(line for line in before.split("\n") if line.startswith(name + ":"))
    write_users(path, before.replace(line, line + "2020-01-01T00:00Z"))
    wait_for(lambda: try_password(shared, name).status == 401, "the account to expire")
    write_users(path, before.replace(line, line + "2099-01-01T00:00Z"))
    wait_for(lambda: try_password(shared, name).status == 302, "the account to go on")
    assert visitor.enter().status == 303


@pytest.fixture(scope="module")
def strong(make_module_rig):
    return make_module_rig()


def test_P10_a_second_factor_ends_what_a_password_began(strong):
    """Given, changed, taken away: each time what was proved at the sign-in is not what is asked for now."""
    strong.add_user("carol")
    wait_for(lambda: try_password(strong, "carol").status == 302, "carol to be known")
    weak, other = signed_in(strong, "carol"), signed_in(strong, "alice")
    key = give(strong, "carol")
    assert_ends(weak)
    assert other.enter().status == 302
    strong_one = strong.visitor()
    page = strong_one.fill(strong_one.login_page(), "carol")
    assert answer_with(strong_one, page, code(key)).status == 302
    waiting = strong.visitor()
    waiting_page = waiting.fill(waiting.login_page(), "carol")
    assert is_code_page(waiting_page)
    new = key_of(strong.ctl("user", "totp", "carol").stdout)
    assert_ends(strong_one)
    # The password was right under the old key: neither that nor the new one opens this ticket.
    assert answer_with(waiting, waiting_page, code(new)).status == 400
    again = strong.visitor()
    assert answer_with(again, again.fill(again.login_page(), "carol"), code(new, 30)).status == 302, "each step of time counts once"
    strong.ctl("user", "totp", "carol", "--remove")
    assert_ends(again, weak)


def test_P10_a_new_password_while_the_code_is_asked_for(strong):
    strong.add_user("dave")
    wait_for(lambda: try_password(strong, "dave").status == 302, "dave to be known")
    key = give(strong, "dave")
    visitor = strong.visitor()
    page = visitor.fill(visitor.login_page(), "dave")
    strong.passwords["dave"] = secrets.token_hex(8)
    strong.ctl("user", "passwd", "dave", text=strong.passwords["dave"] + "\n")
    wait_for(lambda: is_code_page(try_password(strong, "dave")), "the new password")
    assert answer_with(visitor, page, code(key)).status == 400


def test_P10_htpasswd(make_rig):
    rig = make_rig(start=False)
    path = rig.folder + "/htpasswd"

    def put(**people):
        lines = []
        for name, password in people.items():
            rig.passwords[name] = password
            lines.append("%s:%s\n" % (name, crypt(password)))
        write_users(path, "".join(lines))

    put(erin="first password", frank="frank's password")
    rig.sections = HTPASSWD % rig.folder
    rig.add_user = lambda *arguments: type(rig).add_user(rig, *arguments, "--backend", "staff")
    rig.start()
    visitor = signed_in(rig, "erin")
    put(erin="second password", frank="frank's password")
    assert_ends(visitor)
    second = signed_in(rig, "erin")
    put(frank="frank's password")
    assert_ends(second)
    put(erin="second password", frank="frank's password")  # somebody else, with the same password
    wait_for(lambda: try_password(rig, "erin").status == 302, "erin to be known")
    assert second.enter().status == 303


def test_a_user_with_more_groups_than_a_cookie_holds(make_rig):
    """The session keeps those that rules name; the account has them all, before and after."""
    rig = make_rig(start=False)
    rig.sections = 'policy {\n rule "some" { allow = true  groups = {"staff"} }\n}\n'
    rig.start()
    groups = [word for number in range(40) for word in ("--group", "%d-%s" % (number, "x" * 100))]
    rig.add_user("karl", "--group", "staff", *groups)
    wait_for(lambda: try_password(rig, "karl").status == 302, "karl to be known")
    visitor = signed_in(rig, "karl")
    path = rig.folder + "/users.passwd"
    with open(path, encoding="utf-8") as file:
        text = file.read()
    write_users(path, text.replace(":staff,0-", ":staff,new-", 1))
    assert_ends(visitor)


# -- over another --


def with_session_of(visitor):
    """The browser, in which a login page was open before, and that page."""
    other = visitor.rig.visitor()
    page = other.login_page(MEETING)
    other.jar[SESSION] = visitor.jar[SESSION]
    return other, page


def test_P14_another_sign_in_ends_the_session_before(shared):
    """Also where what signs in is the same person."""
    visitor = signed_in(shared, "alice")
    old = copy_of(visitor)
    page, form = with_session_of(visitor)
    assert page.fill(form, "bob").status == 302
    assert page.enter().status == 302, "bob is in"
    assert old.enter().status == 303
    ended = [event for event in shared.events("logout") if event.get("user") == "alice"]
    assert "another sign-in" in ended[-1]["detail"]


def test_P14_a_wrong_password_ends_nothing(shared):
    visitor = signed_in(shared, "alice")
    other, form = with_session_of(visitor)
    assert other.fill(form, "bob", "wrong").status == 401
    assert visitor.enter().status == 302


def test_P14_the_second_question_ends_it_as_well(strong):
    strong.add_user("gina")
    wait_for(lambda: try_password(strong, "gina").status == 302, "gina to be known")
    key = give(strong, "gina")
    old = signed_in(strong, "alice")
    other, form = with_session_of(old)
    page = other.fill(form, "gina")
    assert is_code_page(page)
    assert old.enter().status == 302, "gina is not in yet"
    assert answer_with(other, page, code(key)).status == 302
    assert old.enter().status == 303


GUESTS = """
backend "invited" { type = "invite" invitations = "%(folder)s/invitations" }
backend "key" { type = "meeting-key" keys = "%(folder)s/meeting.keys" }
backend "guests" { type = "guest" }
"""
POLICY = """policy {
    rule "staff" { allow = true groups = {"staff"} }
    rule "guests" { allow = true backends = {"invited", "key", "guests"} }
    default = "deny"
}
"""


def test_P14_guests_replace_a_session_too(make_rig):
    """A session that is good for other meetings only does not say who it is here; whoever comes in then takes its place."""
    rig = make_rig(start=False)
    rig.sections = GUESTS % {"folder": rig.folder} + POLICY
    rig.start()
    rig.ctl("meeting-key", "set", "--platform", HOST, "--meeting", MEETING, text="correct horse")
    link = rig.ctl("invite", "create", "--platform", HOST, "--meeting", MEETING, "--name", "Zoe").stdout.strip()
    wait_for(lambda: rig.visitor().get(link).status == 200, "the invitation")
    for come_in in (lambda visitor, page: accept(visitor, visitor.get(link)).status == 303,
                    lambda visitor, page: fill(visitor, page, "guests", name="Gus").status == 302,
                    lambda visitor, page: fill(visitor, page, "key", name="Kim", password="correct horse").status == 302):
        old = signed_in(rig, "alice")
        other, page = with_session_of(old)
        assert come_in(other, page)
        assert old.enter().status == 303
        assert other.enter(MEETING).status == 302
