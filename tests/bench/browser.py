# SPDX-License-Identifier: MIT
"""What the bench needs of a browser: log in over the form, join with a session.

  browser.py session ORIGIN TARGET PASSWORD-FILE COOKIE-FILE   logs in once, keeps the session cookie
  browser.py logins  ORIGIN TARGET PASSWORD-FILE CLIENTS       logs in without pause until SIGTERM
  browser.py joins   ORIGIN TARGET COOKIE-FILE COUNT           so many joins, eight at a time

TARGET is the request's target up to where the request token goes. The name is "bench"."""

import html
import http.client
import itertools
import re
import secrets
import signal
import sys
import threading
import urllib.parse

SESSION = "__Host-meetauth"
CLIENTS_OF_JOINS = 8


class Browser:
    """One connection that is kept, and the cookies. (http.cookiejar would not send Secure ones here.)"""

    def __init__(self, origin):
        self.origin = origin
        self.cookies = {}
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(origin).netloc, timeout=100)

    def send(self, method, target, body=None):
        headers = {"Cookie": "; ".join("%s=%s" % pair for pair in self.cookies.items()), "Origin": self.origin}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request(method, target, body, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status, answer.getheader("Location"), text

    def follow(self, method, target, body, status):
        """The path and query where an answer of this status leads."""
        found, location, _ = self.send(method, target, body)
        if found != status or not location:
            raise RuntimeError("%s %s: %s, not %s" % (method, target.partition("?")[0], found, status))
        return urllib.parse.urlunsplit(("", "") + urllib.parse.urlsplit(location)[2:])

    def log_in(self, target, password):
        """The whole way: the entry, the login page, its form, and the join that was meant."""
        page = self.follow("GET", target + fresh_token(), None, 303)
        form = self.send("GET", page)[2]
        ticket = html.unescape(re.search(r'name="ticket" value="([^"]+)"', form).group(1))
        action = html.unescape(re.search(r'action="([^"]+)"', form).group(1))
        fields = urllib.parse.urlencode({"ticket": ticket, "name": "bench", "password": password})
        self.follow("POST", urllib.parse.urlsplit(action).path, fields, 302)
        if SESSION not in self.cookies:
            raise RuntimeError("no session came of the login")


def fresh_token():
    return "dedf1722-661f-4004-9aaf-" + secrets.token_hex(12)


def read_line(name):
    with open(name, encoding="ascii") as file:
        return file.read().strip()


def keep_session(origin, target, password_file, cookie_file):
    browser = Browser(origin)
    browser.log_in(target, read_line(password_file))
    with open(cookie_file, "w", encoding="ascii") as file:
        file.write("%s=%s\n" % (SESSION, browser.cookies[SESSION]))


def in_threads(work, count):
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def log_in_without_pause(origin, target, password_file, clients):
    password = read_line(password_file)
    stop = threading.Event()
    good, failed = itertools.count(), itertools.count()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())

    def client():
        while not stop.is_set():
            try:
                Browser(origin).log_in(target, password)
                next(good)
            except (OSError, RuntimeError, AttributeError, http.client.HTTPException):
                next(failed)

    in_threads(client, int(clients))
    print("logins=%d failed=%d" % (next(good), next(failed)))


def join(origin, target, cookie_file, count):
    name, _, value = read_line(cookie_file).partition("=")
    left = iter(range(int(count)))
    wrong = []
    lock = threading.Lock()

    def take():
        with lock:
            return next(left, None)

    def client():
        browser = Browser(origin)
        browser.cookies[name] = value
        while take() is not None:
            status = browser.send("GET", target + fresh_token())[0]
            if status != 302:
                wrong.append(status)

    in_threads(client, CLIENTS_OF_JOINS)
    if wrong:
        sys.exit("browser.py: %d of %s joins were answered with %s" % (len(wrong), count, sorted(set(wrong))))


if __name__ == "__main__":
    {"session": keep_session, "logins": log_in_without_pause, "joins": join}[sys.argv[1]](*sys.argv[2:])
