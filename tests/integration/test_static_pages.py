# SPDX-License-Identifier: MIT
"""nginx's own pages, as "meetauthctl pages static" writes them: in the visitor's language."""

import http.client
import os
import socket
import subprocess

import pytest
from rig import MEETAUTHCTL, TOP, wait_for

CONFIG = """base-url = "https://external.example.org/auth"
store = "%(folder)s/store"
store-key = "%(folder)s/store.key"
share = "%(top)s/share"
languages = {"en", "de"}
platform "meeting.example.org" { type = "veeting" }
backend "staff" { type = "file" users = "%(folder)s/users" }
"""
NGINX = """daemon off; master_process off; pid %(folder)s/pid; error_log %(folder)s/error.log;
events {}
http {
    access_log off; client_body_temp_path %(folder)s/body; fastcgi_temp_path %(folder)s/fastcgi;
    proxy_temp_path %(folder)s/proxy; scgi_temp_path %(folder)s/scgi; uwsgi_temp_path %(folder)s/uwsgi;
    include %(folder)s/pages/languages.conf;
    server {
        listen unix:%(folder)s/socket;
        error_page 404 /errors/404.html;
        error_page 503 /errors/503.html;
        location / { return 404; }
        location = / { rewrite ^ /errors/start.html last; }
        location /down { return 503; }
        location /errors/ { internal; root $meetauth_pages; default_type text/html; }
    }
}
"""


class Connection(http.client.HTTPConnection):
    """To a socket in the file system: no port is taken from others."""

    def __init__(self, path):
        super().__init__("nginx")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    names = {"folder": str(tmp_path_factory.mktemp("pages")), "top": TOP}
    for name, text in (("conf", CONFIG), ("nginx.conf", NGINX)):
        with open(os.path.join(names["folder"], name), "w", encoding="utf-8") as file:
            file.write(text % names)
    os.mkdir(names["folder"] + "/pages")
    subprocess.run([MEETAUTHCTL, "-c", names["folder"] + "/conf", "pages", "static", names["folder"] + "/pages"], check=True)
    nginx = subprocess.Popen(["nginx", "-p", names["folder"], "-c", "nginx.conf"], stderr=subprocess.DEVNULL)
    wait_for(lambda: os.path.exists(names["folder"] + "/socket"), "nginx's socket")

    def send(path, language, cookie=None):
        connection = Connection(names["folder"] + "/socket")
        connection.request("GET", path, headers={name: value for name, value in (("Accept-Language", language), ("Cookie", cookie)) if value})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    yield send
    nginx.terminate()
    nginx.wait()


@pytest.mark.parametrize("language,code", [
    (None, "en"), ("de", "de"), ("de-CH,de;q=0.9,en;q=0.8", "de"), ("DE", "de"), ("en-GB,de;q=0.5", "en"), ("fr-CH, de;q=0.9", "de"),
    ("fr,it", "en"), ("den", "en"), ("*", "en")])
def test_the_page_is_in_the_visitors_language(ask, language, code):
    status, page = ask("/nothing", language)
    assert status == 404 and '<html lang="%s"' % code in page


@pytest.mark.parametrize("cookie,language,code", [("de", "en", "de"), ("en", "de,en", "en"), ("de", None, "de"), ("xx", "de", "de"), ("", "de", "de")])
def test_the_language_that_was_chosen_on_a_page_comes_first(ask, cookie, language, code):
    assert '<html lang="%s"' % code in ask("/nothing", language, "meetauth_language=" + cookie)[1]


def test_each_page_has_a_way_on(ask):
    status, page = ask("/", "de")
    assert status == 200 and 'action="/auth/open"' in page and "Link öffnen" in page
    status, page = ask("/down", "de")
    assert status == 503 and '<a class="button" href="">Noch einmal versuchen</a>' in page
    assert ask("/errors/503.html", "de")[0] == 404
