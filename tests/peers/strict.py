# SPDX-License-Identifier: MIT
"""What the stand-ins of webex.py, skype.py and ucwa.py share: a server in this process that knows its
calls by name, refuses what the documents do not have, keeps a ledger, and misbehaves when told to."""

import contextlib
import http.server
import json
import socket
import sys
import threading
import urllib.parse

CANARY = "canary-of-the-server"
FAULTS = ("hang", "close", "redirect", "status", "big", "empty", "html", "json", "list", "cut", "twice")
BUSY = {"limit": 429, "away": 503}  # with Retry-After: 7


class Refused(Exception):
    """An answer other than 200; `headers` are pairs."""

    def __init__(self, status, body=None, headers=(), kind="application/json"):
        super().__init__(status)
        self.status, self.body, self.headers, self.kind = status, body, headers, kind


class Request:
    def __init__(self, handler):
        parts = urllib.parse.urlsplit(handler.path)
        self.method, self.target, self.path, self.query = handler.command, handler.path, parts.path, parts.query
        self.headers = handler.headers
        self.body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0)).decode()

    @property
    def bearer(self):
        kind, _, token = (self.headers.get("Authorization") or "").partition(" ")
        return token if kind == "Bearer" else None

    def form(self):
        pairs = urllib.parse.parse_qsl(self.body, strict_parsing=True, keep_blank_values=True)
        assert len(dict(pairs)) == len(pairs), "a field twice"
        return dict(pairs)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "stand-in", ""

    def log_message(self, *_):
        pass

    def answer(self, status, body, kind, headers=(), length=None):
        data = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        if kind:
            self.send_header("Content-Type", kind)
        for name, value in (("Content-Length", str(len(data) if length is None else length)), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    served = 0  # requests of this connection

    def serve(self):
        peer, request = self.server.peer, Request(self)
        self.served += 1
        if peer.short_lived and self.served > 1:
            peer.dropped.append(request)
            self.close_connection = True
            return None
        name, call = peer.find(request)
        peer.ledger.append((name, request))
        if request.path == "/" and not call:
            return self.answer(200, "<p>front page</p>", "text/html")
        try:
            if not call:
                raise Refused(404, {"message": CANARY})
            peer.arrived.set()
            status, body, kind, headers = 200, None, "application/json", ()
            try:
                body = call(request)
            except Refused as refused:
                status, body, kind, headers = refused.status, refused.body, refused.kind, refused.headers
            if isinstance(body, tuple):
                kind, body = body
            text = body if isinstance(body, str) else json.dumps(body)
            fault = peer.fault_of(name, request)
            if fault == "close":
                peer.unanswered.append(request)
            return self.misbehave(fault, status, text, kind, headers)
        except Refused as refused:
            return self.answer(refused.status, json.dumps(refused.body), "application/json", refused.headers)
        except (AssertionError, ValueError, KeyError) as fault:
            peer.violations.append("%s: %r" % (name, fault))
            return self.answer(400, json.dumps({"message": CANARY}), "application/json")

    do_GET = do_POST = do_PUT = do_DELETE = serve

    def misbehave(self, fault, status, text, kind, headers):
        peer = self.server.peer
        if callable(fault):
            return self.answer(status, fault(text), kind, headers)
        if isinstance(fault, int):
            return self.answer(fault, json.dumps({"message": CANARY, "errors": [{"description": CANARY}]}), "application/json")
        if fault == "hang":
            peer.released.wait(300)
            self.close_connection = True
        elif fault == "close":
            self.close_connection = True
        elif fault == "redirect":
            self.answer(302, CANARY, "text/html", (("Location", peer.trap.url + "/stolen"),))
        elif fault == "status":
            self.answer(500, CANARY, "text/html")
        elif fault in BUSY:
            self.answer(BUSY[fault], json.dumps({"message": CANARY}), "application/json", (("Retry-After", "7"),))
        elif fault == "big":
            self.answer(200, json.dumps({"padding": CANARY * 40000}), kind)
        elif fault == "empty":
            self.answer(200, "", kind)
        elif fault == "html":
            self.answer(200, "<html>%s</html>" % CANARY, "text/html")
        elif fault == "json":
            self.answer(200, '{"%s": ' % CANARY, kind)
        elif fault == "list":
            self.answer(200, json.dumps([CANARY]), kind)
        elif fault == "cut":
            self.answer(200, text[: len(text) // 2], kind, headers, len(text) + 10)
            self.close_connection = True
        elif fault == "twice":
            self.answer(200, text[:-1] + ", " + text[1:] if text.startswith("{") else text + text, kind)
        else:
            assert fault is None, fault
            self.answer(status, text, kind, headers)
        return None


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    connections = ()

    def process_request(self, request, client_address):
        self.connections = [*self.connections, request]
        super().process_request(request, client_address)

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Peer:
    """calls: (method, path or a test of it, name) → a function of the request that returns the answer
    (an object for JSON, or (media type, text)) or raises Refused. An AssertionError in it is a violation of
    the documents by the client, which check() tells."""

    calls = ()

    def __init__(self):
        self.ledger, self.violations, self.faults, self.only = [], [], {}, ""
        self.released, self.arrived = threading.Event(), threading.Event()
        self.short_lived, self.dropped = False, []  # each connection dies under its second request
        self.unanswered = []  # requests after which the connection was closed: a client may repeat them
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.peer = self
        self.port = self.server.server_address[1]
        self.host = "127.0.0.1:%d" % self.port
        self.url = "http://" + self.host
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.reset()
        self.thread.start()

    def reset(self):
        """Everything that a test may have turned is as it was at first."""

    def find(self, request):
        for method, path, name in self.calls:
            if method == request.method and (path(request.path) if callable(path) else path == request.path):
                return name, getattr(self, name)
        return None, None

    def fault_of(self, name, request):
        return self.faults.get(name) if self.only in request.target + request.body else None

    def asked(self, name=None):
        """The requests of a call; of all."""
        return [request for call, request in self.ledger if name in (None, call)]

    def names(self):
        return [call for call, _ in self.ledger]

    @contextlib.contextmanager
    def fault(self, only="", **faults):
        """Faults of calls by their names; `only` where the request has that text in it."""
        self.faults, self.only = faults, only
        self.released.clear()
        try:
            yield
        finally:
            self.faults, self.only = {}, ""
            self.released.set()

    def check(self):
        assert not self.violations, self.violations

    def stop(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        for connection in self.server.connections:  # also those that are kept
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.thread.join()


class Trap(Peer):
    """A host that nobody may ever ask."""

    def check(self):
        assert not self.ledger, [request.target for _, request in self.ledger]
