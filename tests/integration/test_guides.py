# SPDX-License-Identifier: MIT
"""The guides in docs/: their commands run as they stand there, with paths of this test, and their samples are read by meetauthd. `make html`
makes pages of them whose links lead somewhere."""

import json
import os
import re
import shlex
import shutil
import subprocess

import pytest
from client import JSON
from rig import ENVIRONMENT, MEETAUTHCTL, MEETAUTHD, SANITIZER, TOP

GUIDES = ("first-install", "keycloak", "entra-id", "google", "active-directory", "rotate-keys", "upgrade", "backup", "symptoms",
          "monitoring", "hardening", "automation")  # log has a test of its own
BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.M | re.S)
# systemd cannot run in a test: the names of units and what is done with them are compared with what is shipped.
SYSTEMCTL = """#!/bin/sh
case "$*" in
"enable --now "* | "start "* | "stop "* | "reload "* | "kill -s USR2 --kill-whom=main "*) ;;
*) echo "systemctl: $*?" >&2; exit 1 ;;
esac
for word; do case $word in *.socket | *.service) [ -f %s/deploy/systemd/$word ] || exit 1 ;; esac; done
"""
FRAME = """base-url = "https://external.example.org/auth"
store = "{lib}/store"
store-key = "{etc}/key/store.key"
state = "lmdb:{run}"
share = "{top}/share"
platform "meeting.example.org" {{ type = "veeting" }}
backend "staff" {{ type = "file"  users = "{lib}/users.passwd" }}
"""
POLICY = 'policy { rule "staff" { allow = true  groups = {"staff"} }  default = "deny" }\n'


def guide(name):
    with open("%s/docs/%s.md" % (TOP, name), encoding="utf-8") as file:
        text = file.read()
    blocks = [(kind, re.sub("^" + indent, "", content, flags=re.M)) for indent, kind, content in BLOCK.findall(text)]
    assert all(kind in ("sh", "meetauth", "nginx") or re.fullmatch(r"(apt install .*\n)+", content) for kind, content in blocks), name
    return text, blocks


class Machine:
    def __init__(self, folder):
        self.folder = folder
        self.paths = {"/etc/meetauth": folder + "/etc", "/var/lib/meetauth": folder + "/lib", "/var/backups": folder + "/backups",
                      "/run/meetauth": folder + "/run"}
        for path in (*self.paths.values(), folder + "/bin", folder + "/etc/key"):
            os.mkdir(path)
        self.conf = folder + "/etc/meetauth.conf"
        # What the package's paths would say; the state of the machine, such as the socket, is not the guide's.
        setup = shlex.join(["--store", folder + "/lib/store", "--store-key", folder + "/etc/key/store.key", "--state", "lmdb:%s/run" % folder])
        self.program("meetauthctl", '#!/bin/sh\n[ "$1" != setup ] || set -- "$@" %s\n"%s" -c "%s" "$@"\ncode=$?\n'
                     'case $1 in setup | check) [ $code -ne 1 ] || code=0 ;; esac\nexit $code\n' % (setup, MEETAUTHCTL, self.conf))
        self.program("meetauthd", '#!/bin/sh\nexec "%s" -c "%s" "$@"\n' % (MEETAUTHD, self.conf))
        self.program("systemctl", SYSTEMCTL % TOP)

    def program(self, name, text):
        with open(self.folder + "/bin/" + name, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.folder + "/bin/" + name, 0o755)

    def configure(self, sample=""):
        for theirs, ours in self.paths.items():
            sample = sample.replace(theirs, ours)
        with open(self.conf, "w", encoding="utf-8") as file:
            file.write(FRAME.format(top=TOP, **{name: "%s/%s" % (self.folder, name) for name in ("lib", "etc", "run")}))
            file.write(sample + ("" if "policy {" in sample else POLICY))

    def run(self, commands):
        for theirs, ours in self.paths.items():
            commands = commands.replace(theirs, ours)
        done = subprocess.run(["sh", "-e", "-c", commands], input="a good secret 0123456789\n", capture_output=True, text=True, check=False,
                              timeout=600, env={**ENVIRONMENT, "PATH": "%s/bin:%s" % (self.folder, os.environ["PATH"])})
        assert done.returncode == 0, (commands, done.stdout, done.stderr)
        assert not SANITIZER.search(done.stderr), done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def machine(tmp_path_factory, authority):
    made = Machine(str(tmp_path_factory.mktemp("guides")))
    shutil.copy(authority.file, made.folder + "/etc/domain-ca.pem")
    made.configure()
    made.run("meetauthctl init\nmeetauthctl secret generate meeting.example.org")
    made.run("meetauthctl user add alice --group staff")
    return made


@pytest.mark.parametrize("name", GUIDES)
def test_what_a_guide_says_works(machine, tmp_path, name):
    text, blocks = guide(name)
    built = subprocess.run([MEETAUTHD, "-V"], capture_output=True, text=True, check=True, env=ENVIRONMENT).stdout
    missing = re.findall(r"^missing +([\w-]+)", built, re.M)
    for kind in re.findall(r'type\s*= "([\w-]+)"', text):
        if kind in missing:
            pytest.skip("built without " + kind)
    if name == "first-install":
        machine = Machine(str(tmp_path))
    else:
        machine.configure()
    shown = ""
    for kind, content in blocks:
        if kind == "meetauth":
            machine.configure(content)
            machine.run("meetauthd -t")
        elif kind == "sh":
            shown += machine.run(content)
    said = {"keycloak": "allowed: staff", "google": "denied: default", "symptoms": "allowed: staff", "automation": "0 changed, 3 unchanged"}.get(name, "")
    assert said in shown
    inline_commands_exist(machine, text)


def inline_commands_exist(machine, text):
    """Each `meetauthctl …` of the text is a command with these options."""
    for command in re.findall(r"`meetauthctl ([^`]+)`", BLOCK.sub("", text)):
        words = [word for word in command.split() if re.fullmatch(r"[a-z-]+", word)]
        names = [word for word in words if not word.startswith("-")]
        usage = machine.run("meetauthctl help")
        line = re.search(r"^  %s\b.*$" % re.escape(" ".join(names[:2])), usage, re.M)
        assert line, command
        assert all(word in line.group(0) for word in words if word.startswith("-")), command


def test_a_visitors_reference_leads_to_the_line_that_says_why(make_rig, tmp_path):
    rig = make_rig()
    answer = rig.visitor().get("/auth?hostname=elsewhere.example.org&meetingId=1&meetingToken=a&requestToken=request-token-1", JSON)
    assert answer.code == "unknown-platform"
    rig.visitor().sign_in()
    _, blocks = guide("log")
    shown = []
    for _, commands in blocks:
        commands = commands.replace("/var/log/meetauth/meetauthd.log", rig.log).replace("REFERENCE", answer.headers["X-Request-Id"])
        shown.append(subprocess.run(["sh", "-e", "-c", commands], capture_output=True, text=True, check=True, timeout=600,
                                    cwd=tmp_path, env={**ENVIRONMENT, "PATH": "%s:%s" % (os.path.dirname(MEETAUTHCTL), os.environ["PATH"])}).stdout)
    assert "code=unknown-platform" in shown[0] and " REFUSED " in shown[2] and "result=" in shown[3]
    assert "</svg>" in (tmp_path / "joins.svg").read_text(encoding="utf-8")


def test_symptoms_are_those_that_pages_show():
    with open(TOP + "/share/lang/en.json", encoding="utf-8") as file:
        titles = {text for key, text in json.load(file).items() if key.endswith(".title")}
    quoted = re.findall("“([^”]+)”", guide("symptoms")[0])
    assert len(quoted) > 8 and set(quoted) <= titles


@pytest.mark.skipif(not shutil.which("cmark-gfm") or not shutil.which("mandoc"), reason="cmark-gfm or mandoc is not installed")
def test_html_of_manuals_and_guides(tmp_path):
    folder = str(tmp_path / "html")
    subprocess.run([TOP + "/docs/html", folder], env={**os.environ, "srcdir": TOP}, check=True, timeout=600, capture_output=True)
    pages = [os.path.join(at, name) for at, _, names in os.walk(folder) for name in names if name.endswith(".html") and "samples" not in at]
    assert len(pages) > 40
    texts = {}
    for page in pages:
        with open(page, encoding="utf-8") as file:
            texts[page] = file.read()
    for page, text in texts.items():
        assert re.search(r"<title>[^<]+</title>", text), page
        for link in re.findall(r'(?:href|src)="([^"]+)"', text):
            if re.match(r"[a-z]+:", link):
                continue
            path, _, part = link.partition("#")
            target = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
            assert os.path.exists(target) or os.path.isdir(os.path.join(TOP, os.path.relpath(target, folder))), (page, link)
            assert not part or not path.endswith(".html") or 'id="%s"' % part in texts[target], (page, link)
    assert '<code class="language-meetauth">' in texts[folder + "/docs/keycloak.html"], "a block within a list"
    empty = subprocess.run(["/bin/sh", TOP + "/docs/html", folder + "-2"], env={"PATH": folder, "srcdir": TOP}, capture_output=True, text=True, check=False)
    assert empty.returncode != 0 and "apt-get install mandoc" in empty.stderr
