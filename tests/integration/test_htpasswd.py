# SPDX-License-Identifier: MIT
"""The backend file with an htpasswd file, as htpasswd(1), openssl and mkpasswd make them."""

import os
import re
import subprocess

import pytest
from rig import TOP, replace, wait_for

# Of "Hello world!"; from the specification of SHA-crypt, and from crypt(3).
HASHES = {
    "anna": "$2y$04$CCCCCCCCCCCCCCCCCCCCC.M.JZM2tZUe85sR83hfk5p2NZ0IVXwXe",
    "Bert": "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5",
    "carl": "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
    "dora": "$y$j75$k2XAnEHBqQ1Ct2aMXFKNa/$U714.Qb8scG3K4QGg/xKCyJYcAYtgz2YQfZyHILKld1",
}
PASSWORD = "Hello world!"


def put(rig, lines):
    path = rig.folder + "/htpasswd"
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write("".join(line + "\n" for line in lines))
    os.chmod(path + ".new", 0o640)
    os.rename(path + ".new", path)


@pytest.fixture(scope="module")
def web(make_module_rig):
    rig = make_module_rig(start=False)
    with open(TOP + "/docs/catalogue.md", encoding="utf-8") as file:
        sample = re.search(r'^backend "web" \{.*?^\}\n', file.read(), re.M | re.S).group()
    rig.sections = replace(sample, "/etc/nginx/htpasswd", rig.folder + "/htpasswd")
    rig.sections += 'policy {\n rule "web" { allow = true  backends = {"web"} }\n}\n'
    put(rig, ["# kept by another program"] + ["%s:%s" % pair for pair in HASHES.items()])
    rig.add_user = lambda *arguments: type(rig).add_user(rig, *arguments, "--backend", "staff")
    return rig.start()


def sign_in(rig, name, password=PASSWORD):
    visitor = rig.visitor()
    return visitor, visitor.fill(visitor.login_page(), name, password)


@pytest.mark.parametrize("name", HASHES)
def test_each_kind_of_hash(web, name):
    visitor, answer = sign_in(web, name)
    assert answer.status == 302, answer
    assert visitor.enter().status == 302
    assert sign_in(web, name, PASSWORD + " ")[1].status == 401
    assert sign_in(web, name, "hello world!")[1].status == 401


def test_openssl_makes_such_hashes(web):
    made = subprocess.run(["openssl", "passwd", "-6", "-stdin"], input="made today\n", text=True, capture_output=True, check=True)
    put(web, ["%s:%s" % pair for pair in HASHES.items()] + ["emil:" + made.stdout.strip()])
    wait_for(lambda: sign_in(web, "emil", "made today")[1].status == 302, "the new file")


def test_a_file_of_windows(web):
    """Rows 11, 12, 17 of the sign-in cases: CR LF, $2a$ of other programs, a byte order mark."""
    lines = ["\ufeffanna:" + HASHES["anna"], "# c", "", "fritz:" + HASHES["anna"].replace("$2y$", "$2a$"),
             "dora:" + HASHES["dora"] + ":a comment"]
    put(web, [line + "\r" for line in lines])
    wait_for(lambda: sign_in(web, "fritz")[1].status == 302, "the new file")
    assert sign_in(web, "anna")[1].status == 302
    assert sign_in(web, "dora")[1].status == 302
    assert sign_in(web, "fritz", PASSWORD + "\u00a0")[1].status == 401
    put(web, ["%s:%s" % pair for pair in HASHES.items()])
    wait_for(lambda: sign_in(web, "carl")[1].status == 302, "the old file")


def test_names_are_compared_with_case(web):
    assert sign_in(web, "bert")[1].status == 401
    assert sign_in(web, "Anna")[1].status == 401


def test_who_is_taken_out_loses_the_session(web):
    visitor, answer = sign_in(web, "carl")
    assert answer.status == 302
    put(web, ["%s:%s" % pair for pair in HASHES.items() if pair[0] != "carl"])
    wait_for(lambda: visitor.enter().status == 303, "carl's session to end")
    put(web, ["%s:%s" % pair for pair in HASHES.items()])
    wait_for(lambda: sign_in(web, "carl")[1].status == 302, "carl to be back")
    assert visitor.enter().status == 303, "the session that was used meanwhile is over"


def test_A53_file_that_goes_bad_is_not_taken(web):
    put(web, ["eve:plain"])
    wait_for(lambda: any("htpasswd:1" in str(event) for event in web.events("reload")), "the error in the log")
    assert sign_in(web, "dora")[1].status == 302, "what was there before stays"
    assert sign_in(web, "eve", "plain")[1].status == 401
    put(web, ["%s:%s" % pair for pair in HASHES.items()])


def test_meetauthctl_reads_it_only(web):
    listed = web.ctl("user", "list", "--backend", "web").stdout
    assert "Bert" in listed and "$" not in listed
    for call in (("add", "fritz"), ("passwd", "anna"), ("disable", "anna"), ("remove", "anna")):
        done = web.ctl("user", *call, "--backend", "web", text="secret\n", check=False)
        assert done.returncode == os.EX_CONFIG and "htpasswd(1)" in done.stderr, done
    with open(web.folder + "/htpasswd", encoding="utf-8") as file:
        assert file.read().count("\n") == len(HASHES)


def test_second_factor_works_with_it(web):
    assert web.ctl("user", "totp", "anna", "--backend", "web").stdout.startswith("otpauth://totp/")
    wait_for(lambda: 'autocomplete="one-time-code"' in sign_in(web, "anna")[1].text, "the question for a code")
    assert web.ctl("user", "totp", "Anna", "--backend", "web", check=False).returncode == os.EX_NOUSER
