# SPDX-License-Identifier: MIT
"""Joins at a platform that is well while another one cannot be reached: the p99 with and without, how long
the other one's visitors wait, and whether the process ends at once. And joins at a platform that closes its
TLS connections. A table; nothing is asserted. Root, for a name server of its own.

    builddir=BUILD python3 -B tests/bench/outages.py [SECONDS [tls]]
"""

import http.client
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, TOP + "/tests/integration")

import network  # noqa: E402
import rig as rigs  # noqa: E402
import test_outbound as outbound  # noqa: E402
import tls  # noqa: E402

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 8
CLIENTS, PAUSE = 8, 0.02  # of the platform that is well: a busy site
OTHERS = 5  # visitors a second of the one that is not


def join_often(rig, cookies, times, until):
    connection = http.client.HTTPConnection("127.0.0.1", rig.port, timeout=60)
    parameters = "hostname=%s&meetingId=5f521a93c20ff6721fbb6a6c&meetingToken=8320-2640-2482-3499" % rigs.HOST
    cookie = "; ".join("%s=%s" % pair for pair in cookies.items())
    while time.monotonic() < until:
        token = os.urandom(16).hex()
        began = time.monotonic()
        connection.request("GET", "/auth?%s&requestToken=%s" % (parameters, token), headers={"Cookie": cookie})
        answer = connection.getresponse()
        answer.read()
        times.append((time.monotonic() - began, answer.status))
        time.sleep(PAUSE)


def visit_other(rig, visitor, results):
    somebody = rig.visitor()
    somebody.jar.update(visitor.jar)
    results.append(outbound.enter_other(rig, somebody))


def percentile(times, part):
    return sorted(times)[int(len(times) * part)] * 1000


def measure(rig, visitor, with_others):
    times, results, threads = [], [], []
    until = time.monotonic() + SECONDS
    for _ in range(CLIENTS):
        threads.append(threading.Thread(target=join_often, args=(rig, visitor.jar, times, until)))
    for thread in threads:
        thread.start()
    while with_others and time.monotonic() < until:
        threads.append(threading.Thread(target=visit_other, args=(rig, visitor, results)))
        threads[-1].start()
        time.sleep(1 / OTHERS)
    for thread in threads:
        thread.join()
    return [seconds for seconds, _ in times], [status for _, status in times], results


def outage(name, api, resolv=None):
    fast = subprocess.Popen([FAST, "0"], stdout=subprocess.PIPE, text=True)
    rig = rigs.Rig()
    try:
        rig.api = "http://127.0.0.1:" + fast.stdout.readline().split("=")[1].strip()
        outbound.other_platform(rig, api)
        if resolv:
            network.see_files(rig, resolv=resolv)
        visitor = outbound.start_other(rig)
        alone, _, _ = measure(rig, visitor, False)
        together, statuses, others = measure(rig, visitor, True)
        timeouts = [seconds for status, _, seconds in others if status == 504]
        began = time.monotonic()
        rig.pool.process.terminate()
        rig.pool.process.wait(60)
        ended = time.monotonic() - began
        print("  %-22s p99 alone %6.1f ms, beside %6.1f ms, ratio %4.2f (median %.1f, %.1f); lost %d; 504 after %.2f s, at most %.2f (%d, and %d 503); TERM %.2f s" % (
            name, percentile(alone, .99), percentile(together, .99), percentile(together, .99) / percentile(alone, .99),
            statistics.median(alone) * 1000, statistics.median(together) * 1000, sum(s != 302 for s in statuses),
            statistics.median(timeouts or [0]), max(timeouts or [0]), len(timeouts), sum(s == 503 for s, _, _ in others), ended), flush=True)
    finally:
        rig.stop()
        fast.terminate()
        fast.wait()


def closing_tls():
    with tempfile.TemporaryDirectory() as folder:
        authority = tls.Authority(folder)
        bundle = folder + "/bundle.pem"
        with open(bundle, "w", encoding="utf-8") as file:
            for part in ("/etc/ssl/certs/ca-certificates.crt", authority.file):
                with open(part, encoding="utf-8") as source:
                    file.write(source.read())
        certificate, key = authority.certificate("127.0.0.1")
        fast = subprocess.Popen([FAST, "0"], stdout=subprocess.PIPE, text=True)
        front, to = rigs.free_port(), fast.stdout.readline().split("=")[1].strip()
        rig = rigs.Rig(platform='ca-file = "%s"' % bundle)
        rig.api = "https://127.0.0.1:%d" % front
        rig.start_nginx = lambda: outbound.start_with(rig, """server {
            listen 127.0.0.1:%d ssl; keepalive_timeout 0; ssl_certificate %s; ssl_certificate_key %s;
            location / { proxy_pass http://127.0.0.1:%s; proxy_http_version 1.1; proxy_set_header Connection ""; } }""" % (front, certificate, key, to))
        try:
            visitor = rig.start().visitor()
            visitor.sign_in()
            global PAUSE
            PAUSE = 0
            times, statuses, _ = measure(rig, visitor, False)
            print("  %-22s %.0f joins/s, p99 %.1f ms, lost %d" % (
                "TLS that closes", len(times) / SECONDS, percentile(times, .99), sum(s != 302 for s in statuses)), flush=True)
        finally:
            rig.stop()
            fast.terminate()
            fast.wait()


with tempfile.TemporaryDirectory() as made:
    FAST = made + "/platform"
    subprocess.run(["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-O2", "-pthread", "-o", FAST, TOP + "/tests/bench/platform.c"], check=True)
    print("%d clients join at a platform that is well, with pauses of %d ms; %d visitors a second of another one with connect-timeout %d ms; %.0f s" % (
        CLIENTS, PAUSE * 1000, OTHERS, outbound.CONNECT * 1000, SECONDS))
    if sys.argv[2:] == ["tls"]:
        closing_tls()
        sys.exit()
    silent, hanging = network.SilentAddress(), network.HangingServer()
    server = network.NameServer(silent=True)
    outage("a name server", "https://" + outbound.NAME, "nameserver %s\noptions timeout:5 attempts:2\n" % server.address)
    outage("an address", "http://127.0.0.1:%d" % silent.port)
    outage("a TLS handshake", "https://127.0.0.1:%d" % hanging.port)
    closing_tls()
