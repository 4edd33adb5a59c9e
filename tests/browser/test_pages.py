# SPDX-License-Identifier: MIT
"""Each page in each state and language, as golden_test writes them, in Chromium: axe-core's rules, keyboard, zoom, text
spacing, forced colours, print. PAGES_IN=all takes all languages and not only three. SCREENSHOTS=FOLDER also keeps all pages, and FOLDER/pages/index.html shows them beside
each other, for whoever changes the style sheet."""

import functools
import glob
import http.server
import json
import os
import shutil
import subprocess
import threading

import pytest
from rig import TOP
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from test_browser import open_browser

BUILD = os.environ.get("builddir", TOP)
AXE = os.path.join(os.environ.get("AXE_PEER") or os.path.join(TOP, "build", "peers", "axe"), "node_modules/axe-core/axe.min.js")
GOLDEN = os.path.join(BUILD, "tests/unit/golden_test")
LANGUAGES = sorted(os.path.basename(path)[:-len(".json")] for path in glob.glob(TOP + "/share/lang/*.json")) if os.environ.get("PAGES_IN") == "all" else [
    "ar", "de", "ja"]
# WCAG 2.2 AA and what axe calls best practice; and the contrast of AAA.
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
         "rules": {"color-contrast-enhanced": {"enabled": True}, "target-size": {"enabled": True}}, "resultTypes": ["violations"]}
# WCAG 2.2, 1.4.12
SPACING = "* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important } p { margin-bottom: 2em !important }"

pytestmark = [pytest.mark.skipif(not os.path.exists(GOLDEN), reason="golden_test is missing: make check TESTS=tests/unit/golden_test (needs libcmocka-dev)"),
              pytest.mark.skipif(not os.path.exists(AXE), reason="axe-core is missing: npm install with tests/peers/axe/package.json in build/peers/axe")]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """LANGUAGE/STATE.html, as states_of() writes them, and the style sheet where they look for it."""
    folder = tmp_path_factory.mktemp("pages")
    shutil.copytree(TOP + "/share/static", folder / "auth/static")
    states_of(folder, "en")
    write_index(folder)
    yield folder
    if os.environ.get("SCREENSHOTS"):
        shutil.copytree(folder, os.environ["SCREENSHOTS"] + "/pages", dirs_exist_ok=True)


@functools.cache
def states_of(folder, language):
    (folder / language).mkdir()
    subprocess.run([GOLDEN], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=500,
                   env={**os.environ, "srcdir": TOP, "GOLDEN_WRITE": str(folder / language), "GOLDEN_LANGUAGE": language})
    states = sorted(os.path.basename(path)[:-len(".html")] for path in glob.glob(str(folder / language / "*.html")))
    assert len(states) > 30
    onward = folder / language / "onward.html"  # which goes on by itself
    onward.write_text(onward.read_text().replace('http-equiv="refresh"', 'name="refresh"'))
    return states


def write_index(folder):
    """All states in English; it wants a web server: python3 -m http.server, in its folder."""
    frames = "".join('<h2>%s</h2><iframe src="en/%s.html" title="%s"></iframe>' % (state, state, state) for state in states_of(folder, "en"))
    (folder / "index.html").write_text("""<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Pages</title>
<style>body { columns: 30rem; font: 1rem sans-serif } iframe { width: 100%%; height: 45rem; border: 1px solid } h2 { break-after: avoid }</style>
%s</html>""" % frames)


@pytest.fixture(scope="module")
def address(folder):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield "http://127.0.0.1:%d" % server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    driver = open_browser(tmp_path_factory.mktemp("profile"))
    driver.set_script_timeout(180)
    yield driver
    driver.quit()


@pytest.fixture
def browser(chromium):
    yield chromium
    chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})


def medium(browser, name=None, value=None, media=""):
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": [{"name": name, "value": value}] if name else []})


def open_folds(browser):
    browser.execute_script("for (const fold of document.querySelectorAll('details')) fold.open = true")


@functools.cache
def axe_source():
    with open(AXE, encoding="utf-8") as file:
        return file.read()


def findings(browser):
    """What axe finds: the rule, and the element."""
    browser.execute_script(axe_source())
    return browser.execute_async_script("""
        axe.run(document, arguments[0]).then(result => arguments[1](result.violations.flatMap(
            one => one.nodes.map(node => one.id + ': ' + node.html.slice(0, 120) + ' ' + node.failureSummary.slice(0, 200)))))""", RULES)


def assert_clean(browser, address, folder, language):
    found = []
    for state in states_of(folder, language):
        browser.get("%s/%s/%s.html" % (address, language, state))
        open_folds(browser)
        found += ["%s/%s: %s" % (language, state, one) for one in findings(browser)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing(browser, address, folder, language):
    assert_clean(browser, address, folder, language)


def test_axe_finds_nothing_in_the_dark(browser, address, folder):
    medium(browser, "prefers-color-scheme", "dark")
    assert_clean(browser, address, folder, "en")


@pytest.mark.parametrize("language", ["de", "uk", "ar"])
def test_zoom_and_wide_text_need_no_scrolling_sideways(browser, address, folder, language):
    """400 % of 1280 pixels is a width of 320 (WCAG 1.4.10); 200 % is one of 640."""
    found = []
    for width in (640, 320):
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False})
        for state in states_of(folder, language):
            browser.get("%s/%s/%s.html" % (address, language, state))
            open_folds(browser)
            browser.execute_script("document.head.insertAdjacentHTML('beforeend', '<style>' + arguments[0] + '</style>')", SPACING)
            scroll, client = browser.execute_script("return [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
            if scroll > client:
                found.append("%s at %d: %d pixels wide" % (state, width, scroll))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("state", ["login-ways", "login-wrong", "error-denied"])
def test_the_keyboard_reaches_everything_in_order_and_shows_where(browser, address, folder, state):
    browser.get("%s/en/%s.html" % (address, state))
    browser.execute_script("document.body.tabIndex = -1; document.body.focus()")
    wanted = browser.execute_script("""
        return [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')]
            .filter(one => one.checkVisibility()).map((one, at) => one.dataset.at = String(at))""")
    reached = []
    for _ in wanted:
        browser.switch_to.active_element.send_keys(Keys.TAB)
        at, outline = browser.execute_script("const one = document.activeElement; return [one.dataset.at, getComputedStyle(one).outlineStyle]")
        assert outline != "none", browser.switch_to.active_element.get_attribute("outerHTML")
        reached.append(at)
    assert reached == wanted


def test_forced_colours_leave_the_shape_of_fields_and_buttons(browser, address, folder):
    medium(browser, "forced-colors", "active")
    for state in ("login-ways", "login-wrong", "logout", "desk-list"):
        browser.get("%s/en/%s.html" % (address, state))
        for element in browser.find_elements(By.CSS_SELECTOR, "main button, main .button, main input:not([type=hidden]):not([type=checkbox]), main .alert"):
            style = browser.execute_script("const s = getComputedStyle(arguments[0]); return [s.borderTopStyle, s.borderTopWidth]", element)
            assert style[0] != "none" and style[1] != "0px", (state, element.get_attribute("outerHTML"), style)


def test_print_has_the_text_and_no_controls(browser, address, folder):
    medium(browser, media="print")
    for state in ("invite", "meeting", "error-throttled", "desk-list"):
        browser.get("%s/en/%s.html" % (address, state))
        assert browser.find_element(By.TAG_NAME, "h1").is_displayed()
        assert state != "desk-list" or "Ann A." in browser.find_element(By.TAG_NAME, "main").text
        controls = browser.execute_script("return [...document.querySelectorAll('button, input, select')].filter(one => one.checkVisibility()).map(one => one.outerHTML)")
        assert not controls, (state, json.dumps(controls)[:500])
