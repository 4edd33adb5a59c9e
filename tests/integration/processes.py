# SPDX-License-Identifier: MIT
"""Requests that reach a certain process of a pool. nginx keeps its connections, so any number of requests through it may reach one process."""

import http.client
import io
import os
import re
import subprocess
import threading

from client import Answer
from fcgi import KEEP_CONN, Connection, request
from rig import ENVIRONMENT, wait_for


class Reply:
    """A FastCGI answer in the shape that client.Answer reads."""

    def __init__(self, reply):
        head, _, body = reply.text.encode().partition(b"\r\n\r\n")
        self.status, self.body = reply.status, body
        self.headers = http.client.parse_headers(io.BytesIO(head + b"\r\n\r\n"))

    def read(self):
        return self.body


class Process:
    """A process of the pool, and a connection that it has accepted."""

    def __init__(self, connection):
        self.connection = connection

    def send(self, method, target, headers=(), body=b"", source=None):
        """As rig.send, past nginx."""
        path, _, query = target.partition("?")
        params = {"HTTP_" + name.upper().replace("-", "_"): value for name, value in headers}
        params["CONTENT_TYPE"] = params.pop("HTTP_CONTENT_TYPE", "")
        params.pop("HTTP_CONTENT_LENGTH", None)
        data = request(path, method, query, body, KEEP_CONN, REMOTE_ADDR=source or "127.0.0.1", **params)
        return Answer(Reply(self.connection.send(data).reply()))


def owners(connections):
    """The process that has accepted each of the connections to the pool's socket, as `ss` knows it."""
    listed = subprocess.run(["ss", "-xpHn"], capture_output=True, text=True, env=ENVIRONMENT, timeout=300, check=True).stdout
    by_peer = dict(re.findall(r" \* (\d+) +users:.*?pid=(\d+)", listed))
    return [int(by_peer.get(str(os.fstat(each.socket.fileno()).st_ino), 0)) for each in connections]


def processes_of(rig):
    """All processes of the pool. The kernel deals the connections out, so this connects until each process has accepted one."""
    found = {}

    def complete():
        more = [Connection(rig.socket).send(request("/auth/healthz", flags=KEEP_CONN)) for _ in range(4)]
        assert [each.reply().status for each in more] == [200] * len(more)
        for pid, connection in zip(owners(more), more):
            if pid in found or not pid:
                connection.close()
            else:
                found[pid] = connection
        return set(rig.daemons()) <= set(found)

    wait_for(complete, "a connection to each process")
    return [Process(connection) for connection in found.values()]


def everywhere(rig, condition):
    """Whether condition() is true in each process of the pool. What the rig and its visitors ask from there reaches this process; other threads go
    through nginx as ever."""
    asking, through_nginx = threading.get_ident(), rig.send
    processes = processes_of(rig)

    def send(*arguments):
        return (process.send if threading.get_ident() == asking else through_nginx)(*arguments)

    rig.send = send
    try:
        for process in processes:
            if not condition():
                return False
        return True
    finally:
        del rig.send
        for process in processes:
            process.connection.close()
