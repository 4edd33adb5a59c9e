# SPDX-License-Identifier: MIT
"""What lies in the memory of a process that has nothing to do: nothing of the visits that are over, and of the secrets it
needs one copy each. A core file, a swap file or a bug that reads too far would show what is there."""

import collections
import os
import re
import shutil
import signal
import subprocess
import urllib.parse

import pytest
import rig as rigs
from client import password_form
from test_join import token_of
from test_platform_faults import start_with

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, who alone may look into the process")


def plain_build():
    """Sanitizers keep freed memory to look for its use: take a build beside this one where this one has them."""
    for folder in (rigs.BUILD, *(os.path.join(rigs.TOP, "build", name) for name in ("gcc", "plain"))):
        program = os.path.join(folder, "meetauthd")
        if os.path.exists(program):
            with open(program, "rb") as file:
                if b"__asan_init" not in file.read():
                    return program
    return None


def memory(pid):
    """Every page of the process that can be read, but for files that are mapped for reading only."""
    with open("/proc/%d/maps" % pid, encoding="utf-8") as maps, open("/proc/%d/mem" % pid, "rb") as mem:
        for line in maps:
            begin, end, mode, name = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)", line).groups()
            if name in ("[vvar]", "[vsyscall]", "[vvar_vclock]") or ("w" not in mode and name.startswith("/")):
                continue
            try:
                mem.seek(int(begin, 16))
                yield name or "anonymous", mem.read(int(end, 16) - int(begin, 16))
            except (OSError, ValueError):
                continue  # a guard page


def copies(pid, secrets):
    found = collections.Counter()
    for name, data in memory(pid):
        for what, secret in secrets.items():
            for form in {secret, urllib.parse.quote(secret, safe=""), urllib.parse.quote_plus(secret)}:
                found[what] += data.count(form.encode())
    return found


TIMEOUT = 'timeout = "10s"\nconnect-timeout = "8s"'
FRONT = """
    server {
        listen 127.0.0.1:%d ssl http2;
        ssl_certificate %s; ssl_certificate_key %s;
        access_log off;
        location / { proxy_pass http://127.0.0.1:%d; }
    }"""


def behind_tls(make, authority):
    """The platform behind an nginx with a certificate: the exchange goes through OpenSSL and HTTP/2."""
    rig = make(start=False, tls=authority, platform='ca-file = "%s"\n' % authority.file + TIMEOUT)
    port = rigs.free_port()
    rig.api = "https://127.0.0.1:%d" % port
    rig.start_nginx = lambda: start_with(rig, FRONT % (port, *authority.certificate("127.0.0.1"), rig.platform.port))
    return rig


@pytest.fixture(scope="module", params=["http", "https"])
def idle(request, make_module_rig, authority):
    program = plain_build()
    if program is None:
        pytest.skip("needs a build without sanitizers in build/gcc")
    if request.param == "http":
        rig = make_module_rig(start=False, platform=TIMEOUT)
    else:
        rig = behind_tls(make_module_rig, authority)
    rig.meetauthd = program
    rig.start()
    secrets = {"API key": rig.key, "password": rig.passwords["alice"], "wrong password": "a-wrong-password-canary"}

    def note(kind, value):
        secrets["%s %d" % (kind, len(secrets))] = value

    for _ in range(3):
        visitor = rig.visitor()
        entry = rig.entry()
        note("request token", token_of(entry))
        page = visitor.get(visitor.get(entry).location)
        note("ticket", password_form(page)[1]["ticket"])
        visitor.fill(page, "alice", secrets["wrong password"])
        back = visitor.fill(page)
        note("access token", dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(back.location).query))["meetingAccessToken"])
        for value in visitor.jar.values():
            note("cookie", value)
        again = rig.entry()
        note("request token", token_of(again))
        assert visitor.get(again).status == 302
    for fault in ("hang", "close", "reset", "status-500", "status-403", "garbage", "big"):
        target = rig.entry("fault-" + fault)
        note("request token", token_of(target))
        assert visitor.get(target).status >= 400
    # What comes last pushes out what libraries hold on to until the next: a visit with nothing secret, and a join of nobody.
    assert rig.send("GET", "/auth/healthz").status == 200
    rig.secrets = secrets
    return rig


def anonymous_mb(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("RssAnon:")) / 1024


def fill_invitations(rig, count):
    """Valid ones of a platform that nobody asks for."""
    line = ('{"id": "%032x", "platform": "' + rigs.HOST + '", "meeting": "m", "meetingToken": "t", "name": "Zoe Guest", "email": "", '
            '"by": "staff/alice", "host": "Alice", "created": "2026-01-01T08:00:00Z", "expires": "2099-01-01T08:00:00Z"}')
    path = rig.folder + "/invitations"
    with open(path, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write('{"format": "meetauth invitations 1", "entries": [\n%s\n]}\n' % ",\n".join(line % id for id in range(count)))
    return 'backend "invited" {\n type = "invite"\n invitations = "%s"\n}\n' % path


def test_reloads_keep_the_memory_of_one_configuration(make_rig):
    program = plain_build()
    if program is None:
        pytest.skip("needs a build without sanitizers in build/gcc")
    rig = make_rig(start=False)
    rig.meetauthd = program
    rig.sections = fill_invitations(rig, 15000)
    # Each meeting has a secret of its own at such a platform, so the process is ready without any.
    rig.sections += "".join('platform "p%d.example.org" {\n type = "lync"\n}\n' % number for number in range(2000))
    rig.start()
    pid, = rig.daemons()
    small = anonymous_mb(pid)
    for number in range(4):
        os.kill(pid, signal.SIGHUP)
        rigs.wait_for(lambda done=number: len(rig.events("reload")) > done, "the reload")
    assert {event["result"] for event in rig.events("reload")} == {"ok"}
    # Once the last old configuration is freed.
    rigs.wait_for(lambda: anonymous_mb(pid) < 1.3 * small + 4, "the memory of old configurations: %.1f MB before" % small)


def test_A68_an_idle_process_remembers_no_visit(idle):
    pid, = idle.daemons()
    found = copies(pid, {what: secret for what, secret in idle.secrets.items() if what != "API key"})
    assert {what: count for what, count in found.items() if count} == {}


def test_A68_an_idle_process_has_one_copy_of_the_api_key(idle):
    pid, = idle.daemons()
    assert copies(pid, {"API key": idle.secrets["API key"]}) == {"API key": 1}


@pytest.mark.skipif(shutil.which("gcore") is None, reason="needs gcore (gdb)")
def test_A68_a_core_that_root_makes_has_no_secret(idle, tmp_path):
    """gcore leaves out what madvise(MADV_DONTDUMP) excludes, as the kernel does: the one copy of each key is there."""
    pid, = idle.daemons()
    subprocess.run(["gcore", "-o", str(tmp_path / "core"), str(pid)], check=True, capture_output=True, timeout=300)
    core = (tmp_path / ("core.%d" % pid)).read_bytes()
    os.unlink(tmp_path / ("core.%d" % pid))
    assert rigs.HOST.encode() in core, "the search finds what is there"
    with open(idle.folder + "/store.key", "rb") as file:
        text = file.read().strip()
    keys = {"store key": text, "raw store key": bytes.fromhex(text.decode())}
    for what, secret in idle.secrets.items():
        for form in {secret, urllib.parse.quote(secret, safe=""), urllib.parse.quote_plus(secret)}:
            keys[what + " as " + form[:1]] = form.encode()
    assert [what for what, key in keys.items() if key in core] == []


def test_A68_the_search_in_memory_finds_what_is_there():
    secret = "canary-" + os.urandom(16).hex()
    assert copies(os.getpid(), {"it": secret})["it"] >= 1
