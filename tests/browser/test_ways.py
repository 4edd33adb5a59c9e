# SPDX-License-Identifier: MIT
"""The login page with every kind of way to sign in, and the pages that lead on after a failure, in Chromium.
SCREENSHOTS=FOLDER keeps a picture of each."""

import shutil

import pytest
from guests import rule
from rig import HOST, Program, TOP, free_port, wait_for, write_nginx
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select
from test_browser import open_browser, picture, press_join

WAYS = """
backend "idp" { type = "oidc"  issuer = "http://127.0.0.1:1"  client-id = "meetauth"  label = "Example account" }
backend "mail" { type = "email"  server = "smtp://127.0.0.1:1"  from = "meet@example.org"  label = "Get a code by e-mail" }
backend "guests" { type = "guest"  label = "Join as a guest" }
"""


@pytest.fixture(scope="module")
def site(make_module_rig, authority):
    rig = make_module_rig(start=False, tls=authority, sections='languages = {"en", "ar"}\n' + WAYS + rule("guests"))
    # The sentences are those of English: what counts is on which side things stand.
    rig.share = shutil.copytree(TOP + "/share", rig.folder + "/share")
    shutil.copy(rig.folder + "/share/lang/en.json", rig.folder + "/share/lang/ar.json")
    port = free_port()
    certificate, key = authority.certificate(HOST)
    front = """server {
        listen 127.0.0.1:%d ssl; ssl_certificate %s; ssl_certificate_key %s;
        location / { proxy_pass http://127.0.0.1:%d; }
    }""" % (port, certificate, key, rig.platform.port)
    rig.site = "https://%s:%d" % (HOST, port)

    def start_nginx():
        rig.ctl("secret", "set", "backend/idp", text="secret\n")
        write_nginx(rig, front)
        rig.nginx = Program(["nginx", "-p", rig.folder, "-c", "nginx.conf"], rig.folder + "/nginx.log")
        wait_for(rig.answers, "nginx")

    rig.start_nginx = start_nginx
    return rig.start()


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    driver = open_browser(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()


@pytest.fixture
def browser(chromium, request):
    chromium.execute_cdp_cmd("Network.clearBrowserCookies", {})
    yield chromium
    picture(chromium, request.node.name)


def widths(driver):
    return driver.execute_script("return [document.documentElement.scrollWidth, document.documentElement.clientWidth]")


def is_shown(driver, element):
    """Selenium takes what is folded in <details> for shown."""
    return driver.execute_script("return arguments[0].checkVisibility()", element)


def focused(driver):
    return driver.execute_script("return document.activeElement.name")


def test_the_first_way_is_open_and_others_open_by_keyboard(browser, site):
    press_join(browser, site)
    assert focused(browser) == "name", "one can type at once"
    shown = [field.get_attribute("name") for field in browser.find_elements(By.CSS_SELECTOR, "main input:not([type=hidden])") if is_shown(browser, field)]
    assert shown == ["name", "password"]
    button, = browser.find_elements(By.CSS_SELECTOR, "a.button")
    assert button.text == "Example account"
    guest = browser.find_elements(By.CSS_SELECTOR, "details.way > summary")[1]
    assert guest.text == "Join as a guest"
    guest.send_keys(Keys.ENTER)
    form = browser.find_element(By.CSS_SELECTOR, "details[open] form")
    assert form.get_attribute("aria-label") == "Join as a guest"
    field = form.find_element(By.NAME, "name")
    wait_for(lambda: is_shown(browser, field), "the guest's form")
    assert (field.get_attribute("autocomplete"), field.get_attribute("autocapitalize")) == ("name", "words")
    field.send_keys("Zoe", Keys.ENTER)
    wait_for(lambda: browser.find_elements(By.CSS_SELECTOR, "strong#name"), "the meeting")


def test_a_wrong_name_is_said_at_its_field(browser, site):
    press_join(browser, site)
    browser.find_elements(By.CSS_SELECTOR, "details.way > summary")[1].click()
    before = browser.current_url
    field = browser.find_element(By.CSS_SELECTOR, "details[open] input[name=name]")
    browser.execute_script("arguments[0].value = 'Eve\\u202e'", field)
    field.submit()
    wait_for(lambda: browser.find_elements(By.CSS_SELECTOR, "[role=alert]"), "the fault")
    field, = browser.find_elements(By.CSS_SELECTOR, "[aria-invalid=true]")
    said = browser.find_element(By.ID, field.get_attribute("aria-describedby"))
    assert said.is_displayed() and "This name cannot be used" in said.text
    assert focused(browser) == "name" and before.split("?")[0] == browser.current_url.split("?")[0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_has_room_for_all_ways(browser, site, scheme):
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 320, "height": 800, "deviceScaleFactor": 1, "mobile": False})
    try:
        press_join(browser, site)
        for summary in browser.find_elements(By.CSS_SELECTOR, "details.way > summary"):
            summary.click()
        scroll, client = widths(browser)
        assert scroll == client
        picture(browser, "ways-320-" + scheme)
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_without_cookies_one_is_told_so(site, tmp_path):
    driver = open_browser(tmp_path / "profile", prefs={"profile.managed_default_content_settings.cookies": 2})
    try:
        press_join(driver, site)
        wait_for(lambda: "did not send a cookie" in driver.title, "the page that says so")
        picture(driver, "no-cookies")
        link, = driver.find_elements(By.CSS_SELECTOR, "main a")
        assert link.get_attribute("href").startswith(site.site)
    finally:
        driver.quit()


def test_a_page_that_is_not_there_leads_to_ones_meetings(browser, site):
    browser.get(site.base + "/nothing")
    assert "This page does not exist" in browser.title
    link, = browser.find_elements(By.CSS_SELECTOR, "main a")
    link.click()
    wait_for(lambda: "Sign in to see your meetings" in browser.page_source, "the way to their own meetings")


def test_from_right_to_left(site, tmp_path):
    driver = open_browser(tmp_path / "profile", prefs={"intl.accept_languages": "ar"})
    try:
        press_join(driver, site)
        page = driver.find_element(By.TAG_NAME, "html")
        assert (page.get_attribute("lang"), page.get_attribute("dir")) == ("ar", "rtl")
        term, value = (driver.find_element(By.CSS_SELECTOR, "dl " + tag).rect["x"] for tag in ("dt", "dd"))
        assert term > value
        driver.find_element(By.NAME, "name").send_keys("alice")
        driver.find_element(By.NAME, "password").send_keys("wrong", Keys.ENTER)
        wait_for(lambda: driver.find_elements(By.CSS_SELECTOR, "[role=alert]"), "the fault")
        alert = driver.find_element(By.CSS_SELECTOR, "[role=alert]")
        assert alert.value_of_css_property("border-right-width") > alert.value_of_css_property("border-left-width")
        scroll, client = widths(driver)
        assert scroll == client
        picture(driver, "right-to-left")
    finally:
        driver.quit()


def test_a_switch_of_languages_keeps_the_sign_in(browser, site):
    press_join(browser, site)
    Select(browser.find_element(By.ID, "language")).select_by_value("ar")
    browser.find_element(By.CSS_SELECTOR, "form.language button").click()
    wait_for(lambda: browser.find_elements(By.CSS_SELECTOR, "html[dir=rtl]"), "the page in the other language")
    browser.find_element(By.NAME, "name").send_keys("alice")
    browser.find_element(By.NAME, "password").send_keys("wrong", Keys.ENTER)
    wait_for(lambda: browser.find_elements(By.CSS_SELECTOR, "[role=alert]"), "the fault")
    assert browser.find_element(By.TAG_NAME, "html").get_attribute("lang") == "ar", "the cookie remembers it"
    assert not [line for line in browser.get_log("browser") if "Content Security Policy" in line["message"]]


def test_the_icon_of_the_pages_is_there(browser, site):
    browser.get(site.base + "/nothing")
    icon = browser.find_element(By.CSS_SELECTOR, "link[rel=icon]").get_attribute("href")
    browser.get(icon)
    assert "<svg" in browser.page_source
