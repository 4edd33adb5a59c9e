# SPDX-License-Identifier: MIT
"""nginx with the sample as operators copy it: what nginx says and logs itself, and how it speaks TLS."""

import json
import socket
import ssl

import client
import pytest
from rig import wait_for
from tls import Authority


@pytest.fixture(scope="module")
def secure(make_module_rig, tmp_path_factory):
    return make_module_rig(tls=Authority(str(tmp_path_factory.mktemp("tls"))))


def access_log(rig):
    with open(rig.folder + "/meetauth.log", encoding="utf-8") as file:
        return [json.loads(line) for line in file.read().splitlines()]


def line_of(rig, answer):
    found = lambda: [line for line in access_log(rig) if line["request_id"] == answer.headers["X-Request-Id"]]
    return wait_for(found, "the line in nginx's log")[0]


def test_the_access_log_has_the_path_that_was_asked_for(make_rig):
    """Whether meetauthd answers or nginx, which then serves another file; and never the query."""
    rig = make_rig()
    entry = rig.entry()
    target = entry[len(rig.origin):]
    assert line_of(rig, rig.send("GET", target))["path"] == "/auth"
    assert line_of(rig, rig.send("GET", "/auth/login?ticket=secret%3Fword"))["path"] == "/auth/login"
    rig.stop_pool()
    for method in ("GET", "POST"):
        line = line_of(rig, rig.send(method, target))
        assert (line["path"], line["status"]) == ("/auth", 502), method
    line = line_of(rig, rig.send("GET", target, [("Accept", "application/json")]))
    assert (line["path"], line["status"]) == ("/auth", 502)
    with open(rig.folder + "/meetauth.log", encoding="utf-8") as file:
        text = file.read()
    assert "requestToken" not in text and "secret" not in text and "?" not in text


@pytest.mark.parametrize("target, body, status", [
    ("/auth/login", b"", 400), ("/auth", b"", 400), ("/auth/nothing", b"", 404), ("/", b"", 404), ("/index.html", b"", 404),
    ("/auth/static/style.css", b"", 200), ("/auth/static/nothing", b"", 404), ("/auth/login", b"x" * 20000, 413),
    ("/auth/login?" + "x" * 33000, b"", 414), ("/unavailable.html", b"", 404)])
def test_headers_that_protect_are_on_every_answer(secure, target, body, status):
    """Once each, whether meetauthd answers or nginx itself."""
    answer = secure.send("POST" if body else "GET", target, body=body)
    assert answer.status == status
    for name, value in (("Strict-Transport-Security", "max-age=31536000"), ("Cross-Origin-Opener-Policy", "same-origin"),
                        ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer")):
        assert answer.headers.get_all(name) == [value], name
    policies = answer.headers.get_all("Content-Security-Policy")
    assert len(policies) == 1 and "frame-ancestors 'none'" in policies[0] and "default-src 'none'" in policies[0]
    assert answer.headers["Server"] == "nginx"


def test_headers_that_protect_are_on_the_page_of_a_pool_that_is_down(make_rig):
    rig = make_rig()
    rig.stop_pool()
    for accept in ("text/html", "application/json"):
        answer = rig.send("GET", "/auth/login", [("Accept", accept)])
        assert answer.status == 502
        for name in ("Strict-Transport-Security", "Cross-Origin-Opener-Policy", "X-Content-Type-Options", "Referrer-Policy",
                     "Content-Security-Policy", "Cache-Control", "Retry-After", "X-Request-Id"):
            assert len(answer.headers.get_all(name) or []) == 1, name
        assert "style-src 'self'" in answer.headers["Content-Security-Policy"]


def test_plain_http_leads_to_https(secure):
    target = "/auth?meetingId=5f521a93c20ff6721fbb6a6c&requestToken=0123456789abcdef"
    for name in ("external.example.org", "evil.example"):
        answer = client.send(("127.0.0.1", secure.plain_port), "GET", target, name=name)
        assert (answer.status, answer.location) == (301, "https://external.example.org" + target)
    assert not [line for line in access_log(secure) if line["status"] == 301]


def connect(rig, context):
    with socket.create_connection(("127.0.0.1", rig.port), 20) as plain:
        with context.wrap_socket(plain, server_hostname="external.example.org") as secured:
            return secured.cipher()[0], secured.session


def test_tls_takes_forward_secrecy_and_aead_only(secure):
    context = ssl.create_default_context(cafile=secure.authority.file)
    assert connect(secure, context)[0].startswith("TLS_")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    cipher, session = connect(secure, context)
    assert cipher.startswith("ECDHE-") and ("GCM" in cipher or "CHACHA20" in cipher)
    assert not session.has_ticket
    for cbc in ("ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA384", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-CAMELLIA128-SHA256"):
        context.set_ciphers(cbc)
        with pytest.raises((ssl.SSLError, OSError)):
            connect(secure, context)


def test_flow_23_cookies_of_sister_applications_stop_nobody(rig, visitor):
    visitor.jar.update({"sister%d" % number: "x" * 3800 for number in range(3)})
    assert visitor.sign_in().status == 302
