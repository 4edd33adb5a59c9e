# SPDX-License-Identifier: MIT
"""Networks that misbehave, on addresses of loopback of their own: name servers, addresses that swallow
connections, and a meetauthd that sees another hosts file and resolv.conf (root only)."""

import os
import random
import socket
import struct
import threading

import pytest

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="mount namespaces and port 53 need root")


def own_address():
    """Somewhere in 127.0.0.0/8 where nobody else listens."""
    return "127.%d.%d.%d" % (random.randint(1, 254), random.randint(0, 254), random.randint(1, 254))


class NameServer:
    """Answers A questions from `records` (name -> addresses) after `delay` seconds; other names do not
    exist. While `silent` it takes questions and says nothing."""

    def __init__(self, records=None, delay=0, silent=False, ttl=1):
        self.address = own_address()
        self.records, self.delay, self.silent, self.ttl = records or {}, delay, silent, ttl
        self.questions = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((self.address, 53))
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                question, sender = self.socket.recvfrom(4096)
            except OSError:
                return
            if question:
                threading.Timer(self.delay, self.answer, (question, sender)).start()

    def answer(self, question, sender):
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        name, kind = ".".join(labels).lower(), struct.unpack(">H", question[at + 1:at + 3])[0]
        self.questions.append((name, kind))
        if self.silent:
            return
        found = self.records.get(name)
        answers = [socket.inet_aton(address) for address in found or []] if kind == 1 else []
        header = question[:2] + struct.pack(">HHHHH", 0x8180 if found is not None else 0x8183, 1, len(answers), 0, 0)
        body = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, self.ttl, 4) + raw for raw in answers)
        try:
            self.socket.sendto(header + question[12:at + 5] + body, sender)
        except OSError:
            pass

    def close(self):
        self.socket.close()


class SilentAddress:
    """A port whose backlog is full: it swallows what wants to connect."""

    def __init__(self, address="127.0.0.1", port=0):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((address, port))
        self.listener.listen(0)
        self.address, self.port = self.listener.getsockname()
        self.fill = []
        for _ in range(6):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex((self.address, self.port))
            self.fill.append(one)

    def close(self):
        for one in [self.listener, *self.fill]:
            one.close()


class HangingServer:
    """Accepts connections and says nothing: a TLS handshake hangs."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self.listener.getsockname()[1]
        self.accepted = []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                self.accepted.append(self.listener.accept()[0])
            except OSError:
                return

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        for one in [self.listener, *self.accepted]:
            one.close()


def see_files(rig, hosts="", resolv="nameserver 127.0.0.1\n"):
    """meetauthd of the rig will see these in the place of /etc/hosts and /etc/resolv.conf. Files of its
    folder: write to them and it sees that."""
    script = ""
    for name, text in (("hosts", "127.0.0.1 localhost\n" + hosts), ("resolv.conf", resolv)):
        with open("%s/%s" % (rig.folder, name), "w", encoding="utf-8") as file:
            file.write(text)
        script += "mount --bind %s/%s /etc/%s && " % (rig.folder, name, name)
    rig.wrapper = ["unshare", "-m", "sh", "-c", script + 'exec "$@"', "sh"]
