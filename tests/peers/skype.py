# SPDX-License-Identifier: MIT
"""A stand-in for the Trusted Application API (Anonymous Meeting Join) and for Azure AD's token endpoint.
`prefix`, `dates`, `folded` and `bare` choose between the forms that documents and recorded answers have."""

import json
import re
import secrets
import time
import urllib.parse

from strict import CANARY, Peer, Refused

DISCOVER = "/platformservice/discover"
APPLICATIONS = "/platformService/v1/applications"
APPLICATION = APPLICATIONS + "/1627259584"
TOKENS = "/platformservice/v1/applications/1627259584/anonApplicationTokens"
GUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def unauthorized():
    return Refused(401, {"code": "Unauthorized", "message": CANARY}, [
        ("WWW-Authenticate", 'Bearer trusted_issuers="", client_id="00000004-0000-0ff1-ce00-000000000000"'),
        ("WWW-Authenticate", 'MsRtcOAuth href="https://example.org/WebTicket/oauthtoken",grant_type="urn:microsoft.rtc:windows"')])


class Skype(Peer):
    calls = (("POST", "/contoso.example/oauth2/token", "token"), ("GET", DISCOVER, "discover"), ("GET", APPLICATIONS, "applications"),
             ("GET", APPLICATION, "application"), ("POST", TOKENS, "anonymous"))

    def __init__(self):
        super().__init__()
        self.client_id, self.client_secrets = "d9e7ea2b-0000-4ea4-9787-948e75480abe", [secrets.token_urlsafe(32)]
        self.endpoint, self.resource = "sip:helpdesk@contoso.example", "https://noammeetings.resources.lync.com"
        self.tokens, self.lifetime = set(), 3599
        self.meetings = {"https://meet.lync.com/contoso/testuser/1SD8D0WZ", "https://meet.lync.com/contoso/testuser/G03W98W4"}
        self.seen, self.given, self.ids = [], None, []

    def reset(self):
        self.prefix, self.dates, self.folded, self.open, self.bare = "ms:rtc:saas:", "iso", False, True, False
        self.link_base = self.url

    def links(self, **links):
        found = {self.prefix + name: {"href": href} for name, href in links.items()}
        return found if self.bare else {"_links": {"self": {"href": "x"}, **found}}

    def check_id(self, request):
        """Every call to the API has one of its own, which is in the log where it fails; one that is repeated keeps it."""
        name = request.headers["client-request-id"]
        repeated = any((each.method, each.target, each.headers["client-request-id"]) == (request.method, request.target, name)
                       for each in self.unanswered[-1:])
        assert GUID.fullmatch(name) and (repeated or name not in self.ids), name
        self.ids.append(name)

    def check_bearer(self, request):
        assert request.headers["Accept"] == "application/json"
        if request.bearer not in self.tokens:
            raise unauthorized()

    def token(self, request):
        assert request.headers["Content-Type"] == "application/x-www-form-urlencoded" and request.bearer is None
        form = request.form()
        assert set(form) == {"grant_type", "client_id", "client_secret", "resource"}
        assert (form["grant_type"], form["client_id"], form["resource"]) == ("client_credentials", self.client_id, self.resource)
        if form["client_secret"] not in self.client_secrets:
            raise Refused(401, {"error": "invalid_client", "error_description": CANARY})
        token = secrets.token_urlsafe(900)
        self.tokens.add(token)
        return {"access_token": token, "token_type": "Bearer", "expires_in": str(self.lifetime), "resource": self.resource,
                "expires_on": str(int(time.time()) + self.lifetime)}

    def discover(self, request):
        self.check_id(request)
        if self.open:
            assert request.bearer is None or "discover" in self.faults, "a token for who did not ask for one"
        else:
            self.check_bearer(request)
        return self.links(applications=self.link_base + APPLICATIONS)

    def endpoint_of(self, request):
        assert dict(urllib.parse.parse_qsl(request.query, strict_parsing=True)) == {"endpointId": self.endpoint}
        return "?endpointId=" + self.endpoint

    def applications(self, request):
        self.check_id(request)
        self.check_bearer(request)
        query = self.endpoint_of(request)
        if self.folded:
            return self.links(anonApplicationTokens=TOKENS + query)
        return self.links(application=APPLICATION + query)

    def application(self, request):
        self.check_id(request)
        self.check_bearer(request)
        return self.links(anonApplicationTokens=TOKENS + self.endpoint_of(request), adhocMeetings="/platformservice/v1/adhocMeetings")

    def anonymous(self, request):
        self.check_id(request)
        self.check_bearer(request)
        self.endpoint_of(request)
        assert request.headers["Content-Type"] == "application/json; charset=utf-8"
        body = json.loads(request.body)
        assert set(body) == {"applicationSessionId", "allowedOrigins", "meetingUrl"}
        assert GUID.fullmatch(body["applicationSessionId"])
        assert all(re.fullmatch(r"https?://[^/;]+", origin) for origin in body["allowedOrigins"].split(";"))
        self.seen.append(body)
        if body["meetingUrl"] not in self.meetings:
            raise Refused(404, {"code": "NotFound", "subcode": "ConferenceNotFound", "message": CANARY},
                          [("X-MS-Correlation-Id", "2147486389"), ("X-MS-Server-Fqdn", "pool-a.infra.lync.com")])
        self.given = token = "psat=" + secrets.token_urlsafe(700)
        expiry = {"iso": "2026-06-27T01:42:13.094Z", "date": "/Date(1782524533094)/"}[self.dates]
        href = self.link_base + "/platformService/discover?anonymousContext=" + token.replace("=", "%253d")
        text = json.dumps({"token": token, "expiryTime": expiry, **self.links(discover=href), "rel": self.prefix + "anonApplicationToken"})
        return "application/json", text.replace("/Date(1782524533094)/", "\\/Date(1782524533094)\\/")
