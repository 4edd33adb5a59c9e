# SPDX-License-Identifier: MIT
"""JSON Web Tokens taken apart and checked, for the stand-ins of platforms that let in whoever brings
one. Standard library, and openssl for what is not HMAC."""

import base64
import hashlib
import hmac
import json
import os
import re
import subprocess
import tempfile

HMACS = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}


class Refused(Exception):
    pass


def require(condition, why):
    if not condition:
        raise Refused(why)


def decode64(text):
    """base64url without padding, one text for each value."""
    require(re.fullmatch("[A-Za-z0-9_-]*", text), "not base64url")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    require(encode64(data) == text, "not the one base64url text of its bytes")
    return data


def encode64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def document(text):
    def unique(pairs):
        require(len({name for name, _ in pairs}) == len(pairs), "a name twice")
        return dict(pairs)

    found = json.loads(decode64(text), object_pairs_hook=unique)
    require(isinstance(found, dict), "not an object")
    return found


def split(token):
    """(header, claims, signature, what is signed)"""
    parts = token.split(".")
    require(len(parts) == 3, "not three parts")
    return document(parts[0]), document(parts[1]), decode64(parts[2]), (parts[0] + "." + parts[1]).encode()


def check_hmac(algorithm, key, signature, signed):
    made = hmac.new(key, signed, getattr(hashlib, HMACS[algorithm])).digest()
    require(hmac.compare_digest(made, signature), "wrong signature")


def check_public(pem, signature, signed, curve=False):
    """RS256, or with `curve` ES256, by openssl."""
    if curve:
        require(len(signature) == 64, "wrong length of an ES256 signature")
        signature = der_of(signature)
    with tempfile.TemporaryDirectory() as folder:
        for name, data in (("key", pem.encode()), ("signature", signature), ("signed", signed)):
            with open(os.path.join(folder, name), "wb") as file:
                file.write(data)
        done = subprocess.run(
            ["openssl", "dgst", "-sha256", "-verify", "key", "-signature", "signature", "signed"],
            cwd=folder, capture_output=True, check=False)
    require(done.returncode == 0, "wrong signature")


def der_of(signature):
    """RFC 7518 3.4 to RFC 3279 2.2.3."""
    numbers = b""
    for part in (signature[:32], signature[32:]):
        part = part.lstrip(b"\0") or b"\0"
        part = b"\0" + part if part[0] & 0x80 else part
        numbers += bytes([2, len(part)]) + part
    return bytes([0x30, len(numbers)]) + numbers


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


# ---- keys for tests ----

def openssl(*arguments, text=None):
    return subprocess.run(["openssl", *arguments], input=text, text=True, capture_output=True, check=True).stdout


def number64(text):
    number = int(re.sub(r"[\s:]", "", text), 16)
    return encode64(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def rsa_key(kid):
    """(private JWK, public PEM) of a new key of 2048 bits."""
    private = openssl("genrsa", "2048")
    shown = openssl("rsa", "-noout", "-text", text=private)
    fields = dict(re.findall(r"^(\w+):((?:\n +[0-9a-f:]+)+)", shown, re.M))
    names = {"n": "modulus", "d": "privateExponent", "p": "prime1", "q": "prime2", "dp": "exponent1", "dq": "exponent2", "qi": "coefficient"}
    jwk = {"kty": "RSA", "alg": "RS256", "kid": kid, "e": "AQAB"}
    jwk.update({name: number64(fields[field]) for name, field in names.items()})
    return json.dumps(jwk, separators=(",", ":")), openssl("rsa", "-pubout", text=private)


def ec_key(kid):
    """(private JWK, public PEM) of a new key on P-256."""
    private = openssl("ecparam", "-genkey", "-noout", "-name", "prime256v1")
    shown = openssl("ec", "-noout", "-text", text=private)
    fields = dict(re.findall(r"^(priv|pub):((?:\n +[0-9a-f:]+)+)", shown, re.M))
    secret = bytes.fromhex(re.sub(r"[\s:]", "", fields["priv"]))[-32:].rjust(32, b"\0")
    point = bytes.fromhex(re.sub(r"[\s:]", "", fields["pub"]))
    jwk = {"kty": "EC", "alg": "ES256", "crv": "P-256", "kid": kid, "x": encode64(point[1:33]), "y": encode64(point[33:]), "d": encode64(secret)}
    return json.dumps(jwk, separators=(",", ":")), openssl("ec", "-pubout", text=private)
