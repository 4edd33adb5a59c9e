# SPDX-License-Identifier: MIT
"""meetauthctl: what it checks without a secret, and what it tells syslog about each change."""

import os
import socket
import subprocess

import pytest
from rig import ENVIRONMENT, HOST, MEETAUTHCTL, MEETAUTHD


@pytest.fixture(scope="module")
def own(make_module_rig):
    return make_module_rig(start=False).start()


def test_the_check_names_what_has_no_secret(own, tmp_path):
    conf = tmp_path / "bare.conf"
    with open(own.conf, encoding="utf-8") as file:
        conf.write_text(file.read() + 'platform "bare.example.org" { type = "veeting" }\n')
    done = subprocess.run([MEETAUTHD, "-t", "-c", str(conf)], capture_output=True, text=True, env=ENVIRONMENT, timeout=300, check=False)
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
                                  capture_output=True, env={**ENVIRONMENT, "SUDO_USER": "operator"}, timeout=300, check=False)
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
        wanted = '{"users": [{"name": "dora", "state": "absent"}, {"name": "emil", "state": "absent"}, {"name": "alice", "state": "absent"}]}'
        status, said = call("apply", "-", text=wanted)
        assert status == 0 and [line.partition(" detail=")[2] for line in said] == [
            f'"user staff/{name}: removed" by=operator' for name in ("dora", "alice")], "each entry that apply changes, and no other"
