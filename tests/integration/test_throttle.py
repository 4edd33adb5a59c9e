# SPDX-License-Identifier: MIT
"""Guessing at scale, and who may not be locked out by it: networks, queues, meetings, browsers that are known. Addresses that nginx would not see
here go to the socket of the pool as nginx would send them."""

import concurrent.futures
import os
import secrets
import threading
import urllib.parse

import fcgi
import pytest
from client import password_form
from guests import MEETING, form_of, rule
from rig import HOST, cheap_hashes, wait_for
from test_attacks import FORM, SESSION, a_name, try_from

FEW = {"throttle-account": "1000/1d", "throttle-address": "4/1d"}


@pytest.fixture(scope="module")
def narrow(make_module_rig):
    return make_module_rig(options=FEW, processes=2)


def networks(count, prefix="2001:db8:77", apart=256):
    """Addresses of as many /64s of one /48, so far apart that each is in a /56 of its own, or 1."""
    return ["%s:%x::1" % (prefix, number * apart) for number in range(count)]


def prepare(rig, name, password, visitor=None):
    """A whole request of the login form, but for the address."""
    visitor = visitor or rig.visitor()
    _, hidden, account, field = password_form(visitor.login_page())
    body = urllib.parse.urlencode({**hidden, account: name, field: password}).encode()
    cookies = "; ".join("%s=%s" % pair for pair in visitor.jar.items())
    return lambda address, timeout=60: fcgi.ask(rig.socket, fcgi.request(
        "/auth/login", "POST", body=body, REMOTE_ADDR=address, CONTENT_TYPE=FORM, HTTP_COOKIE=cookies, HTTP_ACCEPT="application/json"),
        timeout=timeout).status


# -- networks --


def test_P9_a_customer_of_IPv6_has_a_bound_whichever_addresses_they_use(narrow):
    """A half more than one address, and half of that for addresses that have made no try."""
    statuses = [try_from(narrow, address, a_name()) for address in networks(15)]
    assert statuses == [401] * 9 + [429] * 6, statuses
    assert try_from(narrow, "2001:db8:78::1", a_name()) == 401, "another customer"


def test_P9_a_56_has_a_bound_of_its_own(narrow):
    statuses = [try_from(narrow, address, a_name()) for address in networks(12, "2001:db8:79", apart=1)]
    assert statuses == [401] * 8 + [429] * 4, statuses
    assert try_from(narrow, "2001:db8:79:ff00::1", a_name()) == 401, "the rest of the /48"


def test_P9_who_has_made_no_try_is_not_locked_out_of_their_campus(narrow):
    """Two people use up what their /48 has; others there may still sign in, and those whom their browser shows always."""
    known = narrow.visitor()
    known.sign_in("bob")
    known.jar.pop(SESSION)
    statuses = [try_from(narrow, "2001:db8:80:%d00::1" % (number % 2), a_name()) for number in range(12)]
    assert statuses.count(401) < 12
    for number in range(3):
        assert try_from(narrow, "2001:db8:80:5%d00::1" % number, "alice", narrow.passwords["alice"]) == 302, number
    for address in ("2001:db8:80::1", "2001:db8:80:100::1"):
        assert try_from(narrow, address, a_name()) == 429
        assert try_from(narrow, address, "bob", narrow.passwords["bob"], known) == 302


def test_P9_an_address_of_IPv4_is_one_wherever_it_is_carried(narrow):
    """IPv4-mapped, NAT64 (RFC 6052) and 6to4 (RFC 3056), whose /48 is one host's."""
    written = ["198.18.7.9", "::ffff:198.18.7.9", "64:ff9b::c612:709", "2002:c612:709::1", "2002:c612:709:ffff::7"]
    statuses = [try_from(narrow, written[number % 5], a_name()) for number in range(6)]
    assert statuses == [401] * 4 + [429] * 2, statuses


def test_P9_a_24_of_IPv4_has_a_bound_too(narrow):
    statuses = [try_from(narrow, "198.18.8.%d" % (number % 250), a_name()) for number in range(52)]
    assert statuses == [401] * 48 + [429] * 4, statuses


# -- queues --


class Flood:
    """Wrong logins of one customer from that many addresses at once, each followed by the next until stop()."""

    def __init__(self, rig, count):
        self.ask = prepare(rig, "nobody-here", "wrong")
        self.over = threading.Event()
        self.statuses = []
        self.pool = concurrent.futures.ThreadPoolExecutor(count)
        self.tries = [self.pool.submit(self.one, "2001:db8:1:%x::1" % number) for number in range(count)]

    def one(self, address):
        while not self.over.is_set():
            self.statuses.append(self.ask(address, timeout=300))
            if self.statuses[-1] == 503:  # no hurry, then: the queue stays full without
                self.over.wait(1)

    def stop(self):
        """The statuses of all."""
        self.over.set()
        self.pool.shutdown()
        for each in self.tries:
            each.result()
        return self.statuses


def test_P9_a_flood_of_one_customer_keeps_nobody_else_from_signing_in(make_rig):
    rig = make_rig(start=False)
    rig.cheap = False
    rig.start()
    flood = Flood(rig, 300)
    wait_for(lambda: flood.statuses.count(503) > 20, "the queue to be full")
    statuses = [rig.visitor().sign_in("alice").status for _ in range(8)]
    assert statuses == [302] * 8
    assert set(flood.stop()) == {401, 503}


def test_P9_what_was_refused_as_too_much_costs_the_address_a_try(make_rig):
    rig = make_rig(start=False, options={"throttle-account": "100000/1d", "throttle-address": "300/1d"})
    rig.cheap = False
    rig.start()
    ask = prepare(rig, "nobody-here", "wrong")
    with concurrent.futures.ThreadPoolExecutor(300) as pool:
        found = list(pool.map(lambda number: ask("2001:db8:1::%x" % number, 120), range(1, 301)))
    assert set(found) == {401, 503}
    assert try_from(rig, "2001:db8:1::1", a_name()) == 429, "a flood has its price"
    assert try_from(rig, "2001:db8:2::1", "alice", rig.passwords["alice"]) == 302, "its account has not"


# -- accounts --


@pytest.fixture(scope="module")
def accounts(make_module_rig):
    made = make_module_rig(options={"throttle-account": "4/1d", "throttle-address": "1000/1d"}, processes=2)
    for name in ("victor", "wanda", "xenia"):
        made.add_user(name, "--group", "staff")
    made.stop_pool()  # so that no process is without them
    made.start_pool()
    return made


def test_P9_who_guesses_from_one_network_locks_nobody_out_elsewhere(accounts):
    attack = [try_from(accounts, address, "victor") for address in networks(12)]
    assert attack == [401] * 4 + [429] * 8, "all of a /48 is one, however many tries it makes"
    assert try_from(accounts, networks(1)[0], "victor", accounts.passwords["victor"]) == 429, "right or wrong"
    assert try_from(accounts, "2001:db8:99::1", "victor", accounts.passwords["victor"]) == 302, "a new browser, from elsewhere"


def test_P9_all_networks_together_have_a_bound(accounts):
    statuses = [try_from(accounts, "2001:db8:%x::1" % (0x200 + number), "wanda") for number in range(20)]
    assert statuses == [401] * 6 + [429] * 14, "half as much again, whatever is rented for it"


def test_the_log_says_whose_tries_are_used_up(accounts):
    for name in ("Xenia", "no-such-name"):
        statuses = [try_from(accounts, "2001:db8:300::1", name) for _ in range(5)]
        assert statuses == [401] * 4 + [429], statuses

    def throttled():
        return [each for each in accounts.events("login") if each["result"] == "throttled" and each["client"] == "2001:db8:300::1"]

    wait_for(lambda: len(throttled()) == 2, "the lines")
    named = [(each.get("user"), each.get("backend"), each["detail"]) for each in throttled()]
    what = "too many tries for this account"
    assert named == [("xenia", "staff", what), (None, None, what)], "what was typed for nobody stands nowhere"


# -- addresses that many share --


def test_F4_a_known_browser_behind_a_shared_address_can_sign_in(make_rig):
    rig = make_rig(options={"throttle-account": "5/1d", "throttle-address": "12/1d"}, processes=2)
    known = rig.visitor(source="127.0.4.2")
    known.sign_in("bob")
    known.jar.pop(SESSION)
    attacker = rig.visitor(source="127.0.4.2")
    page = attacker.login_page()
    statuses = [attacker.fill(page, a_name(), "wrong").status for _ in range(14)]
    assert statuses == [401] * 12 + [429] * 2
    assert known.fill(known.login_page(), "bob").status == 302
    # Not for names that nobody has signed in to with it, and not for ever.
    known.jar.pop(SESSION)
    assert known.fill(known.login_page(), "alice").status == 429
    statuses = [known.fill(known.login_page(), "bob", "wrong").status for _ in range(6)]
    assert statuses == [401] * 5 + [429]
    wait_for(lambda: [e for e in rig.events("login") if (e["result"], e.get("user")) == ("throttled", "bob")], "the line that names him")


PARTNER = '''#!/bin/sh
name= password=
while IFS= read -r line && [ "$line" != end ]; do
    case $line in
    'user '*) name=${line#* } ;;
    'password '*) password=${line#* } ;;
    esac
done
echo meetauth 1
case $name/$password in
alice@partner/"of the partner") echo grant alice ;;
alice@partner/*) echo deny ;;
*) echo unknown ;;
esac
echo end
'''


def test_P9_a_browser_is_known_at_the_backend_that_knows_it(make_rig):
    """A partner's directory has an alice of its own, under another name as well: that buys no tries at ours."""
    rig = make_rig(start=False, options={"throttle-account": "3/1d", "throttle-address": "8/1d"})
    program = rig.folder + "/partner"
    with open(program, "w", encoding="utf-8") as file:
        file.write(PARTNER)
    os.chmod(program, 0o755)
    rig.sections = 'backend "partner" {\n type = "command"\n program = "%s"\n timeout = "20s"\n}\n' % program
    rig.sections += 'policy {\n rule "all" { allow = true backends = {"staff", "partner"} }\n default = "deny"\n}\n'
    rig.start()
    rig.passwords["alice@partner"] = "of the partner"
    partner = rig.visitor(source="127.0.5.1")
    assert partner.fill(partner.login_page(), "alice@partner").status == 302
    partner.jar.pop(SESSION)
    stranger = rig.visitor(source="127.0.6.2")
    assert [stranger.fill(stranger.login_page(), "alice", "wrong").status for _ in range(4)] == [401] * 3 + [429]
    page = partner.login_page()
    assert [partner.fill(page, "alice", "wrong").status for _ in range(2)] == [401, 429], "one was kept for newcomers"
    # At the partner's they have tries of their own, which those were taken from, too.
    assert partner.fill(partner.login_page(), "alice@partner").status == 302


# -- meetings --


def try_key(rig, address, key, visitor=None):
    visitor = visitor or rig.visitor()
    form = form_of(visitor.login_page(MEETING), "key")
    fields = {name: value for name, kind, value in form["fields"] if kind == "hidden"}
    body = urllib.parse.urlencode({**fields, "name": "Zoe", "password": key}).encode()
    cookies = "; ".join("%s=%s" % pair for pair in visitor.jar.items())
    return fcgi.ask(rig.socket, fcgi.request("/auth/login", "POST", body=body, REMOTE_ADDR=address, CONTENT_TYPE=FORM, HTTP_COOKIE=cookies,
                                             HTTP_ACCEPT="application/json")).status


@pytest.fixture
def keyed(make_rig):
    rig = make_rig(start=False, options={"throttle-account": "10/1d", "throttle-address": "60/1d"})
    rig.sections = 'backend "key" { type = "meeting-key" keys = "%s/meeting.keys" }\n' % rig.folder + rule("key")
    rig.configure()
    rig.ctl("meeting-key", "set", "--platform", HOST, "--meeting", MEETING, text="correct horse\n")
    cheap_hashes(rig.folder + "/meeting.keys", "correct horse")
    return rig.start()


def test_P9_a_customer_who_guesses_a_meeting_s_key_keeps_nobody_out(keyed):
    addresses = networks(10)
    statuses = [try_key(keyed, addresses[number % 10], secrets.token_hex(8)) for number in range(100)]
    assert statuses.count(401) == 15 and statuses[15:] == [429] * 85, statuses
    for address in ("2001:db8:99::1", "198.51.100.7", "127.0.0.1"):
        assert try_key(keyed, address, "correct horse") == 302, address


def test_P9_tries_at_a_key_are_kept_for_networks_that_made_none(keyed):
    """Guessing from many networks ends, and a guest who comes from another gets in, or has been in before."""
    known = keyed.visitor()
    assert try_key(keyed, "2001:db8:400::1", "correct horse", known) == 302
    known.jar.pop(SESSION, None)
    statuses = []
    for number in range(11):
        statuses += [try_key(keyed, "2001:db8:%x::1" % (0x401 + number), "wrong") for _ in range(10)]
    assert statuses == [401] * 100 + [401] + [429] * 9, "the eleventh network has one that was kept for it"
    assert try_key(keyed, "2001:db8:500::1", "correct horse") == 302
    assert try_key(keyed, "2001:db8:401::1", "correct horse", known) == 302, "a browser in which the key was right"
