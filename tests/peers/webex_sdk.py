# SPDX-License-Identifier: MIT
"""Webex as a guest's browser sees it: the REST calls behind webex_sdk.js, with the tokens that guests were given."""

import json
import os
import urllib.parse

from strict import Refused
from webex import Webex, error

SDK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "webex_sdk.js")


class WebexForBrowsers(Webex):
    calls = (*Webex.calls, ("GET", "/sdk/webex.min.js", "sdk"), ("GET", "/v1/people/me", "me"), ("GET", "/v1/rooms", "rooms"),
             ("GET", "/v1/messages", "messages"), ("POST", "/v1/messages", "message"), ("POST", "/sdk/create", "create"),
             ("POST", "/sdk/password", "password"), ("POST", "/sdk/join", "enter_by_sdk"), ("POST", "/sdk/leave", "leave"))

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.tokens = {}  # of guests → the name of the guest
        self.spaces = {"space-board": "Board", "space-long": "x" * 200}
        self.said = {"space-board": [{"personEmail": "host@example.org", "text": "Welcome <b>all</b>"}], "space-long": []}
        self.passwords = {"987654321": "open sesame"}
        self.inside = []  # (destination, name of the guest) of everybody who is in a meeting by the SDK

    def guest(self, request):
        answer = super().guest(request)
        self.tokens[answer["accessToken"]] = answer["displayName"]
        return answer

    def name_of(self, request):
        if request.bearer not in self.tokens:
            raise error(401)
        return self.tokens[request.bearer]

    def sdk(self, request):
        with open(SDK, encoding="utf-8") as file:
            return "text/javascript", file.read()

    def me(self, request):
        return {"id": "me", "displayName": self.name_of(request), "emails": ["me@appid.ciscospark.com"]}

    def rooms(self, request):
        self.name_of(request)
        query = dict(urllib.parse.parse_qsl(request.query, strict_parsing=True))
        assert set(query) == {"max", "sortBy"}
        return {"items": [{"id": name, "title": title, "type": "group"} for name, title in self.spaces.items()]}

    def messages(self, request):
        self.name_of(request)
        query = dict(urllib.parse.parse_qsl(request.query, strict_parsing=True))
        if query["roomId"] not in self.spaces:
            raise error(404)
        return {"items": self.said[query["roomId"]][::-1][: int(query["max"])]}

    def message(self, request):
        name, body = self.name_of(request), json.loads(request.body)
        if body["roomId"] not in self.spaces:
            raise error(404)
        made = {"roomId": body["roomId"], "personEmail": name, "text": body["text"]}
        self.said[body["roomId"]].append(made)
        return made

    def create(self, request):
        self.name_of(request)
        destination = json.loads(request.body)["destination"]
        if destination not in self.meetings:
            raise error(404)
        return {"passwordStatus": "REQUIRED" if destination in self.passwords else "NOT_REQUIRED"}

    def password(self, request):
        self.name_of(request)
        body = json.loads(request.body)
        return {"isPasswordValid": self.passwords[body["destination"]] == body["password"]}

    def enter_by_sdk(self, request):
        name, body = self.name_of(request), json.loads(request.body)
        if self.passwords.get(body["destination"]) != body["password"]:
            raise error(403)
        self.inside.append((body["destination"], name))
        return {}

    def leave(self, request):
        inside = json.loads(request.body)["destination"], self.name_of(request)
        if inside not in self.inside:
            raise Refused(404, {"message": "not in the meeting"})
        self.inside.remove(inside)
        return {}
