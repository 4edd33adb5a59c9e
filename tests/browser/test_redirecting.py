# SPDX-License-Identifier: MIT
"""Chromium applies form-action of the page that a form was on to every redirect that follows. Platforms behind a
balancer send the browser on to hosts that nobody has told us of, and so do providers."""

import drivers
import platforms
import pytest
from rig import HOST, Program, free_port, wait_for, write_nginx
from selenium.webdriver.common.by import By
from test_browser import arrived, fill, is_absent, open_browser, picture, submit

BACKEND = 'backend "invited" { type = "invite"  invitations = "%s/invitations" }\n'
PORT, BALANCER = free_port(), free_port()
NODE, GALENE, JITSI, MEETING = ("https://%s:%d" % (name, PORT) for name in ("node1.example.net", "galene.example.net", "jitsi.example.net", HOST))


class BigBlueButton(drivers.BigBlueButton):
    """Behind Scalelite, which answers a join with the node that has the meeting."""

    def settings(self):
        self.rig.behind = self.address[1]
        return 'site = "http://127.0.0.1:%d"' % BALANCER


class Galene(drivers.Galene):
    """With canonicalHost."""

    options = 'site = "%s"' % GALENE


class Jitsi(drivers.Jitsi):
    options = 'app-id = "meetauth"\n site = "%s"' % JITSI


@pytest.fixture(scope="module")
def site(make_module_rig, authority):
    rig = make_module_rig(start=False, tls=authority)
    rig.site = MEETING
    certificate, key = authority.certificate("app.example.org")

    def start_nginx():
        write_nginx(rig, """
    server {
        listen 127.0.0.1:%d;
        location / { proxy_pass http://127.0.0.1:%d; }
        location = /bigbluebutton/api/join { return 302 %s/html5client/?$args; }
    }
    server {
        listen 127.0.0.1:%d ssl default_server; ssl_certificate %s; ssl_certificate_key %s;
        location / { return 302 %s$request_uri; }
    }
    server {
        listen 127.0.0.1:%d ssl; server_name node1.example.net;
        default_type text/html;
        location / { return 200 '<!doctype html><title>the meeting</title>'; }
    }""" % (BALANCER, rig.behind, NODE, PORT, certificate, key, NODE, PORT))
        rig.ctl("secret", "generate", "backend/invited")
        rig.nginx = Program(["nginx", "-p", rig.folder, "-c", "nginx.conf"], rig.folder + "/nginx.log")
        wait_for(rig.answers, "nginx")

    rig.start_nginx = start_nginx
    policy = BACKEND % rig.folder + platforms.POLICY.replace(" default", ' rule "guests" { allow = true  backends = {"invited"} }\n default') % ""
    rig.made = platforms.make_all(lambda **_: rig, BigBlueButton, Galene, Jitsi, policy=policy)
    return rig


@pytest.fixture(scope="module", params=[True, False], ids=["script", "no-script"])
def chromium(tmp_path_factory, request):
    prefs = {} if request.param else {"profile.managed_default_content_settings.javascript": 2}
    driver = open_browser(tmp_path_factory.mktemp("profile"), prefs=prefs)
    yield driver
    driver.quit()


@pytest.fixture
def browser(chromium):
    chromium.execute_cdp_cmd("Network.clearBrowserCookies", {})
    chromium.get_log("browser")
    yield chromium
    assert not [line for line in chromium.get_log("browser") if "Content Security Policy" in line["message"]]


def in_the_meeting(browser):
    wait_for(lambda: browser.current_url.startswith(NODE + "/") and browser.title == "the meeting", "the meeting")
    assert is_absent(browser, "form")


@pytest.mark.parametrize("path", ["/bbb/weekly-1", "/galene/uni/maths", "/jitsi/Weekly"])
def test_flow_F3_a_sign_in_ends_in_the_meeting_behind_a_balancer(browser, site, path):
    browser.get(site.base + path)
    fill(browser, site)
    submit(browser)
    in_the_meeting(browser)


def test_flow_F3_back_leads_to_the_form_and_not_to_what_was_sent(browser, site):
    """The page in between is no step of the browser's history."""
    browser.get(site.base + "/galene/uni/maths")
    fill(browser, site)
    submit(browser)
    in_the_meeting(browser)
    browser.back()
    arrived(browser, browser.current_url[:0])
    assert browser.current_url.startswith(site.base + "/login?ticket=")


def test_flow_F3_an_invitation_leads_on(browser, site):
    platform = site.made[1].title
    done = site.ctl("invite", "create", "--platform", platform, "--meeting", "uni/maths", "--name", "Guest")
    link = done.stdout.strip()
    wait_for(lambda: site.visitor().get(link).status == 200, "the invitation to be seen")
    browser.get(link)
    picture(browser, "invitation")
    submit(browser)
    in_the_meeting(browser)
