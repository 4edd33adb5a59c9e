# SPDX-License-Identifier: MIT
"""Webex, against a stand-in of its REST interface: links into meetings, guests' tokens for scripts, the
pair of tokens that is renewed, and the Guest Issuer."""

import base64
import concurrent.futures
import contextlib
import html
import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import drivers
import platforms
import pytest
from client import JSON
from drivers import LEASE
from guests import accept, opened
from platforms import APP, lies
from rig import ENVIRONMENT, MEETAUTHCTL, free_port, wait_for

import webex as peers

TITLE = drivers.Webex.title
NUMBER = drivers.Webex.weekly
ID = "98d8c2212c9d62b162b9565932735e59"
LINK = "https://example.webex.com/example/j.php?MTID=md41817da6a55b0925530cb88b3577b1e"


def set_up(make_rig, peer=None, **options):
    return platforms.make(make_rig, drivers.Webex, peer=peer, **options)


shared, setup, _ = platforms.fixtures(drivers.Webex)


@contextlib.contextmanager
def of_another_type(setup):
    """Meanwhile any text is a secret, for meetauthctl."""
    rig, sections = setup.rig, setup.rig.sections
    rig.sections = sections.replace(setup.section(), 'platform "%s" { type = "veeting" }\n' % TITLE)
    assert rig.sections != sections
    rig.configure()
    try:
        yield
    finally:
        rig.sections = sections
        rig.configure()


def enter(setup, visitor, meeting=NUMBER):
    return visitor.get("/auth/webex/" + meeting, JSON)


def twin(setup, visitor):
    """The same browser, for a request at the same time."""
    other = setup.rig.visitor()
    other.jar.update(visitor.jar)
    return other


# -- links --


@pytest.mark.parametrize("query, field, value", [("/" + ID, "meetingId", ID), ("?meetingId=" + ID, "meetingId", ID),
                                                 ("?webLink=" + LINK.replace("?", "%3F").replace("=", "%3D"), "webLink", LINK),
                                                 ("?meetingNumber=" + NUMBER, "meetingNumber", NUMBER)])
def test_the_other_names_of_a_meeting(setup, query, field, value):
    visitor = setup.visitor()
    assert visitor.get("/auth/webex" + query).status == 302
    assert setup.peer.joined[field] == value


def test_a_link_has_one_spelling_for_rules(setup):
    """Webex has it as it came."""
    spelled = LINK.replace("/example/j.php", "/Example/J.php")
    setup.peer.meetings.add(spelled)
    answer = setup.visitor().get("/auth/webex?" + urllib.parse.urlencode({"webLink": spelled}))
    assert answer.status == 302 and setup.peer.joined["webLink"] == spelled
    assert setup.audit(answer)["meeting_id"] == LINK


class WithGuests(drivers.Webex):
    def section(self):
        return super().section() + 'backend "guest" {\n type = "invite"\n invitations = "%s/invitations"\n}\n' % self.rig.folder


def test_what_leads_to_a_meeting_leads_to_one_known_by_its_link(make_rig):
    """An invitation, and the way out of an error page: a path would lose one of the link's slashes."""
    setup = platforms.make(make_rig, WithGuests, policy='policy {\n rule "guests" { allow = true  backends = {"guest"} }\n default = "deny"\n}\n')
    setup.settle()
    for meeting, field in ((NUMBER, "meetingNumber"), (LINK, "webLink")):
        link = setup.rig.ctl("invite", "create", "--platform", TITLE, "--meeting", meeting, "--name", "Zoë Guest").stdout.strip()
        guest = setup.rig.visitor()
        accepted = accept(guest, opened(guest, link))
        assert accepted.status == 303 and guest.get(accepted.location).status == 302
        assert setup.peer.joined[field] == meeting
        with setup.peer.fault(join="html"):
            page = guest.get(accepted.location)
        assert page.status == 502
        assert html.unescape(re.search('class="button" href="([^"]*)"', page.text)[1]) == accepted.location
    setup.check()


def test_what_webex_is_told(setup):
    assert enter(setup, setup.visitor()).status == 302
    assert setup.peer.joined == {"meetingNumber": NUMBER, "joinDirectly": False, "email": "alice@example.org",
                                 "displayName": "Alice Liddell", "expirationMinutes": 5, "hostEmail": "host@example.org"}


def test_malformed_meetings(setup):
    before = len(setup.peer.asked("join"))
    for query in ("", "/", "/12", "/" + "1" * 16, "/12345678x", "/%2e%2e", "/123456789%0a", "/" + ID.upper(), "/123456789?meetingId=" + ID,
                  "?webLink=https://evil.example/j.php?MTID=md41817da6", "?webLink=https://example.webex.com.evil.example/meet/a",
                  "?webLink=https://example.webex.com%5C@evil.example/meet/a", "?webLink=https://example.webex.com/../a",
                  "?webLink=https://example.webex.com/a/j.php%3FMTID=md41817da6%26x=y", "?meetingNumber=123456789&meetingNumber=1"):
        answer = setup.rig.visitor().get("/auth/webex" + query, JSON)
        assert answer.status == 400 and answer.location is None, (query, answer)
    assert len(setup.peer.asked("join")) == before


@pytest.mark.parametrize("user, address", [("carol", ()), ("dave", ("--email", "Host@example.org"))])
def test_nobody_is_the_host(setup, user, address):
    """Webex makes the link of whoever asks where it gets no address, or the host's."""
    setup.rig.add_user(user, "--group", "staff", *address)

    def known():
        visitor = setup.rig.visitor()
        answer = visitor.fill(visitor.login_page(), user, headers=JSON)
        return visitor if answer.status == 302 else None

    assert enter(setup, wait_for(known, user)).status == 302
    name, _, domain = setup.peer.joined["email"].partition("@")
    assert (len(name), domain, setup.peer.joined["displayName"]) == (32, "guests.invalid", user)


def test_a_link_leads_to_the_listed_hosts_only(setup):
    visitor = setup.visitor()
    evil = ["https://evil.example/x", "https://example.webex.com.evil.example/x", "https://evilwebex.com/", "https://webex.com@evil.example/",
            "https://webex.com\\@evil.example/", "//webex.com/x", "http://example.webex.com/x", "https://example.webex.com:8443/x",
            "javascript:alert(1)", "https://webex.com/\r\nSet-Cookie: a=b", "https://webex.com/#x", "https://xn--webex.com.evil/", "", 7, None,
            ["https://webex.com/"], setup.trap.url, "https://webex.com/" + "a" * 5000, "https://[::1]/", "https://webex.com."]
    for link in evil:
        with setup.peer.fault(join=lambda text, link=link: json.dumps({**json.loads(text), "joinLink": link})):
            answer = enter(setup, visitor)
        assert (answer.status, answer.code, answer.location) == (502, "exchange-bad-answer", None), link
        assert enter(setup, visitor).status == 302
    for link in ("https://webex.com/a", "https://example.webex.com/x?a=b%2Fc", "https://EXAMPLE.webex.com:443/x"):
        with setup.peer.fault(join=lambda text, link=link: json.dumps({**json.loads(text), "joinLink": link})):
            assert enter(setup, visitor).location == link


def test_what_webex_refuses(setup):
    visitor = setup.visitor()
    for status, expected in ((400, 403), (404, 403), (409, 403), (403, 502), (401, 502), (429, 503), (500, 502), (503, 502)):
        with setup.peer.fault(join=status):
            assert enter(setup, visitor).status == expected, status
        assert enter(setup, visitor).status == 302


# -- scripts --


def test_a_script_gets_a_guests_token(setup):
    visitor = setup.visitor()
    answer = setup.ask(visitor, {"meetingNumber": NUMBER, "subject": "admin", "displayName": "Mallory"})
    assert answer.status == 200 and answer.headers["Access-Control-Allow-Origin"] == APP and answer.headers["Cache-Control"] == "no-store"
    given = json.loads(answer.body)
    assert set(given) == {"accessToken", "expiresIn", "meetingNumber"} and given["expiresIn"] == 64799 and given["meetingNumber"] == NUMBER
    assert len(given["accessToken"]) > 2000
    sent = json.loads(setup.peer.asked("guest")[-1].body)
    assert sent["displayName"] == "Alice Liddell" and len(sent["subject"]) == 32
    setup.ask(visitor, {"meetingNumber": NUMBER})
    assert json.loads(setup.peer.asked("guest")[-1].body)["subject"] == sent["subject"], "the same guest again"
    setup.ask(setup.visitor(), {"meetingNumber": drivers.Webex.other})
    assert json.loads(setup.peer.asked("guest")[-1].body)["subject"] == sent["subject"], "at every sign-in and in every meeting"


def test_scripts_that_get_nothing(setup):
    before = len(setup.peer.asked("guest"))
    visitor = setup.visitor()
    assert setup.ask(visitor, {"meetingNumber": NUMBER}, origin="https://evil.example").status == 400
    assert setup.ask(setup.rig.visitor(), {"meetingNumber": NUMBER}).status in (401, 403)
    assert setup.ask(setup.visitor("bob"), {"meetingNumber": NUMBER}).status == 403
    assert setup.ask(visitor, {"meetingNumber": 123456789}).status == 400
    assert setup.ask(visitor, {}).status == 400
    assert len(setup.peer.asked("guest")) == before


def test_a_guests_token_that_is_none(setup):
    visitor = setup.visitor()
    ask = lambda: setup.ask(visitor, {"meetingNumber": NUMBER})  # noqa: E731
    lies(ask, setup.peer, "guest", recover=lambda: ask().status == 200)
    for change in ({"accessToken": None}, {"accessToken": 5}, {"accessToken": "a b"}, {"accessToken": "a" * 9000}, {"accessToken": ""},
                   {"expiresIn": "64799"}, {"expiresIn": -1}, {"expiresIn": 0}, {"expiresIn": 1e99}, {"expiresIn": None}):
        with setup.peer.fault(guest=lambda text, change=change: json.dumps({**json.loads(text), **change})):
            assert ask().code == "exchange-bad-answer", change
        assert ask().status == 200


# -- the pair of tokens --


def test_one_process_renews_for_all(make_rig):
    """Three quarters through their life, each pair once; nobody is kept out meanwhile."""
    setup = set_up(make_rig, processes=3)
    setup.settle()
    assert len(setup.peer.asked("access_token")) == 1
    visitor = setup.visitor()
    wait_for(lambda: enter(setup, visitor).status == 302, "each process to know it")
    listed = setup.rig.ctl("secret", "list", "--json").stdout
    versions = [entry["version"] for entry in json.loads(listed) if entry["name"] == TITLE]
    assert versions == [2], "the new pair took the place of the old one"
    setup.check()


def test_a_token_that_is_taken_back_is_renewed_once_for_all(make_rig):
    """Within the joins that it was refused for, links and scripts alike, in whichever process."""
    setup = set_up(make_rig, processes=3)
    setup.settle()
    visitor = setup.visitor()
    wait_for(lambda: enter(setup, visitor).status == 302, "the first join")
    for _ in range(2):
        before = len(setup.peer.asked("access_token"))
        setup.peer.take_back()
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            links = [pool.submit(enter, setup, twin(setup, visitor)) for _ in range(8)]
            scripts = [pool.submit(setup.ask, twin(setup, visitor), {"meetingNumber": NUMBER}) for _ in range(4)]
        assert {answer.result().status for answer in links} == {302}, setup.rig.pool.said()[-3000:]
        assert {answer.result().status for answer in scripts} == {200}
        assert len(setup.peer.asked("access_token")) == before + 1
    setup.check()


def test_a_new_secret_waits_for_no_renewal(make_rig):
    """Nor for one that was a moment ago."""
    setup = set_up(make_rig)
    setup.settle()
    setup.set_secret(setup.peer.secret())
    wait_for(lambda: len(setup.peer.asked("access_token")) == 2, "the new pair", LEASE / 3)
    setup.check()


def test_what_the_operator_has_to_mend(make_rig):
    """Webex takes neither the access token nor the refresh token any more: visitors hear that it is not the meeting, readyz fails, and a
    secret that is set mends both."""
    peer = peers.Webex()
    setup = set_up(make_rig, peer)
    setup.settle()
    visitor = setup.visitor()
    assert enter(setup, visitor).status == 302
    peer.take_back()
    peer.refresh_tokens.clear()
    answer = enter(setup, visitor)
    assert (answer.status, answer.code) == (502, "exchange-bad-answer")
    assert "people who run this" in visitor.get("/auth/webex/" + NUMBER).text
    ready = setup.rig.visitor().get("/auth/readyz")
    assert ready.status == 503 and TITLE in ready.text
    setup.set_secret(peer.secret())
    wait_for(lambda: enter(setup, visitor).status == 302, "the new secret")
    setup.check()


def test_a_pair_is_renewed_ahead_of_time(make_rig):
    """Tokens of four seconds are renewed when three are over; the lease is of another time by then only
    where the state is new."""
    peer = peers.Webex(lifetime=4)
    setup = set_up(make_rig, peer)
    setup.settle()
    first = set(peer.access_tokens)
    setup.rig.stop_pool()
    setup.end_lease()
    setup.rig.start_pool()
    wait_for(lambda: set(peer.access_tokens) - first, "the second pair", LEASE)
    wait_for(lambda: [e["version"] for e in json.loads(setup.rig.ctl("secret", "list", "--json").stdout) if e["name"] == TITLE] == [3], "it in the store", LEASE)
    setup.check()


def kill_before_the_answer_is_stored(setup):
    setup.peer.released.clear()
    setup.peer.faults = {"access_token": "hang"}
    setup.rig.start_pool()
    wait_for(lambda: setup.peer.asked("access_token"), "the renewal", LEASE)
    setup.rig.pool.process.send_signal(signal.SIGKILL)
    setup.rig.pool.process.wait()
    setup.peer.faults = {}
    setup.peer.released.set()
    setup.end_lease()


@pytest.mark.parametrize("rotating", [False, True])
def test_killed_between_answer_and_store(make_rig, rotating):
    """Where Webex still takes the old refresh token nothing is lost. Where it does not, the operator is told,
    and a pair that is authorized anew is taken without a restart."""
    peer = peers.Webex(rotating=rotating)
    setup = set_up(make_rig, peer)
    setup.rig.stop_pool()
    start = {"clientSecret": peer.client_secret, "refreshToken": peer.authorize()}
    setup.set_secret(json.dumps(start))
    peer.ledger.clear()
    setup.end_lease()
    kill_before_the_answer_is_stored(setup)
    setup.rig.start_pool()
    if rotating:
        wait_for(lambda: [e for e in setup.rig.events("renewal") if e["result"] == "failed"], "the failure", LEASE)
        event = [e for e in setup.rig.events("renewal") if e["result"] == "failed"][0]
        assert "authorize the app again" in event["message"] and "secret set" in event["message"]
        setup.rig.stop_pool()
        setup.end_lease()
        setup.set_secret(peer.secret())
        setup.rig.start_pool()
    visitor = setup.visitor()
    wait_for(lambda: enter(setup, visitor).status == 302, "a new pair", LEASE)
    setup.check()


def test_a_pair_that_the_store_does_not_take_is_not_lost(make_rig):
    """The disk is full, say: the pair is kept and tried again."""
    peer = peers.Webex()
    setup = set_up(make_rig, peer)
    setup.settle()
    setup.rig.stop_pool()
    setup.set_secret(peer.secret())
    setup.end_lease()
    unblock = block_store(setup)
    setup.rig.start_pool()
    wait_for(lambda: [e for e in setup.rig.events("renewal") if e["result"] == "unsaved"], "the failure to store", LEASE)
    count = len(peer.asked("access_token"))
    unblock()
    wait_for(lambda: len([e for e in setup.rig.events("renewal") if e["result"] == "ok"]) == 2, "the second try")
    assert len(peer.asked("access_token")) == count, "and Webex was not asked again"
    visitor = setup.visitor()
    wait_for(lambda: enter(setup, visitor).status == 302, "the new pair")


def block_store(setup):
    """Nobody can lock the store any more, until the returned function is called."""
    lock = setup.rig.folder + "/store.lock"
    if os.path.exists(lock):
        os.rename(lock, lock + ".away")
    os.mkdir(lock)

    def unblock():
        os.rmdir(lock)

    return unblock


def test_the_operators_word_stands(make_rig):
    """A secret that is set while the old one is renewed is the newest afterwards, too."""
    peer = peers.Webex()
    setup = set_up(make_rig, peer)
    setup.settle()
    setup.rig.stop_pool()
    setup.end_lease()
    setup.set_secret(peer.secret())
    done = []
    original = peer.access_token

    def slow(request):
        answer = original(request)
        if not done:
            done.append(setup.set_secret(json.dumps({"clientSecret": "of-another-app", "refreshToken": "r"})))
        return answer

    peer.access_token = slow
    setup.rig.start_pool()
    wait_for(lambda: [e for e in setup.rig.events("renewal") if e["result"] == "overtaken"], "the renewal", LEASE)
    versions = [e["version"] for e in json.loads(setup.rig.ctl("secret", "list", "--json").stdout) if e["name"] == TITLE]
    assert versions == [4, 3, 2], "nothing was removed"


def test_a_pair_that_is_none(make_rig):
    class AnySecret(drivers.Webex):
        def set_secret(self, secret=None, name=None):
            with of_another_type(self):
                return super().set_secret(secret, name)

    for number, secret in enumerate(("no JSON", "{}", '{"clientSecret": "x"}', '{"clientSecret": 1, "refreshToken": 2}', "[1]")):
        if number == 0:
            setup = platforms.make(make_rig, AnySecret, secret=secret)
            visitor = setup.visitor()
        else:
            setup.set_secret(secret)
        assert [line for line in setup.connect_lines() if line.startswith("FAIL") and "clientSecret" in line], secret
    answer = enter(setup, visitor)
    assert (answer.status, answer.code) == (500, "internal")
    assert not setup.peer.asked("access_token")


def test_renewals_that_fail(make_rig):
    """A lying answer is no pair, and is not stored."""
    peer = peers.Webex(rotating=False)
    setup = set_up(make_rig, peer)
    setup.settle()
    for change in ({"access_token": None}, {"access_token": 5}, {"expires_in": 0}, {"expires_in": "x"}, {"refresh_token": 5},
                   {"access_token": "a b"}, {"access_token": "a" * 5000}, {"expires_in": 1e300}):
        setup.rig.stop_pool()
        setup.end_lease()
        setup.set_secret(peer.secret()) if change == {"access_token": None} else None
        before = len(setup.rig.events("renewal"))
        peer.faults = {"access_token": lambda text, change=change: json.dumps({**json.loads(text), **change})}
        setup.rig.start_pool()
        wait_for(lambda: len(setup.rig.events("renewal")) > before, "the renewal")
        assert setup.rig.events("renewal")[-1]["result"] == "failed", change
    assert "access_token" not in setup.rig.ctl("secret", "list").stdout
    setup.check()


class Second(drivers.Webex):
    title = "second.webex.com"


def test_each_platforms_failure_is_logged(make_rig):
    """Also where Webex says the same of both."""
    peer = peers.Webex()
    dead = json.dumps({"clientSecret": peer.client_secret, "refreshToken": "has-ended"})
    setup = platforms.make_all(make_rig, drivers.Webex, Second, peer=peer, secret=dead)[0]
    failed = lambda: [e["platform"] for e in setup.rig.events("renewal") if e["result"] == "failed"]  # noqa: E731
    wait_for(lambda: set(failed()) == {TITLE, Second.title}, "both failures", LEASE)
    assert len(failed()) == 2, "each once"


# -- the first pair, by signing in --


class Authorizing:
    """meetauthctl webex authorize, while it waits; `redirect` is the app's."""

    def __init__(self, setup, *options, secret=""):
        self.peer = setup.peer
        self.peer.redirect_uri = "http://localhost:%d/callback" % free_port()
        self.process = subprocess.Popen([MEETAUTHCTL, "-c", setup.rig.conf, "webex", "authorize", TITLE, "--redirect", self.peer.redirect_uri, *options],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
        self.write(secret)
        lines = iter(self.process.stdout.readline, "")
        self.address = next(line.strip() for line in lines if line.startswith(self.peer.url))

    def write(self, text):
        if text:
            self.process.stdin.write(text + "\n")
            self.process.stdin.flush()

    def come_back(self):
        """Where Webex sends the browser of somebody who has signed in."""
        with pytest.raises(urllib.error.HTTPError) as moved:
            urllib.request.build_opener(Stay).open(self.address, timeout=300)
        return moved.value.headers["Location"]

    def end(self):
        out, err = self.process.communicate(timeout=300)
        return self.process.returncode, out + err


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def get(address):
    try:
        with urllib.request.urlopen(address, timeout=300) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        return refused.code


def test_the_first_pair_by_signing_in(make_rig):
    """The browser comes back to this machine; whatever else comes there counts for nothing."""
    setup = set_up(make_rig)
    setup.settle()
    authorizing = Authorizing(setup, "--ask-secret", secret=setup.peer.client_secret)
    back = authorizing.come_back()
    assert get(setup.peer.redirect_uri + "?code=stolen&state=of-another") == 400
    assert get(setup.peer.redirect_uri.replace("callback", "favicon.ico")) == 404
    assert get(back) == 200
    status, said = authorizing.end()
    assert status == 0 and "version 3 stored" in said, said
    assert not setup.peer.codes and setup.peer.client_secret not in said
    setup.peer.access_tokens = dict([list(setup.peer.access_tokens.items())[-1]])
    visitor = setup.visitor()
    wait_for(lambda: enter(setup, visitor).status == 302 and setup.peer.joined_with == setup.peer.authorizations - 1, "the new pair")
    setup.leaves_none_of({setup.peer.client_secret, *setup.peer.refresh_tokens, *setup.peer.access_tokens}, [said])
    setup.check()


@pytest.mark.parametrize("whole", [True, False])
def test_the_first_pair_by_what_is_pasted(make_rig, whole):
    """From a browser on another machine: the address that it ends at, or the code. The client secret is the stored one."""
    setup = set_up(make_rig)
    setup.settle()
    authorizing = Authorizing(setup)
    back = authorizing.come_back()
    code = urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)["code"][0]
    authorizing.write(setup.peer.redirect_uri + "?code=x&state=of-another")
    authorizing.write(back if whole else code)
    status, said = authorizing.end()
    assert status == 0 and "version 3 stored" in said, said
    setup.check()


def test_signing_in_that_gives_nothing(make_rig):
    """Nothing is stored where somebody says no, or Webex does not take the code or the client secret."""
    setup = set_up(make_rig)
    setup.settle()
    authorizing = Authorizing(setup)
    state = urllib.parse.parse_qs(urllib.parse.urlsplit(authorizing.address).query)["state"][0]
    assert get(setup.peer.redirect_uri + "?error=access_denied&state=" + state) == 200
    status, said = authorizing.end()
    assert status == 1 and "access_denied" in said, said
    authorizing = Authorizing(setup)
    authorizing.write("no-code-of-webex")
    status, said = authorizing.end()
    assert status == 1 and "the code" in said, said
    authorizing = Authorizing(setup, "--ask-secret", secret="of-another-app")
    assert get(authorizing.come_back()) == 200
    status, said = authorizing.end()
    assert status == 1 and "client secret" in said, said
    versions = [entry["version"] for entry in json.loads(setup.rig.ctl("secret", "list", "--json").stdout) if entry["name"] == TITLE]
    assert versions == [2]
    setup.check()


# -- rotation, and what is left behind --


def test_another_secret_is_used_as_soon_as_it_has_a_token(make_rig):
    setup = set_up(make_rig)
    setup.settle()
    visitor = setup.visitor()
    setup.set_secret(json.dumps({"clientSecret": setup.peer.client_secret, "refreshToken": setup.peer.authorize()}))
    for _ in range(3):
        assert enter(setup, visitor).status == 302, "the older one goes on"
    assert "LAST ACCEPTED" in setup.rig.ctl("secret", "list").stdout
    setup.check()


def test_nothing_secret_is_left(setup):
    visitor, answer = setup.sign_in("/auth/webex/" + NUMBER)
    given = json.loads(setup.ask(visitor, {"meetingNumber": NUMBER}).body)
    pages = [enter(setup, visitor, "999999999").text]
    for fault in ("status", "html", "json", 400, 401):
        with setup.peer.fault(join=fault, guest=fault):
            pages += [visitor.get("/auth/webex/" + NUMBER).text, setup.ask(visitor, {"meetingNumber": NUMBER}).text]
        enter(setup, visitor)
    setup.audit(answer)
    canaries = {setup.peer.client_secret, given["accessToken"], answer.location.partition("integrationJoinToken=")[2]}
    setup.leaves_none_of(canaries | set(setup.peer.refresh_tokens) | set(setup.peer.access_tokens), pages)


# -- the Guest Issuer --


@pytest.fixture
def issuer(make_rig):
    peer = peers.Webex()
    setup = set_up(make_rig, peer, options='mode = "guest-issuer"  issuer = "%s"' % peer.issuer, secret=base64.b64encode(peer.issuer_secret).decode())
    yield setup
    setup.check()


def test_guest_issuer(issuer):
    visitor, answer = issuer.sign_in("/auth/webex/" + NUMBER)
    assert answer.status == 302, answer
    assert issuer.peer.claims["name"] == "Alice Liddell" and issuer.peer.joined["displayName"] == "Alice Liddell"
    given = issuer.ask(visitor, {"meetingNumber": NUMBER})
    assert given.status == 200 and json.loads(given.body)["accessToken"] in issuer.peer.guest_tokens
    assert json.loads(given.body)["expiresIn"] == 21599
    first = issuer.peer.claims["sub"]
    issuer.ask(visitor, {"meetingNumber": NUMBER})
    assert issuer.peer.claims["sub"] == first
    assert not issuer.peer.asked("access_token"), "there is no pair to renew"
    issuer.leaves_none_of({base64.b64encode(issuer.peer.issuer_secret).decode(), *issuer.peer.guest_tokens})


def test_guest_issuer_with_a_new_secret(issuer):
    visitor = issuer.visitor()
    issuer.set_secret(base64.b64encode(b"another secret of 32 bytes length").decode())
    for _ in range(2):
        assert enter(issuer, visitor).status == 302, "the older one is tried where the newer is refused"
        time.sleep(0.6)
    with of_another_type(issuer):
        issuer.set_secret("!! no base64 !!")
    wait_for(lambda: enter(issuer, visitor).status == 302, "all but one are tried")
    lies(lambda: enter(issuer, visitor), issuer.peer, "login", faults=("status", "html", "empty"), recover=lambda: enter(issuer, visitor))
