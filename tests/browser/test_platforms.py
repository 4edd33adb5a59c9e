# SPDX-License-Identifier: MIT
"""Platforms with an entry of their own in a real browser: which redirects the login page's policy lets
pass, and which scripts get a token, with the cookies and the CORS that Chromium makes of it."""

import base64
import hashlib
import json
import os
import urllib.parse

import drivers
import platforms
import pytest
from rig import TOP, Program, free_port, wait_for, write_nginx
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from test_browser import arrived, fill, open_browser, picture, submit

import jwt_rules
import webex_sdk

PORT = free_port()
APP, OTHER, EVIL = ("https://%s:%d" % (name, PORT) for name in ("app.example.org", "app.example.net", "evil.example.net"))
SDK = "https://sdk.example.net:%d" % PORT
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


class Webex(drivers.Webex):
    stand_in = webex_sdk.WebexForBrowsers
    options = ' app = "%s/spaces/"\n redirects = {"%s/spaces/"}' % (APP, OTHER)

    def __init__(self, rig, *arguments, **more):
        super().__init__(rig, *arguments, **more)
        rig.webex = self

    def settings(self):
        return super().settings().replace(platforms.APP + '"}', '%s", "%s"}' % (APP, OTHER))


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
        location ~ ^/(spaces/)?meetauth.js$ { alias %s/docs/samples/scripts/meetauth.js; default_type text/javascript; }
        location /spaces/ { alias %s/docs/samples/webex/; types { text/html html; text/javascript js; text/css css; } }
        location = /spaces/settings.js { alias %s/$host.js; types { text/javascript js; } }
    }
    server {
        listen 127.0.0.1:%d ssl; server_name sdk.example.net; ssl_certificate %s; ssl_certificate_key %s;
        location / {
            if ($request_method = OPTIONS) {
                add_header Access-Control-Allow-Origin *;
                add_header Access-Control-Allow-Headers "Authorization, Content-Type";
                return 204;
            }
            add_header Access-Control-Allow-Origin * always;
            proxy_pass %s;
        }
    }"""
    with open(rig.folder + "/sample.html", "w", encoding="utf-8") as file:
        file.write(SAMPLE % (rig.base, OTHER))

    def start_nginx():
        webex = rig.webex
        write_nginx(rig, pages % (PORT, certificate, key, rig.folder, TOP, TOP, rig.folder, PORT, certificate, key, webex.peer.url))
        rig.nginx = Program(["nginx", "-p", rig.folder, "-c", "nginx.conf"], rig.folder + "/nginx.log")
        wait_for(rig.answers, "nginx")

    rig.start_nginx = start_nginx
    with open(webex_sdk.SDK, "rb") as file:
        digest = base64.b64encode(hashlib.sha384(file.read()).digest()).decode()
    with open(TOP + "/docs/samples/webex/settings.js", encoding="utf-8") as file:
        sample = file.read()
    for page, integrity in ((APP, ""), (OTHER, "sha384-" + digest)):
        changed = sample.replace("https://external.example.org/auth", rig.base).replace("https://app.example.org/spaces/", page + "/spaces/")
        changed = changed.replace("https://app.example.org/webex/webex.min.js", SDK + "/sdk/webex.min.js").replace("integrity: ''", "integrity: '%s'" % integrity)
        with open("%s/%s.js" % (rig.folder, urllib.parse.urlsplit(page).hostname), "w", encoding="utf-8") as file:
            file.write(changed)
    rig.made = platforms.make_all(lambda **_: rig, LiveKit, Galene, Jitsi, Skype, Webex)
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


# -- docs/samples/webex: the page of an operator's own for Webex's guests --


def shown(browser, wanted):
    """Waits for that text on the page, as the guest sees it."""
    def is_there():
        try:
            return wanted in browser.find_element(By.TAG_NAME, "body").text
        except StaleElementReferenceException:  # another page came in between
            return False

    wait_for(is_there, wanted + " on " + browser.current_url)


def press(browser, text):
    browser.find_element(By.XPATH, "//button[.='%s']" % text).click()


@pytest.fixture
def webex(browser, site):
    """What the page does to the SDK and to Webex is as documented, whatever happens."""
    webex = site.webex
    webex.peer.tokens.clear()
    browser.get(OTHER + "/")
    browser.execute_script("sessionStorage.clear()")
    yield webex
    assert not browser.execute_script("return (window.webexSdk ?? {violations: []}).violations")
    webex.peer.check()


def open_spaces(browser, page, **meeting):
    browser.get("%s/spaces/?%s" % (page, urllib.parse.urlencode(meeting)))


def test_webex_s_guests_on_a_page_of_the_same_site(browser, site, webex):
    """From the meeting's link to the page: messages, a note of a new one, the meeting. The cookie is the credential."""
    sign_in(browser, site, "/webex/" + webex.weekly)
    assert browser.current_url == "%s/spaces/?meetingNumber=%s" % (APP, webex.weekly)
    shown(browser, "You are signed in.")
    assert list(webex.peer.tokens.values()) == ["Alice Liddell"]
    wait_for(lambda: len(browser.find_elements(By.CSS_SELECTOR, "#spaces button")) == 2, "the spaces")
    press(browser, "Board")
    shown(browser, "Welcome <b>all</b>")
    browser.find_element(By.ID, "text").send_keys("Hello")
    press(browser, "Send")
    wait_for(lambda: browser.find_element(By.ID, "messages").text.endswith("Alice Liddell\nHello"), "the message")
    browser.execute_script("webexSdk.deliver({roomId: 'space-long', personEmail: 'bob@example.org', text: 'Look <i>here</i>'})")
    shown(browser, "bob@example.org: Look <i>here</i>")
    picture(browser, "webex-spaces")
    press(browser, "Join")
    shown(browser, "You are in the meeting.")
    assert webex.peer.inside == [(webex.weekly, "Alice Liddell")]
    press(browser, "Leave")
    shown(browser, "You have left the meeting.")
    assert not webex.peer.inside


def test_webex_s_guests_on_a_page_of_another_site(browser, site, webex):
    """The page begins, with a challenge; it is brought a code. This meeting asks for a password, and there is no camera."""
    open_spaces(browser, OTHER, meetingNumber=webex.other)
    wait_for(lambda: browser.current_url.startswith(site.base + "/login"), "the sign-in")
    fill(browser, site)
    submit(browser)
    shown(browser, "You are signed in.")
    assert browser.current_url == "%s/spaces/?meetingNumber=%s" % (OTHER, webex.other)
    browser.execute_script("webexSdk.noCamera = true")
    for password, outcome in (("wrong", "This is not the password of the meeting."), ("open sesame", "You are in the meeting.")):
        press(browser, "Join")
        browser.find_element(By.ID, "password-text").send_keys(password)
        press(browser, "Continue")
        shown(browser, outcome)
    assert webex.peer.inside == [(webex.other, "Alice Liddell")]
    press(browser, "Leave")
    shown(browser, "You have left the meeting.")


def test_nothing_of_webex_s_page_sticks_out(browser, site, webex):
    sign_in(browser, site, "/livekit/daily")
    open_spaces(browser, APP, meetingNumber=webex.weekly)
    shown(browser, "Board")
    press(browser, "Board")
    shown(browser, "Welcome")
    try:
        for width, scheme in ((320, "dark"), (900, "light")):
            browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
            browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False})
            picture(browser, "webex-%d-%s" % (width, scheme))
            assert browser.execute_script("return document.documentElement.scrollWidth <= document.documentElement.clientWidth"), width
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_webex_s_page_says_what_is_wrong(browser, site, webex):
    """In words, and without another round."""
    sign_in(browser, site, "/livekit/daily")
    open_spaces(browser, APP)
    shown(browser, "This page belongs to a meeting.")
    open_spaces(browser, OTHER, meetingNumber=webex.weekly, code="nonsense", state="x")
    shown(browser, "“code” is missing or invalid")
    open_spaces(browser, APP, meetingNumber="12")
    shown(browser, "“meetingNumber” is missing or invalid")
    with webex.peer.fault(guest="status"):
        open_spaces(browser, APP, meetingNumber=webex.weekly)
        shown(browser, "sent an answer that this service cannot use")
    with webex.peer.fault(me=401):
        open_spaces(browser, APP, meetingNumber=webex.weekly)
        shown(browser, "Webex no longer accepts your sign-in. Reload this page.")
    with webex.peer.fault(rooms=403):
        open_spaces(browser, APP, meetingNumber=webex.weekly)
        shown(browser, "Webex does not allow guests to do this.")
    open_spaces(browser, APP, meetingNumber="111111111")
    shown(browser, "You are signed in.")
    press(browser, "Join")
    shown(browser, "Webex does not know this meeting or space any more.")
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/sdk/webex.min.js"]})
    try:
        open_spaces(browser, APP, meetingNumber=webex.weekly)
        shown(browser, "The program of Webex could not be loaded.")
    finally:
        browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
    assert browser.current_url.startswith(APP + "/spaces/")


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
