# SPDX-License-Identifier: MIT
"""A service manager for one unit file: it holds the socket, starts the unit's own commands with what systemd gives them, and
hears what they report. systemd itself needs to be the first process of a machine."""

import os
import re
import shlex
import signal
import socket
import subprocess

from rig import ENVIRONMENT, MEETAUTHD, TOP, wait_for

UNITS = TOP + "/deploy/systemd/"


def read_unit(name):
    """The unit's settings in order: (section, key, value)."""
    found, section = [], None
    with open(UNITS + name, encoding="utf-8") as file:
        for line in file.read().splitlines():
            if line.startswith("["):
                section = line.strip("[]")
            elif line and not line.startswith("#"):
                key, _, value = line.partition("=")
                found.append((section, key, value))
    return found


def values(unit, key):
    return [value for _, name, value in unit if name == key]


class Manager:
    """Runs a service unit with the paths of a rig; `rig.pool` stays None, and nginx asks the socket as ever."""

    def __init__(self, rig, unit, listens=None):
        self.rig, self.unit = rig, read_unit(unit)
        self.messages = []
        self.process = None
        self.listen_fds = "1"
        self.ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.ear.bind(rig.folder + "/notify")
        self.ear.setblocking(False)
        self.socket = None
        if listens:
            (path,) = values(read_unit(listens), "ListenStream")
            assert path == "/run/meetauth-socket/meetauthd.sock", "what nginx/meetauth.conf has"
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.bind(rig.socket)
            self.socket.listen(int(values(read_unit(listens), "Backlog")[0]))

    def command(self, key):
        """ExecStart= and the like as the words to execute, with the rig's configuration."""
        (text,) = values(self.unit, key)
        settings = dict(value.split("=", 1) for value in values(self.unit, "Environment"))
        text = re.sub(r"\$\{(\w+)\}", lambda match: settings[match.group(1)], text).replace("$MAINPID", str(self.pid))
        text = text.replace("/run/meetauth-socket/meetauthd.sock", self.rig.socket)
        text = text.replace("-U meetauth -G www-data -u meetauth -g meetauth ", "")
        program = "%s -c %s" % (self.rig.meetauthd, self.rig.conf)
        return shlex.split(text.replace("/usr/sbin/meetauthd", program))

    @property
    def pid(self):
        return self.process.pid if self.process else 0

    def environment(self, **more):
        return {**ENVIRONMENT, **dict(value.split("=", 1) for value in values(self.unit, "Environment")),
                "CREDENTIALS_DIRECTORY": self.rig.folder, **more}

    def start(self, watchdog_ms=None):
        done = subprocess.run(self.command("ExecStartPre"), env=self.environment(), capture_output=True, text=True, timeout=300, check=False)
        if done.returncode != 0:
            return done
        watchdog_ms = watchdog_ms or 1000 * int(values(self.unit, "WatchdogSec")[0])
        environment = self.environment(NOTIFY_SOCKET=self.rig.folder + "/notify", WATCHDOG_USEC=str(1000 * watchdog_ms))

        words = self.command("ExecStart")
        # The process has to know its number: the shell puts it into the environment and becomes the command.
        script = 'export LISTEN_PID=$$ WATCHDOG_PID=$$; exec "$@"'
        if self.socket:
            environment["LISTEN_FDS"] = self.listen_fds
        with open(self.rig.log, "ab") as log:
            self.process = subprocess.Popen(["/bin/sh", "-c", script, "sh", *words], env=environment, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, close_fds=not self.socket,
                                            preexec_fn=(lambda: os.dup2(self.socket.fileno(), 3)) if self.socket else None)
        return done

    def hear(self):
        """All messages so far, as dictionaries."""
        while True:
            try:
                text = self.ear.recv(4096).decode()
            except BlockingIOError:
                return self.messages
            self.messages.append(dict(line.split("=", 1) for line in text.splitlines()))

    def count(self, key):
        return sum(key in message for message in self.hear())

    def status(self):
        return [message["STATUS"] for message in self.hear() if "STATUS" in message][-1]

    def wait_ready(self, count=1):
        wait_for(lambda: self.count("READY") >= count, "READY=1")

    def reload(self):
        ready = self.count("READY")
        subprocess.run(self.command("ExecReload"), check=True)
        self.wait_ready(ready + 1)

    def stop(self):
        """As "systemctl stop": TERM to the main process (KillMode=mixed)."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            assert self.process.wait(120) == 0
        return self.process

    def close(self):
        self.stop()
        self.ear.close()
        if self.socket:
            self.socket.close()


def with_paths(folder, name):
    """A copy of a unit whose programs exist here."""
    with open(UNITS + name, encoding="utf-8") as file:
        text = file.read().replace("/usr/sbin/meetauthd", MEETAUTHD)
    with open(folder + "/" + name, "w", encoding="utf-8") as file:
        file.write(text)
    return folder + "/" + name
