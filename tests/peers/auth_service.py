#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A service behind nginx's auth_request, as oauth2-proxy is one: its cookie "who" is the session. It asserts nothing
that the visitor's headers say."""

import http.server
import json
import sys

PEOPLE = {
    "alice": {"User": "alice", "Email": "alice@example.org", "Groups": "staff,hosts"},
    "bob": {"User": "bob", "Email": "", "Groups": ""},
    "nameless": {},
}


class Service(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        cookies = dict(pair.strip().partition("=")[::2] for pair in self.headers.get("Cookie", "").split(";"))
        person = PEOPLE.get(cookies.get("who"))
        print(json.dumps({"path": self.path, "redirect": self.headers.get("X-Auth-Request-Redirect")}), flush=True)
        if self.path == "/oauth2/auth":
            self.answer(202 if person is not None else 401, person or {}, b"")
        else:
            self.answer(200, {}, b"<title>Sign in at the service</title>")

    def answer(self, status, person, body):
        self.send_response(status)
        for name, value in person.items():
            self.send_header("X-Auth-Request-" + name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
print("listening on port %d" % server.server_port, flush=True)
sys.exit(server.serve_forever())
