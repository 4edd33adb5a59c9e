# SPDX-License-Identifier: MIT
"""Platforms that are talked with in several turns, each with a stand-in in this process: what the tests
of webex, skype, ucwa and lync share."""

import json
import os
import sys
import time

from rig import TOP, wait_for

sys.path.append(TOP + "/tests/peers")
sys.dont_write_bytecode = True

import strict  # noqa: E402

APP = "https://app.example.org"
POLICY = """
policy {
 rule "staff" { allow = true  groups = {"staff"}  %s }
 default = "deny"
}
"""


class Setup:
    """A started rig with one more platform, its stand-in and a trap; a secret may be None."""

    def __init__(self, make_rig, kind, title, options, peer=None, secret=None, rule="", processes=0):
        self.kind, self.title, self.peer, self.trap = kind, title, peer, strict.Trap()
        if peer:
            peer.trap = self.trap
        self.rig = rig = make_rig(processes, start=False)
        self.options, self.rule = options, rule
        self.secrets = [] if secret is None else [secret]
        self.configure()
        start, stop = rig.start_nginx, rig.stop

        def start_nginx():  # after the store was made, before the pool begins
            for each in self.secrets:
                self.set_secret(each)
            start()

        def stop_all():
            try:
                stop()
            finally:
                for each in (peer, self.trap):
                    if each:
                        each.stop()

        rig.start_nginx, rig.stop = start_nginx, stop_all
        rig.start()

    def configure(self):
        self.rig.sections = 'platform "%s" {\n type = "%s"\n %s\n}\n' % (self.title, self.kind, self.options) + POLICY % self.rule

    def set_secret(self, secret, name=None):
        return self.rig.ctl("secret", "set", name or self.title, text=secret + "\n")

    def sign_in(self, target, account="alice", headers=()):
        """Comes in by the entry and signs in: the visitor, and the answer to the form."""
        visitor = self.rig.visitor()
        answer = visitor.get(target)
        assert answer.status == 303, answer
        return visitor, visitor.fill(visitor.get(answer.location), account, headers=headers)

    def visitor(self, account="alice"):
        """Somebody who has signed in, by the rig's own platform."""
        somebody = self.rig.visitor()
        somebody.fill(somebody.login_page(), account)
        return somebody

    def ask(self, visitor, body, origin=APP, **more):
        data = json.dumps(body).encode()
        headers = {"Origin": origin, "Content-Type": "application/json", "Content-Length": str(len(data)), **more}
        return visitor.request("POST", "/auth/token/" + self.title, headers=headers, body=data)

    def audit(self, answer):
        name = answer.headers["X-Request-Id"]
        return wait_for(lambda: [e for e in self.rig.events("join") if e["request_id"] == name], "the audit line")[0]

    def check(self):
        """After each test: nobody broke the documents, nobody asked the trap, nothing crashed."""
        if self.peer:
            self.peer.check()
        self.trap.check()
        assert self.rig.pool.process.poll() is None, self.rig.pool.said()[-5000:]

    def leaves_none_of(self, canaries, pages=()):
        """Nothing of them in the installation's files (the sealed store among them), in processes, in
        pages or in what the operator is shown."""
        texts = list(pages) + [self.rig.ctl("check", "--connect", check=False).stdout, self.rig.ctl("secret", "list").stdout]
        for folder, _, names in os.walk(self.rig.folder):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path) and not name.startswith("platform."):
                    with open(path, "rb") as file:
                        texts.append(file.read().decode("latin-1"))
        for pid in self.rig.daemons():
            for name in ("cmdline", "environ"):
                with open("/proc/%d/%s" % (pid, name), encoding="latin-1") as file:
                    texts.append(file.read())
        canaries = set(canaries) | {strict.CANARY}
        assert all(len(canary) >= 8 for canary in canaries)
        for canary in canaries:
            assert not any(canary in text for text in texts), canary[:4]

    def connect_lines(self):
        table = self.rig.ctl("check", "--connect", check=False).stdout
        return [line for line in table.splitlines() if self.title in line]


def lies(send, peer, name, expected=(502, "exchange-bad-answer"), faults=strict.FAULTS, recover=None, **others):
    """Every fault of a call fails as it should, in time, and the next visitor is served."""
    for fault in faults:
        began = time.monotonic()
        with peer.fault(**{name: fault}):
            answer = send()
        wanted = others.get(fault if isinstance(fault, str) else "other", (504, "exchange-timeout") if fault == "hang" else expected)
        assert (answer.status, answer.code) == wanted, (name, fault, answer)
        assert answer.location is None and strict.CANARY not in answer.text
        assert time.monotonic() - began < 4, fault
        if recover:
            recover()
