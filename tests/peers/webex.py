# SPDX-License-Identifier: MIT
"""A stand-in for Webex's REST interface, after its OpenAPI descriptions and "Guest Issuer":
POST /v1/access_token, /v1/meetings/join, /v1/guests/token and /v1/jwt/login; GET /v1/authorize, where a browser signs in."""

import base64
import hashlib
import hmac
import json
import re
import secrets
import time
import urllib.parse

from strict import CANARY, Peer, Refused

JOIN_FIELDS = {"meetingId", "meetingNumber", "webLink", "joinDirectly", "email", "displayName", "password",
               "expirationMinutes", "registrationId", "hostEmail", "createJoinLinkAsWebLink", "createStartLinkAsWebLink"}


def decode64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def error(status, headers=()):
    return Refused(status, {"message": CANARY, "errors": [{"description": CANARY}], "trackingId": CANARY}, headers)


class Webex(Peer):
    calls = (("GET", "/v1/authorize", "authorization"), ("POST", "/v1/access_token", "access_token"), ("POST", "/v1/meetings/join", "join"),
             ("POST", "/v1/guests/token", "guest"), ("POST", "/v1/jwt/login", "login"), ("GET", "/v1/meetings", "running"),
             ("GET", "/v1/meetingParticipants", "participants"), ("PUT", lambda path: path.startswith("/v1/meetingParticipants/"), "participant"))

    def __init__(self, lifetime=1209599, rotating=True):
        super().__init__()
        self.lifetime, self.rotating = lifetime, rotating
        self.client_id, self.client_secret = "C" + secrets.token_hex(32), secrets.token_hex(32)
        self.host_email = "host@example.org"
        self.refresh_tokens = {}  # token → number of the authorization
        self.access_tokens = {}  # token → (until, number)
        self.guest_tokens = set()
        self.authorizations = 0
        self.redirect_uri = None  # as the app has it; compared to the letter (RFC 6749 3.1.2.3)
        self.codes = {}  # code → challenge, each good once
        self.guests = {}  # subject → the one name that Webex knows the person by
        self.issuer, self.issuer_secret = base64.b64encode(secrets.token_bytes(30)).decode(), secrets.token_bytes(32)
        self.meetings = {"123456789", "987654321", "98d8c2212c9d62b162b9565932735e59", "https://example.webex.com/example/j.php?MTID=md41817da6a55b0925530cb88b3577b1e"}
        self.members = {}  # meeting → {id of a participant: their address}: who is in it now
        self.expelled = []
        self.join_base = self.url
        self.login_lifetime = 300  # seconds, at most: "the lowest practical value"

    def authorize(self):
        """What the portal shows once an administrator has authorized the app."""
        self.authorizations += 1
        return self.issue(self.authorizations - 1)

    def issue(self, number):
        token = secrets.token_urlsafe(60)
        self.refresh_tokens[token] = number
        return token

    def take_back(self):
        """Every access token is worth nothing from now on (a password was changed, an administrator took it back); refresh tokens are."""
        self.access_tokens.clear()

    def secret(self):
        return json.dumps({"clientSecret": self.client_secret, "refreshToken": self.authorize()})

    def access_token(self, request):
        assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
        assert request.headers["Accept"] == "application/json" and request.bearer is None and not request.query
        form = request.form()
        assert form["client_id"] == self.client_id
        if form["client_secret"] != self.client_secret:
            raise error(401)
        if form["grant_type"] == "authorization_code":
            return self.redeem(form)
        assert set(form) == {"grant_type", "client_id", "client_secret", "refresh_token"} and form["grant_type"] == "refresh_token"
        if form["refresh_token"] not in self.refresh_tokens:
            raise error(400)
        number = self.refresh_tokens[form["refresh_token"]]
        answer = {"access_token": secrets.token_urlsafe(60), "expires_in": self.lifetime, "token_type": "Bearer",
                  "refresh_token": form["refresh_token"], "refresh_token_expires_in": 7775999, "scope": "meeting:schedules_write"}
        if self.rotating:
            del self.refresh_tokens[form["refresh_token"]]
            answer["refresh_token"] = self.issue(number)
        self.access_tokens[answer["access_token"]] = time.time() + self.lifetime, number
        return answer

    def authorization(self, request):
        """The page where somebody signs in and agrees, who does so at once."""
        query = dict(urllib.parse.parse_qsl(request.query, strict_parsing=True))
        assert set(query) == {"response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method"}
        assert query["response_type"] == "code" and query["client_id"] == self.client_id and query["redirect_uri"] == self.redirect_uri
        assert "meeting:schedules_write" in query["scope"].split(" ") and len(query["state"]) >= 32
        assert query["code_challenge_method"] == "S256" and len(query["code_challenge"]) == 43
        code = secrets.token_urlsafe(40) + "+/="
        self.codes[code] = query["code_challenge"]
        raise Refused(302, {}, (("Location", self.redirect_uri + "?" + urllib.parse.urlencode({"code": code, "state": query["state"]})),))

    def redeem(self, form):
        assert set(form) == {"grant_type", "client_id", "client_secret", "code", "redirect_uri", "code_verifier"}
        assert form["redirect_uri"] == self.redirect_uri and 43 <= len(form["code_verifier"]) <= 128
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode().rstrip("=")
        if self.codes.pop(form["code"], None) != challenge:
            raise error(400)
        number, self.authorizations = self.authorizations, self.authorizations + 1
        token = secrets.token_urlsafe(60)
        self.access_tokens[token] = time.time() + self.lifetime, number
        return {"access_token": token, "expires_in": self.lifetime, "token_type": "Bearer", "refresh_token": self.issue(number),
                "refresh_token_expires_in": 7775999, "scope": "meeting:schedules_write"}

    def keep_guest(self, subject, name):
        """One person for a subject, and no two people for one: who comes back has the name they had."""
        assert re.fullmatch("[A-Za-z0-9-]{1,64}", subject) and 1 <= len(name) <= 128
        assert self.guests.setdefault(subject, name) == name, "another person under the same subject"

    def check_access(self, request):
        assert request.headers["Content-Type"] == "application/json" and request.headers["Accept"] == "application/json"
        assert request.bearer and not request.query
        until, number = self.access_tokens.get(request.bearer, (0, None))
        if until < time.time():
            raise error(401)
        return number

    def join(self, request):
        by_guest = request.bearer in self.guest_tokens
        number = None if by_guest else self.check_access(request)
        body = json.loads(request.body)
        assert set(body) <= JOIN_FIELDS
        named = [name for name in ("meetingId", "meetingNumber", "webLink") if name in body]
        assert len(named) == 1 and isinstance(body[named[0]], str)
        assert body["joinDirectly"] is False, "true, the default, answers with a redirect"
        assert "@" in body["email"], "displayName wants an address, and a guest without one is the host"
        assert 1 <= len(body["displayName"]) <= 128
        assert isinstance(body["expirationMinutes"], int) and 1 <= body["expirationMinutes"] <= 60
        assert ("hostEmail" in body) is not by_guest, "needed by Service Apps"
        if not by_guest and body["hostEmail"] != self.host_email:
            raise error(403)
        if body[named[0]] not in self.meetings:
            raise error(404)
        link = self.join_base + "/wbxmjs/joinservice/sites/example/meeting/download/b711f292?siteurl=example&integrationJoinToken=" + secrets.token_urlsafe(90).replace("_", "%2F")
        self.joined, self.joined_with = body, number
        return {"joinLink": link, "startLink": link.replace("joinservice", "startservice"), "expiration": "2022-05-30T09:44:08Z"}

    def enter(self):
        """Whoever was let in last follows the link into the meeting."""
        meeting = next(self.joined[name] for name in ("meetingId", "meetingNumber", "webLink") if name in self.joined)
        self.members.setdefault(meeting, {})[secrets.token_hex(8) + "_I_1"] = self.joined["email"]

    def listed(self, request, *wanted):
        """The query of a list, which an app asks for on behalf of a host."""
        until, _ = self.access_tokens.get(request.bearer, (0, None))
        if until < time.time():
            raise error(401)
        query = dict(urllib.parse.parse_qsl(request.query, strict_parsing=True))
        assert set(query) == {"hostEmail", *wanted} and query["hostEmail"] == self.host_email, query
        return query

    def running(self, request):
        field = next(name for name in ("meetingNumber", "meetingSeriesId", "webLink") if name + "=" in request.query)
        query = self.listed(request, "meetingType", "state", field)
        assert (query["meetingType"], query["state"]) == ("meeting", "inProgress")
        return {"items": [{"id": "running_" + query[field], "state": "inProgress"}] if self.members.get(query[field]) else []}

    def participants(self, request):
        query = self.listed(request, "meetingId", "max")
        people = self.members.get(query["meetingId"].partition("running_")[2], {})
        gone = [{"id": name, "state": "end"} for name in self.expelled]
        return {"items": gone + [{"id": name, "email": email, "host": False, "state": "joined"} for name, email in people.items()]}

    def participant(self, request):
        self.check_access(request)
        assert json.loads(request.body) == {"expel": True}
        name = urllib.parse.unquote(request.path.rpartition("/")[2])
        for people in self.members.values():
            if people.pop(name, None):
                self.expelled.append(name)
                return {"id": name, "state": "end"}
        raise error(404)

    def guest(self, request):
        self.check_access(request)
        body = json.loads(request.body)
        assert set(body) == {"subject", "displayName"}
        self.keep_guest(body["subject"], body["displayName"])
        token = secrets.token_urlsafe(1600)
        return {"id": "Y2lzY29zcGFyazovL3Vz", "subject": body["subject"], "displayName": body["displayName"],
                "email": "a5c1@appid.ciscospark.com", "accessToken": token, "expiresIn": 64799}

    def login(self, request):
        assert request.body == "" and request.headers["Content-Length"] == "0" and not request.query
        head, claims, signature = request.bearer.split(".")
        assert json.loads(decode64(head)) == {"alg": "HS256", "typ": "JWT"}
        wanted = hmac.new(self.issuer_secret, (head + "." + claims).encode(), hashlib.sha256).digest()
        if not hmac.compare_digest(wanted, decode64(signature)):
            raise error(401)
        self.claims = json.loads(decode64(claims))
        assert set(self.claims) == {"sub", "name", "iss", "exp"}
        self.keep_guest(self.claims["sub"], self.claims["name"])
        assert isinstance(self.claims["exp"], int) and 0 < self.claims["exp"] - time.time() <= self.login_lifetime
        if self.claims["iss"] != self.issuer:
            raise error(401)
        token = secrets.token_urlsafe(300)
        self.guest_tokens.add(token)
        return {"token": token, "expiresIn": 21599}
