# SPDX-License-Identifier: MIT
"""A proxy before each peer that breaks its answers (tests/peers/chaos.py). Whatever it does, nobody gets in, the page and the audit line
say that the peer is the cause, nothing secret is left behind, other backends go on, and the next visitor after it gets in."""

import os
import sys

import backends
import pytest
from rig import TOP, wait_for

sys.path.insert(0, TOP + "/tests/peers")
import chaos  # noqa: E402

# How a backend's server is found: the port that its section names.
PORTS = {
    "ldap": lambda backend: backend.server.secure,
    "oidc": lambda backend: backend.peer.server.server_address[1],
    "radius": lambda backend: backend.server.port,
    "http": lambda backend: backend.service.port,
}
TIMEOUT = {"ldap", "oidc", "http"}  # whose section has none: what never ends shall end soon


def behind_a_proxy(kind):
    """A class of backends.py whose section names the proxy in the place of the server."""

    class Proxied(backends.ALL[kind]):
        def section(self):
            text = super().section()
            port = PORTS[kind](self)
            self.proxy = (chaos.Datagrams if kind == "radius" else chaos.Proxy)(port)
            if kind == "oidc":
                self.peer.issuer = self.peer.issuer.replace(str(port), str(self.proxy.port))
            if kind in TIMEOUT:
                text = text.replace('type = "%s"\n' % kind, 'type = "%s"\n timeout = "5s"\n' % kind)
            return text.replace(":%d" % port, ":%d" % self.proxy.port)

        def stop(self):
            self.proxy.stop()
            super().stop()

    return Proxied


@pytest.fixture(scope="module", params=[kind for kind in PORTS if kind in backends.ALL])
def peer(request, make_module_rig, authority, tmp_path_factory):
    folder = tmp_path_factory.mktemp("peer")
    os.chmod(folder, 0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(backends.ALL, request.param, behind_a_proxy(request.param))
        return backends.make(make_module_rig, request.param, authority, str(folder))


@pytest.mark.parametrize("toxic", [*chaos.HARMLESS, *chaos.TOXICS])
def test_nobody_gets_in_and_the_next_does(peer, toxic):
    wait_for(lambda: peer.sign_in()[1].status == 302, "a sign-in that nothing disturbs")
    rig = peer.rig
    before = len(rig.platform.ledger())
    peer.proxy.set(toxic)
    try:
        _, answer = peer.sign_in()
        if toxic in chaos.HARMLESS:
            assert answer.status == 302, answer
            return
        assert answer.status == 503, answer
        assert answer.location is None and not any("session" in name for name in answer.cookies), answer.cookies
        wanted = answer.headers["X-Request-Id"]
        lines = wait_for(lambda: [event for event in rig.events() if event.get("request_id") == wanted and "result" in event], "the audit line")
        assert "ok" not in {line["result"] for line in lines}, lines
        assert len(rig.platform.ledger()) == before, "no exchange"
        assert rig.visitor().sign_in().status == 302, "by another backend"
    finally:
        peer.proxy.set(None)
    wait_for(lambda: peer.sign_in()[1].status == 302, "the recovery")


def test_nothing_secret_is_left(peer):
    texts = peer.rig.left_behind()
    for canary in peer.canaries():
        assert len(canary) >= 8 and not any(canary in text for text in texts), canary[:4]
