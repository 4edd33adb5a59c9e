# SPDX-License-Identifier: MIT
"""An OpenID Provider for the bench, at which everybody is "bench", and the one login there that gives Apache a session.

  provider.py serve CALLBACK CERTIFICATE KEY           prints port=N and secret=TEXT, serves until it is ended
  provider.py login PAGE PORT CERTIFICATE COOKIE-FILE  follows the redirects from a page back to it, which is served at this port; keeps the cookies

The token is signed with the client's secret (HS256). The provider checks nothing but its code: it is on loopback, for one client."""

import base64
import hashlib
import hmac
import http.client
import http.server
import json
import secrets
import ssl
import sys
import time
import urllib.parse


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Provider(http.server.BaseHTTPRequestHandler):
    secret = secrets.token_urlsafe(32)
    callback = None
    nonces = {}

    def log_message(self, *_):
        pass

    def reply(self, status, headers, body=b""):
        self.send_response(status)
        for pair in headers.items():
            self.send_header(*pair)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        if query.get("redirect_uri") != self.callback:
            self.reply(400, {})
            return
        code = secrets.token_urlsafe(16)
        self.nonces[code] = query.get("nonce")
        self.reply(302, {"Location": self.callback + "?" + urllib.parse.urlencode({"code": code, "state": query["state"]})})

    def do_POST(self):
        form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        if form.get("code") not in self.nonces:
            self.reply(400, {})
            return
        now = int(time.time())
        claims = {"iss": "https://127.0.0.1:%d" % self.server.server_port, "sub": "bench", "aud": "bench", "iat": now, "exp": now + 3600,
                  "nonce": self.nonces.pop(form["code"])}
        signed = ".".join(base64url(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
        token = signed + "." + base64url(hmac.new(self.secret.encode(), signed.encode(), hashlib.sha256).digest())
        body = json.dumps({"access_token": secrets.token_urlsafe(16), "token_type": "Bearer", "expires_in": 3600, "id_token": token}).encode()
        self.reply(200, {"Content-Type": "application/json"}, body)


def serve(callback, certificate, key):
    Provider.callback = callback
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    print("secret=%s\nport=%d" % (Provider.secret, server.server_port), flush=True)
    server.serve_forever()


def login(page, port, certificate, cookie_file):
    cookies, address, status, context = {}, page, None, ssl.create_default_context(cafile=certificate)
    for _ in range(6):
        parts = urllib.parse.urlsplit(address)
        if parts.scheme == "https":
            connection = http.client.HTTPSConnection(parts.netloc, timeout=60, context=context)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=60)
        connection.request("GET", urllib.parse.urlunsplit(("", "", parts.path, parts.query, "")),
                           headers={"Host": parts.netloc, "Cookie": "; ".join("%s=%s" % pair for pair in cookies.items()), "Accept": "text/html"})
        answer = connection.getresponse()
        status, location = answer.status, answer.getheader("Location")
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            cookies.pop(name, None)
            if value:
                cookies[name] = value
        connection.close()
        if status != 302:
            break
        address = urllib.parse.urljoin(address, location)
    if status != 200 or not cookies:
        sys.exit("provider.py: the login at %s ended with status %s" % (page, status))
    with open(cookie_file, "w", encoding="ascii") as file:
        file.write("; ".join("%s=%s" % pair for pair in cookies.items()) + "\n")


if __name__ == "__main__":
    {"serve": serve, "login": login}[sys.argv[1]](*sys.argv[2:])
