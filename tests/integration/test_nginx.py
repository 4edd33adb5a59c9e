# SPDX-License-Identifier: MIT
"""nginx with the sample as operators copy it: what nginx says and logs itself, and how it speaks TLS."""

import json
import re
import socket
import ssl
import subprocess

import client
import pytest
from rig import TOP, Program, free_port, replace, wait_for
from tls import Authority


@pytest.fixture(scope="module")
def secure(make_module_rig, tmp_path_factory):
    authority = Authority(str(tmp_path_factory.mktemp("tls")))
    authority.responder = free_port()
    return make_module_rig(tls=authority)


def examine(rig):
    """nginx -t; what it warns of."""
    done = subprocess.run(["nginx", "-t", "-p", rig.folder, "-c", "nginx.conf"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "test is successful" in done.stderr, done.stderr
    return [line for line in done.stderr.splitlines() if "[warn]" in line or "[error]" in line]


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
    pytest.param("/auth/login?" + "x" * 33000, b"", 414, id="long"), ("/unavailable.html", b"", 404)])
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
        assert "style-src 'self'; img-src 'self';" in answer.headers["Content-Security-Policy"]


def test_the_error_log_names_a_dead_socket_and_no_query(make_rig):
    """nginx's own message has the whole request line. A socket without a server, and no socket at all."""
    rig = make_rig()
    entry = rig.entry()[len(rig.origin):]
    log = rig.folder + "/meetauth-error.log"

    def lines():
        with open(log, encoding="utf-8") as file:
            return [line for line in file.read().splitlines() if "/auth/readyz" not in line]  # the rig asks before the pool answers

    assert rig.send("GET", entry).status == 303 and rig.send("GET", "/").status == 404
    assert not lines()
    rig.stop_pool()
    for count in (1, 2):
        assert rig.send("GET", entry).status == 502
        found = wait_for(lambda: lines()[count - 1:], "a line")
        assert len(found) == 1 and re.search(
            r"\[error\] no answer from unix:%s: 502 after [0-9.]+s, GET /auth, client 127\.0\.0\.1, request [0-9a-f]{32}; " % rig.socket, found[0])
        if count == 1:
            subprocess.run(["rm", "-f", rig.socket], check=True)
    assert "requestToken" not in "".join(lines())


@pytest.mark.parametrize("method, target, body, status, code, text", [
    ("GET", "/", b"", 404, "not-found", "not-found.message"),
    ("GET", "/auth/static/nothing", b"", 404, "not-found", "not-found.message"),
    ("POST", "/auth/static/style.css", b"a=1", 405, "method-not-allowed", "method-not-allowed.message"),
    ("TRACE", "/auth", b"", 405, "method-not-allowed", "method-not-allowed.message"),
    ("POST", "/auth/login", b"x" * 20000, 413, "too-large", "too-large.message"),
    ("GET", "/auth/metrics", b"", 403, "denied", None),
    ("GET", "/auth/%zz", b"", 400, None, None),  # refused before nginx reads what is accepted
    pytest.param("GET", "/auth?" + "x" * 33000, b"", 414, None, None, id="long")])
def test_errors_of_nginx_itself_have_pages(secure, method, target, body, status, code, text):
    """A page, or JSON for programs; the sentences are those of meetauthd."""
    with open(TOP + "/share/lang/en.json", encoding="utf-8") as file:
        sentences = json.load(file)
    answer = secure.send(method, target, [("Accept", "text/html")], body, source="127.0.0.2")
    assert answer.status == status and answer.headers["Content-Type"].startswith("text/html"), answer
    assert "/auth/static/style.css" in answer.text and "<center>" not in answer.text
    if text:
        assert "<p>%s</p>" % sentences["error." + text] in answer.text
    assert answer.headers.get_all("Cache-Control") == ["no-store"] and answer.headers["X-Request-Id"]
    if code:
        answer = secure.send(method, target, [("Accept", "application/json")], body, source="127.0.0.2")
        said = json.loads(answer.text)
        assert (answer.status, said["error"], said["requestId"]) == (status, code, answer.headers["X-Request-Id"])
        assert said["message"] and answer.headers["Content-Type"] == "application/json"


def curl(rig, *arguments):
    done = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_version} %{http_code}", "--cacert", rig.authority.file, "--resolve",
                           "external.example.org:%d:127.0.0.1" % rig.port, *arguments, rig.base + "/nothing"], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""


def test_http_2_is_offered(secure):
    assert not [line for line in examine(secure) if '"listen ... http2" directive is deprecated' not in line]
    assert curl(secure, "--http2") == "2 404"


@pytest.fixture
def choose(secure):
    """Takes the # from the lines of a choice, and starts nginx with them."""
    conf = secure.folder + "/meetauth.conf.nginx"
    with open(conf, encoding="utf-8") as file:
        sample = file.read()

    def restart(text):
        with open(conf, "w", encoding="utf-8") as file:
            file.write(text)
        assert examine(secure) is not None
        secure.nginx.stop()
        secure.nginx = Program(["nginx", "-p", secure.folder, "-c", "nginx.conf"], secure.folder + "/nginx.log")
        wait_for(secure.answers, "nginx")

    def taken(lines, changes):
        text = sample
        for line in lines:
            text = replace(text, "#" + line, line)
        for old, new in changes.items():
            text = replace(text, old, new)
        restart(text)

    yield taken
    restart(sample)


def test_a_choice_limits_the_requests_of_one_address(secure, choose):
    choose(["limit_req_zone", "limit_req zone", "limit_req_status"], {"rate=50r/s": "rate=1r/m", "burst=1000": "burst=3"})
    send = lambda source, accept: secure.send("GET", "/auth/nothing", [("Accept", accept)], source=source)
    assert [send("127.0.0.2", "text/html").status for _ in range(5)] == [404] * 4 + [429]
    answer = send("127.0.0.2", "application/json")
    assert (answer.status, answer.code, answer.headers["Retry-After"]) == (429, "login-throttled", "5")
    assert send("127.0.0.3", "text/html").status == 404
    assert line_of(secure, answer)["path"] == "/auth/nothing"


def test_a_choice_staples_what_the_authority_says(secure, choose):
    """A responder of the authority's says that the certificate is good."""
    authority = secure.authority
    certificate = authority.certificate("external.example.org")[0]
    serial = subprocess.run(["openssl", "x509", "-noout", "-serial", "-in", certificate], capture_output=True, text=True, check=True).stdout
    index = secure.folder + "/index.txt"
    with open(index, "w", encoding="utf-8") as file:
        file.write("V\t491231235959Z\t\t%s\tunknown\t/CN=external.example.org\n" % serial.strip().partition("=")[2])
    responder = Program(["openssl", "ocsp", "-port", str(authority.responder), "-index", index, "-CA", authority.file, "-rsigner", authority.file,
                         "-rkey", authority.key], secure.folder + "/responder.log")
    try:
        wait_for(lambda: "waiting for" in responder.said(), "the responder")
        choose(["ssl_stapling on", "ssl_stapling_verify", "ssl_trusted_certificate", "resolver"],
               {"/etc/ssl/external.example.org.issuer.pem": authority.file})
        # nginx asks with the first handshake, and has the answer some handshakes later.
        shake = ["openssl", "s_client", "-connect", "127.0.0.1:%d" % secure.port, "-status", "-CAfile", authority.file]
        said = lambda: subprocess.run(shake, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False).stdout
        wait_for(lambda: "Cert Status: good" in said(), "the stapled statement")
    finally:
        responder.stop()


def test_a_choice_serves_http_3(secure, choose):
    built = subprocess.run(["nginx", "-V"], capture_output=True, text=True, check=True).stderr
    if "http_v3_module" not in built:
        pytest.skip("this nginx has no HTTP/3")
    choose(["listen 443 quic", "add_header Alt-Svc"], {"listen 443 quic": "listen 127.0.0.1:%d quic" % secure.port})
    assert secure.send("GET", "/auth/nothing").headers["Alt-Svc"] == 'h3=":443"; ma=86400'
    if "HTTP3" in subprocess.run(["curl", "-V"], capture_output=True, text=True, check=True).stdout:
        assert curl(secure, "--http3-only") == "3 404"


def test_plain_http_leads_to_https(secure):
    target = "/auth?meetingId=5f521a93c20ff6721fbb6a6c&requestToken=0123456789abcdef"
    for name in ("external.example.org", "evil.example"):
        answer = client.send(("127.0.0.1", secure.plain_port), "GET", target, name=name)
        assert (answer.status, answer.location) == (301, "https://external.example.org" + target)
    assert not [line for line in access_log(secure) if line["status"] == 301]


def connect(rig, context):
    with socket.create_connection(("127.0.0.1", rig.port), 300) as plain:
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
