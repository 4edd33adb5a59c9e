# SPDX-License-Identifier: MIT
"""Exim on loopback, with a folder, ports and an account of its own, delivering whatever it takes to files."""

import email
import email.policy
import grp
import hashlib
import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile

from rig import free_port, wait_for

PACKAGE = "exim4-daemon-light"
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"

# Root may start it and never deliver; anybody else runs it as themselves.
CONFIGURATION = r"""
primary_hostname = localhost
exim_path = %(program)s
exim_user = %(user)s
exim_group = %(group)s
spool_directory = %(folder)s/spool
log_file_path = %(folder)s/log/%%slog
pid_file_path = %(folder)s/exim.pid
keep_environment =
local_interfaces = 127.0.0.1
daemon_smtp_ports = %(starttls)d : %(smtps)d : %(plain)d
tls_on_connect_ports = %(smtps)d
tls_advertise_hosts = ${if eq{$received_port}{%(starttls)d}{*}{}}
tls_certificate = %(folder)s/certificate.pem
tls_privatekey = %(folder)s/key.pem
auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}
acl_smtp_rcpt = recipient
smtp_accept_max = 0
qualify_domain = localhost

begin acl
recipient:
    deny !condition = ${if eq{$received_port}{%(plain)d}}
         !encrypted = *
    deny condition = %(closed)s
         !authenticated = *
    deny recipients = refused@partner.example
    accept

begin routers
all:
    driver = accept
    transport = keep

begin transports
keep:
    driver = appendfile
    directory = %(folder)s/mail
    maildir_format
    user = %(user)s
    group = %(group)s
    envelope_to_add
    return_path_add

begin authenticators
plain:
    driver = plaintext
    public_name = PLAIN
    server_prompts = :
    server_condition = ${if and{{eq{$auth2}{%(account)s}}{eq{${sha256:$auth3}}{%(hash)s}}}}
    server_set_id = $auth2
"""


class Server:
    def __init__(self, authority, name="localhost", account="", password=""):
        """authority: a tls.Authority; name: whom the certificate is for. With an account, nobody else may send over TLS."""
        program = shutil.which("exim4", path=PATH)
        assert program, "no exim4: install " + PACKAGE
        # Not below pytest's folder: each run of pytest closes that to everybody but its user, while Exim delivers as somebody else.
        self.folder = tempfile.mkdtemp(prefix="ma-smtp-")
        os.chmod(self.folder, 0o755)
        self.starttls, self.smtps, self.plain = free_port(), free_port(), free_port()
        owner = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        certificate, key = authority.certificate(name)
        for part in ("/spool", "/log", "/mail"):
            os.mkdir(self.folder + part, 0o755)
        shutil.copy(certificate, self.folder + "/certificate.pem")
        shutil.copy(key, self.folder + "/key.pem")
        for part in ("/spool", "/log", "/mail", "/certificate.pem", "/key.pem"):
            os.chown(self.folder + part, owner.pw_uid, owner.pw_gid)
        with open(self.folder + "/exim.conf", "w", encoding="utf-8") as file:
            file.write(CONFIGURATION % {
                "program": program, "folder": self.folder, "user": owner.pw_name,
                "group": grp.getgrgid(owner.pw_gid).gr_name, "starttls": self.starttls, "smtps": self.smtps,
                "plain": self.plain, "closed": "${if eq{$tls_in_cipher}{}{no}{yes}}" if account else "no",
                "account": account or "nobody at all", "hash": hashlib.sha256(password.encode()).hexdigest().upper()})
        os.chmod(self.folder + "/exim.conf", 0o644)
        self.log = self.folder + "/exim.log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([program, "-C", self.folder + "/exim.conf", "-bdf", "-q1h"],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_for(self.answers, "exim: " + self.folder)

    def answers(self):
        assert self.process.poll() is None, self.said()
        try:
            with socket.create_connection(("127.0.0.1", self.plain), 5) as connection:
                return connection.recv(3) == b"220"
        except OSError:
            return False

    def said(self):
        text = ""
        for name in (self.log, self.folder + "/log/mainlog", self.folder + "/log/paniclog"):
            if os.path.exists(name):
                with open(name, encoding="utf-8", errors="replace") as log:
                    text += log.read()
        return text

    def mails(self, address=None):
        """Those that were delivered, in any order; `address`: to it alone."""
        found = []
        folder = self.folder + "/mail/new"
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            with open(folder + "/" + name, "rb") as file:
                message = email.message_from_binary_file(file, policy=email.policy.default)
            if address in (None, message["Envelope-To"]):
                found.append(message)
        return found

    def wait_for_mail(self, address, count=1):
        """The mails to an address, once there are so many."""
        try:
            return wait_for(lambda: len(self.mails(address)) >= count and self.mails(address), "a mail to " + address)
        except AssertionError as error:
            raise AssertionError("%s\n%s" % (error, self.said()[-2000:])) from None

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(300)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("exim does not end") from None
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


def code_in(message):
    """The one run of six digits of a mail."""
    codes = re.findall(r"(?<!\d)\d{6}(?!\d)", message.get_content())
    assert len(codes) == 1, message
    return codes[0]
