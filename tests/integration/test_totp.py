# SPDX-License-Identifier: MIT
"""The second factor: `meetauthctl user totp`, and the code that is asked for after the password. oathtool is the phone."""

import ctypes
import os
import pty
import re
import subprocess
import time
import urllib.parse

import pytest
from rig import ENVIRONMENT, MEETAUTHCTL, wait_for

POLICY = """
policy {
    rule "strong" { allow = true  second-factor = true }
    rule "weak" { allow = true  meetings = {"open"} }
}
"""


def key_of(address):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address.strip()).query))["secret"]


def code(key, later=0):
    """What the phone shows, now or so many seconds later."""
    moment = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(time.time() + later))
    command = ["oathtool", "--totp", "--base32", "--now", moment, "-"]
    try:
        done = subprocess.run(command, input=key + "\n", text=True, capture_output=True, check=True)
    except FileNotFoundError:
        pytest.fail("oathtool is missing: install the package oathtool")
    return done.stdout.strip()


def give(rig, name, *arguments):
    """Makes a key, and waits until the running process knows."""
    key = key_of(rig.ctl("user", "totp", name, *arguments).stdout)
    wait_for(lambda: is_code_page(enter(rig, name)[1]), "the second factor of " + name)
    return key


def enter(rig, name, meeting="5f521a93c20ff6721fbb6a6c"):
    visitor = rig.visitor()
    return visitor, visitor.fill(visitor.login_page(meeting), name)


def is_code_page(answer):
    return 'name="answer"' in answer.text and 'autocomplete="one-time-code"' in answer.text


def answer_with(visitor, page, digits):
    form = next(form for form in page.forms() if any(name == "answer" for name, _, _ in form["fields"]))
    fields = {name: value for name, kind, value in form["fields"] if kind == "hidden"}
    return visitor.post(urllib.parse.urljoin("/auth/login", form["action"]), {**fields, "answer": digits})


@pytest.fixture(scope="module")
def strong(make_module_rig):
    return make_module_rig(sections=POLICY)


@pytest.fixture
def carol(strong, request):
    """Somebody with a key: nobody has used a code of theirs."""
    strong.name = request.node.name.replace("_", "-")
    strong.add_user(strong.name, "--name", "Carol Cohen")
    strong.totp = give(strong, strong.name)
    return strong


def test_code_after_the_password_opens_the_meeting(carol):
    visitor, page = enter(carol, carol.name)
    assert page.status == 200 and is_code_page(page), page
    assert "Carol" not in page.text
    back = answer_with(visitor, page, code(carol.totp))
    assert back.status == 302, back
    assert carol.platform.get(back.location).status == 200
    again = visitor.enter()
    assert again.status == 302, "the session remembers the second factor"


def test_code_works_once(carol):
    digits = code(carol.totp)
    visitor, page = enter(carol, carol.name)
    other, other_page = enter(carol, carol.name)
    assert answer_with(visitor, page, digits).status == 302
    refused = answer_with(other, other_page, digits)
    assert refused.status == 401 and is_code_page(refused)
    # The next one does: the step counts, and not the time since the last.
    assert answer_with(other, refused, code(carol.totp, 30)).status == 302


def test_wrong_code_is_asked_again(carol):
    digits = code(carol.totp)
    visitor, page = enter(carol, carol.name)
    for wrong in ("%06d" % ((int(digits) + 1) % 10**6), "", "x" * 40, digits + "0"):
        refused = answer_with(visitor, page, wrong)
        assert refused.status in (400, 401), refused
        page = refused if is_code_page(refused) else page
    assert answer_with(visitor, page, digits[:3] + " " + digits[3:]).status == 302


@pytest.mark.parametrize("way", [
    lambda digits: digits[:3] + "-" + digits[3:],
    lambda digits: digits[:3] + "\u00a0" + digits[3:] + "\u202f",
    lambda digits: "".join(chr(ord(digit) + 0xff10 - 0x30) for digit in digits),
    lambda digits: "".join(chr(ord(digit) + 0x660 - 0x30) for digit in digits),
], ids=("dash", "no-break space", "full width", "Arabic"))
def test_a_code_is_read_however_it_is_written(carol, way):
    """Row 16 of the sign-in cases."""
    visitor, page = enter(carol, carol.name)
    assert answer_with(visitor, page, way(code(carol.totp))).status == 302


def test_A31_another_spelling_of_the_name_needs_the_code_too(carol):
    carol.passwords[carol.name.upper()] = carol.passwords[carol.name]
    _, page = enter(carol, carol.name.upper())
    assert page.status == 200 and is_code_page(page), page


def test_A33_a_password_alone_buys_no_tries_at_the_code(make_rig):
    """Who knows the password begins anew in other browsers: the codes are counted for the person all the same."""
    rig = make_rig(sections=POLICY, options={"throttle-account": "4/1d"})
    give(rig, "alice")
    statuses = []
    for _ in range(6):
        visitor, page = enter(rig, "alice")
        statuses.append(answer_with(visitor, page, "000000").status if is_code_page(page) else page.status)
    assert statuses[0] == 401 and statuses[-1] == 429 and statuses.count(401) <= 4, statuses


def test_a_user_who_is_removed_at_the_code_is_out(make_rig):
    rig = make_rig(sections=POLICY)
    rig.add_user("emil")
    key = give(rig, "emil")
    visitor, page = enter(rig, "emil")
    rig.ctl("user", "remove", "emil")
    wait_for(lambda: enter(rig, "emil")[1].status == 401, "the removal to be seen")
    assert answer_with(visitor, page, code(key)).status == 400
    assert "__Host-meetauth" not in visitor.jar


def test_password_alone_makes_no_session(carol):
    visitor, page = enter(carol, carol.name)
    assert is_code_page(page) and "__Host-meetauth" not in visitor.jar
    assert visitor.enter().status == 303


def test_code_without_the_password_is_worth_nothing(carol):
    visitor = carol.visitor()
    answer = visitor.fill(visitor.login_page(), carol.name, code(carol.totp))
    assert answer.status == 401 and not is_code_page(answer)


def test_policy_sees_the_second_factor(strong):
    visitor, denied = enter(strong, "bob")
    assert denied.status == 403, "bob has none"
    assert visitor.enter("open").status == 302
    wait_for(lambda: strong.events("join")[-1].get("rule") == "weak", "the rule in the log")


def test_key_is_shown_once_and_never_logged(carol):
    digits = code(carol.totp)
    visitor, page = enter(carol, carol.name)
    answer_with(visitor, page, digits)
    listed = carol.ctl("secret", "list").stdout
    assert "totp/staff/" + carol.name in listed and carol.totp not in listed
    with open(carol.log, encoding="utf-8") as log:
        text = log.read()
    assert carol.totp not in text and "second_factor" not in text
    assert not re.search(r"\b%s\b" % digits, re.sub(r"(time|request_id|meeting_id)=\S+", "", text))


def test_new_key_replaces_the_old(carol):
    key = key_of(carol.ctl("user", "totp", carol.name).stdout)
    assert carol.ctl("--json", "secret", "list").stdout.count('"totp/staff/%s"' % carol.name) == 1

    def is_known():  # with the code before the present one, which stays unspent
        visitor, page = enter(carol, carol.name)
        return answer_with(visitor, page, code(key, -30)).status == 302

    wait_for(is_known, "the new key")
    visitor, page = enter(carol, carol.name)
    refused = answer_with(visitor, page, code(carol.totp))
    assert refused.status == 401
    assert answer_with(visitor, refused, code(key)).status == 302


def test_removed_key_is_asked_for_no_more(make_rig):
    rig = make_rig()
    give(rig, "alice")
    assert rig.ctl("user", "totp", "alice", "--remove").returncode == 0
    wait_for(lambda: enter(rig, "alice")[1].status == 302, "the password to be enough")
    gone = rig.ctl("user", "totp", "alice", "--remove", check=False)
    assert gone.returncode == 1 and "no second factor" in gone.stderr


def test_key_goes_with_its_user(make_rig):
    rig = make_rig()
    give(rig, "alice")
    rig.ctl("user", "remove", "alice")
    assert "totp/" not in rig.ctl("secret", "list").stdout
    rig.add_user("alice")
    wait_for(lambda: enter(rig, "alice")[1].status == 302, "the new alice, whose phone is another")


def test_required_second_factor(make_rig):
    rig = make_rig(start=False)
    configure = rig.configure

    def with_option(**options):
        configure(**options)
        with open(rig.conf, encoding="utf-8") as file:
            text = file.read()
        with open(rig.conf, "w", encoding="utf-8") as file:
            file.write(text.replace('type = "file"', 'type = "file"\n second-factor = "required"'))

    rig.configure = with_option
    rig.start()
    _, refused = enter(rig, "bob")
    assert refused.status == 401 and not is_code_page(refused)
    wait_for(lambda: any("second factor" in event.get("detail", "") + event.get("message", "")
                         for event in rig.events("login")), "the reason in the log")
    key = give(rig, "bob")
    visitor, page = enter(rig, "bob")
    assert answer_with(visitor, page, code(key)).status == 302


def test_user_totp_names_who_is_not_there(strong):
    unknown = strong.ctl("user", "totp", "nobody", check=False)
    assert unknown.returncode == os.EX_NOUSER and 'no user "nobody"' in unknown.stderr and not unknown.stdout
    other = strong.ctl("user", "totp", "alice", "--backend", "other", check=False)
    assert other.returncode == os.EX_CONFIG and "no backend other" in other.stderr
    assert strong.ctl("user", "totp", check=False).returncode == os.EX_USAGE


# -- the QR code --


def on_a_terminal(rig, *arguments):
    """What a call writes to a terminal."""
    master, slave = pty.openpty()
    with subprocess.Popen([MEETAUTHCTL, "-c", rig.conf, *arguments], stdin=slave, stdout=slave, stderr=slave,
                          env=ENVIRONMENT) as process:
        os.close(slave)
        said = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:  # the other side is closed
                break
            if not piece:
                break
            said += piece
        os.close(master)
    assert process.returncode == 0, said
    return said.decode().replace("\r\n", "\n")


def pixels(lines, scale=4):
    """Rows of grey values of lines of half blocks, dark on light."""
    rows = []
    for line in lines:
        upper = [0 if c in "█▀" else 255 for c in line for _ in range(scale)]
        lower = [0 if c in "█▄" else 255 for c in line for _ in range(scale)]
        rows += [upper] * scale + [lower] * scale
    return rows


def read_qr(rows):
    """What a camera would read, by zbar."""
    try:
        zbar = ctypes.CDLL("libzbar.so.0")
    except OSError:
        pytest.fail("libzbar.so.0 is missing: install the package libzbar0")
    for name in ("zbar_image_scanner_create", "zbar_image_create", "zbar_image_first_symbol", "zbar_symbol_next"):
        getattr(zbar, name).restype = ctypes.c_void_p
    zbar.zbar_symbol_get_data.restype = ctypes.c_char_p
    data = bytes(value for row in rows for value in row)
    scanner, image = ctypes.c_void_p(zbar.zbar_image_scanner_create()), ctypes.c_void_p(zbar.zbar_image_create())
    zbar.zbar_image_set_format(image, ctypes.c_ulong(int.from_bytes(b"Y800", "little")))
    zbar.zbar_image_set_size(image, ctypes.c_uint(len(rows[0])), ctypes.c_uint(len(rows)))
    zbar.zbar_image_set_data(image, data, ctypes.c_ulong(len(data)), None)
    assert zbar.zbar_scan_image(scanner, image) == 1
    text = zbar.zbar_symbol_get_data(ctypes.c_void_p(zbar.zbar_image_first_symbol(image))).decode()
    zbar.zbar_image_destroy(image)
    zbar.zbar_image_scanner_destroy(scanner)
    return text


def test_terminal_shows_the_address_as_qr_code(make_rig):
    rig = make_rig(start=False, options={"brand-name": "Ex & ample"})
    os.mkdir(rig.folder + "/state")
    rig.configure()
    rig.ctl("init")
    rig.add_user("anna: <bell> 100%")
    said = on_a_terminal(rig, "user", "totp", "Anna: <bell> 100%")
    address = said.splitlines()[0]
    assert re.fullmatch(
        r"otpauth://totp/Ex%20%26%20ample:anna%3A%20%3Cbell%3E%20100%25\?secret=[A-Z2-7]{32}&issuer=Ex%20%26%20ample",
        address)
    lines = re.findall(r"^\033\[30;107m([ █▀▄]+)\033\[0m$", said, re.M)
    assert len(lines) > 20 and len({len(line) for line in lines}) == 1
    assert read_qr(pixels(lines)) == address
    # Not into a pipe or a file.
    assert rig.ctl("user", "totp", "anna: <bell> 100%").stdout.count("\n") == 1
