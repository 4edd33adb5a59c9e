# SPDX-License-Identifier: MIT
"""Platforms with an entry of their own in a real browser: which redirects the login page's policy lets
pass, and which scripts get a token, with the cookies and the CORS that Chromium makes of it."""

import json
import urllib.parse

import drivers
import platforms
import pytest
from rig import TOP, Program, free_port, wait_for, write_nginx
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
    origins = (APP, OTHER)
    app = APP + "/join?from=meetauth"

    def settings(self):
        return super().settings() + '\n redirects = {"%s/sample"}' % OTHER


SAMPLE = """<!doctype html><title>asking</title><script type="module">
import {meetauthToken} from '/meetauth.js';
const how = sessionStorage.getItem('how');
const ask = window.fetch;
window.fetch = (url, what) => {
    const body = JSON.parse(what.body);
    if (how === 'broken' && body.code)
        body.code = body.code.slice(0, -8) + 'AAAAAAAA';
    return ask(url, {...what, body: JSON.stringify(body)});
};
meetauthToken({service: '%s', entry: 'skype', platform: 'skype.example.org', page: '%s/sample', names: ['meetingUrl']})
    .then(said => { window.said = said; document.title = 'token'; }, error => { document.title = 'error: ' + error.message; });
</script>"""


@pytest.fixture(scope="module")
def site(make_module_rig, authority):
    """The service at external.example.org; every other name is answered with an empty page."""
    rig = make_module_rig(start=False, tls=authority)
    certificate, key = authority.certificate("app.example.org")
    pages = """server {
        listen 127.0.0.1:%d ssl; ssl_certificate %s; ssl_certificate_key %s;
        default_type text/html;
        location / { return 200 '<!doctype html><title>elsewhere</title>'; }
        location = /sample { alias %s/sample.html; }
        location = /meetauth.js { alias %s/docs/samples/scripts/meetauth.js; default_type text/javascript; }
    }""" % (PORT, certificate, key, rig.folder, TOP)
    with open(rig.folder + "/sample.html", "w", encoding="utf-8") as file:
        file.write(SAMPLE % (rig.base, OTHER))

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


# -- the sample of docs/scripts.md, on a page of another site: no cookie goes from there --


@pytest.fixture
def sample(browser, site):
    """Opens the page of another site in a window; everything that the windows keep is gone before."""
    skype = site.made[3]
    browser.get(OTHER + "/")
    browser.execute_script("sessionStorage.clear()")

    def get(how=None):
        if how:
            browser.get(OTHER + "/")
            browser.execute_script("sessionStorage.setItem('how', arguments[0])", how)
        browser.get("%s/sample?%s" % (OTHER, urllib.parse.urlencode({"meetingUrl": skype.weekly})))

    return get


def told(browser):
    wait_for(lambda: browser.title == "token" or browser.title.startswith("error"), "the script's end")
    return browser.title


def test_a_page_of_another_site_gets_its_token_by_a_code(browser, site, sample):
    skype = site.made[3]
    sample()
    wait_for(lambda: browser.current_url.startswith(site.base + "/login"), "the sign-in")
    fill(browser, site)
    submit(browser)
    assert told(browser) == "token"
    assert browser.execute_script("return window.said.token") == skype.peer.given
    assert browser.current_url.startswith(OTHER + "/sample?meetingUrl=") and "code" not in browser.current_url
    assert skype.peer.seen[-1]["meetingUrl"] == skype.weekly
    sample()
    assert told(browser) == "token", "a session is enough"
    skype.check()


def joins(site):
    return [event["result"] for event in site.events("join") if event.get("platform") == "skype.example.org"]


def test_the_sample_stops_after_one_round(browser, site, sample):
    """A code that is no good, each time: one sign-in, one error, and no loop."""
    sign_in(browser, site, "/livekit/daily")
    before = len(joins(site))
    sample("broken")
    assert told(browser).startswith("error")
    assert joins(site)[before:] == ["denied", "ok", "refused"], "no session; handed over with a code; the code is bad"


def test_two_windows_are_two_clients_and_each_rejoins_as_itself(browser, site, sample):
    skype = site.made[3]
    sign_in(browser, site, "/livekit/daily")
    ids = []
    first = browser.current_window_handle
    sample()
    assert told(browser) == "token"
    ids.append(skype.peer.seen[-1]["applicationSessionId"])
    browser.switch_to.new_window("tab")
    try:
        sample()
        assert told(browser) == "token"
        ids.append(skype.peer.seen[-1]["applicationSessionId"])
    finally:
        browser.close()
        browser.switch_to.window(first)
    browser.refresh()
    assert told(browser) == "token"
    ids.append(skype.peer.seen[-1]["applicationSessionId"])
    assert ids[0] != ids[1] and ids[0] == ids[2]


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
