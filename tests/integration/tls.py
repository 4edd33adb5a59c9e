# SPDX-License-Identifier: MIT
"""A certificate authority for one test run, by openssl."""

import os
import ssl
import subprocess

EXTENSIONS = "basicConstraints=critical,CA:FALSE\nsubjectAltName=%s\n"


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=300)


def end_of(certificate):
    """When a certificate ends, in seconds since 1970."""
    told = subprocess.run(["openssl", "x509", "-noout", "-enddate", "-in", certificate], check=True, capture_output=True, text=True, timeout=300)
    return ssl.cert_time_to_seconds(told.stdout.strip().partition("=")[2])


class Authority:
    def __init__(self, folder):
        self.folder = folder
        self.file = folder + "/ca.pem"
        self.key = folder + "/ca.key"
        self.made = {}
        self.cached = None
        self.responder = None  # the port of an OCSP responder that certificates name
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-subj", "/CN=Test authority", "-days", "2", "-keyout", self.key, "-out", self.file,
                "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def certificate(self, name, expired=False, self_signed=False):
        """(certificate, key) for a host name or an address."""
        wanted = (name, expired, self_signed)
        if wanted not in self.made:
            self.made[wanted] = self.make(name, expired, self_signed)
        return self.made[wanted]

    def make(self, name, expired, self_signed):
        base = os.path.join(self.folder, "cert%d" % len(self.made))
        kind = "IP:" if name.replace(".", "").isdigit() else "DNS:"
        with open(base + ".ext", "w", encoding="utf-8") as file:
            file.write(EXTENSIONS % (kind + name))
            if self.responder:
                file.write("authorityInfoAccess=OCSP;URI:http://127.0.0.1:%d\n" % self.responder)
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
                "/CN=" + name, "-keyout", base + ".key", "-out", base + ".csr")
        signer = ["-signkey", base + ".key"] if self_signed else ["-CA", self.file, "-CAkey", self.key, "-CAcreateserial"]
        sign = ["x509", "-req", "-in", base + ".csr", *signer, "-extfile", base + ".ext", "-out", base + ".pem"]
        if not expired:
            openssl(*sign, "-days", "2")
        else:
            try:  # until openssl 3.3 a negative number of days is taken, from 3.4 on there is -not_after
                openssl(*sign, "-days", "-1")
            except subprocess.CalledProcessError:
                openssl(*sign, "-not_before", "20240101000000Z", "-not_after", "20240102000000Z")
        return base + ".pem", base + ".key"

    def context(self):
        """For a client that trusts this authority."""
        if not self.cached:
            self.cached = ssl.create_default_context(cafile=self.file)
        return self.cached
