# SPDX-License-Identifier: MIT
"""A proxy before a server that does to its answers what a toxic of TOXICS says. `toxic` may change at any time; connections that
are open then are closed, so that it holds for what comes next."""

import random
import select
import socket
import struct
import threading
import time

ENDLESS_SECONDS = 60  # nothing here goes on for longer
GARBAGE = random.Random(17).randbytes(3000)

# Answers come late, but they come.
HARMLESS = ("latency",)
TOXICS = {
    "close": "closes each connection at once",
    "reset": "resets the connection when the server answers",
    "cut": "closes after the first bytes of an answer, in the middle of a handshake where there is TLS",
    "half-close": "ends what the server sends before it sends anything",
    "drip": "passes a byte every 100 ms",
    "blackhole": "takes everything and says nothing",
    "garbage": "answers with random bytes",
    "oversized": "answers with bytes without end",
}


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Proxy:
    """Before a TCP server at a port of 127.0.0.1."""

    def __init__(self, port):
        self.server_port = port
        self.toxic = None
        self.open = set()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def set(self, toxic):
        self.toxic = toxic
        for connection in list(self.open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # its thread has just closed it

    def stop(self):
        self.set("close")
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.pass_on, args=(connection, self.toxic), daemon=True).start()

    def pass_on(self, client, toxic):
        self.open.add(client)
        try:
            with client:
                if toxic == "close":
                    return
                if toxic == "blackhole":
                    self.swallow(client)
                elif toxic in ("garbage", "oversized"):
                    client.recv(65536)
                    self.babble(client, endless=toxic == "oversized")
                else:
                    with socket.create_connection(("127.0.0.1", self.server_port)) as server:
                        self.exchange(client, server, toxic)
        except OSError:
            pass  # either side has left
        finally:
            self.open.discard(client)

    @staticmethod
    def swallow(client):
        until = time.monotonic() + ENDLESS_SECONDS
        while time.monotonic() < until and (not select.select([client], [], [], 1)[0] or client.recv(65536)):
            pass

    @staticmethod
    def babble(client, endless):
        until = time.monotonic() + ENDLESS_SECONDS
        client.sendall(GARBAGE)
        while endless and time.monotonic() < until:
            client.sendall(GARBAGE * 20)

    @staticmethod
    def exchange(client, server, toxic):
        if toxic == "half-close":
            client.shutdown(socket.SHUT_WR)
        while True:
            for source in select.select([client, server], [], [])[0]:
                data = source.recv(65536)
                if not data:
                    return
                if source is client:
                    server.sendall(data)
                elif toxic == "reset":
                    reset(client)
                    return
                elif toxic == "cut":
                    client.sendall(data[:len(data) // 2])
                    return
                elif toxic == "drip":
                    for byte in data:
                        client.sendall(bytes([byte]))
                        time.sleep(0.1)
                elif toxic != "half-close":
                    time.sleep(0.3 if toxic == "latency" else 0)
                    client.sendall(data)


class Datagrams:
    """Before a UDP server. A toxic of connections is what comes nearest: no answer, or a part of it."""

    def __init__(self, port):
        self.server_port = port
        self.toxic = None
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.over = False
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def set(self, toxic):
        self.toxic = toxic

    def stop(self):
        self.over = True
        self.thread.join(20)
        self.socket.close()

    def serve(self):
        while not self.over:
            if select.select([self.socket], [], [], 0.1)[0]:
                data, address = self.socket.recvfrom(65536)
                threading.Thread(target=self.pass_on, args=(data, address, self.toxic), daemon=True).start()

    def pass_on(self, data, address, toxic):
        if toxic in ("garbage", "oversized"):
            self.socket.sendto(GARBAGE * (1 if toxic == "garbage" else 20), address)
        if toxic in (None, "latency", "cut", "drip", "reset"):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
                server.settimeout(ENDLESS_SECONDS)
                server.sendto(data, ("127.0.0.1", self.server_port))
                answer = server.recv(65536)
            time.sleep(0.3 if toxic == "latency" else 0)
            if toxic in (None, "latency"):
                self.socket.sendto(answer, address)
            elif toxic == "cut":
                self.socket.sendto(answer[:len(answer) // 2], address)
            elif toxic == "drip":
                for byte in answer:
                    self.socket.sendto(bytes([byte]), address)
