# SPDX-License-Identifier: MIT
"""What Galene asks of a token when somebody joins a group (its package token: ParseKey, parseJWT,
Check, with canonicalHost set), and of the address that its page is opened with."""

import json
import re
import time
import urllib.parse

import jwt_rules
from jwt_rules import is_number, require

LENGTHS = {"HS256": 32, "HS384": 48, "HS512": 64}
LEEWAY = 5
PERMISSIONS = {"op", "present", "message", "caption", "token", "admin"}


def is_username(name):
    """group.go, validUsername: no backslash, and nothing in it that path.Clean() would change."""
    return "\\" not in name and not {"", ".", ".."} & set(name.split("/"))


class Galene:
    def __init__(self, site, keys):
        """keys: authKeys of the group file, as JWKs; one that has a PEM under "pem" is public."""
        self.site, self.keys = site, keys

    def check_key(self, key, algorithm, signature, signed):
        if key["kty"] == "oct":
            secret = jwt_rules.decode64(key["k"])
            require(len(secret) == LENGTHS[algorithm], "bad length for key")
            return jwt_rules.check_hmac(algorithm, secret, signature, signed)
        require("d" not in key, "a private key in the group file")
        return jwt_rules.check_public(key["pem"], signature, signed, curve=key["kty"] == "EC")

    def verify(self, token):
        header, claims, signature, signed = jwt_rules.split(token)
        require(header.get("typ") == "JWT", "not a JWT")
        keys = [key for key in self.keys if key["alg"] == header.get("alg") and header.get("kid") in (None, "", key.get("kid"))]
        require(len(keys) == 1, "no key of this alg and kid")
        self.check_key(keys[0], header["alg"], signature, signed)
        now = time.time()
        require(is_number(claims.get("exp")) and now < claims["exp"] + LEEWAY, "expired, or without exp")
        require(is_number(claims.get("iat")) and claims["iat"] <= now + LEEWAY, "issued in the future")
        require(claims["exp"] - claims["iat"] <= 300, "good for longer than it takes to join")
        return claims

    def join(self, token, group):
        """(username, permissions) in that group."""
        claims = self.verify(token)
        audience = claims["aud"] if isinstance(claims.get("aud"), list) else [claims.get("aud")]
        fits = [urllib.parse.urlsplit(url) for url in audience if isinstance(url, str)]
        host = urllib.parse.urlsplit(self.site).netloc
        require(len(fits) == 1 and fits[0].netloc.lower() == host, "token for another host")
        require(fits[0].path == "/group/%s/" % group, "token for wrong group")
        require("include-subgroups" not in claims, "good for subgroups too")
        permissions = claims.get("permissions")
        require(isinstance(permissions, list) and set(permissions) <= PERMISSIONS, "invalid 'permissions' field")
        require(isinstance(claims.get("sub"), str) and claims["sub"], "no username")
        require(is_username(claims["sub"]), "invalid username")
        return claims["sub"], sorted(permissions)

    def open(self, address):
        """The page, as static/galene.js reads its own address."""
        parts = urllib.parse.urlsplit(address)
        require("%s://%s" % (parts.scheme, parts.netloc) == self.site, "another server")
        group = re.fullmatch(r"/group/(.+)/", parts.path)
        require(group, "no page of a group")
        values = dict(urllib.parse.parse_qsl(parts.query, strict_parsing=True))
        require(set(values) <= {"username", "token"} and "token" in values, "parameters that the page does not know")
        username, permissions = self.join(values["token"], group[1])
        require(values.get("username", username) == username, "two names")
        return {"group": group[1], "username": username, "permissions": permissions}

    def ask(self, send, group, username, password):
        """What static/protocol.js does with an authServer: the token, None for "ask the group's own
        passwords", or an error. send(headers, body) is the POST. A refusal is 403 in galene-protocol.md;
        a wrong password is 401 here, as everywhere in meetauth, and that is taken knowingly: the page
        makes the same error of every status that is not ok."""
        body = {"location": "%s/group/%s/" % (self.site, group), "username": username, "password": password}
        answer = send([("Content-Type", "application/json"), ("Origin", self.site)], json.dumps(body).encode())
        require(answer.headers["Access-Control-Allow-Origin"] in ("*", self.site), "the browser keeps the answer from the page")
        if answer.status == 204:
            return None
        require(answer.status == 200, "The authorisation server said: %d" % answer.status)
        require(answer.headers["Content-Type"] == "application/jwt", "not a JWT")
        return answer.text
