#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A stand-in for BigBlueButton's API: create, getMeetingInfo and join, as strict about checksums as the
real one (the algorithm by the length of the hex, each only where it is supported; the query exactly as
it came, the checksum last), with its answers and message keys. A meeting whose id begins with "fault-"
misbehaves. Secrets are read from a file at each call, one a line. Standard library only."""

import sys

sys.path.append(sys.path.pop(0))  # this folder has a module named like one of the standard library

import argparse
import hashlib
import http.server
import json
import re
import threading
import time
import urllib.parse
from xml.sax.saxutils import escape

LENGTHS = {40: "sha1", 64: "sha256", 96: "sha384", 128: "sha512"}
KNOWN = {
    "create": {"name", "meetingID", "attendeePW", "moderatorPW", "guestPolicy"},
    "getMeetingInfo": {"meetingID"},
    "join": {"fullName", "meetingID", "role", "createTime", "userID", "guest"},
}


class Failed(Exception):
    def __init__(self, key, message):
        super().__init__(message)
        self.key = key


class Server(http.server.ThreadingHTTPServer):
    def __init__(self, options):
        super().__init__(("127.0.0.1", options.port), Handler)
        self.options = options
        self.meetings = {}  # meetingID → what create was given, and createTime
        self.lock = threading.Lock()

    def note(self, **entry):
        with self.lock, open(self.options.ledger, "a", encoding="utf-8") as ledger:
            ledger.write(json.dumps(entry) + "\n")

    def secrets(self):
        with open(self.options.secrets, encoding="utf-8") as file:
            return [line for line in file.read().split("\n") if line]

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def xml(fields):
    return "<response>" + "".join("<%s>%s</%s>" % (name, escape(str(value)), name) for name, value in fields) + "</response>"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "stand-in", ""

    def log_message(self, *_):
        pass

    def answer(self, status, body, kind="text/xml;charset=utf-8", headers=()):
        data = body.encode()
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(data))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        parts = urllib.parse.urlsplit(self.path)
        call = re.fullmatch("/bigbluebutton/api/([A-Za-z]+)", parts.path)
        if not call:
            return self.answer(200 if parts.path == "/" else 404, "<p>BigBlueButton</p>", "text/html")
        try:
            values = self.check(call[1], parts.query)
            self.server.note(call=call[1], meeting=values.get("meetingID"), result="good", algorithm=self.algorithm)
            fault = re.match("fault-([a-z0-9-]+)", values.get("meetingID", ""))
            if fault and call[1] != "join":
                return self.misbehave(fault[1])
            return getattr(self, "do_" + call[1])(values)
        except Failed as failure:
            self.server.note(call=call[1], result=failure.key)
            return self.answer(200, xml([("returncode", "FAILED"), ("messageKey", failure.key), ("message", failure)]))

    def check(self, call, query):
        """The checksum, then the parameters: each known, and once."""
        signed, found, checksum = query.rpartition("&checksum=")
        if call not in KNOWN:
            raise Failed("unsupportedRequest", "This request is not supported.")
        self.algorithm = LENGTHS.get(len(checksum))
        if not found or not re.fullmatch("[0-9a-f]+", checksum) or self.algorithm not in self.server.options.algorithms.split(","):
            raise Failed("checksumError", "Checksums do not match")
        for number, secret in enumerate(self.server.secrets(), 1):
            if hashlib.new(self.algorithm, (call + signed + secret).encode()).hexdigest() == checksum:
                self.secret_number = number
                break
        else:
            raise Failed("checksumError", "Checksums do not match")
        pairs = urllib.parse.parse_qsl(signed, keep_blank_values=True, strict_parsing=True, errors="strict")
        values = dict(pairs)
        unknown = set(values) - KNOWN[call]
        if unknown or len(values) != len(pairs):
            raise Failed("validationError", "unknown or repeated: %s" % unknown)
        if not re.fullmatch("[^,]{2,256}", values.get("meetingID", "")):
            raise Failed("missingParamMeetingID", "You must specify a meeting ID.")
        return values

    def do_create(self, values):
        if not 2 <= len(values.get("name", "")) <= 64:
            raise Failed("missingParamName", "You must specify a name.")
        with self.server.lock:
            there = self.server.meetings.get(values["meetingID"])
            if there and (there.get("attendeePW"), there.get("moderatorPW")) != (values.get("attendeePW"), values.get("moderatorPW")):
                raise Failed("idNotUnique", "A meeting already exists with that meeting ID.")
            if not there:
                self.server.meetings[values["meetingID"]] = {**values, "createTime": int(time.time() * 1000)}
        self.describe(values["meetingID"], [("messageKey", "duplicateWarning" if there else "")])

    def do_getMeetingInfo(self, values):
        if values["meetingID"] not in self.server.meetings:
            raise Failed("notFound", "A meeting with that ID does not exist")
        self.describe(values["meetingID"], [])

    def describe(self, meeting, more):
        created = self.server.meetings[meeting]["createTime"]
        attendees = "<attendees><attendee><userID>x</userID><createTime>1</createTime></attendee></attendees>"
        body = xml([("returncode", "SUCCESS"), ("meetingID", meeting), ("internalMeetingID", "i-%d" % created), ("createTime", created), *more])
        self.answer(200, body.replace("</response>", attendees + "</response>"))

    def do_join(self, values):
        if not values.get("fullName"):
            raise Failed("missingParamFullName", "You must specify a name.")
        if len(values["fullName"]) > 100 or len(values.get("userID", "")) > 50:  # what the client and the database of 3.0 take
            raise Failed("validationError", "too long: fullName, or userID")
        there = self.server.meetings.get(values["meetingID"])
        if not there:
            raise Failed("invalidMeetingIdentifier", "The meeting ID that you supplied did not match any existing meetings")
        if values.get("role") not in ("MODERATOR", "VIEWER"):
            raise Failed("invalidPassword", "You must give a role or a password")
        if values.get("createTime") != str(there["createTime"]):
            raise Failed("mismatchCreateTimeParam", "The createTime parameter submitted mismatches with the current meeting.")
        if values.get("guest", "true") != "true":
            raise Failed("validationError", "do not send guest")
        self.answer(200, xml([("returncode", "SUCCESS"), *sorted(values.items())]))

    def misbehave(self, fault):
        meeting = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)["meetingID"][0]
        good = [("returncode", "SUCCESS"), ("meetingID", meeting), ("createTime", 1)]
        bodies = {
            "empty": "", "html": "<p>no</p>", "json": '{"response":{"returncode":"SUCCESS"}}', "cut": xml(good)[:-4],
            "other": xml([good[0], ("meetingID", "another"), good[2]]), "no-time": xml(good[:2]), "no-code": xml(good[1:]),
            "bad-time": xml(good[:2] + [("createTime", "1&role=MODERATOR")]), "twice": xml(good + [("createTime", 2)]),
            "entity": '<!DOCTYPE r [<!ENTITY a "SUCCESS">]><response><returncode>&a;</returncode></response>',
            "unknown": xml([("returncode", "FAILED"), ("messageKey", "somethingNew"), ("message", "canary-of-the-server")]),
        }
        if fault == "hang":
            time.sleep(30)
        elif fault == "close":
            self.close_connection = True
        elif fault == "redirect":
            self.answer(302, "", headers=[("Location", "http://127.0.0.1:%d/elsewhere" % self.server.server_port)])
        elif fault == "status":
            self.answer(500, xml(good))
        elif fault in ("limit", "away"):
            self.answer(429 if fault == "limit" else 503, "", headers=[("Retry-After", "7")])
        elif fault == "big":
            self.answer(200, xml(good + [("filler", "x" * 5000000)]))
        elif fault == "crowd":  # none: some thousand people are there
            self.answer(200, xml(good + [("fullName", "x" * 500)] * 2500))
        else:
            self.answer(200, bodies[fault])


def main():
    parser = argparse.ArgumentParser(description="A stand-in for BigBlueButton.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--secrets", required=True, help="file with the secrets it takes, one a line")
    parser.add_argument("--ledger", required=True, help="file that gets a JSON line for each call")
    parser.add_argument("--algorithms", default="sha1,sha256,sha384,sha512")
    server = Server(parser.parse_args())
    print("listening on 127.0.0.1:%d" % server.server_port, flush=True)
    server.serve_forever(poll_interval=3600)


if __name__ == "__main__":
    main()
