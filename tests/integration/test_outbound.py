# SPDX-License-Identifier: MIT
"""Platforms that cannot be reached, or only in part: name servers that are silent, slow or replaced,
addresses that swallow connections, TLS that hangs. Nobody else waits, everybody hears in time, and the
process ends when it is told to."""

import concurrent.futures
import os
import shutil
import socket
import time

import pytest
import tls
from client import JSON
from fcgi import Connection, request
from network import HangingServer, NameServer, SilentAddress, needs_root, own_address, see_files
from rig import free_port, wait_for
from test_join import token_of
from test_platform_faults import start_with

OTHER = "other.example.org"
NAME = "api.platform.example.net"
CONNECT = 0.5  # seconds: connect-timeout of the other platform
SLACK = 30  # seconds that a busy machine may add; all that may go wrong here would take longer
GENEROUS = 9  # seconds: connect-timeout where a connection comes about; timeout is 10
PATIENCE = "options timeout:30 attempts:5"  # with which getaddrinfo() would wait for minutes
TIMEOUT = (504, "exchange-timeout")


def other_platform(rig, api, more="", connect=CONNECT):
    """A second platform of the rig. A test in which it is reached gives connect seconds that a busy machine does not need."""
    rig.sections += 'platform "%s" {\n type = "veeting"\n api = "%s"\n connect-timeout = "%dms"\n%s\n}\n' % (
        OTHER, api, connect * 1000, more)


def start_other(rig):
    """Starts the rig, with a key for the second platform; somebody who has signed in."""
    start_nginx = rig.start_nginx

    def start():
        rig.ctl("secret", "set", OTHER, text=rig.key + "\n")
        start_nginx()

    rig.start_nginx = start
    visitor = rig.start().visitor()
    visitor.sign_in()
    return visitor


def enter_other(rig, visitor):
    """(status, error code, seconds) of a join at the other platform."""
    entry = rig.entry(hostname=OTHER)
    began = time.monotonic()
    answer = visitor.get(entry, JSON)
    return answer.status, answer.status >= 400 and answer.code, time.monotonic() - began


def many(rig, visitor, count):
    def one(_):
        somebody = rig.visitor()
        somebody.jar.update(visitor.jar)
        return enter_other(rig, somebody)

    with concurrent.futures.ThreadPoolExecutor(count) as crowd:
        return list(crowd.map(one, range(count)))


def assert_ends_at_once(rig):
    began = time.monotonic()
    assert rig.pool.stop(seconds=SLACK) == 0
    assert time.monotonic() - began < SLACK


def platform_at(rig, authority, addresses, port):
    """nginx with a certificate of NAME in front of the rig's platform, on addresses of loopback."""
    certificate, key = authority.certificate(NAME)
    listens = "".join("listen %s:%d ssl;" % (address, port) for address in addresses)
    server = "server { %s ssl_certificate %s; ssl_certificate_key %s; location / { proxy_pass http://127.0.0.1:%d; } }" % (
        listens, certificate, key, rig.platform.port)
    rig.start_nginx = lambda: start_with(rig, server)


# -- names --


@needs_root
def test_faults_F1_a_silent_name_server_stops_nobody(make_rig):
    rig = make_rig(start=False)
    server = NameServer(silent=True)
    other_platform(rig, "https://" + NAME)
    see_files(rig, resolv="nameserver %s\n%s\n" % (server.address, PATIENCE))
    visitor = start_other(rig)
    with concurrent.futures.ThreadPoolExecutor(1) as crowd:
        waiting = crowd.submit(many, rig, visitor, 8)
        taken = []
        while not waiting.done():
            began = time.monotonic()
            assert visitor.enter().status == 302
            taken.append(time.monotonic() - began)
        for status, code, seconds in waiting.result():
            assert (status, code) == TIMEOUT, (status, code, seconds)
            assert seconds < CONNECT + SLACK
    assert max(taken) < SLACK
    assert server.questions and len(server.questions) <= 12, "one question a name, however many wait"
    rig.send("GET", "/auth/healthz")
    enter_other(rig, visitor)
    assert_ends_at_once(rig)


@needs_root
def test_faults_F2_requests_in_pieces_are_answered_after_a_name_lookup(make_rig):
    rig = make_rig(start=False)
    server = NameServer({NAME: ["127.0.0.1"]}, delay=0.3)
    other_platform(rig, "https://%s:%d" % (NAME, free_port()))
    see_files(rig, resolv="nameserver %s\n" % server.address)
    visitor = start_other(rig)
    half = socket.socket(socket.AF_UNIX)
    half.connect(rig.socket)
    half.send(b"\x01\x01\x00\x01")
    with concurrent.futures.ThreadPoolExecutor(1) as crowd:
        waiting = crowd.submit(enter_other, rig, visitor)
        time.sleep(0.1)
        half.close()
        waiting.result()
    for _ in range(30):
        connection, whole = Connection(rig.socket), request()
        connection.send(whole[:40])
        time.sleep(0.02)
        connection.send(whole[40:])
        assert "Status: 200" in str(connection.read()), "answered, in two parts"


@needs_root
def test_a_new_resolv_conf_and_a_new_hosts_file_count(make_rig, authority):
    rig = make_rig(start=False)
    port, good, silent = free_port(), own_address(), NameServer(silent=True)
    server = NameServer({NAME: [good]})
    other_platform(rig, "https://%s:%d" % (NAME, port), 'ca-file = "%s"' % authority.file)
    platform_at(rig, authority, [good], port)
    see_files(rig, resolv="nameserver %s\n" % silent.address)
    visitor = start_other(rig)
    assert enter_other(rig, visitor)[:2] == TIMEOUT
    with open(rig.folder + "/resolv.conf", "w", encoding="utf-8") as file:
        file.write("nameserver %s\n" % server.address)
    wait_for(lambda: enter_other(rig, visitor)[0] == 302, "the new name server")
    server.close()
    with open(rig.folder + "/hosts", "a", encoding="utf-8") as file:
        file.write("127.0.0.1 %s\n" % NAME)
    wait_for(lambda: enter_other(rig, visitor)[:2] == (502, "exchange-unreachable"), "the new hosts file: nobody listens there")


@needs_root
def test_an_old_address_is_used_while_dns_is_silent(make_rig, authority):
    """RFC 8767."""
    rig = make_rig(start=False)
    port, good = free_port(), own_address()
    server = NameServer({NAME: [good]}, ttl=1)
    other_platform(rig, "https://%s:%d" % (NAME, port), 'ca-file = "%s"' % authority.file, connect=GENEROUS)
    platform_at(rig, authority, [good], port)
    see_files(rig, resolv="nameserver %s\n" % server.address)
    visitor = start_other(rig)
    assert enter_other(rig, visitor)[0] == 302
    server.silent, asked = True, len(server.questions)
    until = time.monotonic() + 7  # past the TTL, of which 5 s are the least
    while time.monotonic() < until or len(server.questions) == asked:
        assert enter_other(rig, visitor)[0] == 302
        time.sleep(0.2)


BACKENDS = {
    "ldap": 'group-refresh = "0"\n servers = {"ldaps://%s"}\n user-dn = "uid={name},ou=people,dc=example,dc=org"\n ca-file = "%s"\n connect-timeout = "500ms"',
    "radius": 'servers = {"%s"}\n timeout = "500ms"\n retries = 0\n # %s',
    "http": 'url = "https://%s/check"\n ca-file = "%s"\n connect-timeout = "500ms"',
}


@needs_root
@pytest.mark.parametrize("kind", BACKENDS)
def test_a_silent_name_server_holds_no_worker_of_a_backend(make_rig, authority, kind):
    """getaddrinfo() would wait for minutes with these settings, and no timeout of a library's ends it."""
    rig = make_rig(start=False, sections='backend "far" {\n type = "%s"\n %s\n}\n' % (kind, BACKENDS[kind] % (NAME, authority.file)))
    server = NameServer(silent=True)
    see_files(rig, resolv="nameserver %s\n%s\n" % (server.address, PATIENCE))
    start_nginx = rig.start_nginx

    def start():
        rig.ctl("secret", "set", "backend/far", text="a-secret-of-thirty-two-characters\n")
        start_nginx()

    rig.start_nginx = start
    visitor = rig.start().visitor()
    page = visitor.login_page()
    began = time.monotonic()
    assert visitor.fill(page, "erin", "secret").status == 503
    assert time.monotonic() - began < CONNECT + SLACK
    assert server.questions
    assert_ends_at_once(rig)


# -- addresses --


def test_flow_F1_a_silent_address_and_the_process_ends(make_rig):
    rig = make_rig(start=False)
    silent = SilentAddress()
    other_platform(rig, "http://127.0.0.1:%d" % silent.port)
    visitor = start_other(rig)
    status, code, seconds = enter_other(rig, visitor)
    assert (status, code) == TIMEOUT and seconds < CONNECT + SLACK
    again = visitor.get(rig.entry(hostname=OTHER), JSON)
    assert again.code != "already-used"
    assert_ends_at_once(rig)
    silent.close()


@needs_root
@pytest.mark.parametrize("first", ["silent", "refusing", "silent IPv6"])
def test_flow_F12_the_next_address_is_tried(make_rig, authority, first):
    rig = make_rig(start=False)
    port, dead, good = free_port(), own_address(), own_address()
    if first == "silent IPv6":
        dead = "2001:db8::1"  # there is no way to it, or it swallows
    silent = SilentAddress(dead, port) if first == "silent" else None
    other_platform(rig, "https://%s:%d" % (NAME, port), 'ca-file = "%s"' % authority.file, connect=GENEROUS)
    platform_at(rig, authority, [good], port)
    see_files(rig, hosts="%s %s\n%s %s\n" % (dead, NAME, good, NAME))
    visitor = start_other(rig)
    for _ in range(10):
        entry = rig.entry(hostname=OTHER)
        assert visitor.get(entry, JSON).status == 302
        assert len(rig.platform.attempts(token_of(entry))) == 1
    assert {status for status, _, _ in many(rig, visitor, 12)} == {302}
    assert_ends_at_once(rig)
    if silent:
        silent.close()


# -- TLS --


def test_faults_F3_the_deadline_is_kept_when_tls_hangs(make_rig):
    rig = make_rig(start=False)
    server = HangingServer()
    other_platform(rig, "https://127.0.0.1:%d" % server.port)
    visitor = start_other(rig)
    for status, code, seconds in many(rig, visitor, 15):
        assert (status, code) == TIMEOUT and seconds < CONNECT + SLACK
    assert visitor.enter().status == 302
    for _ in range(8):
        answer = enter_other(rig, visitor)
        if answer[0] == 503:
            break
    assert answer[:2] == (503, "overloaded"), "the breaker opens after 20"
    assert_ends_at_once(rig)
    server.close()


def test_flow_F4_a_front_that_closes_after_three_requests_loses_none(make_rig, authority):
    """flow 5: with HTTP/2, 85 of 200 were lost to GOAWAY."""
    rig = make_rig(start=False, platform='ca-file = "%s"\n connect-timeout = "%ds"' % (authority.file, GENEROUS))
    certificate, key = authority.certificate("127.0.0.1")
    port = free_port()
    rig.api = "https://127.0.0.1:%d" % port
    rig.start_nginx = lambda: start_with(rig, """server {
        listen 127.0.0.1:%d ssl http2; keepalive_requests 3; ssl_certificate %s; ssl_certificate_key %s;
        location / { proxy_pass http://127.0.0.1:%d; } }""" % (port, certificate, key, rig.platform.port))
    rig.start()
    visitor = rig.visitor()
    visitor.sign_in()

    def join(_):
        entry = rig.entry()
        somebody = rig.visitor()
        somebody.jar.update(visitor.jar)
        return somebody.get(entry).status, entry

    with concurrent.futures.ThreadPoolExecutor(16) as crowd:
        results = list(crowd.map(join, range(100)))
    assert {status for status, _ in results} == {302}
    seen = [entry["token"] for entry in rig.platform.ledger() if "token" in entry]
    assert len(seen) == len(set(seen)), "each token once"


def test_growth_G1_certificates_are_parsed_once_and_again_when_the_file_changes(make_rig, authority, tmp_path):
    rig = make_rig(start=False)
    certificate, key = authority.certificate("127.0.0.1")
    port, trusted = free_port(), str(tmp_path / "trusted.pem")
    with open(authority.file, "rb") as pem, open(trusted, "wb") as marked:
        marked.write(b"\xef\xbb\xbf" + pem.read())  # as editors of Windows write it
    other_platform(rig, "https://127.0.0.1:%d" % port, 'ca-file = "%s"' % trusted, connect=GENEROUS)
    rig.start_nginx = lambda: start_with(rig, """server {
        listen 127.0.0.1:%d ssl; keepalive_timeout 0; ssl_certificate %s; ssl_certificate_key %s;
        location / { proxy_pass http://127.0.0.1:%d; } }""" % (port, certificate, key, rig.platform.port))
    visitor = start_other(rig)
    assert enter_other(rig, visitor)[0] == 302
    assert rig.metric('meetauth_platform_certificate_expiry_seconds{platform="%s"}' % OTHER) == tls.end_of(certificate)
    os.rename(trusted, trusted + ".old")
    wait_for(lambda: [e for e in rig.events("reload") if e.get("what") == "ca-file" and trusted in e["message"]], "the log to say so")
    for _ in range(5):
        assert enter_other(rig, visitor)[0] == 302, "no connection reads the file"
    stranger = tls.Authority(str(tmp_path))
    shutil.copy(stranger.file, trusted)
    wait_for(lambda: enter_other(rig, visitor)[:2] == (502, "exchange-unreachable"), "the new file to count")
    os.rename(trusted + ".old", trusted)
    wait_for(lambda: enter_other(rig, visitor)[0] == 302, "the old one again")
    failures = [e for e in rig.events("reload") if e.get("what") == "ca-file" and e["result"] == "failed"]
    assert len(failures) == 1, "told once"


def test_a_ca_file_without_certificates_is_refused_at_load(make_rig):
    rig = make_rig(start=False, platform='ca-file = "/dev/null"')
    os.mkdir(rig.folder + "/state")
    rig.configure()
    done = rig.ctl("check", check=False)
    assert done.returncode != 0 and "ca-file: /dev/null: expected certificates" in done.stderr + done.stdout
