# SPDX-License-Identifier: MIT
"""The backend remote-user behind a real nginx: both examples as they are shipped, and everything a visitor can write."""

import os
import re
import ssl
import subprocess
import sys

import client
import pytest
import tls
from rig import ENVIRONMENT, MEETAUTHD, TOP, Program, replace, wait_for


def sample(name):
    with open("%s/nginx/%s" % (TOP, name), encoding="utf-8") as file:
        return file.read()


def section_of(text):
    """The section of meetauth.conf that an example has at its top."""
    lines = re.findall(r"^#   (.*)$", text, re.M)
    assert lines[0].startswith("backend ")
    return "\n".join(lines) + "\n"


def with_snippet(rig, snippet, edit=lambda text: text):
    """Puts a snippet where its first lines say, and starts nginx anew."""
    rig.nginx.stop()
    with open(rig.folder + "/snippet.conf", "w", encoding="utf-8") as file:
        file.write(snippet)
    with open(rig.folder + "/meetauth.conf.nginx", encoding="utf-8") as file:
        text = file.read()
    last = '    fastcgi_param HTTP_PROXY "";\n'
    text = replace(edit(text), last, last + "    include snippet.conf;\n")
    with open(rig.folder + "/meetauth.conf.nginx", "w", encoding="utf-8") as file:
        file.write(text)
    rig.nginx = Program(["nginx", "-p", rig.folder, "-c", "nginx.conf"], rig.folder + "/nginx.log")
    wait_for(lambda: rig.nginx.process.poll() is not None or rig.answers(), "nginx")
    assert rig.nginx.process.poll() is None, rig.nginx.said()


def joined_as(rig, answer):
    """The user of the last join in the log; the answer was the way back into the meeting."""
    assert answer.status == 302 and answer.location.startswith(rig.site), answer
    request_id = answer.headers["X-Request-Id"]

    def found():
        return [event for event in rig.events("join") if event["request_id"] == request_id]

    event = wait_for(found, "the join in the log")[0]
    return event["backend"], event["user"]


# -- client certificates --


class Certificates:
    def __init__(self, rig, authority, folder):
        self.rig = rig
        self.authority = authority
        self.folder = folder
        self.count = 0

    def client(self, subject, authority=None):
        """(certificate, key) of somebody of that subject."""
        signer = authority or self.authority
        self.count += 1
        base = "%s/client%d" % (self.folder, self.count)
        tls.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-utf8",
                    "-subj", subject, "-keyout", base + ".key", "-out", base + ".csr")
        tls.openssl("x509", "-req", "-in", base + ".csr", "-CA", signer.file, "-CAkey", signer.key, "-CAcreateserial",
                    "-days", "2", "-out", base + ".pem")
        return base + ".pem", base + ".key"

    def enter(self, certificate=None, headers=()):
        context = ssl.create_default_context(cafile=self.authority.file)
        if certificate:
            context.load_cert_chain(*certificate)
        target = self.rig.entry()[len(self.rig.origin):]
        return client.send(("127.0.0.1", self.rig.port), "GET", target, headers, tls=context, name="external.example.org")


@pytest.fixture(scope="module")
def certificates(make_module_rig, authority, tmp_path_factory):
    snippet = sample("client-certificates.conf")
    with open(TOP + "/docs/catalogue.md", encoding="utf-8") as file:
        assert section_of(snippet) in file.read(), "the catalogue has the same sample"
    rig = make_module_rig(tls=authority, sections=section_of(snippet))
    with_snippet(rig, replace(snippet, "/etc/ssl/client-authority.pem", authority.file))
    return Certificates(rig, authority, str(tmp_path_factory.mktemp("clients")))


def test_certificate_opens_the_meeting(certificates):
    answer = certificates.enter(certificates.client("/O=Example/CN=alice"))
    assert joined_as(certificates.rig, answer) == ("certificates", "alice")
    assert not answer.cookies, "nothing is kept: the next request brings it again"
    assert joined_as(certificates.rig, certificates.enter(certificates.client("/CN=Bob.Smith@example.org"))) == (
        "certificates", "Bob.Smith@example.org")


def test_without_a_certificate_there_is_the_login_page(certificates):
    answer = certificates.enter()
    assert answer.status == 303 and "/auth/login" in answer.location


def test_certificate_of_another_authority_is_refused(certificates, tmp_path):
    stranger = tls.Authority(str(tmp_path))
    answer = certificates.enter(certificates.client("/CN=alice", stranger))
    assert answer.status == 400, "nginx itself refuses it"


@pytest.mark.parametrize("subject", [
    "/CN=alice/O=x,CN=root",  # the common name does not stand first in RFC 2253
    "/O=x,CN=root",
    "/O=x/CN=alice,CN=root",
    "/CN=ro ot",
    "/CN=alice+OU=root",
    "/O=CN=root",
    "/CN=root\\\\x",
    "/O=none",
    "/CN=\u00e4lice",
])
def test_A17_subject_that_is_no_plain_name_is_nobody(certificates, subject):
    answer = certificates.enter(certificates.client(subject))
    assert answer.status == 303, "%s: %r" % (subject, answer)


SPOOFS = [
    (name, "alice")
    for name in ("Remote-User", "Remote_User", "X-Remote-User", "X_Remote_User", "REMOTE_USER", "X-Forwarded-User",
                 "SSL-Client-User", "SSL_CLIENT_USER", "Ssl_Client_User", "X-SSL-Client-User", "Meetauth-User",
                 "MEETAUTH_USER", "X-Auth-Request-User", "X_Auth_Request_User", "X-Auth-Request-Email")
] + [
    ("SSL-Client-Verify", "SUCCESS"), ("SSL_CLIENT_VERIFY", "SUCCESS"), ("X-SSL-Client-Verify", "SUCCESS"),
    ("Authorization", "Basic YWxpY2U6eA=="),
    ("X-Forwarded-For", "127.0.0.1"), ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Uri", "/auth/healthz"),
    ("Forwarded", "for=127.0.0.1"), ("X-Original-URI", "/"),
]


def test_A17_headers_never_become_somebody(certificates):
    for headers in [[spoof] for spoof in SPOOFS] + [SPOOFS]:
        answer = certificates.enter(headers=headers)
        assert answer.status == 303 and "/auth/login" in answer.location, (headers, answer)


def test_A17_headers_never_make_somebody_another(certificates):
    answer = certificates.enter(certificates.client("/CN=bob"), SPOOFS)
    assert joined_as(certificates.rig, answer) == ("certificates", "bob")


def test_A17_headers_with_underscores_let_through(certificates):
    """An nginx that hands them on makes HTTP_ parameters of them, of which none is looked at."""
    rig = certificates.rig
    with open(rig.folder + "/snippet.conf", encoding="utf-8") as file:
        kept = file.read()
    target = "    include snippet.conf;\n"

    def edit(text):
        return replace(text, target, "    underscores_in_headers on;\n")

    try:
        with_snippet(rig, kept, edit)
        test_A17_headers_never_become_somebody(certificates)
        test_A17_headers_never_make_somebody_another(certificates)
    finally:
        rig.nginx.stop()
        with_snippet(rig, kept, lambda text: replace(text, target + "    underscores_in_headers on;\n", ""))


# -- auth_request --


class Service(Program):
    """tests/peers/auth_service.py"""

    def __init__(self, folder):
        super().__init__([sys.executable, TOP + "/tests/peers/auth_service.py"], folder + "/service.log")
        found = wait_for(lambda: re.search(r"listening on port (\d+)", self.said()), "the service")
        self.port = found.group(1)


POLICY = """
policy {
    rule "staff" { allow = true  groups = {"staff"}  emails = {"*@example.org"} }
    rule "bob" { allow = true  users = {"proxy/bob"}  meetings = {"open"} }
}
"""


@pytest.fixture(scope="module")
def asked(make_module_rig):
    snippet = sample("auth-request.conf")
    rig = make_module_rig(sections=section_of(snippet) + POLICY)
    service = Service(rig.folder)

    def edit(text):
        for location in ("location ~ ^/auth/(healthz|readyz|metrics)$ {\n", "location ^~ /auth/static/ {\n"):
            text = replace(text, location, location + "auth_request off;\n")
        return text

    with_snippet(rig, replace(snippet, "127.0.0.1:4180", "127.0.0.1:" + service.port), edit)
    rig.service = service
    yield rig
    service.stop()


def who(rig, name, meeting="5f521a93c20ff6721fbb6a6c", headers=()):
    visitor = rig.visitor()
    return visitor.get(rig.entry(meeting), {**({"Cookie": "who=" + name} if name else {}), **dict(headers)})


def test_service_says_who_it_is(asked):
    assert joined_as(asked, who(asked, "alice")) == ("proxy", "alice")
    answer = who(asked, "alice")
    assert "participantEmail=alice%40example.org" in answer.location and not answer.cookies
    assert who(asked, "bob").status == 403
    assert joined_as(asked, who(asked, "bob", "open")) == ("proxy", "bob")


def test_whom_the_service_does_not_know_signs_in_there(asked):
    answer = who(asked, "")
    assert "Sign in at the service" in answer.text
    wait_for(lambda: '"redirect": "/auth?' in asked.service.said(), "what the service was told")


def test_service_that_names_nobody_leaves_the_login_page(asked):
    answer = who(asked, "nameless")
    assert answer.status == 303 and "/auth/login" in answer.location


def test_wrong_password_is_meetauths_answer(asked):
    """nginx must not take meetauthd's 401 for the service's."""
    visitor = asked.visitor()
    visitor.jar["who"] = "nameless"
    refused = visitor.fill(visitor.login_page(), "alice", "wrong")
    assert refused.status == 401 and "Sign in at the service" not in refused.text


def test_operator_and_static_files_are_asked_nothing(asked):
    assert asked.send("GET", "/auth/healthz").status == 200
    assert asked.send("GET", "/auth/static/style.css").status == 200


def test_A17_headers_of_the_visitor_are_not_those_of_the_service(asked):
    for name in ("nameless", "bob"):
        answer = who(asked, name, headers=SPOOFS)
        assert answer.status == (303 if name == "nameless" else 403), answer


def test_subrequest_cannot_be_asked_from_outside(asked):
    assert asked.send("GET", "/oauth2/auth", [("Cookie", "who=alice")]).status == 404


def test_service_that_is_down_lets_nobody_in(asked):
    asked.service.stop()
    answer = who(asked, "alice")
    assert answer.status >= 500 and not answer.location


# -- what the configuration refuses --


def test_A17_parameters_of_the_visitor_are_a_configuration_error(make_rig):
    rig = make_rig(start=False)
    os.mkdir(rig.folder + "/state")
    rig.configure()
    rig.ctl("init")
    rig.add_user("alice")
    for name, words in (("HTTP_X_REMOTE_USER", "a request header"), ("QUERY_STRING", "the visitor's request"),
                        ("REMOTE_USER", "Authorization header"), ("MEETAUTH_USER", "")):
        rig.sections = 'backend "proxy" {\n type = "remote-user"\n user = "%s"\n}\n' % name
        rig.configure()
        done = subprocess.run([MEETAUTHD, "-t", "-c", rig.conf], text=True, capture_output=True, env=ENVIRONMENT, check=False)
        assert done.returncode == (1 if words else 0) and words in done.stderr, done
