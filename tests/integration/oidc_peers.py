# SPDX-License-Identifier: MIT
"""Providers for test_oidc.py: the real one (tests/peers/oidc), one that says whatever a test wants, and
somebody with a browser who signs in."""

import base64
import hashlib
import http.server
import json
import os
import re
import ssl
import subprocess
import threading
import time
import urllib.parse

import client
import rig as rigs

MODULES = os.environ.get("OIDC_PEER") or os.path.join(rigs.TOP, "build", "peers", "oidc")
SCRIPT = os.path.join(rigs.TOP, "tests/peers/oidc/provider.js")
BACKEND = "idp"
MEETING = "5f521a93c20ff6721fbb6a6c"


def encode(data):
    if not isinstance(data, bytes):
        data = json.dumps(data, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def section(issuer, *lines):
    return 'backend "%s" {\n type = "oidc"\n issuer = "%s"\n client-id = "meetauth"\n label = "Example Login"\n%s\n}\n' % (
        BACKEND, issuer, "".join(" %s\n" % line for line in lines))


class RealProvider(rigs.Program):
    """The npm package oidc-provider on a port of its own."""

    def __init__(self, folder):
        package = os.path.join(MODULES, "node_modules", "oidc-provider")
        assert os.path.isdir(package), (
            "the npm package oidc-provider is not in %s: tests/run puts it there "
            "(npm install --no-package-lock with tests/peers/oidc/package.json; needs nodejs and npm)" % MODULES)
        super().__init__(["node", SCRIPT, MODULES], folder + "/provider.log")
        found = rigs.wait_for(lambda: re.search(r"listening on .*:(\d+)", self.said()), "the provider")
        self.address = ("127.0.0.1", int(found.group(1)))
        self.issuer = "http://127.0.0.1:%d" % self.address[1]

    def configure(self, **change):
        answer = client.send(self.address, "POST", "/control/configure", [], json.dumps(change).encode())
        assert answer.status == 200, answer

    def requests(self, path):
        return json.loads(client.send(self.address, "GET", "/control/requests").text).get(path, 0)


class Person:
    """Somebody with a browser, which keeps the provider's cookies apart from ours."""

    def __init__(self, rig):
        self.rig = rig
        self.ours = rig.visitor()
        self.theirs = {}

    def start(self, meeting=MEETING, headers=()):
        """Join, and the button of the login page: the redirect to the provider."""
        return self.press(self.ours.login_page(meeting), headers)

    def press(self, page, headers=()):
        """The button of a login page."""
        found = re.search(r'href="([^"]*backend=%s[^"]*)"' % BACKEND, page.text)
        assert found, page.text
        address = urllib.parse.urljoin(self.rig.base + "/login", found.group(1).replace("&amp;", "&"))
        return self.ours.get(address, headers)

    def at_provider(self, method, url, form=None):
        parts = urllib.parse.urlsplit(url)
        headers = [("Cookie", "; ".join("%s=%s" % pair for pair in self.theirs.items()))] if self.theirs else []
        body = b""
        if form is not None:
            body = urllib.parse.urlencode(form).encode()
            headers.append(("Content-Type", "application/x-www-form-urlencoded"))
        target = parts.path + ("?" + parts.query if parts.query else "")
        answer = client.send((parts.hostname, parts.port), method, target, headers, body)
        for name, (value, _) in answer.cookies.items():
            if value:
                self.theirs[name] = value
            else:
                self.theirs.pop(name, None)
        return answer

    def sign_in_there(self, url, login="alice"):
        """From the provider's first page to the address it sends the browser back to."""
        for _ in range(12):
            answer = self.at_provider("GET", url)
            if answer.status == 200:
                form = answer.forms()[0]
                fields = {name: value for name, kind, value in form["fields"] if kind == "hidden"}
                if any(name == "login" for name, _, _ in form["fields"]):
                    fields.update(login=login, password="any")
                answer = self.at_provider("POST", urllib.parse.urljoin(url, form["action"]), fields)
            assert answer.status in (302, 303), answer
            url = urllib.parse.urljoin(url, answer.location)
            if url.startswith(self.rig.origin):
                return url
        raise AssertionError("no way back from the provider")

    def sign_in(self, login="alice", meeting=MEETING):
        """The whole way: what our callback answers."""
        first = self.start(meeting)
        assert first.status == 302, first
        return self.ours.get(self.sign_in_there(first.location, login))


class Liar:
    """A provider with a key of its own that says what it is told to. `claims` replaces claims of the ID
    token (None: left out), `header` and `sign` its header and signature; `userinfo`, `metadata` and
    `keys` likewise; `status` answers per path. certificate: (file, key), for https at 127.0.0.1."""

    def __init__(self, folder, certificate=None):
        self.folder = folder
        self.key_file = folder + "/liar.pem"
        subprocess.run(["openssl", "genrsa", "-out", self.key_file, "2048"], check=True, capture_output=True)
        found = subprocess.run(["openssl", "rsa", "-in", self.key_file, "-noout", "-modulus"],
                               check=True, capture_output=True, text=True).stdout
        modulus = bytes.fromhex(found.strip().partition("=")[2])
        self.jwk = {"kty": "RSA", "kid": "k1", "use": "sig", "e": "AQAB", "n": encode(modulus)}
        self.seen = []
        self.tokens = {}
        self.lock = threading.Lock()
        self.reset()
        peer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length).decode()
                status, document = peer.answer(self.path, dict(urllib.parse.parse_qsl(body)), self.headers)
                text = document if isinstance(document, bytes) else json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = answer

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # who does not wait for an answer breaks the connection
        self.issuer = "http%s://127.0.0.1:%d" % ("s" if certificate else "", self.server.server_address[1])
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def reset(self):
        """Honest from here on."""
        self.claims, self.header, self.userinfo, self.metadata, self.status = {}, {}, {}, {}, {}
        self.keys = [self.jwk]
        self.sign = self.rs256
        self.delay = 0

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def rs256(self, text):
        return subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key_file], input=text.encode(),
                              check=True, capture_output=True).stdout

    def token(self, claims, header=()):
        head = {"alg": "RS256", "kid": "k1", "typ": "JWT", **dict(header)}
        text = encode({name: value for name, value in head.items() if value is not None}) + "." + encode(claims)
        return text + "." + encode(self.sign(text))

    def id_token(self, nonce):
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": "meetauth", "sub": "u-1", "iat": now, "exp": now + 300, "nonce": nonce,
                  "name": "Alice Liddell", "email": "alice@example.org", "email_verified": True}
        claims.update(self.claims)
        claims = {name: value for name, value in claims.items() if value is not None}
        return self.token(claims, self.header)

    def count(self, path):
        with self.lock:
            return sum(1 for seen, _, _ in self.seen if seen == path)

    def answer(self, path, form, headers):
        with self.lock:
            self.seen.append((path, form, headers))
        time.sleep(self.delay)
        if path in self.status:
            return self.status[path]
        if path == "/.well-known/openid-configuration":
            return 200, {"issuer": self.issuer, "authorization_endpoint": self.issuer + "/authorize?tenant=1",
                         "token_endpoint": self.issuer + "/token", "jwks_uri": self.issuer + "/keys",
                         "userinfo_endpoint": self.issuer + "/userinfo", **self.metadata}
        if path == "/keys":
            return 200, {"keys": self.keys}
        if path == "/token":
            nonce, challenge = self.tokens.pop(form.get("code"), (None, None))
            if nonce is None or challenge != encode(hashlib.sha256(form["code_verifier"].encode()).digest()):
                return 400, {"error": "invalid_grant", "error_description": "<script>secret</script>"}
            return 200, {"access_token": "at-" + nonce[:8], "token_type": "bearer", "id_token": self.id_token(nonce)}
        if path == "/userinfo":
            return 200, {"sub": "u-1", **self.userinfo}
        return 404, {}

    def approve(self, url):
        """What its login page would do: a code for this address; the parameters of the way back."""
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
        code = "code-" + os.urandom(8).hex()
        self.tokens[code] = (query["nonce"], query["code_challenge"])
        return {"code": code, "state": query["state"]}

    def sign_in(self, person, **more):
        """The whole way: what our callback answers. `more` replaces parameters of the way back."""
        first = person.start()
        assert first.status == 302, first
        return self.come_back(person, {**self.approve(first.location), **more})

    @staticmethod
    def come_back(person, parameters):
        kept = {name: value for name, value in parameters.items() if value is not None}
        return person.ours.get("/auth/callback/%s?%s" % (BACKEND, urllib.parse.urlencode(kept)))
