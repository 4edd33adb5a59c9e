# SPDX-License-Identifier: MIT
"""meetauthctl: what it says of people and rules, of slips, and to syslog about each change."""

import json
import os
import socket
import subprocess

import pytest
from rig import ENVIRONMENT, HOST, MEETAUTHCTL, MEETAUTHD

RULES = 'policy {\n rule "staff" { allow = true  groups = {"staff"} }\n rule "slip" { allow = true  groups = {"staf"} }\n default = "deny"\n}\n'


@pytest.fixture(scope="module")
def own(make_module_rig):
    return make_module_rig(start=False, sections=RULES).start()


def explain(rig, user, *more):
    return rig.ctl("policy", "explain", "--user", user, "--platform", HOST, "--meeting", "m", *more, check=False)


def test_explain_looks_a_user_of_the_file_up(own):
    done = explain(own, "Alice")
    assert done.returncode == 0 and "alice of backend staff: groups staff, e-mail alice@example.org" in done.stdout and "allowed: staff" in done.stdout
    done = explain(own, "bob")
    assert done.returncode == 1 and "groups guests" in done.stdout and "denied: default" in done.stdout
    account = json.loads(explain(own, "bob", "--json").stdout)["account"]
    assert (account["user"], account["backend"], account["groups"]) == ("bob", "staff", ["guests"])
    assert "undecided" in explain(own, "nobody").stdout
    assert "allowed: staff" in explain(own, "bob", "--group", "staff").stdout, "what is said counts, and nothing else"
    own.ctl("user", "disable", "bob")
    assert "the account is disabled" in explain(own, "bob").stdout
    own.ctl("user", "enable", "bob")


def test_groups_that_no_user_has_are_found(own):
    for call, status in ((["policy", "lint"], 1), (["check"], 0)):
        done = own.ctl(*call, check=False)
        assert done.returncode == status and done.stdout.count("no user is in") == 1 and '"staf"' in done.stdout, done.stdout
        assert 'rule "slip"' in done.stdout


@pytest.mark.parametrize("words, meant", [
    (["usr", "list"], "user list"), (["user", "lst"], "user list"), (["secrets", "list"], "secret list"), (["chekc"], "check"), (["nonsense"], None)])
def test_a_slip_gets_what_was_meant(own, words, meant):
    done = own.ctl(*words, check=False)
    assert done.returncode == 64 and "unknown command" in done.stderr
    assert ('did you mean "meetauthctl %s"?' % meant in done.stderr) if meant else "did you mean" not in done.stderr


def test_a_slip_in_an_option_gets_what_was_meant(own):
    done = own.ctl("user", "add", "x", "--grup", "staff", check=False)
    assert done.returncode == 64 and "did you mean --group?" in done.stderr


def test_help_is_a_command(own):
    assert own.ctl("help").stdout == own.ctl("--help").stdout
    assert own.ctl("help", "user", "add").stdout == own.ctl("user", "add", "--help").stdout


def test_the_check_names_what_has_no_secret(own, tmp_path):
    conf = tmp_path / "bare.conf"
    with open(own.conf, encoding="utf-8") as file:
        conf.write_text(file.read() + 'platform "bare.example.org" { type = "veeting" }\n')
    done = subprocess.run([MEETAUTHD, "-t", "-c", str(conf)], capture_output=True, text=True, env=ENVIRONMENT, timeout=60, check=False)
    assert done.returncode == 0 and 'no secret in the store: "meetauthctl secret set bare.example.org"' in done.stderr
    assert done.stderr.count("no secret in the store") == 1


@pytest.mark.skipif(os.getuid() != 0, reason="puts a socket in the place of /dev/log, in a mount namespace")
def test_each_change_is_told_to_syslog(own, tmp_path):
    """What syslogd would get, in a namespace where /dev/log is ours; nothing typed in secret is in it."""
    path = str(tmp_path / "log")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(path)
        log.setblocking(False)

        def call(*arguments, text=""):
            script = 'mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 && mknod -m 666 /dev/urandom c 1 9 && ln -s "$0" /dev/log && exec "$@"'
            done = subprocess.run(["unshare", "-m", "sh", "-c", script, path, MEETAUTHCTL, "-c", own.conf, *arguments], input=text, text=True,
                                  capture_output=True, env={**ENVIRONMENT, "SUDO_USER": "operator"}, timeout=60, check=False)
            said = []
            try:
                while True:
                    said.append(log.recv(8192).decode())
            except BlockingIOError:
                return done.returncode, said

        status, said = call("user", "add", "dora", "--group", "staff", text="a secret of dora's\n")
        assert status == 0 and len(said) == 1
        assert 'event=change action="user add" detail="dora --group staff" by=operator' in said[0] and "secret of" not in said[0]
        assert said[0].startswith("<86>"), "authpriv.info"
        status, said = call("secret", "set", HOST, text="another key\n")
        assert status == 0 and 'action="secret set"' in said[0] and "another key" not in said[0]
        assert call("session", "revoke", "staff/dora")[1][0].count('action="session revoke" detail=staff/dora') == 1
        assert call("user", "add", "dora", text="a secret of dora's\n") == (1, []), "what was not done"
        assert call("user", "list") == (0, []), "what changes nothing"
