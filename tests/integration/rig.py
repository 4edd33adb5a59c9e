# SPDX-License-Identifier: MIT
"""The product as an operator runs it: nginx with the sample configuration, spawn-fcgi, meetauthd,
meetauthctl, and a stand-in platform. Every rig has a folder and ports of its own."""

import collections
import ctypes
import hashlib
import json
import os
import pty
import re
import secrets
import select
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
import urllib.parse

import client

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.path.realpath(os.environ.get("builddir") or os.getcwd())
MEETAUTHD = os.environ.get("MEETAUTHD") or os.path.join(BUILD, "meetauthd")
MEETAUTHCTL = os.environ.get("MEETAUTHCTL") or os.path.join(BUILD, "meetauthctl")
HOST = "meeting.example.org"
SANITIZER = re.compile(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:|stack smashing")

os.environ["PATH"] += ":/usr/sbin:/sbin"
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "LC_ALL": "C.UTF-8",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
}


def wait_for(condition, what, seconds=240):
    """Waits until condition() is true and returns what it returned. What never comes may take long to be missed; the machine may be busy."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, "waited in vain for " + what
        time.sleep(0.02)


RESERVED = collections.deque(maxlen=300)  # the oldest are given back: nothing here runs that long


def on_terminal(argv, env, answers):
    """Runs argv on a terminal, answers each prompt in turn; what was shown, and the exit status. After the last answer the
    terminal ends the input."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(argv[0], argv, env)
    shown, deadline = b"", time.monotonic() + 120
    try:
        while time.monotonic() < deadline:
            if not select.select([terminal], [], [], 1)[0]:
                continue
            try:
                chunk = os.read(terminal, 4096)
            except OSError:  # the other side is closed
                break
            if not chunk:
                break
            shown += chunk
            if shown.rstrip(b"\r\n").endswith(b": "):
                os.write(terminal, answers.pop(0) + b"\n" if answers else b"\x04")
                shown += b"|"
    finally:
        os.close(terminal)
        status = os.waitpid(pid, 0)[1]
    return shown.decode(), os.waitstatus_to_exitcode(status)


def free_port():
    """A port that no other caller gets, of this run or of one beside it: a socket that never listens keeps it, which a server
    may bind over (SO_REUSEADDR), and a prober without that option may not. Below the range of which the kernel takes one for
    each outgoing connection (ip_local_port_range), or it may be gone when nginx wants it."""
    while True:
        port = 10000 + secrets.randbelow(20000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        keep = socket.socket()
        keep.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            keep.bind(("127.0.0.1", port))
        except OSError:
            continue
        RESERVED.append(keep)
        return port


def token_hash(token):
    return hashlib.sha256(token.encode()).hexdigest()[:32]


def cheap_hashes(path, *words):
    """The hashes in a file that meetauthctl wrote become such as cost no time to check: one for each password, in the order of the lines."""
    def cheap(_):
        made = ctypes.create_string_buffer(128)  # crypto_pwhash_STRBYTES
        word = left.pop(0).encode()
        assert sodium.crypto_pwhash_str(made, word, ctypes.c_ulonglong(len(word)), ctypes.c_ulonglong(1), ctypes.c_size_t(8192)) == 0
        return made.value.decode()

    sodium = ctypes.CDLL("libsodium.so.23")
    assert sodium.sodium_init() >= 0
    left = list(words)
    with open(path, "r+", encoding="utf-8") as file:
        text = re.sub(r"\$argon2id\$v=19\$m=65536,t=2,p=1[A-Za-z0-9+/$]*", cheap, file.read())
        assert not left, "as many hashes as passwords"
        file.seek(0)
        file.write(text)
        file.truncate()


class Program:
    """A program that runs until it is stopped; what it says goes to a file."""

    def __init__(self, arguments, log, **options):
        self.log = log
        with open(log, "ab") as output:
            self.process = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=ENVIRONMENT, **options
            )

    @property
    def pid(self):
        return self.process.pid

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def stop(self, number=signal.SIGTERM, seconds=300):
        """Returns the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("%s does not end" % self.process.args) from None


class Platform(Program):
    """tests/peers/platform.py."""

    def __init__(self, folder, auth_url, *arguments, hostname=HOST, keys=()):
        self.key_file = os.path.join(folder, "platform.keys")
        self.ledger_file = os.path.join(folder, "platform.ledger")
        self.set_keys(*keys)
        command = ["/usr/bin/python3", os.path.join(TOP, "tests/peers/platform.py"), "--any-meeting"]
        command += ["--auth-url", auth_url, "--hostname", hostname, "--key-file", self.key_file]
        super().__init__(command + ["--ledger", self.ledger_file, *arguments], folder + "/platform.log")
        found = wait_for(lambda: re.search(r"listening on .*:(\d+)", self.said()), "the platform")
        self.port = int(found.group(1))
        self.address = ("127.0.0.1", self.port)

    def set_keys(self, *keys):
        with open(self.key_file + ".new", "w", encoding="utf-8") as file:
            file.write("".join(key + "\n" for key in keys))
        os.rename(self.key_file + ".new", self.key_file)

    def ledger(self):
        if not os.path.exists(self.ledger_file):
            return []
        with open(self.ledger_file, encoding="utf-8") as file:
            return [json.loads(line) for line in file.read().splitlines()]

    def attempts(self, token):
        """What the platform saw of a request token."""
        return [entry for entry in self.ledger() if entry.get("token") == token_hash(token)]

    def release(self):
        """From now on the exchanges of meetings "fault-hold…" are answered, those that wait as well."""
        with open(self.ledger_file + ".release", "w", encoding="utf-8"):
            pass

    def join(self, meeting, form=""):
        """Presses Join; the address the browser is sent to."""
        kind = [("Content-Type", "application/x-www-form-urlencoded")]
        path = "/meetings/%s/join" % meeting
        answer = client.send(self.address, "POST", path, kind + ([] if form else [("Content-Length", "0")]), form.encode())
        assert answer.status == 302, answer
        return answer.location

    def get(self, target):
        """What the browser sees at an address of the platform."""
        parts = urllib.parse.urlsplit(target)
        return client.send(self.address, "GET", parts.path + "?" + parts.query)


def parent_of(pid):
    try:
        with open("/proc/%s/stat" % pid, encoding="utf-8") as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def cpu_seconds(pid):
    with open("/proc/%d/stat" % pid, encoding="utf-8") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children(pid):
    return sorted(int(name) for name in os.listdir("/proc") if name.isdigit() and parent_of(name) == pid)


KEY = "key-" + secrets.token_urlsafe(24)
PASSWORDS = {"alice": "wonder%land & " + secrets.token_hex(6), "bob": secrets.token_hex(8)}
TEMPLATE = {}  # name -> content and mode of the files that meetauthctl made for the first rig


class Rig:
    def __init__(self, processes=0, options=None, platform="", sections="", platform_arguments=(), tls=None):
        """processes: 0 is one process without a parent. options: top-level settings. platform: more
        for its section. sections: more sections. tls: a tls.Authority, for https on both sides."""
        self.folder = tempfile.mkdtemp(prefix="ma-")
        self.processes = processes
        self.supervisor = []  # a command that starts the processes instead of their parent
        self.authority = tls
        self.port, self.plain_port = free_port(), free_port()
        self.origin = "https://external.example.org:%d" % self.port if tls else "http://127.0.0.1:%d" % self.port
        self.base = self.origin + "/auth"
        self.key = KEY
        self.passwords = dict(PASSWORDS)
        self.guest_passwords = {}  # that the guest desk made, by user name
        self.socket = self.folder + "/pool.sock"
        self.conf = self.folder + "/meetauth.conf"
        self.share = TOP + "/share"
        self.log = self.folder + "/meetauthd.log"
        self.meetauthd = MEETAUTHD
        self.keeps_connections = True  # nginx, to the pool
        self.usual = True  # store and accounts are those of every other rig
        self.cheap = True  # so are the hashes of alice and bob, and of names that nobody has; False: they are as costly as an operator's
        self.pool = self.nginx = None
        self.wrapper = []  # a command that starts the pool's
        self.platform = Platform(self.folder, self.base, *platform_arguments, keys=[self.key])
        self.options = {"session-lifetime": "12h", "throttle-account": "100000/1s", "throttle-address": "100000/1s",
                        "throttle-joins": "100000/1s", "throttle-refused": "100000/1s"}
        self.options.update(options or {})
        self.platform_options = platform
        self.sections = sections
        self.api = self.site = "http://127.0.0.1:%d" % self.platform.port

    # -- set up --

    def configure(self, **options):
        """Writes meetauth.conf; options are further top-level settings, with _ for -."""
        self.options.update({name.replace("_", "-"): value for name, value in options.items()})
        settings = {
            "base-url": self.base,
            "store": self.folder + "/store",
            "store-key": self.folder + "/store.key",
            **self.state(),
            "share": self.share,
            **self.options,
        }
        options = self.platform_options
        if "timeout" not in options:  # an answer may take long on a busy machine
            options += '\nconnect-timeout = "30s"\ntimeout = "1m"'
        text = "".join('%s = "%s"\n' % pair if isinstance(pair[1], str) else "%s = %s\n" % pair for pair in settings.items())
        text += 'platform "%s" {\n type = "veeting"\n api = "%s"\n site = "%s"\n%s\n}\n' % (
            HOST, self.api, self.site, options)
        text += 'backend "staff" {\n type = "file"\n users = "%s/users.passwd"\n}\n' % self.folder
        with open(self.conf, "w", encoding="utf-8") as file:
            file.write(text + self.sections)

    def state(self):
        """A folder of its own; with a server in the environment, keys of its own there."""
        server = os.environ.get("MEETAUTH_TEST_REDIS")
        if not server:
            return {"state": "lmdb:%s/state" % self.folder}
        return {"state": server, "state-timeout": "5s", "state-prefix": os.path.basename(self.folder) + ":", "metrics-folder": self.folder + "/state"}

    def ctl(self, *arguments, text="", check=True):
        done = subprocess.run([MEETAUTHCTL, "-c", self.conf, *arguments], input=text, text=True,
                              capture_output=True, env=ENVIRONMENT, timeout=300, check=False)
        assert not check or done.returncode == 0, (arguments, done.stdout, done.stderr)
        assert not SANITIZER.search(done.stderr), done.stderr
        return done

    def start(self):
        os.mkdir(self.folder + "/state")
        self.configure()
        self.fill_store()
        self.start_nginx()
        self.start_pool()
        return self

    def fill_store(self):
        """Store and accounts, in what a test may have made of them already. The first rig makes a template for those that want the same:
        four calls of meetauthctl take longer than all the rest of a start."""
        made = os.path.exists(self.folder + "/store")
        usual = self.usual and self.cheap and not made and self.passwords == PASSWORDS
        if usual and TEMPLATE:
            for name, (content, mode) in TEMPLATE.items():
                with open(self.folder + "/" + name, "xb") as file:
                    os.fchmod(file.fileno(), mode)
                    file.write(content)
            return
        if not made:
            self.ctl("init")
        self.ctl("secret", "set", HOST, text=self.key + "\n")
        self.add_user("alice", "--name", "Alice Liddell", "--email", "alice@example.org", "--group", "staff")
        self.add_user("bob", "--name", "Bob <i>\"&'", "--group", "guests")
        if self.cheap and not made:
            cheap_hashes(self.folder + "/users.passwd", self.passwords["alice"], self.passwords["bob"])
        if usual:
            for name in ("store", "store.key", "users.passwd"):
                with open(self.folder + "/" + name, "rb") as file:
                    TEMPLATE[name] = file.read(), stat.S_IMODE(os.fstat(file.fileno()).st_mode)

    def add_user(self, name, *arguments):
        password = self.passwords.setdefault(name, secrets.token_hex(8))
        self.ctl("user", "add", name, *arguments, text=password + "\n")

    def start_pool(self):
        command = ["spawn-fcgi", "-n", "-s", self.socket, "-M", "0660", "--", *self.supervisor, self.meetauthd, "-c", self.conf]
        if self.processes and not self.supervisor:
            command += ["--processes", str(self.processes)]
        self.pool = Program(self.wrapper + command, self.log)
        wait_for(lambda: self.send("GET", "/auth/readyz").status == 200, "readyz: " + self.log)
        wait_for(lambda: len(self.daemons()) == max(self.processes, 1), "all processes")
        if self.processes:
            wait_for(lambda: self.metric("meetauth_processes") == self.processes, "all processes to serve")

    def daemons(self):
        return children(self.pool.pid) if self.processes else [self.pool.pid]

    def start_nginx(self):
        write_nginx(self)
        self.nginx = Program(["nginx", "-p", self.folder, "-c", "nginx.conf"], self.folder + "/nginx.log")
        wait_for(lambda: self.nginx.process.poll() is not None or self.answers(), "nginx: " + self.nginx.log)
        assert self.nginx.process.poll() is None, self.nginx.said()

    def answers(self):
        try:
            self.send("GET", "/auth/static/")
            return True
        except OSError:
            return False

    # -- use --

    def send(self, method, target, headers=(), body=b"", source=None):
        name = "external.example.org" if self.authority else None
        tls = self.authority.context() if self.authority else None
        return client.send(("127.0.0.1", self.port), method, target, headers, body, source, tls=tls, name=name)

    def visitor(self, *arguments, **options):
        return client.Visitor(self, *arguments, **options)

    def entry(self, meeting="5f521a93c20ff6721fbb6a6c", **parameters):
        """The address the platform sends the browser to; parameters are replaced, or left out (None)."""
        address = self.platform.join(meeting)
        if not parameters:
            return address
        base, _, query = address.partition("?")
        values = {**dict(urllib.parse.parse_qsl(query)), **parameters}
        kept = {name: value for name, value in values.items() if value is not None}
        return base + "?" + urllib.parse.urlencode(kept, quote_via=urllib.parse.quote)

    def events(self, name=None):
        """The lines meetauthd logged, as dictionaries."""
        with open(self.log, encoding="utf-8") as log:
            parsed = [logfmt(line) for line in log.read().splitlines()]
        return [event for event in parsed if name in (None, event.get("event"))]

    def metrics(self):
        """All series; none where a process that was killed did not answer."""
        answer = self.send("GET", "/auth/metrics")
        lines = answer.text.splitlines() if answer.status == 200 else []
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}

    def metric(self, series):
        return self.metrics()[series]

    def left_behind(self):
        """What others could read: the files, but for those of the stand-in platform, and what the processes show."""
        paths = ["/proc/%d/%s" % (pid, name) for pid in self.daemons() for name in ("cmdline", "environ")]
        for folder, _, names in os.walk(self.folder):
            paths += [os.path.join(folder, name) for name in names if not name.startswith("platform.") and ".secrets" not in name]
        texts = []
        for path in filter(os.path.isfile, paths):
            with open(path, "rb") as file:
                texts.append(file.read().decode("latin-1"))
        return texts

    # -- tear down --

    def stop_pool(self):
        status = self.pool.stop()
        log = self.pool.said()
        assert not SANITIZER.search(log), log[-8000:]
        return status

    def stop(self):
        """Ends everything; asserts that nothing crashed."""
        try:
            if self.pool and self.pool.process.poll() is None:
                status = self.stop_pool()
                assert status == 0 or self.processes, (status, self.pool.said()[-3000:])
        finally:
            for program in (self.nginx, self.platform):
                if program:
                    program.stop()
            if not os.environ.get("KEEP"):
                shutil.rmtree(self.folder, ignore_errors=True)


def logfmt(line):
    found = {}
    for name, quoted, plain in re.findall(r'([a-z_0-9]+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))', line):
        found[name] = quoted or plain
    return found


NGINX = """daemon off;
%(user)s
worker_processes 2;
pid %(folder)s/nginx.pid;
error_log %(folder)s/nginx-main.log info;
events { worker_connections 4096; }
http {
    include /etc/nginx/mime.types;
    client_body_temp_path %(folder)s/nginx-body;
    fastcgi_temp_path %(folder)s/nginx-fastcgi;
    proxy_temp_path %(folder)s/nginx-proxy;
    uwsgi_temp_path %(folder)s/nginx-uwsgi;
    scgi_temp_path %(folder)s/nginx-scgi;
    access_log off;
    include meetauth.conf.nginx;
    %(more)s
}
"""


def replace(text, old, new):
    assert old in text, "nginx/meetauth.conf has changed: no %r" % old
    return text.replace(old, new)


def write_nginx(rig, more=""):
    """nginx.conf, and the sample with nothing but its names, ports and paths replaced."""
    with open(TOP + "/nginx/meetauth.conf", encoding="utf-8") as file:
        text = file.read()
    text = replace(text, "unix:/run/meetauth-socket/meetauthd.sock", "unix:" + rig.socket)
    text = replace(text, "/var/log/nginx", rig.folder)
    text = replace(text, "/usr/share/meetauth/static", rig.share + "/static")
    text = replace(text, "include fastcgi_params", "include /etc/nginx/fastcgi_params")
    text = replace(text, "fastcgi_read_timeout 30s;", "fastcgi_read_timeout 300s;")  # a hash has a low priority, and the machine may be busy
    text = replace(text, "listen 80;", "listen 127.0.0.1:%d;" % rig.plain_port)
    if not rig.keeps_connections:
        text = replace(text, "fastcgi_keep_conn on;", "fastcgi_keep_conn off;")
        text = replace(text, "    keepalive 64;\n", "")
    if rig.authority:
        text = replace(text, "listen 443 ssl", "listen 127.0.0.1:%d ssl" % rig.port)
        certificate, key = rig.authority.certificate("external.example.org")
        text = replace(text, "/etc/ssl/external.example.org.pem", certificate)
        text = replace(text, "/etc/ssl/private/external.example.org.key", key)
    else:
        text = replace(text, "listen 443 ssl http2;", "listen 127.0.0.1:%d;" % rig.port)
        text = re.sub(r"\n\s*ssl_[^;]*;", "", text)
    with open(rig.folder + "/meetauth.conf.nginx", "w", encoding="utf-8") as file:
        file.write(text)
    user = "user root;" if os.getuid() == 0 else ""
    with open(rig.folder + "/nginx.conf", "w", encoding="utf-8") as file:
        file.write(NGINX % {"user": user, "folder": rig.folder, "more": more})
