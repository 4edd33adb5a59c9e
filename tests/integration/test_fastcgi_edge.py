# SPDX-License-Identifier: MIT
"""The FastCGI socket: half requests, forged ones, and the four defects of libfcgi (SECURITY.md), of
which none may be reachable."""

import json
import os
import re
import signal
import struct
import time

import fcgi
import pytest
from fcgi import BEGIN, PARAMS, STDIN, Connection, ask, begin, pairs, params_for, record, request, stream
from rig import cpu_seconds, wait_for


def healthy(rig):
    """Still the same process, and it answers sooner than it gives up on anybody."""
    began = time.monotonic()
    reply = ask(rig.socket, request())
    assert reply.status == 200 and time.monotonic() - began < 9, reply


def refused(reply):
    """400, or closed without an answer where there is no request to answer."""
    return reply.closed and reply.status in (400, None) and "200" not in reply.text[:20]


def test_good_request(rig):
    reply = ask(rig.socket, request())
    assert reply.status == 200 and reply.text.endswith("\r\n\r\nok\n")
    assert reply.ends == [struct.pack("!IB3x", 0, 0)] and reply.closed
    assert reply.rest == b""


def test_other_request_ids(rig):
    for request_id in (2, 255, 256, 65535):
        reply = ask(rig.socket, request(request_id=request_id))
        assert reply.status == 200 and {found for _, found, _ in reply.records} == {request_id}


def test_in_small_pieces(rig):
    connection = Connection(rig.socket)
    data = request()
    for at in range(0, len(data), 16):
        connection.send(data[at : at + 16])
    assert connection.read().status == 200


def test_byte_by_byte(rig):
    """A write of one byte takes as much of a socket's buffer as one of some hundred. Whoever does
    that is answered, or refused at the deadline; nobody else waits."""
    connection = Connection(rig.socket)
    connection.socket.settimeout(1)
    try:
        for byte in request():
            connection.send(bytes([byte]))
    except TimeoutError:
        pass
    healthy(rig)
    connection.socket.settimeout(120)
    assert connection.read().status in (200, 400)


def test_params_in_records_of_one_byte_and_with_padding(rig):
    params = pairs(params_for("/auth/healthz"))
    data = begin() + b"".join(record(PARAMS, params[i : i + 1], padding=i % 8) for i in range(len(params)))
    assert ask(rig.socket, data + record(PARAMS) + record(STDIN)).status == 200


def test_param_with_a_long_value(rig):
    assert ask(rig.socket, request(HTTP_X="a" * 20000)).status == 200


CUT = request("/auth/login", "POST", body=b"a=b&c=d", CONTENT_TYPE="application/x-www-form-urlencoded")


@pytest.mark.parametrize("part", range(0, 100, 7))
def test_d_request_that_was_cut_short(rig, part):
    """Half of the parameters must not be a request with half of the parameters."""
    reply = Connection(rig.socket).send(CUT[: len(CUT) * part // 100]).half_close().read()
    assert refused(reply) and reply.seconds < 2, reply
    healthy(rig)


@pytest.mark.parametrize("cut", [1, 2, 3, 50, 100])
def test_d_params_that_end_inside_a_pair(rig, cut):
    params = pairs(params_for("/auth/healthz"))
    reply = ask(rig.socket, begin() + stream(PARAMS, params[:-cut]) + record(STDIN))
    assert refused(reply), reply


def test_d_no_params_at_all(rig):
    assert refused(ask(rig.socket, begin() + record(PARAMS) + record(STDIN)))


@pytest.mark.parametrize("missing", ["REQUEST_METHOD", "DOCUMENT_URI"])
def test_A57_missing_param(rig, missing):
    more = {"SCRIPT_NAME": None} if missing == "DOCUMENT_URI" else {}
    reply = ask(rig.socket, request(**{missing: None, **more}))
    assert reply.status == 400, reply


@pytest.mark.parametrize("missing", ["QUERY_STRING", "HTTP_COOKIE", "REMOTE_ADDR", "SERVER_NAME", "CONTENT_TYPE", "CONTENT_LENGTH"])
def test_A57_missing_param_that_may_be_missing(rig, missing):
    assert ask(rig.socket, request(**{missing: None})).status == 200
    reply = ask(rig.socket, request("/auth", **{missing: None}))
    assert reply.status == 400, "the entry without its parameters"


@pytest.mark.parametrize("length", ["abc", "-1", "1e9", "0x7", " 7", "7 ", "+7", "99999999999999999999", "6", "8", "2147483648", "7\n"])
def test_A57_content_length(rig, length):
    body = b"a=b&c=d"
    reply = ask(rig.socket, request("/auth/login", "POST", body=body, CONTENT_LENGTH=length, CONTENT_TYPE="application/x-www-form-urlencoded"))
    assert reply.status == 400, reply
    healthy(rig)


def test_A40_param_twice(rig):
    """nginx sends both where a configuration replaces a stock one: the last counts. A header is
    refused."""
    for more, status in ((("REQUEST_METHOD", "POST"), 405), (("HTTP_COOKIE", "a=b"), 400)):
        twice = pairs([*params_for("/auth/healthz", HTTP_COOKIE="x=y").items(), more])
        assert ask(rig.socket, begin() + stream(PARAMS, twice) + record(STDIN)).status == status


@pytest.mark.parametrize("name,value", [("HTTP_X", "a\0b"), ("HTTP\0X", "a"), ("", "a"), ("HTTP_X=Y", "a"), ("", "")],
                         ids=["nul-value", "nul-name", "no-name", "equals-in-name", "nothing"])
def test_odd_param(rig, name, value):
    odd = pairs([*params_for("/auth/healthz").items(), (name, value)])
    reply = ask(rig.socket, begin() + stream(PARAMS, odd) + record(STDIN))
    assert reply.closed and reply.status in (400, 200, None)
    healthy(rig)


def answered(reply, status, code):
    """An answer like any other: an id, a form, and at once."""
    assert reply.closed and reply.status == status and reply.seconds < 3, reply
    assert len(reply.ends) == 1 and not reply.rest
    assert re.search(r"(?m)^X-Request-Id: \S+\r$", reply.text) and "X-Content-Type-Options: nosniff" in reply.text
    if "application/json" in reply.text:
        assert json.loads(reply.text.partition("\r\n\r\n")[2])["error"] == code
    else:
        assert "Content-Type: text/html" in reply.text and "<h1>" in reply.text


def test_oversized_params(rig):
    answered(ask(rig.socket, request(HTTP_X="a" * 200_000)), 400, "bad-request")
    healthy(rig)


@pytest.mark.parametrize("size", [16385, 17000, 61000, 62000, 65535, 100_000, 1_000_000])
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_body_that_is_too_large_is_answered_at_once(rig, size, accept):
    """Also while the web server is still sending: it has to get its answer, not a reset."""
    data = request("/auth/login", "POST", body=b"a" * size, HTTP_ACCEPT=accept, REQUEST_ID="some-id")
    for cut in (None, 200, 16 * 1024, 60 * 1024):
        connection = Connection(rig.socket)
        if cut:
            connection.send(data[:cut])
            time.sleep(0.02)
        reply = connection.send(data[cut:] if cut else data).read()
        answered(reply, 413, "too-large")
        assert "X-Request-Id: some-id\r" in reply.text and ("application/json" in reply.text) == (accept != "text/html")
    healthy(rig)


def test_a_body_at_the_limit_is_taken(rig):
    body = b"name=" + b"a" * (16 * 1024 - 5)
    reply = ask(rig.socket, request("/auth/login", "POST", body=body, CONTENT_TYPE="application/x-www-form-urlencoded"))
    assert reply.status == 400 and "too-large" not in reply.text


def test_a_refused_request_is_answered_like_any_other(rig):
    two_cookies = pairs([*params_for("/auth", HTTP_COOKIE="x=y", REQUEST_ID="my-id").items(), ("HTTP_COOKIE", "a=b")])
    whole = request("/auth/login", "POST", body=b"a=b", REQUEST_ID="my-id", HTTP_ACCEPT="application/json")
    for data, has_id in (
        (begin() + stream(PARAMS, two_cookies) + record(STDIN), True), (whole[:-10], True), (whole[: len(whole) // 2], False),
        (request("/auth/login", "POST", body=b"a=b", CONTENT_LENGTH="9", REQUEST_ID="my-id"), True),
    ):
        reply = Connection(rig.socket).send(data).half_close().read()
        answered(reply, 400, "bad-request")
        assert ("X-Request-Id: my-id\r" in reply.text) == has_id, reply


def test_a_refused_peer_that_goes_on_sending_has_an_end(make_rig):
    rig = make_rig()
    connection = Connection(rig.socket, timeout=1).send(request("/auth/login", "POST", body=b"a" * 20_000)[:-100])
    assert b"Status: 413" in connection.socket.recv(65536)
    before = len(os.listdir("/proc/%d/fd" % rig.pool.pid))

    def is_closed():
        try:
            return connection.socket.send(b"x") < 0
        except OSError:
            return True

    wait_for(is_closed, "the end of the connection")
    wait_for(lambda: len(os.listdir("/proc/%d/fd" % rig.pool.pid)) < before, "its descriptor")
    connection.close()


@pytest.mark.parametrize("size", [0x7FFFFFFF, 0x7FFFFFF0, 0x40000000, 0x10000, 0xFFFFFF])
@pytest.mark.parametrize("which", ["name", "value", "both"])
def test_A55_huge_lengths(rig, size, which):
    name = fcgi.length(size) if which in ("name", "both") else b"\x01"
    value = fcgi.length(size) if which in ("value", "both") else b"\x01"
    data = begin() + record(PARAMS, name + value + b"aa") + record(PARAMS) + record(STDIN)
    assert refused(ask(rig.socket, data))
    healthy(rig)


KNOWN = ["FCGI_MAX_CONNS", "FCGI_MAX_REQS", "FCGI_MPXS_CONNS"]


def values(names):
    return record(fcgi.GET_VALUES, pairs([(name, "") for name in names]), 0)


@pytest.mark.parametrize("count", [1, 4, 50])
@pytest.mark.parametrize("first", [True, False], ids=["first", "after-begin"])
def test_b_management_records(rig, count, first):
    """libfcgi would answer them out of a buffer of 64 bytes."""
    asks = values(KNOWN[i % 3 if count > 4 else 0] for i in range(count))
    reply = ask(rig.socket, asks + request() if first else begin() + asks + request())
    results = [(found, content) for kind, found, content in reply.records if kind == fcgi.VALUES]
    assert reply.closed and not reply.rest
    if first:
        (number, content), = results
        assert number == 0 and content.count(b"FCGI_") == (3 if count > 4 else 1) and reply.status == 200
    else:
        assert not results and refused(reply)
    healthy(rig)


def test_what_the_web_server_may_ask(rig):
    reply = Connection(rig.socket).send(values([*KNOWN, "FCGI_ELSE"])).half_close().read()
    (kind, number, content), = reply.records
    assert (kind, number) == (fcgi.VALUES, 0) and reply.closed
    assert re.fullmatch(rb"\x0e.FCGI_MAX_CONNS([1-9]\d+)\x0d.FCGI_MAX_REQS\1\x0f\x01FCGI_MPXS_CONNS0", content), content
    before = rig.metric("meetauth_requests_broken_total")
    assert ask(rig.socket, values([]) * 3 + request()).status == 200
    assert rig.metric("meetauth_requests_broken_total") == before
    assert refused(Connection(rig.socket).send(record(fcgi.GET_VALUES, b"\x05\xff", 0)).half_close().read())


RECORDS = {
    "version-0": record(BEGIN, bytes(8), version=0), "version-2": record(BEGIN, bytes(8), version=2), "http": b"GET / HTTP/1.0\r\n\r\n", "zeros": bytes(64),
    "ones": b"\xff" * 64, "abort": record(fcgi.ABORT), "abort-of-another": begin() + record(fcgi.ABORT, request_id=2), "stdin-first": record(STDIN, b"x"), "params-first": record(PARAMS, b"x"),
    "id-0": begin(request_id=0) + request()[16:], "authorizer": begin(fcgi.AUTHORIZER) + request()[16:], "filter": begin(fcgi.FILTER) + request()[16:],
    "role-0": begin(0) + request()[16:], "begin-twice": begin() + request(), "short-begin": record(BEGIN, b"\0\1") + request()[16:], "unknown-type": record(200) + request(),
    "another-id": begin() + begin(request_id=2) + request(request_id=2)[16:], "end-from-client": begin() + record(fcgi.END, bytes(8)), "data": begin() + record(fcgi.DATA, b"x"),
    "stdout-from-client": begin() + record(fcgi.STDOUT, b"x"),
}


@pytest.mark.parametrize("data", RECORDS.values(), ids=RECORDS)
def test_record_that_no_web_server_sends(rig, data):
    reply = Connection(rig.socket).send(data).half_close().read()
    assert refused(reply) and reply.seconds < 2, reply
    healthy(rig)


@pytest.mark.parametrize("flags", [0, fcgi.KEEP_CONN])
def test_abort_in_the_middle(rig, flags):
    """The end of the request, without an answer."""
    whole = request("/auth/login", "POST", body=b"a=b", flags=flags)
    for at in fcgi.boundaries(whole)[1:-1]:
        reply = Connection(rig.socket).send(whole[:at] + record(fcgi.ABORT)).half_close().read()
        assert reply.closed and reply.records == [(fcgi.END, 1, bytes(8))] and not reply.rest, reply
    healthy(rig)


def test_the_page_of_a_pool_that_is_down(make_rig):
    """Whatever the method: a static page is no answer to POST, nginx says, with 405."""
    rig = make_rig()
    with open(rig.share + "/static/unavailable.html", "rb") as file:
        page = file.read()
    rig.stop_pool()
    for method, body in (("GET", b""), ("POST", b"a=b")):
        answer = rig.send(method, "/auth/login", body=body)
        assert (answer.status, answer.body, answer.headers["Cache-Control"]) == (502, page, "no-store"), method
        assert int(answer.headers["Retry-After"]) > 0
    for accept, is_json in (("application/json", True), ("text/html,application/json", False), ("*/*", False), ("APPLICATION/json;q=1", True)):
        answer = rig.send("GET", "/auth/login", [("Accept", accept)])
        assert answer.status == 502 and answer.headers["Content-Type"].startswith("application/json") == is_json, accept
        assert int(answer.headers["Retry-After"]) > 0 and answer.headers["Cache-Control"] == "no-store"
        if is_json:
            body = json.loads(answer.body)
            assert body["error"] == "unavailable" and body["requestId"] == answer.headers["X-Request-Id"]
    assert rig.send("GET", "/unavailable.json").status == 404
    assert rig.send("GET", "/unavailable.html").status == 404


# -- half requests delay nobody --


def test_half_requests_delay_nobody_and_end(make_rig):
    rig = make_rig()
    whole = request()
    halves = [Connection(rig.socket, 60).send(whole[: (number * 7) % (len(whole) - 1)]) for number in range(300)]
    for _ in range(20):
        healthy(rig)
    assert rig.visitor().sign_in().status == 302
    for half in halves[::50]:
        reply = half.read()
        assert reply.closed, "a deadline ends them"
    for half in halves:
        half.close()


def test_half_requests_cost_no_time(make_rig):
    """Waiting for the rest is waiting, not asking again and again."""
    rig = make_rig()
    whole = request()
    halves = [Connection(rig.socket).send(whole[:at]) for at in (0, 5, 16, 100, len(whole) - 8)]
    healthy(rig)
    before = cpu_seconds(rig.pool.pid)
    time.sleep(1)
    assert cpu_seconds(rig.pool.pid) - before < 0.2
    for half in halves:
        half.close()


def test_d_peer_that_leaves_early(rig, alice):
    """A browser that does not wait for its answer."""
    whole = request(query=rig.entry("fault-slow-300").partition("?")[2], path="/auth",
                    HTTP_COOKIE="; ".join("%s=%s" % pair for pair in alice.jar.items()))
    for _ in range(20):
        Connection(rig.socket).send(whole).close()
        Connection(rig.socket).send(request()).close()
        Connection(rig.socket).close()
    healthy(rig)


def test_peer_that_does_not_read(rig):
    silent = [Connection(rig.socket).send(request("/auth/metrics")) for _ in range(50)]
    healthy(rig)
    for one in silent:
        one.close()


# -- c: idle connections and the end --


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_c_idle_connections_and_the_end(make_rig, number):
    rig = make_rig(options={"drain-timeout": "3s"})
    idle = [Connection(rig.socket) for _ in range(5)] + [Connection(rig.socket).send(request()[:30])]
    healthy(rig)
    pid = rig.pool.pid
    before = cpu_seconds(pid)
    os.kill(pid, number)
    time.sleep(0.5)
    if rig.pool.process.poll() is None:
        assert cpu_seconds(pid) - before < 0.3, "it does not spin"
    assert rig.pool.process.wait(60) == 0
    for one in idle:
        one.close()


def test_no_descriptor_is_lost(make_rig):
    rig = make_rig()
    for _ in range(5):
        healthy(rig)
    count = lambda: len(os.listdir("/proc/%d/fd" % rig.pool.pid))
    before = count()
    for data in list(RECORDS.values()) + [request()] * 30:
        Connection(rig.socket).send(data).half_close().read()
    wait_for(lambda: count() <= before + 1, "the descriptors")
