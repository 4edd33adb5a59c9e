# SPDX-License-Identifier: MIT
"""BigBlueButton: against a stand-in that is as strict about checksums and parameters as its API."""

import concurrent.futures
import urllib.parse

import drivers
import platforms
import pytest
from client import JSON
from rig import wait_for


class Plain(drivers.BigBlueButton):
    options = platforms.TIMES


@pytest.fixture(scope="module")
def bbb(make_module_rig):
    return platforms.make(make_module_rig, drivers.BigBlueButton)


def query(address):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))


def test_the_address_is_tied_to_the_meeting_that_runs(bbb):
    visitor, answer = bbb.sign_in(bbb.entry("weekly"))
    values = query(answer.location)
    assert list(values)[-1] == "checksum" and len(values["checksum"]) == 64
    assert values["createTime"].isdigit() and values["userID"] == "staff/alice" and "guest" not in values
    again = query(visitor.get(bbb.entry("weekly")).location)
    assert again["createTime"] == values["createTime"], "the meeting was made once"
    calls = [entry["call"] for entry in bbb.ledger() if entry.get("meeting") == "weekly"]
    assert calls == ["create", "create"] and not [entry for entry in bbb.ledger() if entry["result"] != "good"]


def test_what_is_changed_in_the_address_is_refused(bbb):
    _, answer = bbb.sign_in(bbb.entry("weekly"))
    for old, new in (("role=VIEWER", "role=MODERATOR"), ("meetingID=weekly", "meetingID=hosted"), ("fullName=Alice", "fullName=Bob"), ("&checksum=", "&guest=true&checksum=")):
        assert old in answer.location
        assert "checksumError" in bbb.get(answer.location.replace(old, new)).text
    assert "SUCCESS" in bbb.get(answer.location).text


def test_a_name_with_everything_in_it(bbb):
    bbb.rig.add_user("dora", "--name", "Dora & <b>=?#+%ü", "--group", "staff")

    def known():  # the file of users is looked at once a second
        answer = bbb.sign_in(bbb.entry("weekly"), "dora")[1]
        return answer if answer.status == 302 else None

    answer = wait_for(known, "dora")
    assert "Dora &amp; &lt;b&gt;=?#+%ü" in bbb.get(answer.location).text


LONG = "maximiliane.mustermann-oberhuber@students.uni-musterstadt.example"


def test_flow_F5_what_is_made_up_fits_into_what_the_server_takes(bbb):
    """Case 7 and 8: BigBlueButton 3.0 says SUCCESS to a longer userID, and its client waits for ever."""
    names = {LONG: "\u00fc" * 101, LONG + "2": "\u00fc" * 99 + "\U0001f600" + "x", "a" * 44: "x" * 100, "b" * 45: None}
    found = {}
    for account, name in names.items():
        bbb.rig.add_user(account, "--group", "staff")
    with open(bbb.rig.folder + "/users.passwd") as file:
        lines = [line.split(":") for line in file]
    for fields in lines:
        if names.get(fields[0]):
            fields[2] = names[fields[0]]
    with open(bbb.rig.folder + "/users.passwd", "w") as file:  # as a program writes them: who types a name gets 64
        file.writelines(":".join(fields) for fields in lines)
    wait_for(lambda: bbb.sign_in(bbb.entry("weekly"), account)[1].status == 302, "the last of the accounts")
    for account, name in names.items():
        visitor, answer = bbb.sign_in(bbb.entry("weekly"), account)
        bbb.welcome(answer.location)
        values = found[account] = query(answer.location)
        assert values["fullName"] == (name or account)[:100]
        assert query(visitor.get(bbb.entry("weekly")).location)["userID"] == values["userID"], "the same each time"
    assert found["a" * 44]["userID"] == "staff/" + "a" * 44, "exactly 50"
    assert len({values["userID"] for values in found.values()}) == len(names) and max(len(values["userID"]) for values in found.values()) == 50
    assert found[LONG]["userID"].startswith("staff/maximiliane.mustermann")


def test_many_at_once_make_one_meeting(bbb):
    visitor, _ = bbb.sign_in(bbb.entry("weekly"))

    def join(_):
        other = bbb.rig.visitor()
        other.jar.update(visitor.jar)
        return query(other.get(bbb.entry("crowded")).location)["createTime"]

    with concurrent.futures.ThreadPoolExecutor(12) as crowd:
        assert len(set(crowd.map(join, range(12)))) == 1


def test_without_create_a_meeting_has_to_be_there(make_rig):
    bbb = platforms.make(make_rig, Plain)
    visitor, answer = bbb.sign_in(bbb.entry("weekly"), headers=JSON)
    assert (answer.status, answer.code) == (403, "exchange-refused")
    assert [(entry["call"], entry["result"]) for entry in bbb.ledger()] == [("getMeetingInfo", "good"), ("getMeetingInfo", "notFound")]
    page = visitor.get(bbb.entry("weekly"))
    assert page.status == 403 and "/auth/bbb/weekly?platform=bbb.example.org" in page.text, "a link to try again"
    assert "This meeting is not open" in page.text, "not that a link has expired"
    assert "meeting is not running" in bbb.audit(page)["detail"]


def test_a_meeting_with_thousands_in_it(make_rig):
    bbb = platforms.make(make_rig, Plain)
    visitor = bbb.visitor()
    answer = bbb.enter(visitor, "fault-crowd")
    assert answer.status == 302 and query(answer.location)["createTime"] == "1"


def test_whoever_waits_for_others_is_told_so(bbb):
    """Eight ask the server at once, six of them for one network; it has not failed those who were not asked for."""
    visitor = bbb.visitor()
    assert bbb.enter(visitor, "weekly").status == 302

    def enter(meeting):
        other = bbb.rig.visitor()
        other.jar.update(visitor.jar)
        return bbb.enter(other, meeting, JSON)

    def asked():
        return sum(entry.get("meeting") == "weekly" for entry in bbb.ledger())

    with concurrent.futures.ThreadPoolExecutor(32) as crowd, bbb.hanging(6) as meetings:
        hanging = [crowd.submit(enter, meeting) for meeting in meetings]
        wait_for(lambda: bbb.rig.metric("meetauth_exchanges_in_flight") == 6, "all of them to be busy")
        before = asked()
        waiting = list(crowd.map(enter, ["weekly"] * 24))
        assert {one.result().status for one in hanging} == {504}
    assert {(answer.status, answer.code) for answer in waiting} == {(503, "overloaded")}
    assert all(answer.headers["Retry-After"] for answer in waiting) and asked() == before
    assert "the wait for the platform is too long" in bbb.audit(waiting[0])["detail"]
    assert bbb.enter(visitor, "weekly").status == 302, "and nobody after them is kept out"


def test_a_meeting_that_somebody_else_made(bbb):
    """Another front end made it, with passwords of its own: idNotUnique, and then it is looked up."""
    import hashlib
    text = "name=Board&meetingID=board&attendeePW=a&moderatorPW=m"
    checksum = hashlib.sha256(("create" + text + bbb.secrets[-1]).encode()).hexdigest()
    made = bbb.get("http://127.0.0.1:%d/bigbluebutton/api/create?%s&checksum=%s" % (bbb.address[1], text, checksum))
    assert "SUCCESS" in made.text
    _, answer = bbb.sign_in(bbb.entry("board"))
    assert bbb.welcome(answer.location)[0] == "board"
    assert [(e["call"], e["result"]) for e in bbb.ledger()][-3:] == [("create", "idNotUnique"), ("getMeetingInfo", "good"), ("join", "good")]


@pytest.mark.parametrize("algorithm,length", [("sha1", 40), ("sha384", 96), ("sha512", 128)])
def test_other_checksums_where_the_server_has_no_other(make_rig, algorithm, length):
    class One(drivers.BigBlueButton):
        options = 'create = true\n checksum = "%s"\n' % algorithm + platforms.TIMES
        arguments = ("--algorithms", algorithm)

    bbb = platforms.make(make_rig, One)
    _, answer = bbb.sign_in(bbb.entry("weekly"))
    assert answer.status == 302 and len(query(answer.location)["checksum"]) == length
    assert "SUCCESS" in bbb.get(answer.location).text


def test_a_server_without_the_algorithm_refuses(make_rig):
    class Old(drivers.BigBlueButton):
        arguments = ("--algorithms", "sha1")

    bbb = platforms.make(make_rig, Old)
    _, answer = bbb.sign_in(bbb.entry("weekly"), headers=JSON)
    assert (answer.status, answer.code) == (502, "exchange-bad-answer")
    assert "algorithm" in bbb.audit(answer)["detail"]


def test_an_older_secret_while_the_server_has_not_got_the_new_one(make_rig):
    """set, change it on the server, retire: nobody is kept out in between."""
    bbb = platforms.make(make_rig, drivers.BigBlueButton)
    visitor, answer = bbb.sign_in(bbb.entry("weekly"))
    assert bbb.welcome(answer.location)[0] == "weekly"
    bbb.add_secret()
    bbb.take(bbb.secrets[:1])
    bbb.set_secret()

    def tried():
        assert bbb.welcome(visitor.get(bbb.entry("weekly")).location)[0] == "weekly" and bbb.used == 0
        return [entry for entry in bbb.ledger() if entry["result"] == "checksumError"]

    wait_for(tried, "the new secret to be tried first")
    bbb.take(bbb.secrets[1:])
    answer = visitor.get(bbb.entry("newly"))
    assert bbb.welcome(answer.location)[0] == "newly" and bbb.used == 1
    shown = bbb.rig.ctl("secret", "list").stdout
    assert sum(line.split()[-1] not in ("-", "never") for line in shown.splitlines() if bbb.title in line) == 2, shown


def test_guests_are_told_to_the_server(make_rig):
    policy = 'policy {\n rule "guests" { allow = true  backends = {"visitors"}  platforms = {"bbb.example.org"} }\n default = "deny"\n}\n'

    class WithGuests(drivers.BigBlueButton):
        options = 'create = true\n guest-policy = "ASK_MODERATOR"\n' + platforms.TIMES

        def section(self):
            return super().section() + 'backend "visitors" {\n type = "guest"\n}\n'

    bbb = platforms.make(make_rig, WithGuests, policy=policy)
    visitor = bbb.rig.visitor()
    page = visitor.get(visitor.get(bbb.entry("weekly")).location)
    form = next(f for f in page.forms() if any(name == "backend" and value == "visitors" for name, _, value in f["fields"]))
    fields = {name: value for name, kind, value in form["fields"] if kind == "hidden"}
    answer = visitor.post("/auth/login", {**fields, "name": "Grace Hopper"})
    assert answer.status == 302, answer
    values = query(answer.location)
    assert (values["guest"], values["fullName"], values["role"]) == ("true", "Grace Hopper", "VIEWER")
    assert "SUCCESS" in bbb.get(answer.location).text
