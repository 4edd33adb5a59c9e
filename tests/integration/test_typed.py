# SPDX-License-Identifier: MIT
"""What people type and paste into the login page: rows 13 and 15 of the sign-in cases."""

import os
import subprocess
import unicodedata

import pytest
from rig import MEETAUTHD, wait_for

pytestmark = pytest.mark.skipif("libunistring" not in subprocess.run(["ldd", MEETAUTHD], text=True, capture_output=True).stdout,
                                reason="built without libunistring")

PASSWORD = "Grüße aus Köln"


def nfd(text):
    return unicodedata.normalize("NFD", text)


def crypt(password):
    return subprocess.run(["openssl", "passwd", "-6", "-stdin"], input=password + "\n", text=True, capture_output=True,
                          check=True).stdout.strip()


@pytest.fixture(scope="module")
def rig(make_module_rig):
    rig = make_module_rig(start=False)
    rig.passwords.update({"jürgen": PASSWORD, nfd("zoë"): nfd(PASSWORD)})
    rig.start()
    rig.add_user("jürgen")
    rig.add_user(nfd("zoë"))
    wait_for(lambda: sign_in(rig, "zoë").status == 302, "the users")
    return rig


def sign_in(rig, name, password=PASSWORD):
    visitor = rig.visitor()
    return visitor.fill(visitor.login_page(), name, password)


@pytest.mark.parametrize("name", ["alice ", " alice", "alice\u00a0", "\u202aalice\u202c", "\u3000alice\ufeff", "Alice "])
def test_blanks_around_a_name_are_not_meant(rig, name):
    answer = sign_in(rig, name, rig.passwords["alice"])
    assert answer.status == 302
    login = wait_for(lambda: [event for event in rig.events("login") if event["request_id"] == answer.headers["X-Request-Id"]], "the line")[0]
    assert (login["result"], login["user"]) == ("ok", "alice")


def test_blanks_around_a_password_are_meant(rig):
    assert sign_in(rig, "alice", rig.passwords["alice"] + " ").status == 401
    assert sign_in(rig, " ", rig.passwords["alice"]).status == 401


@pytest.mark.parametrize("name", ["jürgen", "JüRGEN", "zoë"])
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_letters_are_written_in_two_ways(rig, name, form):
    name, password = (unicodedata.normalize(form, text) for text in (name, PASSWORD))
    assert sign_in(rig, name, password).status == 302
    assert sign_in(rig, name, password + nfd("ü")).status == 401


def test_the_users_file_has_one_form(rig):
    listed = rig.ctl("user", "list").stdout
    assert "jürgen" in listed and "zoë" in listed
    again = rig.ctl("user", "add", nfd("jürgen"), text="another password\n", check=False)
    assert again.returncode == 1 and "already" in again.stderr


def test_a_password_that_was_set_otherwise(make_rig):
    """By another program, or a version before this: it is tried as it was typed, second."""
    rig = make_rig(start=False)
    path = rig.folder + "/htpasswd"
    rig.sections = 'backend "web" { type = "file" users = "%s" format = "htpasswd" }\n' % path
    rig.add_user = lambda *arguments: type(rig).add_user(rig, *arguments, "--backend", "staff")
    lines = ["%s:%s\n" % (name, crypt(nfd(PASSWORD))) for name in (nfd("änne"), "bert")]
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o640), "w", encoding="utf-8") as file:
        file.write("".join(lines) + "carl:%s\n" % crypt(PASSWORD))
    rig.start()
    assert sign_in(rig, "bert", nfd(PASSWORD)).status == 302
    assert sign_in(rig, "carl", nfd(PASSWORD)).status == 302
    assert sign_in(rig, "bert", PASSWORD + "x").status == 401
    visitor = rig.visitor()
    assert visitor.fill(visitor.login_page(), "änne", nfd(PASSWORD)).status == 302, "a name in the file's form"
    assert visitor.enter().status == 302, "the session goes by that name"
    assert sign_in(rig, nfd("änne"), nfd(PASSWORD)).status == 302
    # Of the two tries one is counted, and a line of the log tells of it.
    assert sign_in(rig, "carl", nfd("schön")).status == 401
    assert sign_in(rig, "dora", "last").status == 401

    def failed():
        return [event.get("user") for event in rig.events("login") if event["result"] == "failed"]
    wait_for(lambda: len(failed()) >= 3, "the log")
    assert failed() == ["bert", "carl", None]
