# SPDX-License-Identifier: MIT
"""The backend "pam": meetauth-pam with the system's PAM, its pam_unix against accounts of the test's own, pam_matrix, and a module that misbehaves
to order. Services and accounts are put in its place by preloading, or in a mount namespace; nothing of the system's is changed."""

import os
import re
import shutil
import subprocess
import threading
import time

import pytest
from rig import BUILD, SANITIZER, TOP, wait_for
from test_command import crypt, is_running, whole
from test_totp import is_code_page

PROGRAM = os.environ.get("MEETAUTH_PAM") or os.path.join(BUILD, "meetauth-pam")
PASSWORD = "cr*rect h$rse % "
TODAY = int(time.time()) // 86400
# security/_pam_types.h
CODES = {
    "PAM_SERVICE_ERR": 3, "PAM_SYSTEM_ERR": 4, "PAM_BUF_ERR": 5, "PAM_PERM_DENIED": 6, "PAM_AUTH_ERR": 7, "PAM_CRED_INSUFFICIENT": 8,
    "PAM_AUTHINFO_UNAVAIL": 9, "PAM_USER_UNKNOWN": 10, "PAM_MAXTRIES": 11, "PAM_NEW_AUTHTOK_REQD": 12, "PAM_ACCT_EXPIRED": 13,
    "PAM_CRED_UNAVAIL": 14, "PAM_CRED_EXPIRED": 16, "PAM_CONV_ERR": 19, "PAM_ABORT": 26, "PAM_AUTHTOK_EXPIRED": 27,
}


def library(*names):
    for folder in ("/usr/lib", "/lib", "/usr/lib64"):
        for root, _, files in os.walk(folder):
            for name in names:
                if name in files:
                    return os.path.join(root, name)
    pytest.fail("%s is missing: apt-get install libpam-wrapper libnss-wrapper" % names[0])


def compile_library(source, path):
    subprocess.run(["cc", "-shared", "-fPIC", "-D_GNU_SOURCE", "-o", path, os.path.join(TOP, "tests/peers", source), "-lpam"], check=True)
    return path


def copy_chkpwd(folder):
    """A copy of the program that pam_unix asks, without its set-group-ID bit."""
    program = shutil.which("unix_chkpwd")
    assert program, "unix_chkpwd is missing: apt-get install libpam-modules-bin"
    path = shutil.copyfile(program, folder + "/unix_chkpwd")
    os.chmod(path, 0o755)
    return path


class Pam:
    """A folder of services, accounts, and a script that starts meetauth-pam among them."""

    def __init__(self, folder):
        assert os.access(PROGRAM, os.X_OK), "no %s: build with libpam0g-dev" % PROGRAM
        self.folder = folder
        os.mkdir(folder + "/pam.d")
        self.module = compile_library("pam_module.c", folder + "/pam_test.so")
        self.matrix = library("pam_matrix.so")
        # libcrypt goes first: AddressSanitizer looks for crypt_r() before pam_unix brings it along
        preload = [library("libcrypt.so.1"), compile_library("pam_preload.c", folder + "/preload.so"), library("libnss_wrapper.so")]
        self.environment = {
            "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "LD_PRELOAD": ":".join(preload), "TEST_PAM_D": folder + "/pam.d",
            "TEST_SHADOW": folder + "/shadow", "TEST_UNIX_CHKPWD": copy_chkpwd(folder), "NSS_WRAPPER_PASSWD": folder + "/passwd", "NSS_WRAPPER_GROUP": folder + "/group",
            "NSS_WRAPPER_DISABLE_DEEPBIND": "1"}
        self.helper = folder + "/helper"
        with open(self.helper, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\nexec env %s '%s' \"$@\"\n" % (
                " ".join("'%s=%s'" % pair for pair in self.environment.items()), PROGRAM))
        os.chmod(self.helper, 0o755)
        self.accounts()
        self.service("other", "auth required pam_deny.so", "account required pam_deny.so")
        self.service("unix", "auth required pam_unix.so", "account required pam_unix.so")

    def accounts(self):
        """carol's hash is in shadow, plain's in passwd; the others cannot sign in for one reason each."""
        hashed = crypt(PASSWORD)
        aging = {  # changed, least, most, warned, inactive, expires
            "carol": "%d:0:99999:7::" % (TODAY - 10), "locked": None, "expired": "%d:0:99999:7::%d" % (TODAY - 10, TODAY - 1),
            "change": "0:0:99999:7::", "old": "%d:0:10:7::" % (TODAY - 30), "inactive": "%d:0:10:7:5:" % (TODAY - 30)}
        shadow = ["%s:%s:%s:" % (name, hashed, fields or "%d:0:99999:7::" % TODAY) for name, fields in aging.items()]
        shadow = [line.replace(hashed, "!" + hashed) if line.startswith("locked:") else line for line in shadow] + ["empty::%d:0:99999:7:::" % TODAY]
        people = ["carol:x:3001:3000:Carol Common,Room 1,,:/:/bin/sh"]
        people += ["%s:x:%d:3000::/:/bin/sh" % (name, 3002 + i) for i, name in enumerate([*list(aging)[1:], "empty"])]
        people += ["plain:%s:3100:3001:&:/:/bin/sh" % hashed, "many:%s:3101:3001::/:/bin/sh" % hashed]
        groups = ["users:x:3000:", "staff:x:3001:carol,plain", "hosts:x:3002:carol"]
        groups += ["g%d:x:%d:many" % (i, 3200 + i) for i in range(70)]
        for name, lines in (("shadow", shadow), ("passwd", people), ("group", groups)):
            with open(self.folder + "/" + name, "w", encoding="utf-8") as file:
                file.write("".join(line + "\n" for line in lines))

    def service(self, name, *lines):
        with open(self.folder + "/pam.d/" + name, "w", encoding="utf-8") as file:
            file.write("".join(line + "\n" for line in lines))
        return name

    def misbehaves(self, auth, account=""):
        """A service of the test's module."""
        return self.service("module", "auth required %s %s" % (self.module, auth), "account required %s %s" % (self.module, account))

    def ask(self, service, user="carol", password=PASSWORD, request="login", command=None, **more):
        """What the program says, without the first and the last line."""
        lines = ["meetauth 1", "request " + request, "user " + user, *(["password " + password] if request == "login" else []),
                 *("%s %s" % pair for pair in more.items()), "end", ""]
        done = subprocess.run(command or [self.helper, service], input="\n".join(lines), text=True, capture_output=True, timeout=300, check=False)
        assert not SANITIZER.search(done.stderr), done.stderr
        assert done.returncode == 0, done
        assert PASSWORD.strip() not in done.stdout + done.stderr
        said = done.stdout.split("\n")
        assert said[0] == "meetauth 1" and said[-2:] == ["end", ""], done
        return said[1:-2]


@pytest.fixture(scope="module")
def pam(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("pam"))
    os.chmod(folder, 0o755)
    return Pam(folder)


# -- pam_unix --


def test_unix_grants_with_name_and_groups(pam):
    assert pam.ask("unix") == ["grant carol", "name Carol Common", "group users", "group staff", "group hosts"]
    assert pam.ask("unix", "plain") == ["grant plain", "name &", "group staff"]


def test_unix_wrong_passwords(pam):
    """pam_unix makes each of them wait, so they are tried at once."""
    wrong = ["x", PASSWORD.strip(), PASSWORD + " ", PASSWORD.upper(), "x" * 1024]
    said = {}
    threads = [threading.Thread(target=lambda each=each: said.update({each: pam.ask("unix", password=each)})) for each in wrong]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == {each: ["deny"] for each in wrong}


def test_unix_unknown_name(pam):
    assert pam.ask("unix", "nobody-of-that-name") == ["unknown"]
    assert pam.ask("unix", "nobody-of-that-name", request="renew") == ["deny"], "gone since"


@pytest.mark.parametrize("user", ["locked", "expired", "change", "old", "inactive"])
def test_A52_unix_account_that_may_not_sign_in(pam, user):
    """The password is the right one in each case."""
    assert pam.ask("unix", user) == ["deny"]


def test_A48_unix_account_without_a_password(pam):
    pam.service("nullok", "auth required pam_unix.so nullok", "account required pam_unix.so")
    assert pam.ask("nullok", "empty", "") == ["deny"]
    assert pam.ask("nullok", "empty", "x") == ["deny"]


def test_unix_groups_are_read_again(pam):
    assert pam.ask("unix", request="renew") == ["grant carol", "name Carol Common", "group users", "group staff", "group hosts"]
    assert pam.ask("unix", "expired", request="renew") == ["deny"]


def test_somebody_in_more_groups_than_can_be_told_is_refused(pam):
    assert pam.ask("unix", "many") == ["deny"]


# -- pam_unix of the system, with the program installed as meetauth.conf(5) says --

# /etc is a copy with the test's accounts. A program with the set-group-ID bit takes no preloading from the environment.
PRIVILEGED = r"""
set -e
mount -t tmpfs -o mode=0755 tmpfs /mnt
cp -a /etc /mnt/etc
cp "$1/passwd" "$1/group" "$1/pam.d" -r /mnt/etc
install -o root -g "$2" -m 0640 "$1/shadow" /mnt/etc/shadow
echo "$3" >/mnt/etc/ld.so.preload
install -o root -g "$5" -m "$6" "$4" /mnt/meetauth-pam
mount --bind /mnt/etc /etc
exec setpriv --reuid 65534 --regid 65534 --clear-groups /mnt/meetauth-pam unix
"""


def may_mount():
    return os.geteuid() == 0 and subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False).returncode == 0


@pytest.fixture
def installed(pam):
    """What is to be asked in a mount namespace, where the test's accounts are those of the system."""
    if not may_mount():
        pytest.skip("needs root that may mount")
    shadow = str(os.stat("/etc/shadow").st_gid)

    def ask(user="carol", password=PASSWORD, group=shadow, mode="2755", request="login"):
        arguments = ["unshare", "--mount", "sh", "-c", PRIVILEGED, "sh", pam.folder, shadow, library("libcrypt.so.1"), PROGRAM, group, mode]
        return pam.ask("unix", user, password, request, arguments)

    return ask


def test_unix_with_the_group_of_shadow(installed):
    granted = ["grant carol", "name Carol Common", "group users", "group staff", "group hosts"]
    assert installed() == granted and installed(request="renew") == granted
    assert installed(password="wrong") == ["deny"]
    assert installed("expired") == ["deny"] and installed("expired", request="renew") == ["deny"]


@pytest.mark.parametrize("group, mode", [("0", "0755"), ("0", "2755")])
def test_unix_without_that_group_is_out_of_order(installed, group, mode):
    assert installed(group=group, mode=mode)[0].startswith("unavailable ")


def test_pam_matrix(pam):
    with open(pam.folder + "/passdb", "w", encoding="utf-8") as file:
        file.write("bob:secret:matrix\ncarl:secret:another\n")
    line = "required %s passdb=%s/passdb verbose" % (pam.matrix, pam.folder)
    pam.service("matrix", "auth " + line, "account " + line)
    assert pam.ask("matrix", "bob", "secret") == ["grant bob"], "without an account in passwd, no name and no groups"
    assert pam.ask("matrix", "bob", "wrong") == ["deny"]
    assert pam.ask("matrix", "carl", "secret") == ["deny"], "the account is of another service"
    pam.service("echo", "auth %s echo" % line, "account " + line)
    assert pam.ask("echo", "bob", "secret") == ["deny"], "it asked with echo: that is no question for the password"


# -- every code of PAM --


@pytest.mark.parametrize("code, verdict", [
    ("PAM_AUTH_ERR", "deny"), ("PAM_CRED_INSUFFICIENT", "deny"), ("PAM_MAXTRIES", "deny"), ("PAM_PERM_DENIED", "deny"), ("PAM_ACCT_EXPIRED", "deny"),
    ("PAM_CRED_EXPIRED", "deny"), ("PAM_AUTHTOK_EXPIRED", "deny"), ("PAM_NEW_AUTHTOK_REQD", "deny"), ("PAM_USER_UNKNOWN", "unknown"),
    ("PAM_AUTHINFO_UNAVAIL", "unavailable"), ("PAM_SYSTEM_ERR", "unavailable"), ("PAM_SERVICE_ERR", "unavailable"), ("PAM_BUF_ERR", "unavailable"),
    ("PAM_ABORT", "unavailable"), ("PAM_CRED_UNAVAIL", "unavailable"), ("PAM_CONV_ERR", "unavailable")])
def test_A52_codes_of_authentication(pam, code, verdict):
    said = pam.ask(pam.misbehaves("ask auth=%d" % CODES[code]))
    assert len(said) == 1 and said[0].split()[0] == verdict, said


@pytest.mark.parametrize("code, verdict", [
    ("PAM_ACCT_EXPIRED", "deny"), ("PAM_NEW_AUTHTOK_REQD", "deny"), ("PAM_PERM_DENIED", "deny"), ("PAM_AUTH_ERR", "deny"), ("PAM_USER_UNKNOWN", "deny"),
    ("PAM_AUTHINFO_UNAVAIL", "unavailable"), ("PAM_SYSTEM_ERR", "unavailable")])
def test_A52_codes_of_the_account(pam, code, verdict):
    said = pam.ask(pam.misbehaves("ask", "account=%d" % CODES[code]))
    assert len(said) == 1 and said[0].split()[0] == verdict, said


# -- modules that misbehave --


def test_the_module_gets_password_and_client(pam):
    service = pam.misbehaves("ask want=horse rhost=192.0.2.7")
    assert pam.ask(service, password="horse", client="192.0.2.7")[0] == "grant carol"
    assert pam.ask(service, password="Horse", client="192.0.2.7") == ["deny"]
    assert pam.ask(service, password="horse", client="192.0.2.8") == ["deny"]
    assert pam.ask(service, password="horse") == ["deny"]


def test_nobody_is_let_in_without_being_asked(pam):
    assert pam.ask(pam.misbehaves("")) == ["unavailable PAM asked for no password"]
    pam.service("permit", "auth required pam_permit.so", "account required pam_permit.so")
    assert pam.ask("permit") == ["unavailable PAM asked for no password"]


@pytest.mark.parametrize("more", ["again", "visible"])
def test_A52_a_second_question_is_a_no(pam, more):
    assert pam.ask(pam.misbehaves("ask " + more)) == ["deny"]
    assert pam.ask(pam.misbehaves(more + " ask")) == (["deny"])
    assert pam.ask(pam.misbehaves("ask", more)) == ["deny"]


def test_what_a_module_says_is_no_answer(pam):
    assert pam.ask(pam.misbehaves("talk ask"))[0] == "grant carol"
    assert pam.ask(pam.misbehaves("talk ask auth=7")) == ["deny"]


def test_the_name_is_the_one_the_modules_made_of_it(pam):
    assert pam.ask(pam.misbehaves("ask rename=plain"), "EXAMPLE\\plain")[0] == "grant plain"
    assert pam.ask(pam.misbehaves("ask rename=some\u0085body")) == ["unavailable PAM gave no usable name"]


OTHER_SPELLINGS = ["CORP\\dora", "dora@corp.example.org", "do\u0301ra", "d\u00f3ra", "\uff44\uff4f\uff52\uff41", "dora.", "dor\u200ba", "corp/dora", "dora%corp", "CORP+dora",
                   "d\u043era", "\u00a0dora", "d\u0131ra\u0130", ".", "dora\\"]


def test_P6_a_name_that_nobody_but_the_visitor_says_has_one_form(pam):
    """Modules of directories take a name in many spellings."""
    service = pam.misbehaves("ask")
    for typed in ("dora", "DORA", "dora ", " dora", " Dora  "):
        assert pam.ask(service, typed) == ["grant dora"], typed
    assert pam.ask(service, "Dora   Von Der  Aa") == ["grant dora von der aa"]
    for typed in OTHER_SPELLINGS:
        said = pam.ask(service, typed)
        assert said[0] == "deny" and said[1].startswith("reason the name may be another spelling"), (typed, said)
    assert pam.ask(service, "x" * 256) == ["grant " + "x" * 256]


def test_P6_an_account_of_unix_says_who_it_is(pam):
    """Also where a blank or capitals were typed: or their groups would not be known."""
    service = pam.misbehaves("ask")
    for typed in ("carol", "Carol", " carol "):
        assert pam.ask(service, typed) == ["grant carol", "name Carol Common", "group users", "group staff", "group hosts"], typed


def test_P6_a_module_may_say_who_it_is(pam):
    assert pam.ask(pam.misbehaves("ask rename=dora"), "CORP\\dora") == ["grant dora"]
    renamed = pam.misbehaves("ask rename=CORP\\Dora")
    for typed in ("dora", "dora@corp.example.org"):
        assert pam.ask(renamed, typed) == ["grant corp\\dora"]
    assert pam.ask(renamed, "corp\\dora")[0] == "deny", "that is what was typed"
    assert pam.ask(pam.misbehaves("ask"), "corp\\dora", request="renew") == ["grant corp\\dora"], "a subject is asked about as it is"


def test_A52_a_module_or_service_that_is_not_there(pam):
    pam.service("broken", "auth required /nowhere/pam_missing.so", "account required pam_permit.so")
    assert pam.ask("broken")[0].startswith("unavailable ")
    assert pam.ask("no-such-service") == ["deny"], "PAM takes \"other\""


# -- in the product --


def start(make_rig, pam, service, more="", timeout="20s"):
    rig = make_rig(start=False)
    rig.sections = 'backend "unix" {\n type = "pam"\n service = "%s"\n helper = "%s"\n timeout = "%s"\n %s\n}\n' % (
        service, pam.helper, timeout, more)
    rig.sections += 'policy {\n rule "hosts" { allow = true  groups = {"hosts"}  backends = {"unix"} }\n}\n'
    return rig.start()


def sign_in(rig, name="carol", password=PASSWORD):
    visitor = rig.visitor()
    return visitor, visitor.fill(visitor.login_page(), name, password)


def test_from_the_login_page_into_the_meeting(make_rig, pam):
    rig = start(make_rig, pam, "unix", 'group-refresh = "1s"')
    visitor, back = sign_in(rig)
    assert back.status == 302 and "participantName=Carol%20Common" in back.location
    login = wait_for(lambda: rig.events("login"), "the log")[-1]
    assert (login["user"], login["backend"], login["result"]) == ("carol", "unix", "ok")
    assert sign_in(rig, "plain")[1].status == 403, "signed in, and not in the group that may"
    assert sign_in(rig, "expired")[1].status == 401
    assert sign_in(rig, password="wrong")[1].status == 401
    # the account expires: the session ends
    shutil.copyfile(pam.folder + "/shadow", pam.folder + "/shadow.kept")
    with open(pam.folder + "/shadow", encoding="utf-8") as file:
        text = re.sub("^(carol:.*):([0-9]*):$", r"\1:1:", file.read(), flags=re.M)
    with open(pam.folder + "/shadow", "w", encoding="utf-8") as file:
        file.write(text)
    wait_for(lambda: visitor.enter().status == 303, "the account to be looked at again")
    os.rename(pam.folder + "/shadow.kept", pam.folder + "/shadow")
    assert PASSWORD.strip() not in rig.pool.said()


def test_sample_of_the_readme(make_rig, pam):
    with open(TOP + "/docs/catalogue.md", encoding="utf-8") as file:
        sample = re.search(r'^backend "office" \{.*?^\}\n', file.read(), re.S | re.M).group(0)
    shutil.copyfile(pam.folder + "/pam.d/unix", pam.folder + "/pam.d/meetauth")
    rig = make_rig(start=False)
    rig.sections = sample.replace("{\n", '{\n    helper  = "%s"\n' % pam.helper, 1)
    rig.start()
    assert sign_in(rig)[1].status == 302


def test_P6_no_spelling_gets_past_the_second_factor_or_a_rule(make_rig, pam):
    rig = make_rig(start=False)
    rig.sections = 'backend "corp" {\n type = "pam"\n service = "%s"\n helper = "%s"\n timeout = "20s"\n}\n' % (pam.misbehaves("ask want=x"), pam.helper)
    rig.sections += 'policy {\n rule "out" { allow = false  users = {"corp/Mallory"} }\n rule "all" { allow = true }\n}\n'
    rig.start()
    give_key(rig, " Dora ")  # an operator types it, too
    for typed in ["dora", "DORA", "dora ", " dora", "\u00a0dora"]:
        answer = sign_in(rig, typed, "x")[1]
        assert answer.status in (200, 401) and is_code_page(answer) == (answer.status == 200), (typed, answer)
    assert is_code_page(sign_in(rig, "DORA", "x")[1])
    for typed in (spelling for spelling in OTHER_SPELLINGS if spelling == spelling.strip()):
        assert sign_in(rig, typed, "x")[1].status == 401, typed
    wait_for(lambda: "another spelling" in rig.pool.said(), "the reason in the log")
    for typed in ("mallory", "Mallory", "mallory ", "MALLORY"):
        assert sign_in(rig, typed, "x")[1].status in (401, 403), typed
    visitor, answer = sign_in(rig, "Erin", "x")
    assert answer.status == 302
    rig.ctl("session", "revoke", "corp/ERIN")
    wait_for(lambda: visitor.enter().status == 303, "the revocation")


def give_key(rig, name):
    rig.ctl("user", "totp", name, "--backend", "corp")
    wait_for(lambda: is_code_page(sign_in(rig, name, "x")[1]), "the second factor")


def test_A52_out_of_order_is_503_and_said_in_the_log(make_rig, pam):
    rig = start(make_rig, pam, pam.misbehaves("ask auth=%d" % CODES["PAM_AUTHINFO_UNAVAIL"]))
    assert sign_in(rig)[1].status == 503
    wait_for(lambda: "Authentication service cannot retrieve authentication info" in rig.pool.said(), "the log")
    pam.misbehaves("ask crash")
    assert sign_in(rig)[1].status == 503
    wait_for(lambda: "terminated by signal 9 without a complete answer" in rig.pool.said(), "the log")


def test_A52_a_module_that_hangs_is_killed_and_shows_no_password(make_rig, pam):
    pids = pam.folder + "/pids"
    rig = start(make_rig, pam, pam.misbehaves("ask hang=" + pids), timeout="8s")
    answers = []
    thread = threading.Thread(target=lambda: answers.append(sign_in(rig)[1]))
    thread.start()
    numbers = wait_for(lambda: whole(pids, 2), "the module")
    for number in numbers:
        for what in ("cmdline", "environ"):
            with open("/proc/%s/%s" % (number, what), "rb") as file:
                seen = file.read()
            assert b"h$rse" not in seen and b"carol" not in seen
    assert sign_in(rig, "bob", rig.passwords["bob"])[1].status == 403, "others sign in meanwhile"
    thread.join()
    assert answers[0].status == 503
    for number in numbers:
        wait_for(lambda: not is_running(number), "the end of " + number)
    wait_for(lambda: "did not answer within 8000 ms and was killed" in rig.pool.said(), "the log")
    assert "h$rse" not in rig.pool.said()


def test_check_says_that_a_service_is_missing(make_rig, pam):
    rig = start(make_rig, pam, "meetauth-nobody-has-this")
    done = rig.ctl("check", "--connect", check=False)
    assert done.returncode == 1
    assert "there is no /etc/pam.d/meetauth-nobody-has-this" in done.stdout
