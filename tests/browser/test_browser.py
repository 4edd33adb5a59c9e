# SPDX-License-Identifier: MIT
"""A real browser (Chromium, headless) over https, with the platform and the service on different sites.
SCREENSHOTS=FOLDER keeps a picture of each page."""

import os
import subprocess

import pytest
from rig import HOST, Program, free_port, wait_for, write_nginx
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

CHROMIUM, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"


@pytest.fixture(scope="module")
def site(make_module_rig, authority):
    """The platform at https://meeting.example.org:PORT, the service at https://external.example.org:PORT."""
    rig = make_module_rig(start=False, tls=authority)
    port = free_port()
    certificate, key = authority.certificate(HOST)
    front = """server {
        listen 127.0.0.1:%d ssl; ssl_certificate %s; ssl_certificate_key %s;
        location / { proxy_pass http://127.0.0.1:%d; }
    }""" % (port, certificate, key, rig.platform.port)
    rig.site = "https://%s:%d" % (HOST, port)

    def start_nginx():
        write_nginx(rig, front)
        rig.nginx = Program(["nginx", "-p", rig.folder, "-c", "nginx.conf"], rig.folder + "/nginx.log")
        wait_for(rig.answers, "nginx")

    rig.start_nginx = start_nginx
    return rig.start()


def open_browser(profile, prefs=None):
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run",
                     "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-proxy-server",
                     "--host-resolver-rules=MAP * 127.0.0.1", "--user-data-dir=" + str(profile), "--lang=en", "--window-size=900,800"):
        options.add_argument(argument)
    options.set_capability("acceptInsecureCerts", True)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    if prefs:
        options.add_experimental_option("prefs", prefs)
    driver = webdriver.Chrome(service=Service(DRIVER), options=options)
    driver.set_page_load_timeout(180)
    driver.implicitly_wait(15)
    return driver


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    driver = open_browser(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()


@pytest.fixture
def browser(chromium, request):
    """The browser as somebody else, with nothing kept; no test may leave a complaint on the console."""
    chromium.execute_cdp_cmd("Network.clearBrowserCookies", {})
    chromium.get_log("browser")
    yield chromium
    picture(chromium, request.node.name)
    violations = [line for line in chromium.get_log("browser") if "Content Security Policy" in line["message"]]
    assert not violations


def picture(driver, name):
    if os.environ.get("SCREENSHOTS"):
        driver.save_screenshot(os.path.join(os.environ["SCREENSHOTS"], name + ".png"))


def press_join(driver, site, meeting=None):
    driver.get(site.site + "/")
    button = driver.find_element(By.CSS_SELECTOR, "form button")
    if meeting:
        driver.execute_script("arguments[0].form.action = arguments[1]", button, "/meetings/%s/join" % meeting)
    button.click()
    arrived(driver, site.site + "/")


def arrived(driver, before):
    """A click returns before the page behind it is there."""
    wait_for(lambda: driver.current_url != before and driver.execute_script("return document.readyState") == "complete", "the next page")


def fill(driver, site, account="alice", password=None):
    picture(driver, "login")
    name = driver.find_element(By.NAME, "name")
    name.clear()
    name.send_keys(account)
    driver.find_element(By.NAME, "password").send_keys(site.passwords[account] if password is None else password)


def submit(driver):
    driver.find_element(By.CSS_SELECTOR, "main form button").click()


def is_absent(driver, selector, inside=None):
    """Asked of the page once it is whole: find_elements() would wait 15 s for what never comes."""
    wait_for(lambda: driver.execute_script("return document.readyState") == "complete", "the whole page")
    return driver.execute_script("return (arguments[0] || document).querySelector(arguments[1]) === null", inside, selector)


def greeting(driver):
    return driver.find_element(By.CSS_SELECTOR, "strong#name").text  # the login page has a field of that id


def test_login_from_the_platform_s_page_to_the_meeting(browser, site):
    press_join(browser, site)
    assert browser.current_url.startswith(site.base + "/login")
    assert browser.find_element(By.CSS_SELECTOR, ".limit").text == "You have 10 minutes to sign in. If it takes longer, open the meeting link again."
    assert "requestToken" not in browser.current_url
    assert "Weekly review" not in browser.page_source and HOST in browser.page_source
    fill(browser, site)
    submit(browser)
    assert greeting(browser) == "Alice Liddell"
    assert browser.current_url.startswith(site.site + "/join/"), "form-action allowed the redirect after the POST"


def test_second_join_needs_no_password(browser, site):
    press_join(browser, site)
    fill(browser, site)
    submit(browser)
    assert greeting(browser) == "Alice Liddell"
    press_join(browser, site)
    assert greeting(browser) == "Alice Liddell"


def test_cookies_are_out_of_reach_of_script_and_of_the_platform(browser, site):
    press_join(browser, site)
    fill(browser, site)
    submit(browser)
    assert greeting(browser)
    kept = {cookie["name"]: cookie for cookie in browser.execute_cdp_cmd("Network.getAllCookies", {})["cookies"]}
    assert set(kept) == {"__Host-meetauth", "__Host-meetauth-join"}
    for cookie in kept.values():
        assert cookie["domain"] == "external.example.org" and cookie["secure"] and cookie["httpOnly"] and cookie["sameSite"] == "Lax"
    assert browser.execute_script("return document.cookie") == ""


def test_wrong_password_then_the_right_one(browser, site):
    press_join(browser, site)
    fill(browser, site, password="wrong")
    submit(browser)
    alert = browser.find_element(By.CSS_SELECTOR, "[role=alert]")
    assert alert.text
    assert browser.find_element(By.NAME, "password").get_attribute("value") == ""
    fill(browser, site)
    submit(browser)
    assert greeting(browser) == "Alice Liddell"


def test_back_button_ends_in_no_second_exchange(browser, site):
    press_join(browser, site)
    fill(browser, site)
    submit(browser)
    assert greeting(browser)
    granted = count_granted(site)
    browser.back()
    wait_for(lambda: browser.current_url.startswith(site.base), "the page before")
    if browser.find_elements(By.NAME, "password"):
        fill(browser, site)
        submit(browser)
        wait_for(lambda: "already" in browser.page_source.lower(), "the page that says so")
    picture(browser, "already-used")
    assert count_granted(site) == granted


def count_granted(site):
    return len([entry for entry in site.platform.ledger() if entry.get("result") == "granted"])


def test_double_click_makes_one_exchange(browser, site):
    granted = count_granted(site)
    press_join(browser, site, "fault-slow-300_double")
    fill(browser, site)
    button = browser.find_element(By.CSS_SELECTOR, "main form button")
    ActionChains(browser).double_click(button).perform()
    wait_for(lambda: count_granted(site) > granted, "the exchange")
    wait_for(lambda: "/login" not in browser.current_url or "already" in browser.page_source.lower(), "a page")
    assert count_granted(site) == granted + 1
    assert len([e for e in site.platform.ledger() if e.get("meetingId") == "fault-slow-300_double"]) == 1


def test_keyboard_alone(browser, site):
    press_join(browser, site)
    browser.find_element(By.NAME, "name").send_keys("alice", Keys.TAB, site.passwords["alice"], Keys.ENTER)
    assert greeting(browser) == "Alice Liddell"


def test_every_field_has_a_label(browser, site):
    press_join(browser, site)
    for field in browser.find_elements(By.CSS_SELECTOR, "input:not([type=hidden])"):
        assert browser.find_elements(By.CSS_SELECTOR, "label[for='%s']" % field.get_attribute("id"))
    assert browser.find_element(By.TAG_NAME, "html").get_attribute("lang") == "en"
    assert browser.title


def test_the_style_sheet_is_allowed(browser, site):
    press_join(browser, site)
    assert browser.execute_script("return document.styleSheets.length") == 1
    assert browser.execute_script("return document.styleSheets[0].cssRules.length") > 0


def test_logout(browser, site):
    press_join(browser, site)
    fill(browser, site)
    submit(browser)
    assert greeting(browser)
    browser.get(site.base + "/logout")
    picture(browser, "logout")
    submit(browser)
    wait_for(lambda: not [c for c in browser.execute_cdp_cmd("Network.getAllCookies", {})["cookies"] if c["name"] == "__Host-meetauth"], "the end")
    press_join(browser, site)
    assert browser.find_element(By.NAME, "password")


def test_a_form_on_another_site_signs_nobody_in(browser, site):
    """Login CSRF: the platform's page stands in for the attacker's."""
    ticket_page = site.visitor().login_page()
    from client import password_form
    _, hidden, account, password = password_form(ticket_page)
    browser.get(site.site + "/")
    fields = {**hidden, account: "bob", password: site.passwords["bob"]}
    browser.execute_script("""
        const form = document.createElement('form'); form.method = 'post'; form.action = arguments[0];
        for (const [name, value] of Object.entries(arguments[1])) {
            const field = document.createElement('input'); field.name = name; field.value = value; form.append(field); }
        document.body.append(form); HTMLFormElement.prototype.submit.call(form);""", site.base + "/login", fields)
    wait_for(lambda: browser.current_url.startswith(site.base), "the answer")
    names = {cookie["name"] for cookie in browser.execute_cdp_cmd("Network.getAllCookies", {})["cookies"]}
    assert "__Host-meetauth" not in names


def test_no_frame_around_the_login_page(browser, site):
    address = site.visitor().enter().location
    browser.get(site.site + "/")
    browser.execute_script("const f = document.createElement('iframe'); f.src = arguments[0]; document.body.append(f);", address)
    frame = browser.find_element(By.TAG_NAME, "iframe")
    browser.switch_to.frame(frame)
    try:
        browser.implicitly_wait(1)
        assert not browser.find_elements(By.NAME, "password")
    finally:
        browser.implicitly_wait(15)
        browser.switch_to.default_content()
        browser.get_log("browser")  # the refusal is what was wanted


def test_without_javascript(site, tmp_path):
    driver = open_browser(tmp_path / "profile", prefs={"profile.managed_default_content_settings.javascript": 2})
    try:
        driver.get(site.site + "/")
        driver.find_element(By.CSS_SELECTOR, "form button").click()
        wait_for(lambda: driver.current_url.startswith(site.base), "the login page")
        fill(driver, site)
        submit(driver)
        assert greeting(driver) == "Alice Liddell"
    finally:
        driver.quit()


def test_the_browser_is_the_real_one():
    version = subprocess.run([CHROMIUM, "--version"], capture_output=True, text=True, check=True).stdout
    assert version.startswith("Chromium")
