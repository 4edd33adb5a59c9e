# SPDX-License-Identifier: MIT
"""A browser in a few lines: cookies, forms, and no opinion about what may be sent."""

import html.parser
import http.client
import json
import re
import socket
import urllib.parse

JSON = {"Accept": "application/json"}


class Answer:
    """What came back. Header names in any case; `cookies` are (name, value, attributes)."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def text(self):
        return self.body.decode()

    @property
    def location(self):
        return self.headers.get("Location")

    @property
    def code(self):
        """The error code of a JSON answer."""
        return json.loads(self.body)["error"]

    @property
    def cookies(self):
        found = {}
        for line in self.headers.get_all("Set-Cookie") or []:
            first, *rest = line.split("; ")
            name, _, value = first.partition("=")
            found[name] = (value, {part.partition("=")[0].lower(): part.partition("=")[2] for part in rest})
        return found

    def forms(self):
        parser = Forms()
        parser.feed(self.text)
        return parser.forms

    def __repr__(self):
        return "<%d %s %.300r>" % (self.status, self.location, self.body)


class Forms(html.parser.HTMLParser):
    """The forms of a page: method, action, and fields as (name, type, value)."""

    def __init__(self):
        super().__init__()
        self.forms = []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self.forms.append(
                {"method": attrs.get("method", "get").upper(), "action": attrs.get("action", ""), "fields": []}
            )
        elif tag in ("input", "button") and self.forms and "name" in attrs:
            field = (attrs["name"], attrs.get("type", "text"), attrs.get("value", ""))
            self.forms[-1]["fields"].append(field)


def leads_to(answer):
    """Where the answer to a form sends a browser: by the page that goes on by itself. The policy of the form's page has
    no part in that: it ends with the form's own redirects."""
    assert answer.status == 200 and answer.location is None and not answer.forms(), answer
    refresh = re.search('<meta http-equiv="refresh" content="0; url=([^"]*)">', answer.text)[1]
    assert '<a class="button" href="%s">' % refresh in answer.text
    return html.unescape(refresh)


def password_form(answer):
    """(action, hidden fields, name of the account field, name of the password field)"""
    for form in answer.forms():
        kinds = [kind for _, kind, _ in form["fields"]]
        if "password" in kinds:
            fields = form["fields"]
            hidden = {name: value for name, kind, value in fields if kind == "hidden"}
            account = next(name for name, kind, _ in fields if kind in ("text", "email"))
            password = next(name for name, kind, _ in fields if kind == "password")
            return form["action"], hidden, account, password
    raise AssertionError("no login form in %r" % answer)


def send(address, method, target, headers=(), body=b"", source=None, timeout=120, tls=None, name=None):
    """One request on a connection of its own, sent as given. address: (host, port); tls: an
    ssl.SSLContext, which checks the server against `name`. headers: pairs."""
    if isinstance(target, str):
        target = target.encode()
    lines = [method.encode() + b" " + target + b" HTTP/1.1"]
    given = {key.lower() for key, _ in headers}
    extra = [] if "host" in given else [("Host", name or "%s:%d" % address)]
    if body and not given & {"content-length", "transfer-encoding"}:
        extra.append(("Content-Length", str(len(body))))
    for key, value in [*extra, *headers, ("Connection", "close")]:
        value = value if isinstance(value, bytes) else value.encode()
        lines.append(key.encode() + b": " + value)
    with socket.create_connection(address, timeout, source and (source, 0)) as connection:
        if tls:
            connection = tls.wrap_socket(connection, server_hostname=name)
        connection.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body)
        response = http.client.HTTPResponse(connection, method=method)
        response.begin()
        answer = Answer(response)
        response.close()
        connection.close()
        return answer


class Visitor:
    """Somebody with a browser of their own."""

    def __init__(self, rig, source="127.0.0.1", headers=()):
        self.rig = rig
        self.source = source
        self.headers = dict(headers)
        self.jar = {}

    def request(self, method, target, form=None, headers=(), body=b""):
        """Sends the cookies, keeps new ones. `target` may be a whole address of the rig's."""
        if target.startswith(self.rig.origin):
            target = target[len(self.rig.origin) :]
        assert target.startswith("/"), target
        wanted = {**self.headers, **dict(headers)}
        if self.jar:
            wanted.setdefault("Cookie", "; ".join("%s=%s" % pair for pair in self.jar.items()))
        if form is not None:
            body = urllib.parse.urlencode(form).encode()
            wanted.setdefault("Content-Type", "application/x-www-form-urlencoded")
        if method == "POST" and not body:
            wanted.setdefault("Content-Length", "0")
        pairs = [(name, value) for name, value in wanted.items() if value is not None]
        answer = self.rig.send(method, target, pairs, body, self.source)
        for name, (value, attributes) in answer.cookies.items():
            if attributes.get("max-age", "").startswith("0") or not value:
                self.jar.pop(name, None)
            else:
                self.jar[name] = value
        return answer

    def get(self, target, headers=()):
        return self.request("GET", target.split("#")[0], headers=headers)

    def post(self, target, form, headers=()):
        return self.request("POST", target, form, headers)

    def enter(self, meeting="5f521a93c20ff6721fbb6a6c", headers=(), **parameters):
        """Join on the platform's page, and the request that follows."""
        return self.get(self.rig.entry(meeting, **parameters), headers)

    def login_page(self, meeting="5f521a93c20ff6721fbb6a6c", **parameters):
        answer = self.enter(meeting, **parameters)
        assert answer.status == 303, answer
        page = self.get(answer.location)
        assert page.status == 200, page
        return page

    def fill(self, page, account="alice", password=None, headers=(), **more):
        """Fills in a login page and sends it."""
        action, fields, account_field, password_field = password_form(page)
        secret = self.rig.passwords.get(account, "x") if password is None else password
        fields.update({account_field: account, password_field: secret}, **more)
        return self.post(urllib.parse.urljoin("/auth/login", action), fields, headers)

    def sign_in(self, account="alice", meeting="5f521a93c20ff6721fbb6a6c"):
        """From the platform's page through the login to the redirect back."""
        answer = self.fill(self.login_page(meeting), account)
        assert answer.status == 302, answer
        return answer
