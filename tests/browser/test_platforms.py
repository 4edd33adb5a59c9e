# SPDX-License-Identifier: MIT
"""Platforms with an entry of their own in a real browser: which redirects the login page's policy lets
pass, and which scripts get a token, with the cookies and the CORS that Chromium makes of it."""

import json
import urllib.parse

import drivers
import platforms
import pytest
from rig import Program, free_port, wait_for, write_nginx
from test_browser import arrived, fill, open_browser, submit

import jwt_rules

PORT = free_port()
APP, OTHER, EVIL = ("https://%s:%d" % (name, PORT) for name in ("app.example.org", "app.example.net", "evil.example.net"))
MEET, GALENE, JITSI = ("https://%s:%d" % (name, PORT) for name in ("meet.example.net", "galene.example.net", "jitsi.example.net"))


class LiveKit(drivers.LiveKit):
    options = 'site = "%s"\n allowed-origins = {"%s", "%s"}' % (MEET, APP, OTHER)


class Galene(drivers.Galene):
    options = 'site = "%s"' % GALENE


class Jitsi(drivers.Jitsi):
    options = 'app-id = "meetauth"\n site = "%s"' % JITSI


class Skype(drivers.Skype):
    origins = (APP,)
    app = APP + "/join?from=meetauth"


@pytest.fixture(scope="module")
def site(make_module_rig, authority):
    """The service at external.example.org; every other name is answered with an empty page."""
    rig = make_module_rig(start=False, tls=authority)
    certificate, key = authority.certificate("app.example.org")
    pages = """server {
        listen 127.0.0.1:%d ssl; ssl_certificate %s; ssl_certificate_key %s;
        default_type text/html;
        location / { return 200 '<!doctype html><title>elsewhere</title>'; }
    }""" % (PORT, certificate, key)

    def start_nginx():
        write_nginx(rig, pages)
        rig.nginx = Program(["nginx", "-p", rig.folder, "-c", "nginx.conf"], rig.folder + "/nginx.log")
        wait_for(rig.answers, "nginx")

    rig.start_nginx = start_nginx
    rig.made = platforms.make_all(lambda **_: rig, LiveKit, Galene, Jitsi, Skype)
    return rig


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    driver = open_browser(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()


@pytest.fixture
def browser(chromium):
    chromium.execute_cdp_cmd("Network.clearBrowserCookies", {})
    chromium.get_log("browser")
    yield chromium
    assert not [line for line in chromium.get_log("browser") if "Content Security Policy" in line["message"]]


def sign_in(browser, site, path):
    browser.get(site.base + path)
    assert browser.current_url.startswith(site.base + "/login")
    fill(browser, site)
    before = browser.current_url
    submit(browser)
    arrived(browser, before)


ASK = """const [url, body, credentials, done] = arguments;
fetch(url, {method: 'POST', credentials: credentials, headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body)})
    .then(async answer => done([answer.status, await answer.text()]), error => done(String(error)));"""


def ask(browser, page, site, title, body, credentials="include"):
    """What a script of that page gets: [status, text], or an error where the browser keeps it back."""
    browser.get(page + "/")
    return browser.execute_async_script(ASK, "%s/token/%s" % (site.base, title), body, credentials)


@pytest.mark.parametrize("path,number,page", [("/livekit/daily", 0, MEET), ("/galene/uni/maths", 1, GALENE), ("/jitsi/Weekly", 2, JITSI)], ids=["livekit", "galene", "jitsi"])
def test_the_form_leads_to_the_platform(browser, site, path, number, page):
    sign_in(browser, site, path)
    assert browser.current_url.startswith(page + "/"), browser.current_url
    assert "elsewhere" in browser.title


def test_a_script_of_an_application_on_the_same_site(browser, site):
    livekit = site.made[0]
    sign_in(browser, site, "/livekit/daily")
    status, text = ask(browser, APP, site, livekit.title, {"room_name": "daily"})
    assert status == 201
    token = text.split('"participant_token":"')[1].split('"')[0]
    assert livekit.peer.join(token, "daily")[1] == "Alice Liddell"


def test_the_form_leads_to_the_page_of_an_application_whose_script_asks(browser, site):
    """From nothing to a token, with no other platform's login."""
    skype = site.made[3]
    sign_in(browser, site, skype.entry(skype.weekly)[len("/auth"):])
    address = urllib.parse.urlsplit(browser.current_url)
    assert browser.current_url.startswith(skype.app + "&") and "elsewhere" in browser.title
    meeting = urllib.parse.parse_qs(address.query)["meetingUrl"][0]
    status, text = browser.execute_async_script(ASK, "%s/token/%s" % (site.base, skype.title), {"meetingUrl": meeting}, "include")
    assert status == 200 and json.loads(text)["token"] == skype.peer.given
    assert skype.peer.seen[-1]["meetingUrl"] == skype.weekly
    skype.check()


def test_a_script_on_another_site_has_no_session(browser, site):
    """SameSite=Lax: the cookie stays at home, and the script may read that."""
    sign_in(browser, site, "/livekit/daily")
    status, text = ask(browser, OTHER, site, site.made[0].title, {"room_name": "daily"})
    assert status == 401 and "login-failed" in text


def test_a_script_of_anybody_gets_nothing(browser, site):
    sign_in(browser, site, "/livekit/daily")
    for page in (EVIL, GALENE):
        assert ask(browser, page, site, site.made[0].title, {"room_name": "daily"}) == "TypeError: Failed to fetch"


def test_galene_s_page_asks_with_a_password(browser, site):
    galene = site.made[1]
    body = {"location": GALENE + "/group/uni/maths/", "username": "alice", "password": site.passwords["alice"]}
    status, token = ask(browser, GALENE, site, galene.title, body, "same-origin")
    assert status == 200
    claims = jwt_rules.split(token)[1]
    assert claims["aud"] == body["location"] and claims["sub"] == "Alice Liddell"
    assert not [cookie for cookie in browser.execute_cdp_cmd("Network.getAllCookies", {})["cookies"] if "meetauth" in cookie["name"]]
    status, text = ask(browser, GALENE, site, galene.title, {**body, "password": "wrong"}, "same-origin")
    assert status == 401 and "login-failed" in text
    assert ask(browser, EVIL, site, galene.title, body, "same-origin") == "TypeError: Failed to fetch"


def test_the_form_may_lead_to_an_app(browser, site):
    """Nothing here opens org.jitsi.meet:, but the login page's policy does not stop it either."""
    state = urllib.parse.quote('{"room":"Weekly","roomSafe":"weekly","ios":true}')
    browser.get(site.base + "/jitsi/Weekly?state=" + state)
    fill(browser, site)
    submit(browser)
    wait_for(lambda: [e for e in site.events("join") if e.get("platform") == "meet.example.org" and e["result"] == "ok"], "the join")
