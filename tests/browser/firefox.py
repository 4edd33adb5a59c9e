# SPDX-License-Identifier: MIT
"""Firefox, driven by Marionette, its own protocol: JSON over TCP, "LENGTH:[0, ID, COMMAND, PARAMETERS]". Debian has no
geckodriver, which selenium needs. Commands are WebDriver's (W3C WebDriver, section 6)."""

import base64
import contextlib
import json
import os
import socket
import subprocess

from rig import wait_for

FIREFOX = "/usr/bin/firefox-esr"
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
# Names of the tests lead to this machine, and nothing is asked of any other.
PREFS = {
    "marionette.port": 0,
    "network.dns.localDomains": "external.example.org,meeting.example.org",
    "network.proxy.type": 0,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,#none",
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "extensions.update.enabled": False,
    "extensions.systemAddon.update.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.server": "",
    "browser.safebrowsing.update.enabled": False,
    "browser.region.network.url": "",
    "browser.search.update": False,
    "browser.newtabpage.enabled": False,
    "browser.startup.page": 0,
    "browser.shell.checkDefaultBrowser": False,
    "media.gmp-manager.updateEnabled": False,
    "dom.push.connection.enabled": False,
    "intl.accept_languages": "en",
}


class Refused(Exception):
    """What the browser says of a command that failed."""


class Firefox:
    def __init__(self, profile, prefs=None):
        """A browser with a profile of its own, a new folder. close() ends it."""
        os.makedirs(profile)
        with open(os.path.join(profile, "user.js"), "w", encoding="ascii") as file:
            for name, value in {**PREFS, **(prefs or {})}.items():
                file.write("user_pref(%s, %s);\n" % (json.dumps(name), json.dumps(value)))
        with open(os.path.join(profile, "log"), "wb") as log:
            self.process = subprocess.Popen(
                [FIREFOX, "--headless", "--no-remote", "--profile", str(profile), "--marionette", "--width", "900", "--height", "800"],
                stdout=log, stderr=log, env={**os.environ, "HOME": str(profile), "MOZ_CRASHREPORTER_DISABLE": "1"})
        self.socket = None
        self.last = 0
        try:
            port = os.path.join(profile, "MarionetteActivePort")
            wait_for(lambda: os.path.exists(port) and open(port, encoding="ascii").read(), "Firefox")
            with open(port, encoding="ascii") as file:
                self.socket = socket.create_connection(("127.0.0.1", int(file.read())), timeout=180)
            self._receive()  # its greeting
            self("WebDriver:NewSession", acceptInsecureCerts=True, timeouts={"implicit": 15000, "pageLoad": 180000})
        except BaseException:
            self.close()
            raise

    def close(self):
        if self.socket is not None:
            with contextlib.suppress(OSError, Refused, ValueError):
                self("Marionette:Quit", flags=["eForceQuit"])
            self.socket.close()
        else:
            self.process.kill()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _receive(self):
        text = b""
        while not text.endswith(b":"):
            byte = self.socket.recv(1)
            if not byte:
                raise ValueError("Firefox has closed the connection")
            text += byte
        left, parts = int(text[:-1]), []
        while left > 0:
            parts.append(self.socket.recv(left))
            if not parts[-1]:
                raise ValueError("Firefox has closed the connection")
            left -= len(parts[-1])
        return json.loads(b"".join(parts))

    def __call__(self, command, **parameters):
        self.last += 1
        text = json.dumps([0, self.last, command, parameters]).encode()
        self.socket.sendall(b"%d:%s" % (len(text), text))
        _, number, error, result = self._receive()
        assert number == self.last
        if error:
            raise Refused("%s: %s" % (error["error"], error["message"]))
        return result["value"] if isinstance(result, dict) and set(result) == {"value"} else result

    def get(self, address):
        self("WebDriver:Navigate", url=address)

    @property
    def address(self):
        return self("WebDriver:GetCurrentURL")

    @property
    def source(self):
        return self("WebDriver:GetPageSource")

    def find(self, selector):
        """The first element, waiting for one; its id."""
        return self("WebDriver:FindElement", using="css selector", value=selector)[ELEMENT]

    def count(self, selector):
        """How many there are now."""
        self("WebDriver:SetTimeouts", implicit=0)
        try:
            return len(self("WebDriver:FindElements", using="css selector", value=selector))
        finally:
            self("WebDriver:SetTimeouts", implicit=15000)

    def text(self, selector):
        return self("WebDriver:GetElementText", id=self.find(selector))

    def property(self, selector, name):
        return self("WebDriver:GetElementProperty", id=self.find(selector), name=name)

    def click(self, selector):
        self("WebDriver:ElementClick", id=self.find(selector))

    def type(self, selector, text):
        self("WebDriver:ElementClear", id=self.find(selector))
        self("WebDriver:ElementSendKeys", id=self.find(selector), text=text)

    def back(self):
        self("WebDriver:Back")

    def forget(self):
        """Deletes the cookies of the page's host."""
        self("WebDriver:DeleteAllCookies")

    def picture(self, name):
        if os.environ.get("SCREENSHOTS"):
            with open(os.path.join(os.environ["SCREENSHOTS"], name + ".png"), "wb") as file:
                file.write(base64.b64decode(self("WebDriver:TakeScreenshot", full=True)))
