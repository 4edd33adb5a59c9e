# SPDX-License-Identifier: MIT
"""The guest desk in Chromium, over https: with the keyboard alone, without script, narrow, and in the dark."""

import re

import pytest
from desk import Host, guest_of, make_desk
from guests import MEETING
from rig import HOST, wait_for
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from test_browser import browser, chromium, fill, is_absent, open_browser, picture, submit  # noqa: F401


@pytest.fixture(scope="module")
def site(make_module_rig, authority):
    return make_desk(make_module_rig, tls=authority)


@pytest.fixture
def desk(browser, site):  # noqa: F811
    browser.get(site.base + "/guests")
    assert browser.current_url.startswith(site.base + "/login")
    fill(browser, site)
    submit(browser)
    wait_for(lambda: browser.title.startswith("Guest desk"), "the desk")
    assert browser.current_url == site.base + "/guests", "form-action allowed the way back"
    return browser


def type_into(driver, field, *text):
    element = driver.find_element(By.ID, field)
    element.clear()
    element.send_keys(*text)


def row_of(driver, name):
    for row in driver.find_elements(By.CSS_SELECTOR, "tbody tr"):
        if row.find_element(By.TAG_NAME, "th").text.split("\n")[0] == name:
            return row
    return None


def press(driver, element):
    before = driver.find_element(By.TAG_NAME, "html")
    element.send_keys(Keys.ENTER)
    wait_for(lambda: driver.find_element(By.TAG_NAME, "html") != before and
             driver.execute_script("return document.readyState") == "complete", "the next page")


def test_an_account_by_keyboard_alone(desk):
    desk.find_element(By.ID, "edit-name").send_keys("anna", Keys.TAB, "Anna Guest", Keys.TAB, "anna@partner.example",
                                                    Keys.TAB, MEETING, Keys.ENTER)
    wait_for(lambda: row_of(desk, "anna"), "the account")
    assert HOST + "/" + MEETING in row_of(desk, "anna").text
    password = desk.find_element(By.ID, "password").text
    assert re.fullmatch("[a-z2-9]{4}(-[a-z2-9]{4}){2}", password) and desk.find_element(By.ID, "account").text == "anna"
    picture(desk, "desk-password")
    press(desk, row_of(desk, "anna").find_element(By.LINK_TEXT, "Change"))
    assert desk.find_element(By.ID, "edit-display").get_attribute("value") == "Anna Guest"
    assert not desk.find_element(By.ID, "edit-renew").is_selected() and password not in desk.page_source
    picture(desk, "desk-edit")
    desk.execute_script("arguments[0].value = '2036-12-31T18:00'", desk.find_element(By.ID, "edit-expires"))
    press(desk, desk.find_element(By.ID, "edit-display"))
    assert "2036-12-31 18:00" in row_of(desk, "anna").text
    picture(desk, "desk-account")
    assert "saved" in desk.find_element(By.CSS_SELECTOR, "#accounts ~ [role=status]").text
    press(desk, row_of(desk, "anna").find_element(By.TAG_NAME, "button"))
    picture(desk, "desk-sure")
    assert desk.switch_to.active_element.text == "Remove", "Enter removes"
    press(desk, desk.switch_to.active_element)
    assert row_of(desk, "anna") is None
    status = desk.find_element(By.CSS_SELECTOR, "#accounts ~ [role=status]")
    assert "removed" in status.text and desk.execute_script("return document.scrollingElement.scrollTop") > 0
    picture(desk, "desk-removed")
    press(desk, status.find_element(By.TAG_NAME, "button"))
    assert row_of(desk, "anna") is not None


def test_what_was_typed_outlives_the_session(desk):
    desk.find_element(By.ID, "edit-name").send_keys("late")
    desk.find_element(By.ID, "edit-display").send_keys("Late Guest")
    desk.delete_cookie("__Host-meetauth")
    press(desk, desk.find_element(By.ID, "edit-display"))
    assert "nothing is lost" in desk.find_element(By.CSS_SELECTOR, "[role=alert]").text
    picture(desk, "desk-away")


def test_guests_are_found(desk, site):
    for name in ("frida", "fritz"):
        Host(site).put_account(name)
    desk.get(site.base + "/guests")
    desk.find_element(By.ID, "find-text").send_keys("FRID")
    press(desk, desk.find_element(By.ID, "find-text"))
    assert row_of(desk, "frida") is not None and row_of(desk, "fritz") is None
    picture(desk, "desk-found")
    press(desk, row_of(desk, "frida").find_element(By.TAG_NAME, "button"))
    press(desk, desk.find_element(By.LINK_TEXT, "Cancel"))
    assert row_of(desk, "fritz") is None and desk.current_url.endswith("?q=FRID#accounts"), "where the host was"
    desk.get(site.base + "/guests")


def test_an_invitation_whose_link_leads_in_from_another_browser(desk, site, tmp_path):
    type_into(desk, "new-name", "Zoë Guest")
    type_into(desk, "new-meeting", MEETING)
    type_into(desk, "new-title", "Weekly review")
    desk.execute_script("document.getElementById('new-expires').value = '2090-12-31T18:00'")
    press(desk, desk.find_element(By.ID, "new-meeting"))
    link = desk.find_element(By.ID, "link").text
    picture(desk, "desk-link")
    desk.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    desk.find_element(By.CSS_SELECTOR, "a[download]").click()
    wait_for((tmp_path / "meeting.ics").exists, "the calendar file")
    assert "SUMMARY:Weekly review\r\n" in (tmp_path / "meeting.ics").read_bytes().decode()
    assert link.startswith(site.base + "/invite?token=")
    wait_for(lambda: site.visitor().get(link).status == 200, "the invitation")
    guest = open_browser(tmp_path / "guest", prefs={"profile.managed_default_content_settings.javascript": 2})
    try:
        guest.get(link)
        assert "Zoë Guest" in guest.page_source and "Weekly review" in guest.page_source
        picture(guest, "invitation")
    finally:
        guest.quit()
    desk.get(site.base + "/guests")
    assert is_absent(desk, "code#link") and link not in desk.page_source
    offered = desk.execute_script("return [...document.getElementById('new-meeting').list.options].map(option => option.value)")
    assert offered[0] == "%s/%s" % (HOST, MEETING), "the meeting to pick again"
    press(desk, row_of(desk, "Zoë Guest").find_element(By.TAG_NAME, "button"))
    press(desk, desk.switch_to.active_element)
    assert "ended" in row_of(desk, "Zoë Guest").text


def test_what_is_wrong_is_said_beside_what_was_typed(desk):
    type_into(desk, "new-name", "Yves")
    type_into(desk, "new-meeting", "nowhere.example/x")
    press(desk, desk.find_element(By.ID, "new-meeting"))
    assert "Nothing was changed" in desk.title
    assert desk.find_element(By.CSS_SELECTOR, "[role=alert]").is_displayed()
    assert desk.find_element(By.ID, "new-name").get_attribute("value") == "Yves"


def test_A64_markup_stays_text(desk, site):
    payload = "\"><script>document.title='x'</script><img src=x>"
    Host(site).put_account("eve", display=payload)
    desk.get(site.base + "/guests")
    assert payload in row_of(desk, "eve").text and desk.title == "Guest desk"
    Host(site).remove_account("eve")


def test_every_field_has_a_label_and_every_button_a_name_of_its_own(desk, site):
    host = Host(site)
    host.put_account("one")
    host.put_account("two")
    desk.get(site.base + "/guests")
    for field in desk.find_elements(By.CSS_SELECTOR, "input:not([type=hidden])"):
        assert desk.find_elements(By.CSS_SELECTOR, "label[for='%s']" % field.get_attribute("id"))
    names = [element.get_attribute("aria-label") for element in desk.find_elements(By.CSS_SELECTOR, "td.actions :is(a, button, input)")]
    assert len(names) == len(set(names)) and all(names)
    ids = [element.get_attribute("id") for element in desk.find_elements(By.CSS_SELECTOR, "[id]")]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("width", [320, 600, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_sticks_out(desk, site, width, scheme):
    """A name without a blank is as long as it may be."""
    host = Host(site)
    if not host.row("long"):
        host.put_account("long", display="x" * 64, meetings=",".join(["m" * 64] * 6))
    desk.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    desk.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False})
    try:
        desk.get(site.base + "/guests")
        picture(desk, "desk-%d-%s" % (width, scheme))
        assert desk.execute_script("return document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        back, text = (re.findall(r"\d+", desk.execute_script("return getComputedStyle(document.querySelector('main'))[arguments[0]]", name))[:3]
                      for name in ("backgroundColor", "color"))
        assert (sum(map(int, back)) < sum(map(int, text))) == (scheme == "dark")
    finally:
        desk.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        desk.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


@pytest.fixture(scope="module")
def german(make_module_rig, authority):
    rig = make_desk(make_module_rig, tls=authority, options={"languages": {"de"}})
    host = Host(rig)
    host.put_account("lotte", expires="2036-12-31T18:00")
    guest_of(rig, "lotte")
    wait_for(lambda: re.search(r"beigetreten[^>]*><bdi>20", host.row("lotte")), "when she joined")
    return rig


@pytest.mark.parametrize("width", [320, 360, 600, 1200])
def test_no_time_is_cut_off_in_german(browser, german, width):  # noqa: F811
    """The words are longer than the English ones."""
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False})
    try:
        browser.get(german.base + "/guests")
        if browser.current_url.startswith(german.base + "/login"):
            fill(browser, german)
            submit(browser)
        wait_for(lambda: browser.title == "Gästeempfang", "the desk")
        row = row_of(browser, "lotte")
        browser.execute_script("arguments[0].scrollIntoView()", row)
        picture(browser, "desk-german-%d" % width)
        times = row.find_elements(By.CSS_SELECTOR, ".when")
        assert [time.text.split(": ")[-1][:2] for time in times] == ["20", "20"]
        assert browser.execute_script("const list = arguments[0].closest('.list'); return list.scrollWidth <= list.clientWidth", row)
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
