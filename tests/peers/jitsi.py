# SPDX-License-Identifier: MIT
"""What Prosody's modules of Jitsi Meet ask of a token, in their order (luajwtjitsi.lib.lua,
token/util.lib.lua, mod_token_verification, mod_token_affiliation, mod_presence_identity), and what
Jitsi Meet makes of the address that brings it. Stricter where they are lenient: what they overlook
another version may not."""

import json
import re
import time
import urllib.parse

import jwt_rules
from jwt_rules import is_number, require

SCHEMES = {"https": None, "http": None, "org.jitsi.meet": "ios", "jitsi-meet": "electron", "intent": "android"}
INTENT = ";scheme=org.jitsi.meet;package=org.jitsi.meet;end"


class Jitsi:
    def __init__(self, host, app_id, algorithm="HS256", secret=None, keys=None, audiences=None, domain=None):
        """secret: of HS*. keys: kid → PEM, as the key server has them, for RS256."""
        self.host, self.app_id, self.algorithm = host, app_id, algorithm
        self.secret, self.keys = secret, keys or {}
        self.audiences = audiences or [app_id]
        self.domain = domain or host.partition(":")[0]

    def verify(self, token):
        """The claims of a token that Prosody lets in."""
        header, claims, signature, signed = jwt_rules.split(token)
        require(header.get("typ") == "JWT", "Invalid typ")
        require(header.get("alg") == self.algorithm, "Invalid or incorrect alg")
        if self.algorithm == "RS256":
            require("kid" in header, "'kid' claim is missing")
            require(header["kid"] in self.keys, "could not obtain public key")
            jwt_rules.check_public(self.keys[header["kid"]], signature, signed)
        else:
            jwt_rules.check_hmac(self.algorithm, self.secret.encode(), signature, signed)
        now = time.time()
        for name in ("exp", "nbf", "iat"):
            require(is_number(claims.get(name)), name + " must be number")
        require(now < claims["exp"], "Not acceptable by exp")
        require(now >= claims["nbf"], "Not acceptable by nbf")
        require(claims["exp"] - now < 24 * 3600, "good for more than a day")
        require(claims.get("iss") == self.app_id, "Invalid issuer")
        require(isinstance(claims.get("aud"), str) and claims["aud"] in self.audiences, "Invalid audience")
        require(isinstance(claims.get("room"), str) and claims["room"], "'room' claim is missing")
        require("*" not in claims["room"] and "*" not in claims.get("sub", "*"), "a token for every room")
        self.check_user(claims)
        return claims

    def check_user(self, claims):
        require(set(claims.get("context", {})) == {"user"}, "context has something else than user")
        user = claims["context"]["user"]
        for name, value in user.items():
            require(isinstance(value, str), "context.user.%s is no string" % name)
        require(user.get("id"), "no context.user.id")
        require(user.get("affiliation") in ("owner", "member"), "no affiliation")

    def enter(self, claims, node):
        """Joins the room `node` of the MUC: "room" or "[tenant]room". The affiliation."""
        require(len(node) <= 1023, "jid-malformed")
        tenant, room = re.fullmatch(r"(?:\[([^\]]+)\])?(.+)", node).groups()
        require(room == claims["room"].lower(), "token not for this room")
        require(claims["room"] == claims["room"].lower(), "the room is not what Prosody calls it")
        require((tenant or self.domain) == claims["sub"], "token not for this domain")
        user = claims["context"]["user"]
        owner = user["affiliation"] in ("owner", "moderator", "teacher") or user.get("moderator") == "true"
        require(owner == (user.get("moderator") == "true"), "affiliation and moderator differ")
        return "owner" if owner else "member"

    def open(self, address):
        """A client opens the address it was sent to: what it finds there, once it is in the room."""
        parts = urllib.parse.urlsplit(address)
        require(parts.scheme in SCHEMES, "a scheme that no client has")
        require(parts.netloc == self.host, "another host")
        fragment = parts.fragment
        if parts.scheme == "intent":
            fragment, _, intent = address.partition("#")[2].rpartition("#Intent")
            if not intent:
                fragment, intent = "", address.partition("#Intent")[2]
            require(intent == INTENT, "no intent for Jitsi Meet")
            fragment = fragment.partition("#Intent")[0]
        query = urllib.parse.parse_qsl(parts.query, strict_parsing=True)
        require([name for name, _ in query] == ["jwt"], "something else than jwt in the query")
        *tenant, room = parts.path.lstrip("/").split("/")
        require(len(tenant) <= 1, "a path too deep")
        safe = urllib.parse.quote(urllib.parse.unquote(room).lower(), safe="!'()*~").lower()
        node = ("[%s]" % tenant[0].lower() if tenant else "") + safe
        claims = self.verify(query[0][1])
        overrides = {}
        for name, value in urllib.parse.parse_qsl(fragment, strict_parsing=True) if fragment else []:
            require(re.match(r"(config|interfaceConfig)\.", name), "no override")
            overrides[name] = json.loads(value)
        return {"client": SCHEMES[parts.scheme], "claims": claims, "affiliation": self.enter(claims, node), "overrides": overrides, "room": node}
