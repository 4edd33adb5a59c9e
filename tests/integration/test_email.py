# SPDX-License-Identifier: MIT
"""The backend "email" against a real mail server: Exim, on loopback."""

import os
import re
import signal
import sys

import pytest
from client import JSON
from guests import MEETING, OTHER, fill, form_of, hidden, query
from rig import TOP, free_port, wait_for

sys.path.insert(0, TOP + "/tests/peers/smtp")
import server as smtp  # noqa: E402

PASSWORD = "pass word %&'\""
POLICY = """policy {
    rule "partner" { allow = true emails = {"*@partner.example"} %s }
    rule "staff" { allow = true groups = {"staff"} }
    default = "deny"
}
"""
IN, OUT = "anna@partner.example", "eve@elsewhere.example"


def section(url, authority, more=""):
    return 'backend "mail" {\n type = "email"\n server = "%s"\n ca-file = "%s"\n from = "meetings@example.org"\n' \
        'from-name = "Example Ørg"\n timeout = "5s"\n %s\n}\n' % (url, authority.file, more)


@pytest.fixture(scope="module")
def server(authority):
    made = smtp.Server(authority, "localhost", "meetings", PASSWORD)
    yield made
    made.stop()


def make(maker, server, authority, more='user = "meetings"', url=None, password=PASSWORD, policy="", **options):
    rig = maker(start=False, sections=section(url or "smtps://localhost:%d" % server.smtps, authority, more) + POLICY % policy,
                **options)
    rig.configure()
    rig.ctl("init")
    if password:
        rig.ctl("secret", "set", "backend/mail", text=password)
    return rig.start()


@pytest.fixture(scope="module")
def rig(make_module_rig, server, authority):
    return make(make_module_rig, server, authority)


def ask(rig, address, meeting=MEETING, visitor=None):
    """(visitor, the page that asks for the code)"""
    visitor = visitor or rig.visitor()
    return visitor, fill(visitor, visitor.login_page(meeting), "mail", name=address)


def answer(visitor, page, code, headers=()):
    form, = [form for form in page.forms() if "answer" in [name for name, _, _ in form["fields"]]]
    return visitor.post(form["action"], {**hidden(form), "answer": code}, headers)


def wrong(code):
    return "%06d" % ((int(code) + 1) % 1000000)


def new_address():
    new_address.count += 1
    return "person%d@partner.example" % new_address.count


new_address.count = 0


# -- the way in --


def test_the_code_in_the_mail_lets_in(rig, server):
    address = new_address()
    visitor = rig.visitor()
    page = visitor.login_page()
    assert [name for name, kind, _ in form_of(page, "mail")["fields"] if kind != "hidden"] == ["name"]
    asked = fill(visitor, page, "mail", name=address.upper())
    assert asked.status == 200 and address not in asked.headers.get("Location", "")
    code = smtp.code_in(server.wait_for_mail(address)[0])
    assert code not in asked.text
    back = answer(visitor, asked, " %s %s " % (code[:3], code[3:]))
    assert back.status == 302, back
    assert query(back)["participantEmail"] == address
    assert rig.platform.get(back.location).status == 200
    assert visitor.enter(OTHER).status == 302, "a session as any other"
    join = wait_for(lambda: rig.events("join"), "the audit line")[-1]
    assert join["user"] == address and join["backend"] == "mail"
    assert code not in rig.pool.said() and PASSWORD not in rig.pool.said()


def test_address_and_code_are_pasted(rig, server):
    """Rows 13 and 16 of the sign-in cases."""
    address = new_address()
    visitor, asked = ask(rig, " %s\u00a0" % address)
    code = smtp.code_in(server.wait_for_mail(address)[0])
    wide = "".join(chr(ord(digit) + 0xff10 - ord("0")) for digit in code)
    page = answer(visitor, asked, wrong(code))
    assert page.status == 401
    back = answer(visitor, page, wide[:3] + "\u2013" + code[3:] + "\u202f")
    assert back.status == 302, back
    assert query(back)["participantEmail"] == address


def test_the_mail_is_as_mails_of_machines_should_be(rig, server):
    address = new_address()
    ask(rig, address)
    mail, = server.wait_for_mail(address)
    assert mail["From"] == "Example Ørg <meetings@example.org>" and mail["To"] == address
    assert mail["Subject"] == "Your code"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Return-Path"] == "<meetings@example.org>"
    assert re.fullmatch("<[0-9a-f]{32}@example.org>", mail["Message-ID"])
    assert mail["Date"].datetime and mail.get_content_type() == "text/plain"
    text = mail.get_content()
    assert "ten minutes" in text and "http" not in text
    assert "esmtpsa" in mail["Received"], "over TLS, and signed in"


def test_text_and_subject_are_the_operator_s(make_rig, server, authority):
    rig = make(make_rig, server, authority, url="smtp://localhost:%d" % server.starttls, more="""
        user = "meetings" subject = "Ihr Schlüssel für das Meeting"
        text = {"Grüezi", "", "Der Schlüssel: {code}", ".", ".a"}""")
    address = new_address()
    visitor, asked = ask(rig, address)
    mail, = server.wait_for_mail(address)
    assert mail["Subject"] == "Ihr Schlüssel für das Meeting"
    code = smtp.code_in(mail)
    assert mail.get_content().replace("\r", "") == "Grüezi\n\nDer Schlüssel: %s\n.\n.a\n" % code
    assert answer(visitor, asked, code).status == 302
    assert "esmtpsa" in mail["Received"], "STARTTLS"


def test_in_the_clear_towards_this_machine(make_rig, server, authority):
    rig = make(make_rig, server, authority, url="smtp://127.0.0.1:%d" % server.plain, more="starttls = false", password=None)
    address = new_address()
    visitor, asked = ask(rig, address)
    assert answer(visitor, asked, smtp.code_in(server.wait_for_mail(address)[0])).status == 302


# -- whom it refuses --


def without_secrets(page):
    text = re.sub('(value|href)="[^"]{40,}"', "", page.text)
    return re.sub(r"[0-9]{4}(-[0-9]{4}){3}|<code>[0-9a-f]+</code>", "", text)


def test_A35_other_addresses_get_the_same_answer_and_no_mail(rig, server):
    admitted = new_address()
    _, first = ask(rig, admitted)
    visitor, second = ask(rig, OUT)
    assert (first.status, without_secrets(first)) == (second.status, without_secrets(second))
    sealed = [len(page.forms()[0]["fields"][0][2]) for page in (first, second)]
    assert abs(sealed[0] - sealed[1]) <= 4 * abs(len(admitted) - len(OUT)), "the ticket's length tells nothing"
    server.wait_for_mail(admitted)
    for guess in ("000000", "123456"):
        assert answer(visitor, second, guess).status == 401
    # What is sent later has arrived: nothing is on its way any more.
    after = new_address()
    ask(rig, after)
    server.wait_for_mail(after)
    assert server.mails(OUT) == []


@pytest.mark.parametrize("address", [
    "anna", "@partner.example", "a@good@partner.example", "a@elsewhere.example@partner.example", "\"a\"@partner.example",
    "a b@partner.example", "a@partner.example.", "a@sub.partner.example.", "a@partner.example,b@partner.example",
    "<a@partner.example>", "a@[127.0.0.1]", "a@partner.example:25", "ä@partner.example", "x" * 65 + "@partner.example"])
def test_A23_what_is_no_plain_address_is_none(rig, server, address):
    _, page = ask(rig, address)
    assert page.status == 401, page


def test_no_address_adds_a_line_or_a_recipient(rig, server):
    before = len(server.mails())
    for address in ("a@partner.example\r\nBcc: " + OUT, "a@partner.example\nRCPT TO:<%s>" % OUT, "a%0d%0a@partner.example\x00"):
        _, page = ask(rig, address)
        assert page.status in (400, 401)
    after = new_address()
    ask(rig, after)
    server.wait_for_mail(after)
    assert len(server.mails()) == before + 1 and server.mails(OUT) == []


def test_five_answers_and_no_more(rig, server):
    address = new_address()
    visitor, page = ask(rig, address)
    code = smtp.code_in(server.wait_for_mail(address)[0])
    for _ in range(5):
        assert answer(visitor, page, wrong(code)).status == 401
    assert answer(visitor, page, code).status == 429
    assert visitor.enter(MEETING).status == 303


def test_a_code_is_good_once(rig, server):
    address = new_address()
    visitor, page = ask(rig, address)
    code = smtp.code_in(server.wait_for_mail(address)[0])
    assert answer(visitor, page, code).status == 302
    again = answer(visitor, page, code, JSON)
    assert again.status == 409 and again.code == "already-used"


def test_a_code_is_good_for_its_own_question_and_browser(rig, server):
    address = new_address()
    visitor, first = ask(rig, address)
    code = smtp.code_in(server.wait_for_mail(address)[0])
    _, second = ask(rig, address, visitor=visitor)
    both = {smtp.code_in(mail) for mail in server.wait_for_mail(address, 2)}
    newer = (both - {code} or {code}).pop()
    if newer != code:
        assert answer(visitor, second, code).status == 401
    assert answer(rig.visitor(), first, code).status != 302, "another browser"
    assert answer(visitor, second, newer).status == 302


def test_a_second_code_needs_the_throttle_s_leave(make_rig, server, authority):
    """Nobody's mailbox is filled from here."""
    rig = make(make_rig, server, authority, options={"throttle-account": "3/1d"})
    address = new_address()
    statuses = [ask(rig, spelling)[1].status for spelling in (address, address.upper(), address, address, address)]
    assert statuses == [200, 200, 200, 429, 429]
    assert len(server.wait_for_mail(address, 3)) == 3


def test_a_rule_for_other_meetings_admits_nobody_here(make_rig, server, authority):
    rig = make(make_rig, server, authority, policy='meetings = {"%s"}' % OTHER)
    address, other = new_address(), new_address()
    assert ask(rig, address, MEETING)[1].status == 200
    visitor, page = ask(rig, other, OTHER)
    assert answer(visitor, page, smtp.code_in(server.wait_for_mail(other)[0])).status == 302
    assert server.mails(address) == []


# -- a server that is not what it should be --


def fails(rig, says):
    """Nobody hears of it but the operator, who is not told whose mail it was."""
    address = new_address()
    _, page = ask(rig, address)
    assert page.status == 200, page
    event = wait_for(lambda: rig.events("delivery"), "the failure to be logged")[-1]
    assert event["result"] == "failed" and event["backend"] == "mail"
    assert re.search(says, event["message"]), event
    assert address not in rig.pool.said()
    checked = rig.ctl("check", "--connect", check=False)
    line = next(line for line in checked.stdout.splitlines() if re.search(r"connect\s+mail\s", line))
    assert PASSWORD not in checked.stdout + checked.stderr
    return line


def test_check_connect_signs_in(rig):
    checked = rig.ctl("check", "--connect", check=False)
    assert re.search(r"ok\s+connect\s+mail\s", checked.stdout), checked.stdout


def test_wrong_password(make_rig, server, authority):
    rig = make(make_rig, server, authority, password="another")
    assert fails(rig, "(?i)login|auth").startswith("FAIL")


def test_no_password(make_rig, server, authority):
    rig = make(make_rig, server, authority, password=None)
    assert fails(rig, "meetauthctl secret set").startswith("FAIL")


def test_a_server_that_must_not_be_asked_in_the_clear_offers_no_tls(make_rig, server, authority):
    """STARTTLS is not to be left out, whoever took it out of the answer."""
    rig = make(make_rig, server, authority, url="smtp://localhost:%d" % server.plain)
    assert fails(rig, "SSL").startswith("FAIL")


def test_a_certificate_for_another_name(make_rig, server, authority):
    rig = make(make_rig, server, authority, url="smtps://127.0.0.1:%d" % server.smtps)
    assert fails(rig, "(?i)certificate|SSL").startswith("FAIL")
    rig = make(make_rig, server, authority, url="smtp://127.0.0.1:%d" % server.starttls)
    assert fails(rig, "(?i)certificate|SSL").startswith("FAIL")


def test_an_authority_that_is_not_trusted(make_rig, server, authority, tmp_path):
    import tls
    other = tls.Authority(str(tmp_path))
    rig = make(make_rig, server, other)
    assert fails(rig, "(?i)certificate|SSL").startswith("FAIL")


def test_recipients_that_the_server_refuses_shut_nobody_out(rig, server):
    """Not even many in a row, as from somebody who tries addresses: the server is in order."""
    for _ in range(12):
        assert ask(rig, "refused@partner.example")[1].status == 200
    address = new_address()
    visitor, page = ask(rig, address)
    assert page.status == 200, page
    assert answer(visitor, page, smtp.code_in(server.wait_for_mail(address)[0])).status == 302
    wait_for(lambda: server.said().count("rejected RCPT <refused@partner.example>") >= 12, "all twelve")
    assert ask(rig, new_address())[1].status == 200
    assert "refused@" not in rig.pool.said()


def test_A35_a_server_out_of_order_tells_nothing_about_an_address(make_rig, server, authority):
    """Whoever is asked about, it fails, and is told, alike."""
    def statuses(address):
        rig = make(make_rig, server, authority, url="smtps://localhost:%d" % free_port())
        found = []
        for count in range(1, 8):
            found.append(ask(rig, address)[1].status)
            wait_for(lambda: found[-1] == 503 or len(rig.events("delivery")) >= count, "the delivery to fail")
        return found

    admitted, other = statuses(new_address()), statuses(OUT)
    assert admitted == other == [200] * 5 + [503] * 2, "the breaker opens, and the visitor is told at once"


def test_a_code_that_came_is_good_though_the_server_is_out_of_order_now(make_rig, server, authority):
    rig = make(make_rig, server, authority)
    address = new_address()
    visitor, page = ask(rig, address)
    code = smtp.code_in(server.wait_for_mail(address)[0])
    working = "localhost:%d" % server.smtps
    assert working in rig.sections
    rig.sections = rig.sections.replace(working, "localhost:%d" % free_port())
    rig.configure()
    loads = len(rig.events("reload"))
    for pid in rig.daemons():
        os.kill(pid, signal.SIGHUP)
    wait_for(lambda: len(rig.events("reload")) > loads, "the reload")
    for failed in range(1, 6):
        assert ask(rig, new_address())[1].status == 200
        wait_for(lambda: len(rig.events("delivery")) >= failed, "the delivery to fail")
    wait_for(lambda: [event for event in rig.events("backend") if event["result"] == "left-alone"], "the breaker to open")
    assert ask(rig, new_address())[1].status == 503
    assert answer(visitor, page, code).status == 302


def test_nobody_listens(make_rig, server, authority):
    rig = make(make_rig, server, authority, url="smtps://localhost:%d" % free_port())
    assert fails(rig, "(?i)connect").startswith("FAIL")


@pytest.mark.parametrize("line,says", [
    ('from = "me"', "from: \"me\" is not an address"), ('server = "mail.example.org"', "server: expected a URL like smtps"),
    ('starttls = false', "this machine"), ('text = {"Hello"}', "text: none of its lines contains {code}")])
def test_options_that_are_wrong(make_rig, line, says):
    rig = make_rig(start=False)
    name = line.split(" ")[0]
    lines = {"type": '"email"', "server": '"smtp://mail.example.org"', "from": '"m@example.org"'}
    lines.pop(name, None)
    rig.sections = 'backend "mail" {\n%s\n%s\n}\n' % ("\n".join("%s = %s" % pair for pair in lines.items()), line)
    rig.configure()
    rig.add_user("alice")  # its backend stands before this one
    done = rig.ctl("check", check=False)
    assert done.returncode == 1 and says in done.stdout
