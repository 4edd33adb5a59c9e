# SPDX-License-Identifier: MIT
"""The backend "command" with the examples as they are shipped: a file of users in shell, a database with second factors in Python. How the
dialog is read is command_test.c's; the chain of backends test_chain.py's."""

import base64
import hmac
import os
import re
import shutil
import sqlite3
import struct
import subprocess
import threading
import time

import pytest
from rig import ENVIRONMENT, MEETAUTHD, TOP, wait_for

SHELL, PYTHON = "backend.sh", "backend.py"
ALICE, BERT = "cr*rect $(horse) \\n 'x' ", "battery staple"
KEY = base64.b32encode(os.urandom(20)).decode()
POLICY = """
policy {
    rule "hosts" { allow = true  groups = {"hosts"} }
    rule "sure"  { allow = true  second-factor = true }
}
"""


def copy(folder, example):
    """To where the umask of whoever checked the sources out does not make it writable for a group."""
    path = os.path.join(folder, example)
    shutil.copyfile(os.path.join(TOP, "deploy/examples", example), path)
    os.chmod(path, 0o755)
    return path


def section(program, data, more=""):
    return 'backend "own" {\n type = "command"\n program = "%s"\n arguments = {"%s"}\n timeout = "20s"\n %s\n}\n' % (program, data, more)


def crypt(password):
    return subprocess.run(["openssl", "passwd", "-6", "-stdin"], input=password + "\n", text=True, capture_output=True,
                          check=True).stdout.strip()


def ask(program, data, **question):
    """What the program itself says, without the first and the last line."""
    lines = ["meetauth 1", *("%s %s" % pair for pair in question.items()), "end", ""]
    done = subprocess.run([program, data], input="\n".join(lines), text=True, capture_output=True, check=True,
                          env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"})
    said = done.stdout.split("\n")
    assert said[0] == "meetauth 1" and said[-2:] == ["end", ""], done
    return said[1:-2]


def code(key=KEY, now=None):
    digest = hmac.digest(base64.b32decode(key), struct.pack(">Q", int(now or time.time()) // 30), "sha1")
    at = digest[-1] & 15
    return "%06d" % ((int.from_bytes(digest[at:at + 4], "big") & 0x7FFFFFFF) % 1000000)


# -- the example in shell --


def write_users(path, *lines):
    with open(path, "w", encoding="utf-8") as file:
        file.write("".join(line + "\n" for line in lines))


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("shell"))
    write_users(folder + "/users", "alice:%s:Alice %% Liddell:alice@example.org:hosts,board of trustees" % crypt(ALICE),
                "bert:%s:::" % crypt(BERT), "carl:!%s:::" % crypt(BERT), "dora::::", "emil:$6$:::", "franz:$6$$:::")
    return copy(folder, SHELL), folder + "/users"


def test_shell_grants_who_is_in_the_file(shell):
    assert ask(*shell, request="login", user="alice", password=ALICE) == [
        "grant alice", "name Alice % Liddell", "email alice@example.org", "group hosts", "group board of trustees"]
    assert ask(*shell, request="login", user="bert", password=BERT) == ["grant bert", "name ", "email "]
    assert ask(*shell, request="renew", user="bert") == ["grant bert", "name ", "email "]


@pytest.mark.parametrize("user, password, verdict", [
    ("alice", ALICE + " ", "deny"), ("alice", ALICE.strip(), "deny"), ("alice", BERT, "deny"), ("carl", BERT, "deny"), ("dora", "x", "deny"),
    ("emil", "x", "deny"), ("franz", "x", "deny"), ("Alice", ALICE, "unknown"), ("ali", ALICE, "unknown"), ("*", ALICE, "unknown"),
    ("alice:", ALICE, "unknown"), (".*", "x", "unknown"), ("-n", "x", "unknown"), ("$(id)", "x", "unknown"), ("alice", "x" * 1024, "deny")])
def test_shell_refuses_everybody_else(shell, user, password, verdict):
    assert ask(*shell, request="login", user=user, password=password) == [verdict]


def test_shell_takes_no_password_for_its_first_256_bytes(tmp_path):
    write_users(tmp_path / "users", "alice:%s:::" % crypt("x" * 256))
    program = copy(str(tmp_path), SHELL)
    assert ask(program, str(tmp_path / "users"), request="login", user="alice", password="x" * 256)[0] == "grant alice"
    assert ask(program, str(tmp_path / "users"), request="login", user="alice", password="x" * 257) == ["deny"]


def test_shell_says_what_it_cannot_do(shell):
    assert ask(*shell, request="check") == ["ready"]
    assert ask(*shell, request="answer", user="alice", answer="1") == ["unknown-request"]
    assert ask(*shell, request="renew", user="nobody") == ["deny"]
    said = ask(shell[0], "/nowhere/users", request="login", user="alice", password="x")
    assert said == ["unavailable /nowhere/users cannot be read"]


def test_shell_in_the_product(make_rig, shell):
    rig = make_rig(start=False)
    program = copy(rig.folder, SHELL)
    rig.sections = section(program, shell[1], 'group-refresh = "1s"') + POLICY
    rig.start()
    assert "reached" in next(line for line in rig.ctl("check", "--connect").stdout.splitlines() if re.search(r"connect +own ", line))
    visitor = rig.visitor()
    back = visitor.fill(visitor.login_page(), "alice", ALICE)
    # the file backend stands first and knows an alice: her password there is another
    assert back.status == 401
    rig.ctl("user", "remove", "alice")
    wait_for(lambda: visitor.fill(visitor.login_page(), "alice", ALICE).status == 302, "the file to be read again")
    back = visitor.enter()
    assert back.status == 302
    assert "participantName=Alice%20%25%20Liddell&participantEmail=alice%40example.org" in back.location
    wait_for(lambda: rig.events("login")[-1]["backend"] == "own", "the log")
    other = rig.visitor()
    assert other.fill(other.login_page(), "bert", BERT).status == 403, "signed in, and in no group"
    # who leaves the file loses the session
    write_users(shell[1] + ".new", "bert:%s:::" % crypt(BERT))
    shutil.copyfile(shell[1], rig.folder + "/kept")
    os.rename(shell[1] + ".new", shell[1])
    wait_for(lambda: visitor.enter().status == 303, "the session to be looked at again")
    shutil.copyfile(rig.folder + "/kept", shell[1])
    assert ALICE.strip() not in rig.pool.said() and BERT not in rig.pool.said()


# -- the example in Python --


@pytest.fixture
def python(tmp_path):
    program, database = copy(str(tmp_path), PYTHON), str(tmp_path / "people.sqlite")
    for name, password in (("alice", ALICE), ("bert", BERT)):
        subprocess.run([program, database, "add", name], input=password + "\n", text=True, check=True)
    with sqlite3.connect(database) as people:
        people.execute("UPDATE people SET display = 'Alice Liddell', email = 'alice@example.org' WHERE name = 'alice'")
        people.execute("INSERT INTO membership VALUES ('alice', 'hosts')")
        people.execute("UPDATE people SET totp = ? WHERE name = 'bert'", (KEY,))
    return program, database


def test_python_grants_who_is_in_the_database(python):
    assert ask(*python, request="login", user="alice", password=ALICE) == [
        "grant alice", "name Alice Liddell", "email alice@example.org", "group hosts"]
    assert ask(*python, request="renew", user="alice")[0] == "grant alice"
    assert ask(*python, request="check") == ["ready"]


@pytest.mark.parametrize("user, password, verdict", [
    ("alice", ALICE + " ", "deny"), ("alice", BERT, "deny"), ("bert", ALICE, "deny"), ("ALICE", ALICE, "unknown"), ("nobody", "nobody", "unknown"),
    ("alice' --", ALICE, "unknown"), ("%", ALICE, "unknown"), ("' OR '1'='1", "x", "unknown")])
def test_python_refuses_everybody_else(python, user, password, verdict):
    assert ask(*python, request="login", user=user, password=password) == [verdict]


def test_python_asks_for_a_code_that_works_once(python):
    said = ask(*python, request="login", user="bert", password=BERT)
    assert said[0] == "challenge Code of your authenticator app" and said[2] == "echo yes"
    state = said[1].removeprefix("state ")
    typed = code()
    wrong = "%06d" % ((int(typed) + 1) % 1000000)
    if wrong not in (code(now=time.time() - 30), code(now=time.time() + 30)):
        assert ask(*python, request="answer", user="bert", answer=wrong, state=state) == ["deny"]
    assert ask(*python, request="answer", user="bert", answer="", state=state) == ["deny"]
    assert ask(*python, request="answer", user="bert", state=state) == ["deny"]
    assert ask(*python, request="answer", user="alice", answer=typed, state=state) == ["deny"]
    old = str(int(time.time()) - 301)
    assert ask(*python, request="answer", user="bert", answer=typed, state=old) == ["deny"]
    said = ask(*python, request="answer", user="bert", answer=typed, state=state)
    assert said == ["grant bert", "name ", "email ", "second-factor yes"]
    assert ask(*python, request="answer", user="bert", answer=typed, state=state) == ["deny"]


def test_python_lets_nobody_name_a_line_of_their_own(python):
    with sqlite3.connect(python[1]) as people:
        people.execute("UPDATE people SET display = 'A' || char(10) || 'group admins' WHERE name = 'alice'")
    assert "name Agroup admins" in ask(*python, request="login", user="alice", password=ALICE)


def test_python_says_that_its_database_is_away(python):
    said = ask(python[0], "/nowhere/people.sqlite", request="login", user="alice", password=ALICE)
    assert len(said) == 1 and said[0].startswith("unavailable ")


def test_python_in_the_product(make_rig, python):
    rig = make_rig(start=False)
    program = copy(rig.folder, PYTHON)
    rig.sections = section(program, python[1]) + POLICY
    rig.start()
    visitor = rig.visitor()
    page = visitor.fill(visitor.login_page(), "bert", BERT)
    assert page.status == 200 and "Code of your authenticator app" in page.text, page
    assert "second" not in str(rig.events("join")), "not yet in"
    form = page.forms()[-1]
    fields = {name: value for name, kind, value in form["fields"] if kind == "hidden"}
    assert visitor.post("/auth/login", {**fields, "answer": "000000 x"}).status == 401
    back = visitor.post("/auth/login", {**fields, "answer": code()})
    assert back.status == 302, "let in for the second factor: %r" % back
    wait_for(lambda: rig.events("login")[-1].get("user") == "bert", "the log")
    os.unlink(python[1])
    other = rig.visitor()
    answer = other.fill(other.login_page(), "bert", BERT)
    assert answer.status == 503
    assert "unable to open database file" in wait_for(
        lambda: [event for event in rig.events("login") if event["result"] == "unavailable"], "the log")[0]["detail"]
    failed = rig.ctl("check", "--connect", check=False)
    assert failed.returncode == 1 and "unable to open database file" in failed.stdout


# -- what is printed elsewhere --


def test_program_of_the_manual(tmp_path):
    with open(TOP + "/man/meetauth-command.7", encoding="utf-8") as file:
        text = re.search(r"(#!/bin/sh\n.*?)\.Ed", file.read(), re.S).group(1).replace("\\e", "\\")
    program = tmp_path / "backend"
    program.write_text(text)
    program.chmod(0o755)
    assert ask(str(program), "", request="login", user="alice", password="correct horse") == ["grant alice"]
    assert ask(str(program), "", request="login", user="alice", password="correct horse ") == ["deny"]
    assert ask(str(program), "", request="login", user="bert", password="correct horse") == ["unknown"]
    assert ask(str(program), "", request="login", user="alice correct", password="horse") == ["unknown"]
    assert ask(str(program), "", request="renew", user="alice") == ["unknown-request"]
    assert ask(str(program), "", request="check") == ["unknown-request"]


def test_sample_of_the_readme(make_rig, shell):
    with open(TOP + "/docs/catalogue.md", encoding="utf-8") as file:
        sample = re.search(r'^backend "own" \{.*?^\}\n', file.read(), re.S | re.M).group(0)
    rig = make_rig(start=False)
    for old, new in (("/usr/local/libexec/meetauth/backend.sh", copy(rig.folder, SHELL)), ("/etc/meetauth/people", shell[1])):
        assert old in sample
        sample = sample.replace(old, new)
    rig.sections = sample
    rig.start()
    visitor = rig.visitor()
    assert visitor.fill(visitor.login_page(), "bert", BERT).status == 302


# -- a program that is no good --


def test_a_program_that_others_may_change_is_refused(make_rig):
    rig = make_rig(start=False)
    program = copy(rig.folder, SHELL)
    rig.sections = section(program, "x")
    rig.start()
    rig.stop_pool()
    os.chmod(program, 0o777)
    done = subprocess.run([MEETAUTHD, "-t", "-c", rig.conf], capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert done.returncode == 1 and re.search(r'conf:\d+: backend "own": program: .*chmod go-w', done.stderr), done.stderr


def whole(path, count):
    """The words of a file that is being written, once they are `count`."""
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        words = file.read().split()
    return words if len(words) == count else None


def is_running(pid):
    try:
        with open("/proc/%s/stat" % pid, encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_hanging_program_leaves_nothing_behind_and_shows_no_password(make_rig):
    """Killed with its children at the deadline; until then its password is nowhere to be seen, and others sign in."""
    rig = make_rig(start=False)
    program = rig.folder + "/hang"
    with open(program, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\ntrap '' TERM\necho $$ >%s/pids\nsleep 1000 &\necho $! >>%s/pids\nwait\n" % (rig.folder, rig.folder))
    os.chmod(program, 0o755)
    rig.sections = section(program, "x").replace('"20s"', '"8s"')
    rig.start()
    answers = []
    visitor = rig.visitor()
    page = visitor.login_page()
    password = "a password that hangs about"
    thread = threading.Thread(target=lambda: answers.append(visitor.fill(page, "erna", password)))
    thread.start()
    pids = wait_for(lambda: whole(rig.folder + "/pids", 2), "the program")
    for pid in pids:
        for what in ("cmdline", "environ"):
            with open("/proc/%s/%s" % (pid, what), "rb") as file:
                seen = file.read()
            assert b"hangs about" not in seen and b"erna" not in seen
    assert rig.visitor().sign_in().status == 302
    thread.join()
    assert answers[0].status == 503
    for pid in pids:
        wait_for(lambda: not is_running(pid), "the end of " + pid)
    assert "hangs about" not in rig.pool.said()
    wait_for(lambda: "did not answer within 8000 ms and was killed" in rig.pool.said(), "the log")
