# SPDX-License-Identifier: MIT
"""The way into a meeting in Firefox; skipped without Debian's package firefox-esr. SCREENSHOTS=FOLDER keeps a picture of
each page."""

import os

import pytest
from firefox import FIREFOX, Firefox
from rig import wait_for
from test_browser import count_granted, site  # noqa: F401

pytestmark = pytest.mark.skipif(not os.access(FIREFOX, os.X_OK), reason="Firefox is missing: apt-get install firefox-esr")


@pytest.fixture(scope="module")
def firefox(tmp_path_factory):
    firefox = Firefox(tmp_path_factory.mktemp("firefox") / "profile")
    yield firefox
    firefox.close()


@pytest.fixture
def browser(firefox, site, request):
    """The browser as somebody else: without cookies."""
    firefox.get(site.base + "/logout")
    firefox.forget()
    yield firefox
    firefox.picture("firefox-" + request.node.name)


def press_join(browser, site):
    browser.get(site.site + "/")
    browser.click("form button")
    wait_for(lambda: browser.address != site.site + "/", "the next page")


def sign_in(browser, site, password=None):
    browser.type("input[name=name]", "alice")
    browser.type("input[name=password]", site.passwords["alice"] if password is None else password)
    browser.click("main form button")


def test_from_the_platform_to_the_meeting(browser, site):
    press_join(browser, site)
    assert browser.address.startswith(site.base + "/login") and "requestToken" not in browser.address
    assert browser.property("input[name=name]", "id") == browser("WebDriver:ExecuteScript", script="return document.activeElement.id", args=[])
    browser.picture("firefox-login")
    sign_in(browser, site)
    assert browser.text("strong#name") == "Alice Liddell"
    assert browser.address.startswith(site.site + "/join/"), "form-action allowed the redirect after the form"
    press_join(browser, site)
    assert browser.text("strong#name") == "Alice Liddell", "the second time without a password"


def test_a_wrong_password_then_the_right_one(browser, site):
    press_join(browser, site)
    sign_in(browser, site, "wrong")
    assert browser.text("[role=alert]")
    assert browser.property("input[name=name]", "value") == "alice"
    assert browser.property("input[name=password]", "value") == ""
    browser.picture("firefox-wrong")
    sign_in(browser, site)
    assert browser.text("strong#name") == "Alice Liddell"


def test_back_ends_in_no_second_exchange(browser, site):
    press_join(browser, site)
    sign_in(browser, site)
    assert browser.text("strong#name")
    granted = count_granted(site)
    browser.back()
    wait_for(lambda: browser.address.startswith(site.base), "the page before")
    if browser.count("input[name=password]"):
        sign_in(browser, site)
        wait_for(lambda: "already" in browser.source.lower(), "the page that says so")
    assert count_granted(site) == granted


def test_sign_out(browser, site):
    """Firefox sends Origin and Sec-Fetch-Site with a form, on which the checks of forms rely."""
    press_join(browser, site)
    sign_in(browser, site)
    assert browser.text("strong#name")
    browser.get(site.base + "/logout")
    browser.click("main form button")
    assert browser.text("h1") == "You are signed out"
    press_join(browser, site)
    assert browser.find("input[name=password]")


def test_without_script(site, tmp_path):
    firefox = Firefox(tmp_path / "profile", {"javascript.enabled": False})
    try:
        press_join(firefox, site)
        sign_in(firefox, site)
        assert firefox.text("strong#name") == "Alice Liddell"
    finally:
        firefox.close()
