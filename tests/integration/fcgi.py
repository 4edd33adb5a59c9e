# SPDX-License-Identifier: MIT
"""A FastCGI client that may say anything (FastCGI Specification 1.0)."""

import re
import socket
import struct
import time

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, STDERR, DATA, GET_VALUES, VALUES = range(1, 11)
RESPONDER, AUTHORIZER, FILTER = 1, 2, 3
KEEP_CONN = 1


def record(kind, content=b"", request_id=1, version=1, padding=0):
    return struct.pack("!BBHHBx", version, kind, request_id, len(content), padding) + content + b"\0" * padding


def begin(role=RESPONDER, flags=0, request_id=1):
    return record(BEGIN, struct.pack("!HB5x", role, flags), request_id)


def length(number):
    return struct.pack("!B", number) if number < 128 else struct.pack("!I", number | 0x80000000)


def pairs(params):
    out = b""
    for name, value in params.items() if isinstance(params, dict) else params:
        name, value = name.encode(), value.encode()
        out += length(len(name)) + length(len(value)) + name + value
    return out


def params_for(path, method="GET", query="", body=b"", **more):
    """What nginx's stock fastcgi_params send."""
    return {
        "QUERY_STRING": query, "REQUEST_METHOD": method, "CONTENT_TYPE": more.pop("CONTENT_TYPE", ""),
        "CONTENT_LENGTH": str(len(body)) if body else "", "SCRIPT_NAME": path, "REQUEST_URI": path,
        "DOCUMENT_URI": path, "DOCUMENT_ROOT": "/usr/share/nginx/html", "SERVER_PROTOCOL": "HTTP/1.1",
        "REQUEST_SCHEME": "http", "GATEWAY_INTERFACE": "CGI/1.1", "SERVER_SOFTWARE": "nginx/1.22.1",
        "REMOTE_ADDR": "127.0.0.1", "REMOTE_PORT": "1234", "SERVER_ADDR": "127.0.0.1", "SERVER_PORT": "80",
        "SERVER_NAME": "external.example.org", "REDIRECT_STATUS": "200", "REQUEST_ID": "0" * 32, **more,
    }


def stream(kind, data, chunk=32768, request_id=1):
    parts = [record(kind, data[i : i + chunk], request_id) for i in range(0, len(data), chunk)]
    return b"".join(parts) + record(kind, b"", request_id)


def request(path="/auth/healthz", method="GET", query="", body=b"", flags=0, request_id=1, **more):
    """A whole request as nginx sends it."""
    params = {name: value for name, value in params_for(path, method, query, body, **more).items() if value is not None}
    return begin(RESPONDER, flags, request_id) + stream(PARAMS, pairs(params), request_id=request_id) + stream(STDIN, body, request_id=request_id)


def boundaries(data):
    """Where a record ends, 0 first."""
    at = [0]
    while at[-1] < len(data):
        size, padding = struct.unpack("!HB", data[at[-1] + 4 : at[-1] + 7])
        at.append(at[-1] + 8 + size + padding)
    return at


class Reply:
    """What came back until the other side closed: records, the CGI answer, how long it took."""

    def __init__(self, data, closed, seconds):
        self.closed, self.seconds, self.records = closed, seconds, []
        while len(data) >= 8:
            _, kind, request_id, size, padding = struct.unpack("!BBHHBx", data[:8])
            self.records.append((kind, request_id, data[8 : 8 + size]))
            data = data[8 + size + padding :]
        self.rest = data
        self.text = b"".join(content for kind, _, content in self.records if kind == STDOUT).decode()
        self.status = int(self.text[8:11]) if self.text.startswith("Status: ") else None
        self.ends = [content for kind, _, content in self.records if kind == END]
        found = re.search(r"(?m)^X-Request-Id: (\S+)\r$", self.text)
        self.id = found and found.group(1)

    def __repr__(self):
        return "<%s closed=%s %.1fs %r>" % (self.status, self.closed, self.seconds, self.records)


class Connection:
    def __init__(self, path, timeout=120):
        """A path, or the (host, port) of a TCP socket."""
        self.socket = socket.socket(socket.AF_UNIX if isinstance(path, str) else socket.AF_INET)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.unread = b""
        self.began = time.monotonic()

    def send(self, data):
        """Sends what the other side takes; that it has closed is for read() to tell."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return self

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)
        return self

    def reply(self):
        """Reads one answer and leaves the connection open: up to its FCGI_END_REQUEST, what came behind that stays for the next. Without one, what
        came until the other side closed."""
        at = 0
        while True:
            while len(self.unread) >= at + 8:
                size = at + 8 + int.from_bytes(self.unread[at + 4 : at + 6], "big") + self.unread[at + 6]
                if len(self.unread) < size:
                    break
                kind, at = self.unread[at + 1], size
                if kind == END:
                    data, self.unread = self.unread[:at], self.unread[at:]
                    return Reply(data, False, time.monotonic() - self.began)
            try:
                part = self.socket.recv(65536)
            except ConnectionResetError:
                part = b""
            if not part:
                data, self.unread = self.unread, b""
                return Reply(data, True, time.monotonic() - self.began)
            self.unread += part

    def read(self):
        """Reads until the other side closes."""
        data, closed = self.unread, False
        try:
            while True:
                part = self.socket.recv(65536)
                if not part:
                    closed = True
                    break
                data += part
        except TimeoutError:
            pass
        except ConnectionResetError:
            closed = True
        self.socket.close()
        return Reply(data, closed, time.monotonic() - self.began)

    def close(self):
        self.socket.close()


def ask(path, data, timeout=120):
    return Connection(path, timeout).send(data).read()
