# SPDX-License-Identifier: MIT
"""The page of one's own meetings, and what the desk has to do with rooms and several guests, in Chromium: what a guest and a
host see and press, narrow and wide, by day and by night."""

import os

import drivers
import platforms
import pytest
from desk import Host, password_of
from rig import wait_for
from selenium.webdriver.common.by import By
from test_browser import arrived, browser, chromium, fill, is_absent, picture, submit  # noqa: F401

TITLE, ROOM = drivers.Webex.title, "111222333"
SECTIONS = """backend "guests" { type = "guest-account" accounts = "%s/guest.accounts" }
guest-desk { groups = {"staff"} }
policy {
    rule "staff" { allow = true groups = {"staff"} }
    rule "later" { allow = true backends = {"guests"} meetings = {"later"} not-before = "2090-12-31T08:00Z" }
    rule "guests" { allow = true backends = {"guests"} meetings = {"board", "space-*"} }
    meet "anna" { allow = true accounts = {"anna"} with = {"*"} }
    default = "deny"
}
"""


class WithRooms(drivers.Webex):
    meetings_by = 'rooms = {"%s"}  room-lease = "4h"' % ROOM


@pytest.fixture(scope="module")
def site(make_module_rig, authority):
    rig = make_module_rig(start=False, tls=authority)
    rig.webex = platforms.make_all(lambda **_: rig, WithRooms, policy=SECTIONS % rig.folder)[0]
    rig.webex.peer.meetings.add(ROOM)
    host = Host(rig)
    host.put_account("anna", display="Anna Guest", meetings="%s/board,%s/later" % (TITLE, TITLE))
    host.put_account("otto", display="Otto" + "x" * 60, meetings="")  # as long as it may be
    host.put_account("omar", display="عمر الضيف", meetings="")
    return rig


def sign_in(driver, site, account, password=None, page="/me"):
    """By the login page; a new account may not be known yet."""
    def try_it():
        driver.get(site.base + page)
        if driver.current_url == site.base + page:
            return True
        fill(driver, site, account, password)
        before = driver.find_element(By.TAG_NAME, "html")
        submit(driver)
        wait_for(lambda: driver.find_element(By.TAG_NAME, "html") != before and
                 driver.execute_script("return document.readyState") == "complete", "the next page")
        return driver.current_url == site.base + page

    wait_for(try_it, "the sign-in")


def press(driver, button):
    before = driver.find_element(By.TAG_NAME, "html")
    button.click()
    wait_for(lambda: driver.find_element(By.TAG_NAME, "html") != before and
             driver.execute_script("return document.readyState") == "complete", "the next page")


def meeting(driver, name):
    """The part of the page about a meeting whose name begins like that; None: there is none."""
    found = driver.find_elements(By.XPATH, "//section[starts-with(@aria-label, '%s')]" % name)
    return found[0] if found else None


def looks(driver, name):
    """On a phone nothing sticks out, nor where one reads from the right; and no two parts have one name."""
    views = [(320, "dark", "ltr"), (320, "light", "rtl")] + [(900, "light", "ltr"), (900, "dark", "rtl")] * bool(os.environ.get("SCREENSHOTS"))
    try:
        for width, scheme, way in views:
            driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 1600, "deviceScaleFactor": 1, "mobile": False})
            driver.execute_script("document.documentElement.dir = arguments[0]", way)
            picture(driver, "%s-%d-%s" % (name, width, scheme))
            assert driver.execute_script("return document.documentElement.scrollWidth <= document.documentElement.clientWidth"), (name, width)
    finally:
        driver.execute_script("document.documentElement.dir = 'ltr'")
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    ids = [element.get_attribute("id") for element in driver.find_elements(By.CSS_SELECTOR, "[id]")]
    assert len(ids) == len(set(ids))


def test_a_guest_sees_what_is_open_now_and_later_and_starts_a_meeting(browser, site):  # noqa: F811
    sign_in(browser, site, "otto", password_of(site, "otto"))
    assert "There is no meeting that you can join here now." in browser.page_source
    assert is_absent(browser, "form:not(.paste), a.button"), "nobody names him as one who may start"
    looks(browser, "me-nobody")
    browser.delete_all_cookies()
    sign_in(browser, site, "anna", password_of(site, "anna"))
    assert meeting(browser, "board").find_element(By.LINK_TEXT, "Join").is_displayed()
    assert "Opens 2090-12-31 08:00 UTC" in meeting(browser, "later").text
    assert is_absent(browser, "a, form", meeting(browser, "later"))
    looks(browser, "me-guest")
    press(browser, browser.find_element(By.CSS_SELECTOR, "a.button"))
    assert browser.current_url.startswith(site.webex.peer.url) and site.webex.peer.joined["meetingNumber"] == ROOM
    browser.get(site.base + "/me")
    browser.find_element(By.CSS_SELECTOR, "fieldset input[type=checkbox]").click()
    press(browser, browser.find_element(By.XPATH, "//button[.='Start the meeting']"))
    assert browser.find_element(By.CSS_SELECTOR, "[role=status]").is_displayed() and meeting(browser, "space-")
    looks(browser, "me-started")
    browser.delete_all_cookies()
    sign_in(browser, site, "otto", password_of(site, "otto"))
    wait_for(lambda: browser.refresh() or meeting(browser, "space-"), "the meeting on the other's page")
    assert "Invited by Anna Guest" in meeting(browser, "space-").text


def test_a_host_puts_several_guests_into_a_meeting_and_ends_it(browser, site):  # noqa: F811
    sign_in(browser, site, "alice", page="/guests")
    for field, text in (("several-meeting", TITLE + "/board-2"), ("several-lines", "anna; otto; nobody")):
        browser.find_element(By.ID, field).send_keys(text)
    looks(browser, "desk-several-form")
    press(browser, browser.find_element(By.XPATH, "//form[@id='several']//button"))
    outcomes = browser.find_element(By.XPATH, "//section[@aria-labelledby='outcomes']").text
    assert all(name in outcomes for name in ("anna", "otto", "nobody"))
    looks(browser, "desk-several")
    browser.get(site.base + "/webex/board-2?platform=" + TITLE)
    browser.get(site.base + "/guests")
    assert ROOM in browser.find_element(By.TAG_NAME, "main").text
    looks(browser, "desk-rooms")
    wait_for(lambda: browser.get(site.base + "/me") or meeting(browser, "board-2"), "the host's meeting")
    browser.find_element(By.CSS_SELECTOR, "[aria-label=board-2] summary").click()
    looks(browser, "me-host")
    press(browser, browser.find_element(By.CSS_SELECTOR, "[aria-label=board-2] details button"))
    assert browser.find_element(By.CSS_SELECTOR, "[role=status]").is_displayed() and not meeting(browser, "board-2")
