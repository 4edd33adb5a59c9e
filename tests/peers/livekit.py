# SPDX-License-Identifier: MIT
"""What LiveKit asks of an access token (livekit/protocol: auth/verifier.go, auth/grants.go), and
LiveKit Meet of the address of its page for foreign tokens. The verifier's rules, without the leeway:
our clock is the same."""

import time
import urllib.parse

import jwt_rules
from jwt_rules import is_number, require

GRANTS = {
    "roomCreate": bool, "roomList": bool, "roomRecord": bool, "roomAdmin": bool, "roomJoin": bool, "room": str, "canPublish": bool,
    "canSubscribe": bool, "canPublishData": bool, "canPublishSources": list, "canUpdateOwnMetadata": bool, "ingressAdmin": bool,
    "hidden": bool, "recorder": bool, "agent": bool, "destinationRoom": str,
}


class LiveKit:
    def __init__(self, keys, server):
        """keys: API key → secret, as in LiveKit's configuration."""
        self.keys, self.server = keys, server

    def verify(self, token):
        header, claims, signature, signed = jwt_rules.split(token)
        require(header == {"alg": "HS256", "typ": "JWT"}, "another header than HS256")
        require(claims.get("iss") in self.keys, "invalid API key")
        jwt_rules.check_hmac("HS256", self.keys[claims["iss"]].encode(), signature, signed)
        now = time.time()
        require(is_number(claims.get("exp")) and now < claims["exp"], "expired, or without exp")
        require(is_number(claims.get("nbf")) and claims["nbf"] <= now, "not yet")
        require(isinstance(claims.get("sub"), str) and claims["sub"], "no identity")
        require(len(claims["sub"].encode()) <= 256 and len(claims.get("name", "").encode()) <= 256, "over the server's limits")
        video = claims.get("video")
        require(isinstance(video, dict), "no grants")
        for name, value in video.items():
            require(name in GRANTS and isinstance(value, GRANTS[name]), "not a grant: " + name)
        for name in ("roomCreate", "roomList", "roomRecord", "ingressAdmin", "hidden", "recorder", "agent"):
            require(not video.get(name), "more than a participant needs: " + name)
        return claims

    def join(self, token, room):
        """(identity, name, what they may)"""
        claims = self.verify(token)
        video = claims["video"]
        require(video.get("roomJoin") is True and video.get("room") == room, "no permission for this room")
        given = any(name in video for name in ("canPublish", "canSubscribe", "canPublishData"))
        rights = {name: video.get(name, not given) for name in ("canPublish", "canSubscribe", "canPublishData")}
        return claims["sub"], claims.get("name"), {**rights, "roomAdmin": video.get("roomAdmin", False)}

    def open(self, site, address):
        """LiveKit Meet's /custom: the token that it connects with."""
        parts = urllib.parse.urlsplit(address)
        require("%s://%s%s" % (parts.scheme, parts.netloc, parts.path) == site + "/custom", "not the page for foreign tokens")
        values = dict(urllib.parse.parse_qsl(parts.query, strict_parsing=True))
        require(set(values) == {"liveKitUrl", "token"}, "Missing LiveKit URL or token")
        require(values["liveKitUrl"] == self.server, "another server")
        return values["token"]
