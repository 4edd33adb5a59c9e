# SPDX-License-Identifier: MIT
"""FastCGI connections that the web server keeps (FCGI_KEEP_CONN): one request after the other, and never one visitor's bytes taken for another's."""

import concurrent.futures
import http.client
import os
import random
import signal
import struct
import threading

import fcgi
import pytest
from fcgi import BEGIN, KEEP_CONN, PARAMS, STDIN, Connection, begin, boundaries, pairs, params_for, record, request
from rig import cpu_seconds, wait_for


RELEASE = (fcgi.STDERR, 1, b"")  # what asks a web server to let go


def kept(number=0, path="/auth/healthz", request_id=1, **more):
    """A request whose answer says which one it is for."""
    return request(path, flags=KEEP_CONN, request_id=request_id, REQUEST_ID="visitor-%d" % number, **more)


def post(number=0, body=b"name=alice&password=x", **more):
    return kept(number, "/auth/login", method="POST", body=body, CONTENT_TYPE="application/x-www-form-urlencoded", **more)


def answers(rig, data):
    """All that comes back when this is all that is sent: the ids of the answers, and their statuses."""
    connection = Connection(rig.socket).send(data).half_close()
    replies = []
    while True:
        reply = connection.reply()
        if reply.ends:
            replies.append(reply)
            continue
        assert reply.closed and not reply.rest and set(reply.records) <= {RELEASE}, reply
        connection.close()
        return replies


def ids(replies):
    return [reply.id for reply in replies]


def healthy(rig):
    assert ids(answers(rig, kept(7))) == ["visitor-7"]


def test_one_request_after_another(rig):
    connection = Connection(rig.socket)
    for number in range(300):
        reply = connection.send(kept(number) if number % 2 else post(number)).reply()
        assert (reply.status, reply.id) == (200 if number % 2 else 400, "visitor-%d" % number), reply
        assert reply.ends == [bytes(8)] and not reply.closed
    connection.close()


def test_the_answer_is_the_last_where_the_web_server_does_not_ask_for_more(rig):
    connection = Connection(rig.socket)
    assert connection.send(kept(1)).reply().id == "visitor-1"
    reply = connection.send(request(REQUEST_ID="visitor-2")).read()
    assert reply.closed and reply.id == "visitor-2" and len(reply.ends) == 1


def test_other_ids_one_after_another(rig):
    connection = Connection(rig.socket)
    for request_id in (1, 65535, 256, 2, 1):
        reply = connection.send(kept(request_id, request_id=request_id)).reply()
        assert {found for _, found, _ in reply.records} == {request_id} and reply.id == "visitor-%d" % request_id
    connection.close()


# -- what lies behind a request --


@pytest.mark.parametrize("count", [2, 5, 60])
def test_requests_that_were_sent_together(rig, count):
    data = b"".join(post(number) if number % 3 == 0 else kept(number) for number in range(count))
    replies = answers(rig, data)
    assert ids(replies) == ["visitor-%d" % number for number in range(count)]
    assert [reply.status for reply in replies] == [400 if number % 3 == 0 else 200 for number in range(count)]


def test_requests_in_pieces_of_any_size(rig):
    """Ends and beginnings of requests, answers under way meanwhile, anywhere."""
    chance = random.Random(5)
    for _ in range(12):
        wanted = list(range(chance.randint(2, 9)))
        data = b"".join(post(number, body=b"x" * chance.choice((0, 1, 8168, 8192, 16384))) if chance.random() < 0.5 else kept(number) for number in wanted)
        connection, at = Connection(rig.socket), 0
        while at < len(data):
            size = chance.choice((1, 7, 8, 9, 500, 8192, 20000, 70000))
            connection.send(data[at : at + size])
            at += size
        assert [connection.reply().id for _ in wanted] == ["visitor-%d" % number for number in wanted]
        connection.close()


def test_padding_anywhere(rig):
    params = pairs(params_for("/auth/login", "POST", body=b"ab", REQUEST_ID="visitor-1"))
    for padding in (1, 7, 255):
        padded = begin(flags=KEEP_CONN) + b"".join(
            record(kind, content, padding=padding) for kind, content in
            ((PARAMS, params[:50]), (PARAMS, params[50:]), (PARAMS, b""), (STDIN, b"a"), (STDIN, b"b"), (STDIN, b"")))
        assert ids(answers(rig, padded * 4 + kept(2))) == ["visitor-1"] * 4 + ["visitor-2"]
        # Padding that is a request is no request.
        hidden = record(STDIN)[:6] + struct.pack("!Bx", 255) + (kept(9) + bytes(255))[:255]
        assert ids(answers(rig, kept(1)[:-8] + hidden + kept(2))) == ["visitor-1", "visitor-2"]


@pytest.mark.parametrize("offset", [0, 1, 8192 - 24, 8192, 12000])
def test_a_request_in_a_body_is_a_body(rig, offset):
    """Whether somebody reads the body or not."""
    forged = kept(666, "/auth/metrics", REMOTE_USER="alice")
    for path in ("/auth/nothing", "/auth/login", "/auth/healthz"):
        body = b"x" * offset + forged
        replies = answers(rig, kept(1, path, method="POST", body=body) + kept(2))
        assert ids(replies) == ["visitor-1", "visitor-2"] and not any("meetauth_joins" in reply.text for reply in replies)


@pytest.mark.parametrize("length", ["0", "5", "22", "8168", "16384", "99999", "-1", "abc"])
def test_a_length_that_is_not_that_of_the_body(rig, length):
    """Records say where a body ends, and nothing else does."""
    replies = answers(rig, post(1, CONTENT_LENGTH=length) + kept(2) + post(3))
    assert ids(replies) == ["visitor-1", "visitor-2", "visitor-3"]
    assert [reply.status for reply in replies] == [400, 200, 400]


BEHIND = {
    "stdin": record(STDIN, b"extra"), "end-of-stdin": record(STDIN), "params": record(PARAMS, b"\x01\x01ab"), "data": record(fcgi.DATA, b"x"), "end": record(fcgi.END, bytes(8)),
    "http": b"GET / HTTP/1.0\r\n\r\n", "zeros": bytes(64), "ones": b"\xff" * 64, "version": record(BEGIN, bytes(8), version=0), "authorizer": begin(fcgi.AUTHORIZER, KEEP_CONN),
    "id-0": begin(flags=KEEP_CONN, request_id=0), "unknown": record(200), "management": record(200, request_id=0), "short-begin": record(BEGIN, b"\0\1"),
    "abort-of-another": record(fcgi.ABORT, request_id=2), "abort-with-content": record(fcgi.ABORT, b"x"), "half-a-header": b"\1\1\0",
}


@pytest.mark.parametrize("behind", BEHIND.values(), ids=BEHIND)
def test_what_is_no_request_ends_the_connection(rig, behind):
    replies = answers(rig, kept(1) + behind + kept(666, "/auth/metrics"))
    assert ids(replies) == ["visitor-1"]
    healthy(rig)


INSIDE = {
    "begin-again": begin(flags=KEEP_CONN), "begin-another": begin(flags=KEEP_CONN, request_id=2), "another": kept(666, request_id=2), "values": record(fcgi.GET_VALUES, b"", 0),
    "stdin-of-another": record(STDIN, b"x", request_id=2), "params-of-another": record(PARAMS, b"\x01\x01ab", request_id=2), "abort-of-another": record(fcgi.ABORT, request_id=2),
    "data": record(fcgi.DATA, b"x"), "unknown": record(99),
}


@pytest.mark.parametrize("inside", INSIDE.values(), ids=INSIDE)
def test_what_is_not_of_the_request_ends_the_connection(rig, inside):
    """Between each two of its records: 400 for the request that has begun, and nothing for whatever follows."""
    whole = post(2)
    for at in boundaries(whole)[1:-1]:
        replies = answers(rig, kept(1) + whole[:at] + inside + whole[at:] + kept(666))
        assert [reply.status for reply in replies] == [200, 400] and "visitor-666" not in ids(replies), (at, replies)
    healthy(rig)


def test_the_end_in_every_place(rig):
    data = kept(0) + post(1) + kept(2)
    ends = [len(kept(0)), len(kept(0) + post(1)), len(data)]
    for cut in sorted({*range(0, len(data), 13), *ends, *(end - 1 for end in ends), *(end + 1 for end in ends[:-1])}):
        replies = answers(rig, data[:cut])
        whole = sum(end <= cut for end in ends)
        assert ids(replies)[:whole] == ["visitor-%d" % number for number in range(whole)], cut
        assert len(replies) <= whole + 1 and all(reply.status == 400 for reply in replies[whole:]), cut
    healthy(rig)


def test_a_body_that_is_too_large(rig):
    """Answered at once, and nothing of it is ever looked at."""
    forged = kept(666, "/auth/metrics")
    for size in (16385, 40000, 200_000):
        body = (forged * (size // len(forged) + 1))[:size]
        connection = Connection(rig.socket).send(kept(0))
        assert connection.reply().id == "visitor-0"
        reply = connection.send(post(1, body=body) + forged).reply()
        assert (reply.status, reply.id) == (413, "visitor-1")
        reply = connection.read()
        assert reply.closed and not reply.ends and not reply.text, reply
    healthy(rig)


# -- requests that are taken back --


def test_abort_and_begin_with_the_same_id(rig):
    whole = post(1)
    for at in boundaries(whole)[1:-1]:
        replies = answers(rig, kept(0) + whole[:at] + record(fcgi.ABORT) + kept(2))
        assert ids(replies) == ["visitor-0", None, "visitor-2"] and not replies[1].text, at
        assert {kind for kind, _, _ in replies[1].records} == {fcgi.END}


def test_an_abort_after_the_answer_is_too_late(rig):
    assert ids(answers(rig, kept(1) + record(fcgi.ABORT) + kept(2) + record(fcgi.ABORT) * 3)) == ["visitor-1", "visitor-2"]


def test_an_abort_while_the_answer_is_made(rig, alice):
    """A request token is used once, so the answer is made and sent; the next request has its own."""
    query = rig.entry("fault-slow-300").partition("?")[2]
    cookies = "; ".join("%s=%s" % pair for pair in alice.jar.items())
    connection = Connection(rig.socket).send(kept(1, "/auth", query=query, HTTP_COOKIE=cookies)).send(record(fcgi.ABORT) + kept(2))
    first, second = connection.reply(), connection.reply()
    assert (first.status, first.id, second.status, second.id) == (302, "visitor-1", 200, "visitor-2")
    connection.close()


# -- peers that behave badly --


def test_a_slow_reader_delays_nobody_and_has_an_end(rig):
    """It asks and asks and does not read: the answer that does not fit is its last."""
    connection = Connection(rig.socket, timeout=300)
    asked = kept(1, "/auth/metrics")
    connection.socket.settimeout(0.05)
    sent = 0
    try:
        while sent < 2000:
            connection.socket.sendall(asked)
            sent += 1
    except (TimeoutError, OSError):
        pass
    healthy(rig)
    connection.socket.settimeout(120)
    count = 0
    while True:
        reply = connection.reply()
        if reply.closed:
            break
        count += 1
        assert reply.id == "visitor-1" and reply.ends == [bytes(8)]
    assert 0 < count < 2000
    connection.close()
    healthy(rig)


def connected(rig):
    """How many connections the pool has."""
    with open("/proc/net/unix", encoding="ascii") as sockets:
        return sum(line.endswith(" " + rig.socket + "\n") and line.split()[5] == "03" for line in sockets)


def test_a_web_server_that_vanishes(make_rig):
    """Anywhere in a request or behind it, and while an answer is made."""
    rig = make_rig()
    visitor = rig.visitor()
    visitor.sign_in()
    healthy(rig)
    before = connected(rig)
    data = kept(1) + post(2)
    for cut in range(1, len(data), 37):
        Connection(rig.socket).send(data[:cut]).close()
    cookies = "; ".join("%s=%s" % pair for pair in visitor.jar.items())
    for _ in range(5):
        query = rig.entry("fault-slow-300").partition("?")[2]
        Connection(rig.socket).send(kept(1, "/auth", query=query, HTTP_COOKIE=cookies) + kept(2)).close()
    healthy(rig)
    wait_for(lambda: connected(rig) <= before, "the end of all others")


def test_half_a_request_behind_a_whole_one_has_an_end(rig):
    connection = Connection(rig.socket, timeout=300).send(kept(1) + post(2)[:-9])
    assert connection.reply().id == "visitor-1"
    reply = connection.reply()
    assert reply.status == 400 and reply.id == "visitor-2"
    assert connection.read().closed


# -- the end of a process --


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT])
def test_kept_connections_at_the_end(make_rig, number):
    """A process that drains asks the web server to let go, answers what is on its way nevertheless, and closes no connection before the web server
    has or the drain is over."""
    rig = make_rig(options={"drain-timeout": "5m"})
    idle, busy = Connection(rig.socket), Connection(rig.socket)
    for connection in (idle, busy):
        assert connection.send(kept(1)).reply().id == "visitor-1"
    os.kill(rig.pool.pid, number)
    asked = struct.pack("!BBHHBx", 1, fcgi.STDERR, 1, 0, 0)
    assert idle.socket.recv(8) == asked, "the web server is asked to let go"
    idle.close()
    for turn in range(3):  # it does not
        reply = busy.send(kept(turn)).reply()
        assert reply.id == "visitor-%d" % turn and RELEASE in reply.records[:1]
    assert rig.pool.process.poll() is None
    busy.close()
    assert rig.pool.process.wait(300) == 0
    assert "cut off" not in rig.pool.said()


def test_a_web_server_that_does_not_let_go_ends_with_the_drain(make_rig):
    rig = make_rig(options={"drain-timeout": "1s"})
    connection = Connection(rig.socket).send(kept(1))
    assert connection.reply().id == "visitor-1"
    os.kill(rig.pool.pid, signal.SIGTERM)
    assert rig.pool.process.wait(300) == 0
    reply = connection.read()
    assert reply.closed and not reply.ends and "cut off" not in rig.pool.said()


# -- through nginx --


def test_a_forged_request_through_nginx(make_rig):
    rig = make_rig()
    forged = kept(666, "/auth/metrics", REMOTE_USER="alice")
    visitor = rig.visitor()
    for offset in (0, 8192 - 24, 8192 - 100, 8192, 10000):
        answer = visitor.request("POST", "/auth/nothing", body=b"x" * offset + forged)
        assert answer.status in (400, 404) and b"meetauth_joins_total" not in answer.body
        assert rig.send("GET", "/auth/healthz").text == "ok\n"
    assert visitor.sign_in().status == 302


@pytest.mark.parametrize("keeps", [True, False], ids=["kept", "not-kept"])
def test_nginx_keeps_connections(make_rig, keeps):
    """As the sample has it; and what the configuration without it does."""
    rig = make_rig(start=False)
    rig.keeps_connections = keeps
    rig.start()
    visitor = rig.visitor()
    assert visitor.sign_in().status == 302
    for _ in range(5):
        assert visitor.get(rig.entry()).status == 302
        assert rig.send("POST", "/auth/login", body=b"a=b").status == 400
    assert bool(connected(rig)) == keeps


def keep_asking(rig, stop, count):
    """So many clients that join, sign in with a password that is wrong, and ask how things are. Returns the statuses that each got, and its end."""
    visitor = rig.visitor()
    visitor.sign_in()
    cookie = {"Cookie": "; ".join("%s=%s" % pair for pair in visitor.jar.items())}
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    def ask(seen):
        connection = http.client.HTTPConnection("127.0.0.1", rig.port, timeout=300)
        while not stop.is_set():
            kind = ("join", "post", "get")[len(seen) % 3]
            if kind == "join":
                connection.request("GET", rig.entry(), headers=cookie)
            elif kind == "post":
                connection.request("POST", "/auth/login", body=b"a=b" * 100, headers=form)
            else:
                connection.request("GET", "/auth/healthz")
            answer = connection.getresponse()
            answer.read()
            seen.append((kind, answer.status))
        connection.close()

    seen = [[] for _ in range(count)]
    crowd = concurrent.futures.ThreadPoolExecutor(count)
    running = [crowd.submit(ask, one) for one in seen]
    return seen, lambda: (stop.set(), [one.result() for one in running])


RIGHT = {("join", 302), ("post", 400), ("get", 200)}


def rolled(rig):
    return sum(event.get("result") == "rolled" for event in rig.events("pool"))


def test_a_rolling_restart_loses_no_request(make_rig):
    """Three times, under load, over kept connections."""
    rig = make_rig(processes=2)
    seen, finish = keep_asking(rig, threading.Event(), 6)
    for number in range(3):
        asked = sum(map(len, seen))
        wait_for(lambda asked=asked: sum(map(len, seen)) > asked + 100, "requests before the roll")
        os.kill(rig.pool.pid, signal.SIGUSR2)
        wait_for(lambda number=number: rolled(rig) == number + 1, "the roll")
        wait_for(lambda: len(rig.daemons()) == 2, "the end of the old processes")
    finish()
    assert set(sum(seen, [])) == RIGHT
    assert "cut off" not in rig.pool.said()


def test_a_reload_loses_no_request(make_rig):
    """Five times, under load, over kept connections, in each process of the pool."""
    rig = make_rig(processes=2)
    seen, finish = keep_asking(rig, threading.Event(), 6)

    def reloads():
        return sum(event.get("what") == "configuration" and event.get("result") == "ok" for event in rig.events("reload"))

    for number in range(5):
        asked = sum(map(len, seen))
        wait_for(lambda asked=asked: sum(map(len, seen)) > asked + 60, "requests before the reload")
        os.kill(rig.pool.pid, signal.SIGHUP)
        wait_for(lambda number=number: reloads() == 2 * (number + 1), "the reload of both processes")
    finish()
    assert set(sum(seen, [])) == RIGHT


def test_a_process_of_multiwatch_is_restarted(make_rig):
    """As spawn-fcgi and multiwatch run a pool: one process is asked to end after the other."""
    rig = make_rig(start=False, processes=2)
    rig.supervisor = ["/usr/bin/multiwatch", "-s", "TERM", "-r", "100", "-f", "2", "--"]
    rig.start()
    seen, finish = keep_asking(rig, threading.Event(), 4)
    for pid in rig.daemons():
        asked = sum(map(len, seen))
        wait_for(lambda asked=asked: sum(map(len, seen)) > asked + 50, "requests before the end")
        os.kill(pid, signal.SIGTERM)
        wait_for(lambda pid=pid: pid not in rig.daemons() and len(rig.daemons()) == 2, "another process")
    finish()
    assert set(sum(seen, [])) == RIGHT


def test_a_process_that_is_killed_takes_only_its_own_requests(make_rig):
    """Each client loses at most the request that it waits for, and the one that nginx sends to a connection whose end it has not seen yet."""
    rig = make_rig(processes=2)
    seen, finish = keep_asking(rig, threading.Event(), 6)
    wait_for(lambda: sum(map(len, seen)) > 100, "requests")
    killed = rig.daemons()[0]
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: killed not in rig.daemons() and len(rig.daemons()) == 2, "another process")
    before = [len(one) for one in seen]
    wait_for(lambda: all(len(one) > at + 20 for one, at in zip(seen, before)), "requests afterwards")
    finish()
    assert all(set(one[at:]) <= RIGHT for one, at in zip(seen, before))
    assert all(sum(answer not in RIGHT for answer in one) <= 2 for one in seen)


def test_each_process_of_a_pool_gets_requests(make_rig):
    """Though one of them may have taken all connections at first: each connection ends after 256 requests."""
    rig = make_rig(processes=2)
    before = {pid: cpu_seconds(pid) for pid in rig.daemons()}
    seen, finish = keep_asking(rig, threading.Event(), 8)
    wait_for(lambda: all(cpu_seconds(pid) >= at + 0.03 for pid, at in before.items()), "work for both")
    finish()
    assert set(sum(seen, [])) == RIGHT
