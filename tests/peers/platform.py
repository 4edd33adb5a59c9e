#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A stand-in for the meeting platform: strict where the real one is strict, so that what passes here
was sent exactly as agreed. `/` lists a meeting with a Join button; Join issues a request token bound to
that meeting and redirects to the authorization service; the exchange endpoint trades it, once, for an
access token; /join/… takes the access token, once, and greets the participant.

With --any-meeting every well-formed meeting id exists, and one that begins with "fault-" misbehaves in
the exchange as faults.py says. Standard library only.
"""

import sys

# This file has the name of a module of the standard library: look here last, or `uuid` finds us.
sys.path.append(sys.path.pop(0))

import argparse
import hashlib
import hmac
import html
import http.server
import json
import re
import socket
import ssl
import threading
import time
import urllib.parse
import uuid

import faults

EXCHANGE = re.compile(r"/api/v6/meeting-room/auth/([^/]*)/access-token/([^/]*)/([^/]*)")
JOIN = re.compile(r"/meetings/([A-Za-z0-9_-]{1,64})/join")
LANDING = re.compile(r"/join/([A-Za-z0-9._~-]{1,128})")

WRONG_KEY, UNKNOWN_MEETING, BAD_TOKEN, MALFORMED = -10, -4, -3, -2

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>body{{font:1.1em sans-serif;max-width:36em;margin:4em auto;padding:0 1em}}</style></head>
<body><h1>{title}</h1>{body}</body></html>
"""


class Refusal(Exception):
    def __init__(self, code, reason):
        super().__init__(reason)
        self.code = code


class Platform:
    """What the platform knows: meetings, and tokens that were issued and not used yet."""

    def __init__(self, options):
        self.options = options
        self.meetings = {"5f521a93c20ff6721fbb6a6c": ("8320-2640-2482-3499", "Weekly review")}
        self.lock = threading.Lock()
        self.requests = {}  # request token -> (meeting id, good until)
        self.accesses = {}  # access token -> (meeting id, good until)

    def meeting(self, meeting_id):
        """(meeting token, title), or None."""
        if meeting_id in self.meetings or not self.options.any_meeting:
            return self.meetings.get(meeting_id)
        if not re.fullmatch("[A-Za-z0-9_-]{1,64}", meeting_id):
            return None
        digits = "%016d" % (int(hashlib.sha256(meeting_id.encode()).hexdigest(), 16) % 10**16)
        return "-".join(digits[i : i + 4] for i in (0, 4, 8, 12)), meeting_id

    def issue(self, table, meeting_id, lifetime):
        token = "%s-%s" % (uuid.uuid4(), uuid.uuid4())
        with self.lock:
            table[token] = (meeting_id, time.monotonic() + lifetime)
        return token

    def take(self, table, token, meeting_id):
        """Uses a token up. None when it was good, else the reason."""
        with self.lock:
            issued_for, until = table.get(token, (None, 0))
            if issued_for is None:
                return "unknown or used token"
            if issued_for != meeting_id:
                return "token of another meeting"
            del table[token]
            return None if time.monotonic() < until else "expired token"

    def key_number(self, secret):
        """Which API key it is (from 1), or None. The file is read each time: a rotation needs no
        restart. Every key is compared, in constant time."""
        number = None
        with open(self.options.key_file, encoding="utf-8") as keys:
            for position, key in enumerate(keys.read().split("\n"), 1):
                if key and hmac.compare_digest(key.encode(), secret.encode()):
                    number = position
        return number

    def note(self, entry):
        """One line in the ledger; never a key, and of a token its hash only."""
        if self.options.ledger:
            line = json.dumps({"time": round(time.time(), 3), **entry}) + "\n"
            with self.lock, open(self.options.ledger, "a", encoding="utf-8") as ledger:
                ledger.write(line)


def token_hash(token):
    return hashlib.sha256(token.encode()).hexdigest()[:32]


def decoded(segment):
    """A path segment as agreed: percent-encoded once, and only what needs it."""
    try:
        text = urllib.parse.unquote(segment, errors="strict")
    except UnicodeDecodeError:
        raise Refusal(MALFORMED, "a segment is not UTF-8") from None
    again = urllib.parse.quote(text, safe="")
    if re.sub("%..", lambda m: m.group().upper(), segment) != again or not text:
        raise Refusal(MALFORMED, "a segment is not encoded as agreed")
    return text


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "stand-in", ""
    disable_nagle_algorithm = True
    stale = False  # set by a fault: the next exchange on this connection is dropped
    timeout = 120

    def log_message(self, *_):
        pass

    # -- answers --

    def answer(self, status, body, kind="text/html; charset=utf-8", headers=()):
        data = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(data))), *headers):
            self.send_header(name, value)
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def page(self, status, title, body):
        self.answer(status, PAGE.format(title=html.escape(title), body=body))

    def document(self, status, value):
        self.answer(status, json.dumps(value), "application/json")

    # -- requests --

    def do_GET(self):
        self.platform = self.server.platform
        path, self.question, query = self.path.partition("?")
        body = self.read_body()
        for pattern, method in ((EXCHANGE, self.exchange), (JOIN, self.join), (LANDING, self.landing)):
            match = pattern.fullmatch(path)
            if match:
                return method(query, body, *match.groups())
        if path == "/":
            return self.index()
        if path.startswith("/elsewhere"):
            self.platform.note({"elsewhere": True, "method": self.command})
        if path.startswith("/api/"):
            self.platform.note({"stray": True, "method": self.command, "result": "no such call"})
        return self.page(404, "Not found", "<p>There is nothing here.</p>")

    do_POST = do_HEAD = do_PUT = do_DELETE = do_OPTIONS = do_PATCH = do_GET

    def read_body(self):
        length = self.headers.get("Content-Length", "0")
        if self.headers.get("Transfer-Encoding") or not length.isdigit() or int(length) > 65536:
            self.close_connection = True
            return b"?"
        return self.rfile.read(int(length))

    def index(self):
        rows = "".join(
            '<form method="post" action="/meetings/%s/join"><p>%s <button>Join</button></p></form>'
            % (meeting_id, html.escape(title))
            for meeting_id, (_, title) in self.platform.meetings.items()
        )
        self.page(200, "Meetings", rows)

    def join(self, _query, body, meeting_id):
        """Issues a request token and sends the browser to the authorization service."""
        meeting = self.platform.meeting(meeting_id)
        if self.command != "POST" or not meeting:
            return self.page(404, "Not found", "<p>No such meeting.</p>")
        lifetime = 0 if meeting_id.startswith("fault-expired") else self.platform.options.lifetime
        question = {
            "hostname": self.platform.options.hostname,
            "meetingId": meeting_id,
            "meetingToken": meeting[0],
            "requestToken": self.platform.issue(self.platform.requests, meeting_id, lifetime),
        }
        culture = urllib.parse.parse_qs(body.decode("ascii", "replace")).get("culture")
        if culture:
            question["culture"] = culture[0]
        query = urllib.parse.urlencode(question, quote_via=urllib.parse.quote)
        location = "%s?%s" % (self.platform.options.auth_url, query)
        return self.answer(302, "", headers=[("Location", location)])

    def landing(self, query, _body, meeting_token):
        """Checks the access token, once, and greets."""
        values = urllib.parse.parse_qs(query, keep_blank_values=True)
        tokens = values.get("meetingAccessToken", [])
        reason = "no access token" if self.command == "GET" else "wrong method"
        if self.command == "GET" and len(tokens) == 1:
            issued_for = self.platform.accesses.get(tokens[0], ("", 0))[0]
            meeting = self.platform.meeting(issued_for)
            reason = "token of another meeting"
            if not meeting or meeting[0] == meeting_token:
                reason = self.platform.take(self.platform.accesses, tokens[0], issued_for)
        self.platform.note({"landing": True, "result": reason or "welcome"})
        if reason:
            return self.page(403, "You cannot join", "<p>%s</p>" % html.escape(reason))
        name = values.get("participantName", [""])[0]
        email = values.get("participantEmail", [""])[0]
        welcome = "<p>Welcome, <strong id=\"name\">%s</strong> <span id=\"email\">%s</span></p>"
        return self.page(200, "In the meeting", welcome % (html.escape(name), html.escape(email)))

    # -- the exchange --

    def exchange(self, query, body, secret, meeting_id, token):
        entry = {"exchange": True, "method": self.command, "key": None, "traceparent": self.headers.get_all("traceparent")}
        try:
            self.agreed(query, body)
            secret, meeting_id, token = decoded(secret), decoded(meeting_id), decoded(token)
            entry.update(meetingId=meeting_id, token=token_hash(token))
            entry["key"] = self.platform.key_number(secret)
            if self.stale:
                self.platform.note({**entry, "result": "dropped"})
                return faults.drop(self)
            access = self.grant(entry["key"], meeting_id, token)
        except Refusal as refusal:
            self.platform.note({**entry, "result": str(refusal)})
            message = {"responseCode": refusal.code, "responseMessage": str(refusal)}
            return self.document(self.platform.options.refuse_with, message)
        self.platform.note({**entry, "result": "granted"})
        good = {"responseCode": 0, "data": {"meetingId": meeting_id, "accessToken": access}}
        if self.platform.options.any_meeting and meeting_id.startswith("fault-"):
            return faults.misbehave(self, meeting_id, good)
        return self.document(200, good)

    def agreed(self, query, body):
        """The form of the call, as the platform's document has it."""
        if self.command != "GET":
            raise Refusal(MALFORMED, "not a GET")
        if self.question or query:
            raise Refusal(MALFORMED, "a query")
        if body or "Transfer-Encoding" in self.headers:
            raise Refusal(MALFORMED, "a body")
        if self.headers.get_all("Accept") != ["application/json"]:
            raise Refusal(MALFORMED, "no Accept: application/json")
        for name in ("Cookie", "Authorization", "Referer", "Origin", "Proxy-Authorization"):
            if name in self.headers:
                raise Refusal(MALFORMED, "a header that is none of ours: " + name)

    def grant(self, key, meeting_id, token):
        if not key:
            raise Refusal(WRONG_KEY, "wrong API key")
        if not self.platform.meeting(meeting_id):
            raise Refusal(UNKNOWN_MEETING, "unknown meeting")
        reason = self.platform.take(self.platform.requests, token, meeting_id)
        if reason:
            raise Refusal(BAD_TOKEN, reason)
        return self.platform.issue(self.platform.accesses, meeting_id, self.platform.options.lifetime)


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 1024
    context = None

    def get_request(self):
        connection, address = super().get_request()
        if self.context:  # the handshake happens in the thread, at the first read
            connection = self.context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address

    def handle_error(self, request, client_address):
        """A peer that went away is everyday here; anything else is a mistake in this file."""
        if not isinstance(sys.exc_info()[1], (OSError, ValueError)):
            super().handle_error(request, client_address)


def arguments():
    parser = argparse.ArgumentParser(description="A stand-in meeting platform.")
    parser.add_argument("--listen", default="127.0.0.1:0", metavar="HOST:PORT")
    parser.add_argument("--auth-url", required=True, help="where Join sends the browser")
    parser.add_argument("--hostname", required=True, help="the host name it gives for itself")
    parser.add_argument("--key-file", required=True, help="the API keys it takes, one a line")
    parser.add_argument("--tls-cert")
    parser.add_argument("--tls-key")
    parser.add_argument("--ledger", help="file that gets a JSON line for every exchange it sees")
    parser.add_argument("--lifetime", type=float, default=300, help="of tokens, in seconds")
    parser.add_argument("--refuse-with", type=int, default=200, choices=(200, 401, 403))
    parser.add_argument("--any-meeting", action="store_true", help="for tests; see above")
    return parser.parse_args()


def main():
    options = arguments()
    host, _, port = options.listen.rpartition(":")
    Server.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
    server = Server((host.strip("[]"), int(port)), Handler)
    server.platform = Platform(options)
    if options.tls_cert:
        server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.context.load_cert_chain(options.tls_cert, options.tls_key)
    print("listening on %s:%d" % (host, server.server_address[1]), flush=True)
    try:
        server.serve_forever(poll_interval=3600)
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
