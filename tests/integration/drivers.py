# SPDX-License-Identifier: MIT
"""Every driver with its platform, or with the stand-in of it, for test_platform_contract.py and for the
tests of each."""

import contextlib
import hashlib
import html
import json
import os
import re
import secrets
import signal
import urllib.parse
import uuid

import client
from platforms import APP, BAD, BUSY, REFUSED, TIMEOUT, TIMES, ForScripts, Platform, Talking
from rig import HOST, TOP, Program, wait_for

import galene as galene_peer
import jitsi as jitsi_peer
import jwt_rules
import livekit as livekit_peer
import skype as skype_peer
import ucwa as ucwa_peer
import webex as webex_peer

LEASE = 300  # seconds: on a machine with much to do a renewal may fail, which rests a minute then


class Veeting(Platform):
    """The rig's own platform; all that its answers may be is in test_platform_faults.py."""

    type, title = "veeting", HOST
    unknown = "nobodys"
    malformed = ("", "a%20b", "%00")
    asks = True
    faults = {"hang": TIMEOUT, "redirect-302": BAD, "status-500": BAD, "html": BAD, "wrong-meeting": BAD, "expired": REFUSED, "wait-429": BUSY, "wait-503": BUSY}

    def section(self):
        return ""  # the rig has it

    def new_secret(self):
        secret = super().new_secret() if self.secrets else self.rig.key
        self.rig.platform.set_keys(*self.secrets, secret)
        return secret

    def entry(self, meeting, **query):
        """The address behind Join on the platform's page, where there is such a page."""
        if self.rig.platform.process.poll() is None and meeting not in (self.unknown, *self.malformed):
            return self.rig.entry(meeting, **query)[len(self.rig.origin):]
        query = {"hostname": HOST, "meetingToken": "8320-2640-2482-3499", "requestToken": uuid.uuid4(), **query}
        return "/auth?meetingId=%s&%s" % (meeting, urllib.parse.urlencode(query))

    def seen(self, answer):
        page = self.rig.platform.get(answer.location)
        jwt_rules.require(page.status == 200, page)
        granted = [entry for entry in self.ledger() if entry.get("result") == "granted"][-1]
        self.used = granted["key"] - 1
        return granted["meetingId"], html.unescape(re.search('id="name">([^<]*)<', page.text)[1]), ""

    def ledger(self):
        return [entry for entry in self.rig.platform.ledger() if entry.get("exchange")]

    @contextlib.contextmanager
    def hanging(self, count):
        yield ["fault-hang"] * count

    def stop(self):
        self.rig.platform.stop()


class Jitsi(Platform):
    type = word = "jitsi"
    title = "meet.example.org"
    options = 'app-id = "meetauth"'
    roles = True
    malformed = ("a%23b", "", "%2e%2e", "a%0db", "meet.example.org/a")

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
    roles = True

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

    def canaries(self, answer):
        return super().canaries(answer) | {json.loads(secret)["k"] for secret in self.secrets}


class LiveKit(Platform):
    type = word = "livekit"
    title = "livekit.example.org"
    options = 'site = "https://meet.example.net"'
    roles = True

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

    def canaries(self, answer):
        return super().canaries(answer) | {secret.split(":")[1] for secret in self.secrets}


class BigBlueButton(Platform):
    type = "bigbluebutton"
    word = "bbb"
    title = "bbb.example.org"
    options = "create = true\n " + TIMES
    arguments = ()  # of the stand-in
    unknown = "fault-unknown"
    malformed = ("a,b", "", "%2e%2e", "a%0db")
    roles = True
    asks = tries_secret = True
    faults = {"hang": TIMEOUT, "unknown": REFUSED, "limit": BUSY, "away": BUSY, **dict.fromkeys(
        ("close", "redirect", "status", "big", "empty", "html", "json", "cut", "other", "no-time", "no-code", "bad-time", "twice", "entity"), BAD)}

    def __init__(self, rig, options=None):
        self.secret_file, self.ledger_file = rig.folder + "/bbb.secrets", rig.folder + "/bbb.ledger"
        super().__init__(rig, options)
        open(self.ledger_file, "w", encoding="utf-8").close()
        command = ["/usr/bin/python3", TOP + "/tests/peers/bbb.py", "--secrets", self.secret_file, "--ledger", self.ledger_file]
        self.program = Program(command + list(self.arguments), rig.folder + "/bbb.log")
        found = wait_for(lambda: re.search(r"listening on .*:(\d+)", self.program.said()), "BigBlueButton")
        self.address = ("127.0.0.1", int(found[1]))

    def settings(self):
        return 'site = "http://127.0.0.1:%d"' % self.address[1]

    def new_secret(self):
        secret = super().new_secret()
        self.take(self.secrets + [secret])
        return secret

    def take(self, taken):
        """Which secrets the server takes from now on."""
        with open(self.secret_file + ".new", "w", encoding="utf-8") as file:
            file.write("".join(secret + "\n" for secret in taken))
        os.rename(self.secret_file + ".new", self.secret_file)

    def refuse_all(self):
        self.take(["another"])

    def ledger(self):
        with open(self.ledger_file, encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def get(self, address):
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
        signed, _, checksum = urllib.parse.urlsplit(address).query.rpartition("&checksum=")
        made = [hashlib.sha256(("join" + signed + secret).encode()).hexdigest() for secret in self.secrets]
        return made.index(checksum) if checksum in made else None

    def stop(self):
        self.program.stop()


class Webex(Talking):
    """Its links, by a Service App; what scripts get, rooms and the Guest Issuer are in test_webex.py and test_rooms.py."""

    type = word = "webex"
    title = "example.webex.com"
    stand_in = webex_peer.Webex
    weekly, other, unknown = "123456789", "987654321", "999999999"
    malformed = ("", "12", "1" * 16, "12345678x", "%2e%2e", "123456789%0a")
    steps = ("join",)
    meetings_by = 'meetings-by = {"number", "id", "link"}'
    starts = renewals = 0

    def settings(self):
        return ('api = "%s"\n client-id = "%s"  host-email = "host@example.org"\n join-hosts = {"webex.com", "%s"}\n %s\n'
                ' allowed-origins = {"%s"}\n connect-timeout = "5s"  timeout = "5s"\n' % (
                    self.peer.url, self.peer.client_id, self.peer.host, self.meetings_by, APP))

    def new_secret(self):
        return self.peer.secret()

    def count(self, name, **fields):
        return sum(fields.items() <= event.items() for event in self.rig.events(name))

    def settle(self):
        """Until there is an access token that every process knows. Each is told to read everything again: one may have read the token before
        the renewal was logged, or have started after it, and says nothing of it then."""
        daemons = self.rig.daemons()
        wait_for(lambda: self.count("renewal", result="ok") > self.renewals, "the access token", LEASE)
        wait_for(lambda: self.count("start") >= self.starts + len(daemons), "the start of every process")
        wanted = self.count("reload", what="configuration") + len(daemons)
        for pid in daemons:
            os.kill(pid, signal.SIGHUP)
        wait_for(lambda: self.count("reload", what="configuration") >= wanted, "every process to know it")

    def end_lease(self):
        """What a minute, or a reboot, does: the state forgets who has the lease."""
        for name in os.listdir(self.rig.folder + "/state"):
            os.remove(self.rig.folder + "/state/" + name)

    def rotate(self):
        """As a pair is renewed: by a process that has the lease. Until then the older one goes on (test_webex.py)."""
        self.rig.stop_pool()
        self.end_lease()
        self.starts, self.renewals = self.count("start"), self.count("renewal", result="ok")
        super().rotate()
        self.rig.start_pool()
        self.settle()

    def seen(self, answer):
        parts = urllib.parse.urlsplit(answer.location)
        assert parts.netloc == self.peer.host and parts.path.startswith("/wbxmjs/joinservice/"), answer.location
        self.used = self.peer.joined_with
        return self.peer.joined["meetingNumber"], self.peer.joined["displayName"], ""

    def canaries(self, answer):
        return {self.peer.client_secret, answer.location.partition("integrationJoinToken=")[2], *self.peer.refresh_tokens, *self.peer.access_tokens}


class Skype(ForScripts):
    type = word = "skype"
    parameter = "meetingUrl"
    title = "skype.example.org"
    stand_in = skype_peer.Skype
    weekly, other, unknown = ("https://meet.lync.com/contoso/testuser/" + key for key in ("1SD8D0WZ", "G03W98W4", "NOBODY"))
    malformed = ("", None, 5, "x", "http://meet.lync.com/contoso/testuser/1SD8D0WZ", "https://meet.lync.com/contoso", "https://evil.example/contoso/testuser/1SD8D0WZ")
    person = None
    tries_secret = True
    steps = ("token", "discover", "applications", "application", "anonymous")
    origins = (APP, "https://other.example.org")

    def settings(self):
        return ('discover = "%s/platformservice/discover"  authority = "%s"  tenant = "contoso.example"\n client-id = "%s"\n'
                ' endpoint = "sip:helpdesk@contoso.example"  resource = "https://noammeetings.resources.lync.com"\n hosts = {"lync.com", "%s"}\n'
                ' allowed-origins = {"%s"}  app = "%s"\n %s' % (
                    self.peer.url, self.peer.url, self.peer.client_id, self.peer.host, '", "'.join(self.origins), self.app, TIMES))

    def new_secret(self):
        if self.secrets:
            self.peer.client_secrets.append(super().new_secret())
        return self.peer.client_secrets[-1]

    def body(self, meeting):
        return {"meetingUrl": meeting}

    def seen(self, answer):
        given = json.loads(answer.body)
        assert given["token"] == self.peer.given and given["discoverUrl"].startswith(self.peer.url), given
        self.used = self.peer.client_secrets.index(self.peer.asked("token")[-1].form()["client_secret"])
        self.peer.tokens.clear()  # the next to come needs one, and the secret
        return self.peer.seen[-1]["meetingUrl"], None, ""

    @contextlib.contextmanager
    def fault(self, name):
        self.peer.tokens.clear()
        with super().fault(name) as meeting:
            yield meeting

    def refuse_all(self):
        self.peer.client_secrets = []

    def canaries(self, answer):
        return {*super().canaries(answer), self.peer.given, *self.peer.tokens}


class Ucwa(ForScripts):
    type = word = "ucwa"
    parameter = "conferenceUri"
    title = "contoso.example"
    stand_in = ucwa_peer.Ucwa
    weekly, other, unknown = (ucwa_peer.URI % pair for pair in (("john", "G03W98W4"), ("mary", "1SD8D0WZ"), ("john", "NOBODY")))
    malformed = ("", None, 5, "x", "sip:john@contoso.example", "sip:john@evil.example;gruu;opaque=app:conf:focus:id:G03W98W4")
    person = None
    keyed = False
    steps = ("first", "root", "token")
    found = None

    def settings(self):
        return 'autodiscover = "%s"\n hosts = {"%s"}  meeting-hosts = {"%s"}\n allowed-origins = {"%s"}  app = "%s"\n %s' % (
            self.peer.url, self.peer.host, self.peer.url, APP, self.app, TIMES)

    def body(self, meeting):
        return {"conferenceUri": meeting, **({"failed": "403"} if self.peer.faults else {})}  # what is known already is asked for anew

    def logged(self, meeting):
        return "%s/%s" % re.fullmatch("sip:([^;]*);.*:([^:]*)", meeting).groups()

    def seen(self, answer):
        given = json.loads(answer.body)
        return self.peer.tokens[given["token"]][0], None, ""

    def canaries(self, answer):
        return set(self.peer.tokens)


class Lync(Platform):
    """Nobody is asked, and nobody redirected: a page shows link and key."""

    type = word = "lync"
    title = "lync.example.org"
    options = 'domains = {"contoso.example"}'
    success = 200
    redirects = False
    weekly, other, unknown = ("john@contoso.example/" + key for key in ("854T0R7G", "1SD8D0WZ", "NOBODY"))
    malformed = ("", "john", "john@contoso.example", "john@evil.example/1", "john@contoso.example/1/2", "john@contoso.example/..", "%3Cscript%3E@contoso.example/1")
    person = None
    without_secret = REFUSED

    def set_secret(self, secret=None, name=None):
        """The key of each meeting; they have the same."""
        for each in [name] if name else ["meeting/%s/%s" % (self.title, meeting) for meeting in (self.weekly, self.other)]:
            done = super().set_secret(secret, each)
        return done

    def seen(self, answer):
        link, key = shown(answer)
        self.used = self.secrets.index(key)
        user, number = re.fullmatch("conf:sip:([^;]*);gruu;opaque=app:conf:focus:id:(.*)", link).groups()
        return user + "/" + number, None, ""


def shown(answer):
    """(link, key) of Lync's page."""
    assert answer.status == 200, answer
    link, key = re.search('href="(conf:[^"]*)"', answer.text), re.search("<code>([^<]*)</code>", answer.text)
    return html.unescape(link[1]), html.unescape(key[1])


ALL = {each.type: each for each in (Veeting, Jitsi, BigBlueButton, Galene, LiveKit, Webex, Skype, Ucwa, Lync)}
