# SPDX-License-Identifier: MIT
"""How the stand-in platform misbehaves in the exchange, chosen by the meeting id:
"fault-NAME", "fault-NAME-NUMBER", each with "_ANYTHING" behind it to tell meetings apart."""

import email.utils
import gzip
import json
import os
import re
import select
import socket
import struct
import time
import urllib.parse

ENDLESS_SECONDS = 60  # nothing here goes on for longer


def drop(handler):
    """Closes without an answer."""
    handler.close_connection = True


def reset(handler):
    """Closes with a TCP reset."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.rfile.close()
    handler.connection.close()


def raw(handler, data):
    """Writes bytes as they are and closes."""
    handler.close_connection = True
    handler.wfile.write(data if isinstance(data, bytes) else data.encode())


def hang(handler):
    """Says nothing until the peer has left."""
    select.select([handler.connection], [], [], ENDLESS_SECONDS)
    handler.close_connection = True


def hold(handler, good):
    """A good answer, once the test has written the file; nothing where the peer leaves before."""
    while not os.path.exists(handler.platform.options.ledger + ".release"):
        if select.select([handler.connection], [], [], 0.02)[0]:
            handler.close_connection = True
            return
    handler.document(200, good)


def repeat(handler, data, pause=0.0):
    until = time.monotonic() + ENDLESS_SECONDS
    handler.close_connection = True
    while time.monotonic() < until:
        handler.wfile.write(data)
        time.sleep(pause)


def slow(handler, good, milliseconds):
    time.sleep(milliseconds / 1000)
    handler.document(200, good)


def drip(handler, good, _):
    """A good answer, a byte at a time: each byte in time, the whole never."""
    raw(handler, b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 65000\r\n\r\n{")
    repeat(handler, b" ", 0.05)


def cut(handler, good, _):
    """Closes in mid-body."""
    raw(handler, b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n")
    raw(handler, json.dumps(good)[:40])


def big(handler, good, _):
    """A good answer, but 10 MB of it."""
    handler.answer(200, json.dumps(good) + " " * 10_000_000, "application/json")


def endless(handler, good, _):
    raw(handler, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    repeat(handler, b"400\r\n" + b" " * 0x400 + b"\r\n")


def endless_headers(handler, good, _):
    raw(handler, b"HTTP/1.1 200 OK\r\n")
    repeat(handler, b"X-More: " + b"a" * 1000 + b"\r\n")


def packed(handler, good, _):
    """gzip, which nobody asked for."""
    assert handler.headers["Accept-Encoding"] == "identity", handler.headers
    body = gzip.compress(json.dumps(good).encode())
    handler.answer(200, body, "application/json", [("Content-Encoding", "gzip")])


def bomb(handler, good, _):
    """Claims gzip, which nobody asked for; 20 MB unpacked."""
    packed = gzip.compress(json.dumps(good).encode() + b" " * 20_000_000)
    handler.answer(200, packed, "application/json", [("Content-Encoding", "gzip")])


def redirect(handler, good, status):
    """Elsewhere is another name for this same machine, so following it is seen in the ledger."""
    port = handler.server.server_address[1]
    location = "http://localhost:%d/elsewhere%s" % (port, handler.path)
    handler.answer(status, json.dumps(good), "application/json", [("Location", location)])


def status(handler, good, number):
    """A good answer under another status. 204 has no body by definition."""
    if number == 204:
        return raw(handler, b"HTTP/1.1 204 No Content\r\n\r\n")
    return handler.document(number, good)


def token(handler, good, access):
    """A good answer with an access token of our making, which /join then knows."""
    table = handler.platform.accesses
    if isinstance(access, str):
        table[access] = table.pop(good["data"]["accessToken"])
    good["data"]["accessToken"] = access
    handler.document(200, good)


def stale(handler, good, _):
    """Answers well, and drops the next request on this connection after reading it: a kept connection
    that dies under a request, which a client must not send again."""
    handler.stale = True
    handler.document(200, good)


def extra(handler, good, _):
    """Two answers to one question: the second must not become that of the next request."""
    body = json.dumps(good)
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    handler.wfile.write(((head % len(body) + body) * 2).encode())


def silent_close(handler, good, _):
    """Answers well and closes without having said so."""
    handler.document(200, good)
    handler.close_connection = True


def interim(handler, good, _):
    handler.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
    handler.document(200, good)


def changed(**changes):
    """A good answer with members replaced; None as a name's value takes it out."""

    def fault(handler, good, _):
        for name, value in changes.items():
            place = good["data"] if name in good.get("data", {}) else good
            if value is MISSING:
                place.pop(name)
            else:
                place[name] = value
        handler.document(200, good)

    return fault


def text(make, kind="application/json"):
    """A body that `make` makes of the good answer's text."""

    def fault(handler, good, _):
        handler.answer(200, make(json.dumps(good)), kind)

    return fault


def with_token(access):
    return lambda handler, good, _: token(handler, good, access)


MISSING = object()
TWICE = '"responseCode": -4, "responseCode"'

FAULTS = {
    # the connection
    "slow": slow,  # milliseconds
    "hang": lambda handler, good, _: hang(handler),
    "hold": lambda handler, good, _: hold(handler, good),
    "close": lambda handler, good, _: drop(handler),
    "reset": lambda handler, good, _: reset(handler),
    "cut": cut,
    "drip": drip,
    "stale": stale,
    "silent-close": silent_close,
    "extra": extra,
    # the framing
    "endless": endless,
    "endless-headers": endless_headers,
    "chunks": lambda handler, good, _: raw(
        handler, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n-5\r\n"
    ),
    "garbage": lambda handler, good, _: raw(handler, b"SSH-2.0-OpenSSH_9.2\r\n" * 3),
    "interim": interim,
    "big": big,
    "bomb": bomb,
    "gzip": packed,
    # the status
    "redirect": redirect,  # status
    "status": status,  # status
    # the document
    "html": lambda handler, good, _: handler.page(200, "Maintenance", "<p>Back soon</p>"),
    "kind": text(lambda body: body, "text/plain"),
    "empty": text(lambda body: ""),
    "truncated": text(lambda body: body[:-9]),
    "array": text(lambda body: "[%s]" % body),
    "string": text(lambda body: '"0"'),
    "deep": text(lambda body: '{"responseCode":0,"data":' + "[" * 30000 + "]" * 30000 + "}"),
    "twice": text(lambda body: body.replace('"responseCode"', TWICE)),
    "trailing": text(lambda body: body + body),
    "not-utf8": text(lambda body: body.encode().replace(b'"meetingId": "', b'"meetingId": "\xff\xfe')),
    "nul": text(lambda body: body.replace('"accessToken": "', '"accessToken": "\\u0000')),
    "raw-nul": text(lambda body: body + "\0"),
    "no-code": changed(responseCode=MISSING),
    "no-data": changed(data=MISSING),
    "no-meeting": changed(meetingId=MISSING),
    "no-token": changed(accessToken=MISSING),
    "data-null": changed(data=None),
    "data-text": changed(data="accessToken"),
    "wrong-meeting": changed(meetingId="another"),
    "meeting-number": changed(meetingId=5),
    "code-text-0": changed(responseCode="0"),
    "code-text-minus-4": changed(responseCode="-4"),
    "code-text-empty": changed(responseCode=""),
    "code-text-00": changed(responseCode="00"),
    "code-null": changed(responseCode=None),
    "code-false": changed(responseCode=False),
    "code-fraction": changed(responseCode=1.5),
    "code-zero-fraction": changed(responseCode=0.5),
    "code-huge": changed(responseCode=2**64),
    "code-minus-99": changed(responseCode=-99),
    "code-array": changed(responseCode=[0]),
    # a refusal in the platform's own words, some of which are the request's
    "words": lambda handler, good, _: handler.document(200, {"responseCode": -10, "responseMessage": "wrong API key"}),
    "echo": lambda handler, good, _: handler.document(200, {"responseCode": "-2", "responseMessage":
        'no "session"\nfor %s, key %s, %s' % (handler.path, urllib.parse.unquote(handler.path), "x" * 400)}),
    # the access token
    "token-amp": with_token("a&participantName=Mallory#x?y=z"),
    "token-percent": with_token("100%25+/=;:@\\\"'<b>"),
    "token-crlf": with_token("abc\r\nSet-Cookie: a=b"),
    "token-space": with_token("abc def"),
    "token-utf8": with_token("abc\u00e9"),
    "token-empty": with_token(""),
    "token-max": with_token("t" * 2048),
    "token-long": with_token("t" * 2049),
    "token-number": with_token(12345678),
    "token-null": with_token(None),
    "token-object": with_token({"value": "abc"}),
    # too much at a time: how long to wait
    "wait": lambda handler, good, status: handler.answer(status, json.dumps(good), "application/json", [("Retry-After", "7")]),
    "wait-day": lambda handler, good, _: handler.answer(429, "", "text/plain", [("Retry-After", "86400")]),
    "wait-date": lambda handler, good, _: handler.answer(
        503, "", "text/plain", [("Retry-After", email.utils.formatdate(time.time() + 60, usegmt=True))]),
    "wait-words": lambda handler, good, _: handler.answer(429, "", "text/plain", [("Retry-After", "soon")]),
    "expired": lambda handler, good, _: handler.document(200, good),  # never reached: see join()
}


def misbehave(handler, meeting_id, good):
    name = meeting_id[len("fault-") :].partition("_")[0]
    number = 0
    if name not in FAULTS and re.fullmatch(r".+-[0-9]+", name):
        name, _, digits = name.rpartition("-")
        number = int(digits)
    if name not in FAULTS:
        return handler.page(404, "Not found", "<p>No such fault.</p>")
    return FAULTS[name](handler, good, number)
