# SPDX-License-Identifier: MIT
"""Other web servers than nginx in front of the pool: each sample of deploy/webservers, with only names, ports and paths
replaced. Each server is started once, with TLS."""

import os
import shutil
import socket
import subprocess

import client
import pytest
from rig import PASSWORDS, TOP, Program, free_port, replace, wait_for
from tls import Authority

TOKENS = (b"requestToken", b"ticket=", b"meetingAccessToken", b"secret-word")
HEADERS = {"Strict-Transport-Security": "max-age=31536000", "Cross-Origin-Opener-Policy": "same-origin",
           "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
ROOT = os.getuid() == 0


def common(rig, text):
    text = replace(text, "/run/meetauth-socket/meetauthd.sock", rig.socket)
    return replace(text, "/usr/share/meetauth/static", rig.folder + "/static")


def secured(rig, text):
    certificate, key = rig.authority.certificate("external.example.org")
    text = replace(common(rig, text), "/etc/ssl/external.example.org.pem", certificate)
    return replace(text, "/etc/ssl/private/external.example.org.key", key)


def apache(rig, text):
    text = secured(rig, text)
    for old, port in (("*:80", rig.plain_port), ("*:443", rig.port)):
        text = replace(text, "<VirtualHost %s>" % old, "Listen 127.0.0.1:%d\n<VirtualHost 127.0.0.1:%d>" % (port, port))
    text = replace(text, "/var/log/apache2", rig.web)
    modules = ["mpm_event", "authz_core", "authz_host", "mime", "socache_shmcb", "proxy",
               *"alias headers http2 proxy_fcgi reqtimeout rewrite ssl".split()]
    assert "a2enmod alias headers http2 proxy_fcgi reqtimeout rewrite ssl," in text
    head = "".join("LoadModule %s_module /usr/lib/apache2/modules/mod_%s.so\n" % (name, name) for name in modules)
    head += "ServerRoot %s\nPidFile apache.pid\nTypesConfig /etc/mime.types\nErrorLog apache-main.log\nServerName localhost\n" % rig.web
    return head + ("User www-data\nGroup www-data\n" if ROOT else "") + text, ["apache2", "-D", "FOREGROUND", "-f"]


def caddy(rig, text):
    text = replace(common(rig, text), "\tservers {\n", "\tadmin off\n\tauto_https disable_certs\n\tdefault_bind 127.0.0.1\n"
                   "\thttp_port %d\n\thttps_port %d\n\tservers {\n\t\tprotocols h1 h2\n" % (rig.plain_port, rig.port))
    return replace(text, "external.example.org {\n", "external.example.org {\n\ttls %s %s\n" % rig.authority.certificate("external.example.org")), [
        "caddy", "run", "--adapter", "caddyfile", "--config"]


def lighttpd(rig, text):
    text = replace(secured(rig, text), "server.port = 80", 'server.port = %d\nserver.bind = "127.0.0.1"' % rig.plain_port)
    text = replace(text, '":443"', '"127.0.0.1:%d"' % rig.port)
    return replace(text, "/var/log/lighttpd", rig.web), ["lighttpd", "-D", "-f"]


def h2o(rig, text):
    text = secured(rig, text)
    for old, new in (("external.example.org:80", '"external.example.org:%d"' % rig.plain_port), ("external.example.org:443", '"external.example.org:%d"' % rig.port)):
        text = replace(text, '"%s"' % old, new)
    for old, new in ((80, rig.plain_port), (443, rig.port)):
        text = replace(text, "      port: %d\n" % old, "      host: 127.0.0.1\n      port: %d\n" % new)
    rig.operator_port = free_port()
    text = replace(text, "8080", str(rig.operator_port))
    text = replace(text, "/run/h2o.pid", rig.web + "/h2o.pid")
    text = text if ROOT else replace(text, "user: www-data\n", "")
    return replace(text, "/var/log/h2o", rig.web), ["h2o", "-c"]


SERVERS = {"apache2": ("apache.conf", apache), "caddy": ("Caddyfile", caddy), "h2o": ("h2o.conf", h2o), "lighttpd": ("lighttpd.conf", lighttpd)}


def logs(rig):
    for name in os.listdir(rig.web):
        if name.endswith((".log", ".out")):
            with open(rig.web + "/" + name, "rb") as file:
                yield file.read()


@pytest.fixture(scope="module")
def pool(make_module_rig, tmp_path_factory):
    """The servers have users of their own: the socket, the certificate and the pages are for everybody here."""
    missing = [name for name in SERVERS if not shutil.which(name)]
    if len(missing) == len(SERVERS):
        pytest.skip("none of the web servers is installed")
    rig = make_module_rig(
        tls=Authority(str(tmp_path_factory.mktemp("tls"))),
        sections='backend "proxy" {\n type = "remote-user"\n user = "MEETAUTH_USER"\n}\n')
    rig.nginx.stop()
    os.chmod(rig.folder, 0o755)
    os.chmod(rig.socket, 0o666)
    shutil.copytree(TOP + "/share/static", rig.folder + "/static")
    return rig


@pytest.fixture(scope="module", params=sorted(SERVERS))
def server(request, pool):
    if not shutil.which(request.param):
        pytest.skip("the package %s is missing" % request.param)
    pool.web = "%s/%s" % (pool.folder, request.param)
    os.mkdir(pool.web)
    os.chmod(pool.web, 0o777)
    sample, adapt = SERVERS[request.param]
    with open(TOP + "/deploy/webservers/" + sample, encoding="utf-8") as file:
        text, command = adapt(pool, file.read())
    conf = "%s/%s.conf" % (pool.web, request.param)
    with open(conf, "w", encoding="utf-8") as file:
        file.write(text)
    started = Program(["env", "HOME=" + pool.web, *command, conf], "%s/%s.out" % (pool.web, request.param))
    wait_for(lambda: started.process.poll() is not None or pool.answers(), request.param)
    assert started.process.poll() is None, (started.said(), list(logs(pool)))
    pool.server = request.param
    yield pool
    started.stop()


def form(rig, body, *headers):
    return rig.send("POST", "/auth/login", [("Content-Type", "application/x-www-form-urlencoded"), *headers], body)


def protected(answer):
    for name, value in HEADERS.items():
        assert answer.headers.get_all(name) == [value], (name, answer.status, answer.headers.get_all(name))


def test_a_join(server):
    answer = server.visitor().sign_in("alice")
    assert answer.status == 302 and "meetingAccessToken=" in answer.headers["Location"]
    assert answer.headers.get_all("Cache-Control") == ["no-store"] and not answer.headers["Status"]
    protected(answer)
    done = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_version} %{http_code}", "--http2", "--cacert", server.authority.file, "--resolve",
                           "external.example.org:%d:127.0.0.1" % server.port, server.base + "/nothing"], capture_output=True, text=True, check=True)
    assert done.stdout == "2 404"


def test_plain_http_leads_to_https(server):
    target = "/auth?meetingId=5f521a93c20ff6721fbb6a6c&requestToken=0123456789abcdef"
    answer = client.send(("127.0.0.1", server.plain_port), "GET", target, name="external.example.org")
    assert answer.status in (301, 308) and answer.location == "https://external.example.org" + target


def test_errors_of_the_server_itself_have_pages(server):
    for target in ("/", "/index.html", "/auth/static/nothing"):
        answer = server.send("GET", target)
        assert answer.status == 404 and "This page does not exist" in answer.text, (target, answer)
        protected(answer)
    answer = form(server, b"x" * 20000)
    assert answer.status == 413 and "The request is too large" in answer.text
    if server.server != "lighttpd":  # which refuses it before it comes to its headers
        protected(answer)
    assert server.send("GET", "/auth/static/style.css").headers["Content-Type"].startswith("text/css")
    for target in ("/auth/static/../../lang/en.json", "/auth/static/%2e%2e/lang/en.json", "/auth/../pool.sock"):
        assert server.send("GET", target).status in (400, 403, 404), target


def test_a_dead_pool_has_a_page_and_no_token_in_the_log(server):
    entry = server.entry()[len(server.origin):]
    os.rename(server.socket, server.socket + ".away")
    try:
        answer = server.send("GET", entry, [("Referer", "https://x.example/?secret-word")])
        form(server, b"a=1")
    finally:
        os.rename(server.socket + ".away", server.socket)
    assert answer.status in (502, 503) and "Signing in is not possible right now" in answer.text, answer
    protected(answer)
    if server.server not in ("lighttpd", "h2o"):  # which cannot set headers by status
        assert answer.headers["Retry-After"] == "5" and answer.headers["Cache-Control"] == "no-store"
    wait_for(lambda: server.send("GET", entry).status == 303, "the pool to be found again")
    if server.server in ("apache2", "lighttpd"):  # the others log that it failed, and not where
        wait_for(lambda: any(server.socket.encode() in text for text in logs(server)), "the socket's name in the log")
    for text in logs(server):
        assert not [token for token in TOKENS if token in text], text[-2000:]


def test_pages_for_the_operator(server):
    for name in ("healthz", "readyz", "metrics"):
        for target in ("/auth/" + name, "/auth/%%%x%s" % (ord(name[0]), name[1:]), "/auth//" + name, "/auth/" + name + "/", "//auth/" + name, "/auth/./" + name):
            assert server.send("GET", target, source="127.0.0.2").status in (301, 403, 404), target
    if server.server == "h2o":
        assert client.send(("127.0.0.1", server.operator_port), "GET", "/auth/readyz").text == "ok\n"
    else:
        assert server.send("GET", "/auth/readyz").text == "ok\n"


def test_a_visitor_is_nobody_else_and_elsewhere_by_headers(server):
    """No header becomes a parameter of the server's own."""
    entry = server.entry()[len(server.origin):]
    names = ("Meetauth-User", "Meetauth_User", "MEETAUTH_USER", "Remote-User", "REMOTE_USER", "Http-Meetauth-User")
    headers = [(name, "alice") for name in names] + [("Authorization", "Basic YWxpY2U6eA=="), ("Proxy", "http://127.0.0.1:9")]
    headers += [("X-Forwarded-For", "198.51.100.9"), ("Forwarded", "for=198.51.100.9"), ("X-Real-IP", "198.51.100.9"), ("Remote-Addr", "198.51.100.9")]
    answer = server.send("GET", entry, headers, source="127.0.0.2")
    assert answer.status == 303, answer
    refused = server.send("GET", "/auth?hostname=nowhere.example&meetingId=5f521a93c20ff6721fbb6a6c&requestToken=1", headers, source="127.0.0.2")
    line = wait_for(lambda: [event for event in server.events("join") if event["request_id"] == refused.headers["X-Request-Id"]], "the log's line")[0]
    assert line["client"] == "127.0.0.2"


def test_the_trace_arrives(server):
    """One traceparent is passed on; of two the server sends both, or joins them, and none counts."""
    ids = ["0af7651916cd43dd8448eb211c8031%02x" % number for number in range(2)]
    fields = [("traceparent", "00-%s-b7ad6b7169203331-01" % name) for name in ids]
    for sent, expected in ((fields[:1], ids[0]), (fields, None)):
        answer = server.send("GET", "/auth?hostname=nowhere.example&meetingId=5f521a93c20ff6721fbb6a6c&requestToken=1", sent)
        line = wait_for(lambda: [event for event in server.events("join") if event["request_id"] == answer.headers["X-Request-Id"]], "the log's line")[0]
        assert line.get("trace_id") == expected, (sent, line)


def test_addresses_and_bodies_arrive_as_they_were_sent(server):
    for target in ("/auth/%6cogin?ticket=secret-word", "/auth/login?ticket=secret-word%3F%26"):
        assert server.send("GET", target).status == 400, target
    for target in ("/auth/login?ticket=%00", "/auth?meetingId=a%00b", "/auth/login%00", "/auth/%zz"):
        assert server.send("GET", target).status in (400, 404), target
    assert form(server, b"", ("Cookie", "a=1"), ("Cookie", "b=2"), ("Content-Length", "0")).status == 400
    visitor = server.visitor()
    assert visitor.sign_in("bob", PASSWORDS["bob"]).status in (302, 403)
    with socket.create_connection(("127.0.0.1", server.port), 60) as plain:  # and goes away
        with server.authority.context().wrap_socket(plain, server_hostname="external.example.org") as gone:
            gone.sendall(b"POST /auth/login HTTP/1.1\r\nHost: external.example.org\r\nContent-Length: 100\r\n\r\nsecret-word")
    assert server.send("GET", "/auth/nothing").status == 404
    for text in logs(server):
        assert not [token for token in TOKENS if token in text], text[-2000:]
