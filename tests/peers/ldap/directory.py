# SPDX-License-Identifier: MIT
"""A directory with a few people: slapd on a free port of loopback, in a folder of its own."""

import os
import re
import shutil
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "integration"))

from rig import Program, free_port, wait_for  # noqa: E402

SUFFIX = "dc=example,dc=org"
PEOPLE = "ou=people," + SUFFIX
GROUPS = "ou=groups," + SUFFIX
SERVICE = "cn=meetauth,ou=services," + SUFFIX
ADMIN = "cn=admin," + SUFFIX

CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
attributetype ( 1.2.840.113556.1.4.159 NAME 'accountExpires' SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
pidfile %(folder)s/slapd.pid
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload ppolicy
TLSCACertificateFile %(ca)s
TLSCertificateFile %(certificate)s
TLSCertificateKeyFile %(key)s
TLSVerifyClient never
%(more)s
database mdb
suffix "dc=example,dc=org"
rootdn "cn=admin,dc=example,dc=org"
rootpw %(admin)s
directory %(folder)s/db
index objectClass,uid,mail,member eq
overlay memberof
overlay ppolicy
ppolicy_default "cn=default,ou=services,dc=example,dc=org"
access to attrs=userPassword by anonymous auth by * none
access to dn.subtree="ou=secret,dc=example,dc=org" by * none
access to dn.subtree="ou=groups,dc=example,dc=org" by users read by * none
access to * by dn.exact="cn=meetauth,ou=services,dc=example,dc=org" read by self read by anonymous auth by * none
"""

TREE = """
dn: dc=example,dc=org
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: ou=people,dc=example,dc=org
objectClass: organizationalUnit
ou: people

dn: ou=groups,dc=example,dc=org
objectClass: organizationalUnit
ou: groups

dn: ou=services,dc=example,dc=org
objectClass: organizationalUnit
ou: services

dn: cn=default,ou=services,dc=example,dc=org
objectClass: organizationalRole
objectClass: pwdPolicy
cn: default
pwdAttribute: userPassword
pwdMustChange: TRUE
pwdLockout: TRUE
pwdMaxFailure: 1000

dn: cn=meetauth,ou=services,dc=example,dc=org
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: meetauth
userPassword: %(service)s

dn: ou=elsewhere,dc=example,dc=org
objectClass: referral
objectClass: extensibleObject
ou: elsewhere
ref: ldap://127.0.0.1:%(other)d/ou=elsewhere,dc=example,dc=org

"""

PERSON = """dn: %(dn)s
objectClass: inetOrgPerson
uid: %(uid)s
cn: %(cn)s
sn: %(cn)s
userPassword: %(password)s
%(more)s

"""


class Directory(Program):
    def __init__(self, folder, authority, passwords, name="127.0.0.1", certificate=None, more=""):
        """passwords: of the people, by uid; "service" and "admin" among them. name: whom the
        certificate is for."""
        slapd = shutil.which("slapd")
        assert slapd, "there is no slapd: apt-get install slapd ldap-utils"
        self.folder = folder
        self.passwords = passwords
        self.authority = authority
        self.other = socket.create_server(("127.0.0.1", 0))  # where referrals lead; nobody must come
        self.plain, self.secure = free_port(), free_port()
        os.makedirs(folder + "/db")
        # A copy: AppArmor lets the installed one read its own folders only.
        shutil.copy(slapd, folder + "/slapd")
        self.certificate, self.key = certificate or authority.certificate(name)
        with open(folder + "/slapd.conf", "w", encoding="utf-8") as file:
            file.write(CONFIGURATION % {"folder": folder, "ca": authority.file, "certificate": self.certificate,
                                        "key": self.key, "admin": passwords["admin"], "more": more})
        self.begin()

    def begin(self):
        super().__init__(self.command(), self.folder + "/slapd.log")
        wait_for(lambda: self.process.poll() is not None or self.listens(), "slapd: " + self.log)
        assert self.process.poll() is None, self.said()

    def restart(self):
        super().stop()
        self.begin()

    def command(self):
        addresses = "ldap://127.0.0.1:%d/ ldaps://127.0.0.1:%d/" % (self.plain, self.secure)
        # -d keeps it in the foreground, 256 logs connections and operations, without passwords
        return [self.folder + "/slapd", "-d", "256", "-f", self.folder + "/slapd.conf", "-h", addresses]

    def listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.secure), 1).close()
            return True
        except OSError:
            return False

    @property
    def url(self):
        return "ldap://127.0.0.1:%d" % self.plain

    @property
    def secure_url(self):
        return "ldaps://127.0.0.1:%d" % self.secure

    # -- what is in it --

    def change(self, text, *arguments, tool="ldapmodify"):
        """LDIF, as the administrator. The password goes by a file."""
        secret = self.folder + "/admin.secret"
        with open(secret, "w", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(self.passwords["admin"])
        done = subprocess.run([tool, "-x", "-H", self.url, "-D", ADMIN, "-y", secret, *arguments], input=text, text=True,
                              capture_output=True, timeout=300, check=False, env={**os.environ, "LDAPNOINIT": "1"})
        assert done.returncode == 0, done.stderr

    def fill(self):
        self.change(TREE % {"service": self.passwords["service"], "other": self.other.getsockname()[1]},
                    "-a", "-M")
        return self

    def add(self, uid, cn=None, dn=None, more=""):
        self.change(PERSON % {"dn": dn or "uid=%s,%s" % (uid, PEOPLE), "uid": uid, "cn": cn or uid.capitalize(),
                              "password": self.passwords[uid], "more": more}, "-a")

    def group(self, name, *members):
        lines = "".join("member: %s\n" % (m if "=" in m else "uid=%s,%s" % (m, PEOPLE)) for m in members)
        self.change("dn: cn=%s,%s\nobjectClass: groupOfNames\ncn: %s\n%s\n" % (name, GROUPS, name, lines), "-a")

    def modify(self, uid, text, *arguments):
        self.change("dn: uid=%s,%s\nchangetype: modify\n%s\n" % (uid, PEOPLE, text), *arguments)

    def remove(self, uid):
        self.change("dn: uid=%s,%s\nchangetype: delete\n" % (uid, PEOPLE))

    # -- what it was asked --

    def count(self, pattern):
        return len(re.findall(pattern, self.said()))

    def visited_elsewhere(self):
        """Whether somebody followed a referral."""
        self.other.settimeout(0.2)
        try:
            self.other.accept()[0].close()
            return True
        except TimeoutError:
            return False

    def stop(self, *arguments, **options):
        self.other.close()
        return super().stop(*arguments, **options)
