# SPDX-License-Identifier: MIT
"""A stand-in for Lync Server 2013 / Skype for Business Server: autodiscovery, the challenge of the user's
address, WebTicket/oauthtoken, and a meeting's address asked for in XML."""

import re
import secrets
import urllib.parse
from xml.sax.saxutils import escape

from strict import CANARY, Peer, Refused

ROOT = "/Autodiscover/AutodiscoverService.svc/root"
USER = ROOT + "/oauth/user"
TOKEN = "/WebTicket/oauthtoken"
URI = "sip:%s@contoso.example;gruu;opaque=app:conf:focus:id:%s"
GRANTS = "urn:microsoft.rtc:windows,urn:microsoft.rtc:anonmeeting,password"


class Ucwa(Peer):
    calls = (("GET", "/", "first"), ("GET", ROOT, "root"), ("GET", USER, "user"), ("POST", TOKEN, "token"))

    def __init__(self):
        super().__init__()
        self.meetings = {("john", "G03W98W4"): "G03W98W4", ("mary", "1SD8D0WZ"): "1SD8D0WZ", ("john", "K3Y9"): "S3CR3T99"}
        self.tokens = {}  # token → (conference, identity)

    def reset(self):
        self.link_base, self.redirect, self.challenges, self.answers_for = self.url, "body", None, {}

    def find(self, request):
        if request.method == "GET" and re.fullmatch(r"(/meet)?(/contoso\.example)?/[a-zA-Z]+/[a-zA-Z0-9]+", request.path) and request.path not in (ROOT, USER):
            return "meeting", self.meeting
        return super().find(request)

    def first(self, request):
        """The address that the configuration has; answers as a hybrid topology or an old first hop."""
        if request.headers["Accept"] == "*/*":  # somebody who only looks whether there is anybody
            return "text/html", "<p>Lync</p>"
        assert request.headers["Accept"] == "application/json" and request.bearer is None
        if self.redirect == "status":
            raise Refused(302, {}, [("Location", self.link_base + ROOT)])
        return {"_links": {"redirect": {"href": self.link_base + ROOT}}}

    def root(self, request):
        assert request.bearer is None
        return {"_links": {"self": {"href": self.link_base + ROOT}, "user": {"href": self.link_base + USER},
                           "xframe": {"href": self.link_base + "/Autodiscover/XFrame/XFrame.html"}}}

    def user(self, request):
        if request.bearer is None:
            lines = self.challenges or ['Bearer trusted_issuers="", client_id="00000004-0000-0ff1-ce00-000000000000"',
                                        'MsRtcOAuth href="%s",grant_type="%s"' % (self.link_base + TOKEN, GRANTS)]
            raise Refused(401, "<html>%s</html>" % CANARY, [("WWW-Authenticate", line) for line in lines], "text/html")
        assert request.bearer in self.tokens
        return {"_links": {"self": {"href": self.link_base + USER}, "applications": {"href": self.link_base + "/ucwa/oauth/v1/applications"}}}

    def token(self, request):
        assert request.headers["Content-Type"] == "application/x-www-form-urlencoded;charset=UTF-8"
        assert request.body.startswith("grant_type=urn:microsoft.rtc:anonmeeting&")
        form = request.form()
        assert set(form) - {"ms_rtc_renew"} == {"grant_type", "password", "ms_rtc_conferenceuri"}
        found = re.fullmatch(r"sip:([^;@]+)@([^;@]+);gruu;opaque=app:conf:focus:id:([a-zA-Z0-9]+)", form["ms_rtc_conferenceuri"])
        assert found and found[2].lower() == "contoso.example"
        key = self.meetings.get((found[1].lower(), found[3].upper()))
        if key != form["password"]:
            raise Refused(400, {"error": "invalid_grant", "error_description": CANARY})
        identity = secrets.token_hex(8)
        if "ms_rtc_renew" in form:
            if self.tokens.get(form["ms_rtc_renew"], ("",))[0] != form["ms_rtc_conferenceuri"]:
                raise Refused(400, {"error": "invalid_request"})
            identity = self.tokens[form["ms_rtc_renew"]][1]
        token = "cwt=" + secrets.token_urlsafe(600)
        self.tokens[token] = (form["ms_rtc_conferenceuri"], identity)
        return {"access_token": token, "token_type": "Bearer", "expires_in": 3600, "ms_rtc_identityscope": "local"}

    def meeting(self, request):
        assert request.headers["Accept"] == "Application/vnd.microsoft.lync.meeting+xml" and request.bearer is None
        assert not request.query
        user, number = request.path.split("/")[-2:]
        if (user.lower(), number.upper()) not in self.meetings:
            raise Refused(404, "<p>%s</p>" % CANARY, (), "text/html")
        uri = self.answers_for.get(request.path, URI % (user.lower(), number.upper()))
        fields = (("conf-uri", uri), ("server-time", "72.002"), ("original-incoming-url", self.url + urllib.parse.quote(request.path)),
                  ("conf-key", self.meetings[user.lower(), number.upper()]), ("fallback-url", "https://meet.contoso.example/?sl="))
        inside = "".join("<%s>%s</%s>" % (name, escape(text), name) for name, text in fields)
        xml = ('<?xml version="1.0" encoding="utf-8"?><conf-info xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
               'xmlns="http://schemas.microsoft.com/rtc/2009/05/simplejoinconfdoc">%s</conf-info>' % inside)
        return "application/vnd.microsoft.lync.meeting+xml", xml
