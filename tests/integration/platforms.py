# SPDX-License-Identifier: MIT
"""The platforms with an entry of their own, as the tests see them: how each is set up, come to, and
asked what it makes of an answer. test_platform_contract.py runs the same story against all of them."""

import json
import os
import re
import secrets
import sys
import urllib.parse

from rig import TOP, Program, wait_for

sys.path.append(TOP + "/tests/peers")  # at the end: one of them has a name of the standard library
sys.dont_write_bytecode = True

import galene as galene_peer  # noqa: E402
import jitsi as jitsi_peer  # noqa: E402
import jwt_rules  # noqa: E402
import livekit as livekit_peer  # noqa: E402

POLICY = """
policy {
 rule "hosts" { allow = true  users = {"alice"}  meetings = {"hosted*"}  role = "moderator" }
 rule "quiet" { allow = true  groups = {"staff"}  meetings = {"quiet*"}  role = "observer" }
 rule "staff" { allow = true  groups = {"staff"}  networks = {"127.0.0.0/8"} }
 default = "deny"
}
"""


class Platform:
    """One of them. `entry` is its path for a meeting, `welcome` checks an address that a browser was
    sent to, by the platform's rules, and returns (meeting, name, role)."""

    type = title = None
    malformed = "a%20b"  # no meeting of any platform
    asks = False  # something is asked of the platform during a join
    options = ""

    def __init__(self, folder, options=None):
        self.folder = folder
        if options is not None:
            self.options = options
        self.secrets = []
        self.rotate()

    def section(self):
        return 'platform "%s" {\n type = "%s"\n %s\n}\n' % (self.title, self.type, self.settings() + "\n " + self.options)

    def settings(self):
        return ""

    def new_secret(self):
        return secrets.token_urlsafe(32)

    def rotate(self):
        """Another secret; the platform takes all of them."""
        self.secrets.append(self.new_secret())

    def entry(self, meeting, **query):
        return "/auth/%s/%s%s" % (self.word, meeting, "?" + urllib.parse.urlencode(query) if query else "")

    def stop(self):
        pass


class Jitsi(Platform):
    type = word = "jitsi"
    title = "meet.example.org"
    options = 'app-id = "meetauth"'

    def peer(self, secret):
        return jitsi_peer.Jitsi(self.title, "meetauth", secret=secret)

    def welcome(self, address):
        for number, secret in enumerate(self.secrets):
            try:
                seen = self.peer(secret).open(address)
            except jwt_rules.Refused as refused:
                if str(refused) != "wrong signature" or number + 1 == len(self.secrets):
                    raise
                continue
            self.used = number
            user = seen["claims"]["context"]["user"]
            return seen["room"], user.get("name"), "moderator" if seen["affiliation"] == "owner" else ""


class Galene(Platform):
    type = word = "galene"
    title = "galene.example.org"

    def new_secret(self):
        kid = "key-%d" % len(self.secrets)
        return json.dumps({"kty": "oct", "alg": "HS256", "kid": kid, "k": jwt_rules.encode64(secrets.token_bytes(32))})

    @property
    def peer(self):
        return galene_peer.Galene("https://" + self.title, [json.loads(secret) for secret in self.secrets])

    def welcome(self, address):
        seen = self.peer.open(address)
        token = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))["token"]
        self.used = int(jwt_rules.split(token)[0]["kid"].rpartition("-")[2])
        roles = {("message", "op", "present", "token"): "moderator", (): "observer", ("message", "present"): ""}
        return seen["group"], seen["username"], roles[tuple(seen["permissions"])]


class LiveKit(Platform):
    type = word = "livekit"
    title = "livekit.example.org"
    options = 'site = "https://meet.example.net"'

    def new_secret(self):
        return "APIkey%d:%s" % (len(self.secrets), secrets.token_urlsafe(32))

    @property
    def peer(self):
        return livekit_peer.LiveKit(dict(secret.split(":") for secret in self.secrets), "wss://" + self.title)

    def welcome(self, address):
        token = self.peer.open("https://meet.example.net", address)
        claims = self.peer.verify(token)
        self.used = int(claims["iss"][6:])
        _, name, rights = self.peer.join(token, claims["video"]["room"])
        role = "moderator" if rights["roomAdmin"] else "" if rights["canPublish"] else "observer"
        return claims["video"]["room"], name, role


class BigBlueButton(Platform):
    type = "bigbluebutton"
    word = "bbb"
    title = "bbb.example.org"
    asks = True
    malformed = "a,b"
    options = 'create = true\n timeout = "1500ms"\n connect-timeout = "500ms"'
    faults = {
        "hang": (504, "exchange-timeout"), "close": (502, "exchange-bad-answer"), "redirect": (502, "exchange-bad-answer"),
        "status": (502, "exchange-bad-answer"), "big": (502, "exchange-bad-answer"), "empty": (502, "exchange-bad-answer"),
        "html": (502, "exchange-bad-answer"), "json": (502, "exchange-bad-answer"), "cut": (502, "exchange-bad-answer"),
        "other": (502, "exchange-bad-answer"), "no-time": (502, "exchange-bad-answer"), "no-code": (502, "exchange-bad-answer"),
        "bad-time": (502, "exchange-bad-answer"), "twice": (502, "exchange-bad-answer"), "entity": (502, "exchange-bad-answer"),
        "unknown": (403, "exchange-refused"),
    }

    def __init__(self, folder, options=None, *arguments):
        self.secret_file, self.ledger_file = folder + "/bbb.secrets", folder + "/bbb.ledger"
        super().__init__(folder, options)
        open(self.ledger_file, "w", encoding="utf-8").close()
        command = ["/usr/bin/python3", TOP + "/tests/peers/bbb.py", "--secrets", self.secret_file, "--ledger", self.ledger_file]
        self.program = Program(command + list(arguments), folder + "/bbb.log")
        found = wait_for(lambda: re.search(r"listening on .*:(\d+)", self.program.said()), "BigBlueButton")
        self.address = ("127.0.0.1", int(found[1]))

    def settings(self):
        return 'site = "http://127.0.0.1:%d"' % self.address[1]

    def new_secret(self):
        secret = secrets.token_urlsafe(30)
        self.take(self.secrets + [secret])
        return secret

    def take(self, taken):
        """Which secrets the server takes from now on."""
        with open(self.secret_file + ".new", "w", encoding="utf-8") as file:
            file.write("".join(secret + "\n" for secret in taken))
        os.rename(self.secret_file + ".new", self.secret_file)

    def ledger(self):
        with open(self.ledger_file, encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def get(self, address):
        import client
        parts = urllib.parse.urlsplit(address)
        assert (parts.hostname, parts.port) == self.address, address
        return client.send(self.address, "GET", parts.path + "?" + parts.query)

    def welcome(self, address):
        """The browser opens it: the server has to let it in."""
        answer = self.get(address)
        values = dict(re.findall("<([A-Za-z]+)>([^<]*)</", answer.text))
        jwt_rules.require(values["returncode"] == "SUCCESS", values.get("messageKey"))
        self.used = self.used_by(address)
        return values["meetingID"], values["fullName"], "moderator" if values["role"] == "MODERATOR" else ""

    def used_by(self, address):
        import hashlib
        signed, _, checksum = urllib.parse.urlsplit(address).query.rpartition("&checksum=")
        for number, secret in enumerate(self.secrets):
            if hashlib.sha256(("join" + signed + secret).encode()).hexdigest() == checksum:
                return number
        return None

    def stop(self):
        self.program.stop()


ALL = {each.type: each for each in (Jitsi, BigBlueButton, Galene, LiveKit)}


def sign_in(rig, target, account="alice", headers=()):
    """Comes in by the entry and signs in: the visitor, and the answer to the form."""
    visitor = rig.visitor()
    answer = visitor.get(target)
    assert answer.status == 303, answer
    page = visitor.get(answer.location)
    assert page.status == 200, page
    return visitor, visitor.fill(page, account, headers=headers)


def audit(rig, answer):
    """The line of the log that an answer left behind."""
    name = answer.headers["X-Request-Id"]
    return wait_for(lambda: [e for e in rig.events("join") if e["request_id"] == name], "the audit line")[0]


def set_secret(rig, platform):
    rig.ctl("secret", "set", platform.title, text=platform.secrets[-1] + "\n")


def make(make_rig, *classes, policy=POLICY, **options):
    """A started rig with these platforms beside its own; each with its secret."""
    rig = make_rig(start=False)
    made = [each(rig.folder, **options) for each in classes]
    rig.sections = "".join(each.section() for each in made) + policy
    rig.options["log-format"] = "logfmt"
    start = rig.start_nginx

    def start_nginx():  # after the store was made, before the pool begins
        for each in made:
            set_secret(rig, each)
        start()

    stop = rig.stop

    def stop_all():
        try:
            stop()
        finally:
            for each in made:
                each.stop()

    rig.start_nginx, rig.stop = start_nginx, stop_all
    rig.start()
    return rig, *made
