# SPDX-License-Identifier: MIT
"""Which secrets meetauthctl takes, makes and misses: what the drivers say of them."""

import json
import os
import subprocess

import pytest
from test_ctl_store import DATA, ENVIRONMENT, FAILED, NAME, USAGE, Ctl

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
TITLE = "other.example.org"
JWK = '{"kty":"oct","alg":"HS256","kid":"1","k":"%s"}' % ("A" * 43)
PLATFORMS = {
    "galene": 'type = "galene"',
    "jitsi": 'type = "jitsi" app-id = "meetauth"',
    "jitsi-rs256": 'type = "jitsi" app-id = "meetauth" algorithm = "RS256"',
    "livekit": 'type = "livekit"',
    "webex": 'type = "webex" mode = "guest-issuer" issuer = "id"',
    "skype": 'type = "skype" tenant = "contoso.example" client-id = "id" endpoint = "sip:a@contoso.example"'
             ' allowed-origins = {"https://a.example.org"}',
    "webex-app": 'type = "webex" client-id = "id" host-email = "host@example.org"',
    "bigbluebutton": 'type = "bigbluebutton"',
    "lync": 'type = "lync" domains = {"contoso.example"}',
    "ucwa": 'type = "ucwa" domains = {"contoso.example"} allowed-origins = {"https://a.example.org"}',
    "veeting": 'type = "veeting"',
}
BACKENDS = {
    "oidc": 'type = "oidc" issuer = "https://login.example" client-id = "id"',
    "ldap": 'type = "ldap" servers = {"ldaps://directory.example"} bind-dn = "cn=a" base = "dc=b"',
    "radius": 'type = "radius" servers = {"radius.example"}',
    "http": 'type = "http" url = "https://accounts.example/"',
    "email": 'type = "email" server = "smtps://mail.example" user = "meetauth" from = "a@example.org"',
}
BARE = {
    "oidc": BACKENDS["oidc"] + ' client-auth = "none"',
    "ldap": 'type = "ldap" servers = {"ldaps://directory.example"} user-dn = "uid={name},dc=b" group-refresh = "0"',
    "email": 'type = "email" server = "smtps://mail.example" from = "a@example.org"',
    "guest": 'type = "guest"',
    "invite": 'type = "invite" invitations = "FOLDER/invitations"',
}
BAD = [("galene", 'x{"kty":"oct"}', "JWK"), ("galene", "hunter22", "JWK"), ("jitsi", "short", "at least 32"),
       ("jitsi-rs256", "A" * 43, "JWK"), ("livekit", "A" * 43, "KEY:SECRET"), ("livekit", "key:short", "at least 32"),
       ("webex-app", "hunter22", "clientSecret"), ("webex-app", '{"clientSecret": "hunter22"}', "refreshToken"), ("webex", "no base64", "base64")]
GOOD = [("galene", JWK), ("jitsi", "A" * 32), ("livekit", "key:" + "A" * 32), ("webex-app", '{"clientSecret": "cs", "refreshToken": "rt"}'),
        ("webex", "YW4gaXNzdWVyJ3Mgc2hhcmVkIHNlY3JldCwgMzIgYnl0ZXM=")]


@pytest.fixture
def ctl(tmp_path):
    made = Ctl(tmp_path)
    made.call("init")
    made.call("user", "add", "alice", text="a good password")
    made.call("secret", "set", NAME, text="key")
    made.call("secret", "set", "backend/own", text="key")
    return made


def configure(ctl, sections):
    ctl.configure(more='share = "%s/share"\n%s' % (TOP, sections.replace("FOLDER", ctl.folder)))


def platform(ctl, kind):
    configure(ctl, 'platform "%s" { %s }\n' % (TITLE, PLATFORMS[kind]))


def secrets_of(ctl):
    """What check says of each: whether it is good, and why."""
    done = subprocess.run(ctl.argv("--json", "check"), capture_output=True, text=True, env=ENVIRONMENT, timeout=300, check=False)
    entries = json.loads(done.stdout)
    assert done.returncode == (FAILED if any(not entry["ok"] for entry in entries) else 0)
    assert not [entry for entry in entries if not entry["ok"] and entry["what"] != "secret"], entries
    return {entry["name"]: (entry["ok"], entry["finding"]) for entry in entries if entry["what"] == "secret"}


@pytest.mark.parametrize("kind, secret, form", BAD)
def test_a_secret_of_wrong_form_is_not_stored(ctl, kind, secret, form):
    platform(ctl, kind)
    said = ctl.call("secret", "set", TITLE, text=secret, status=DATA).stderr
    assert TITLE in said and form in said and secret not in said
    assert ctl.versions(TITLE) == []


@pytest.mark.parametrize("kind, secret, form", BAD)
def test_check_looks_at_secrets_without_asking_anybody(ctl, kind, secret, form):
    """Stored while the section was of another type."""
    platform(ctl, "veeting")
    ctl.call("secret", "set", TITLE, text=secret)
    assert secrets_of(ctl)[TITLE] == (True, "1 version in the store")
    platform(ctl, kind)
    good, said = secrets_of(ctl)[TITLE]
    assert not good and said.startswith("the newest: ") and form in said and secret not in said


@pytest.mark.parametrize("kind, secret", GOOD)
def test_a_secret_of_the_right_form_is_good(ctl, kind, secret):
    platform(ctl, kind)
    assert secrets_of(ctl)[TITLE] == (False, 'missing: run "meetauthctl secret set %s"' % TITLE)
    ctl.call("secret", "set", TITLE, text=secret)
    assert secrets_of(ctl)[TITLE] == (True, "1 version in the store; the newest has a valid format")


@pytest.mark.parametrize("kind", ["galene", "livekit", "webex", "skype", "jitsi-rs256"])
def test_generate_refuses_where_random_text_is_no_secret(ctl, kind):
    platform(ctl, kind)
    done = ctl.call("secret", "generate", TITLE, status=DATA if kind == "jitsi-rs256" else USAGE)
    assert done.stdout == "" and TITLE in done.stderr
    assert ctl.versions(TITLE) == []


@pytest.mark.parametrize("kind, words", [("jitsi", "app_secret"), ("bigbluebutton", "bbb-conf --setsecret"),
                                         ("veeting", "API Key of external authentication server")])
def test_generate_says_where_the_key_goes(ctl, kind, words):
    platform(ctl, kind)
    said = ctl.call("secret", "generate", TITLE).stderr
    assert words in said
    assert ("API Key" in said) == (kind == "veeting")
    assert secrets_of(ctl)[TITLE][0]


@pytest.mark.parametrize("kind", BACKENDS)
def test_a_forgotten_secret_of_a_backend(ctl, kind):
    configure(ctl, 'backend "other" { %s }\n' % BACKENDS[kind])
    assert secrets_of(ctl)["backend/other"] == (False, 'missing: run "meetauthctl secret set backend/other"')
    if kind != "oidc":
        assert "API Key" not in ctl.call("secret", "generate", "backend/other").stderr
    else:
        ctl.call("secret", "generate", "backend/other", status=USAGE)
        ctl.call("secret", "set", "backend/other", text="of the client")
    assert secrets_of(ctl)["backend/other"] == (True, "1 version in the store")


@pytest.mark.parametrize("kind", BARE)
def test_backends_that_need_no_secret(ctl, kind):
    configure(ctl, 'backend "other" { %s }\n' % BARE[kind])
    assert list(secrets_of(ctl)) == [NAME, "backend/own"]


def test_links_that_no_secret_opens(ctl):
    configure(ctl, 'backend "other" { %s }\n' % BARE["invite"])
    ctl.call("invite", "create", "--platform", NAME, "--meeting", "weekly", "--name", "Grace")
    assert secrets_of(ctl)["backend/other"] == (True, "1 version in the store")
    ctl.call("secret", "retire", "backend/other", "1", "--force")
    assert secrets_of(ctl)["backend/other"][0] is False


def test_a_guest_desk_needs_the_secret_of_its_invitations(ctl):
    configure(ctl, 'backend "other" { %s }\nguest-desk { groups = {"staff"} }\n' % BARE["invite"])
    assert secrets_of(ctl)["backend/other"][0] is False
    ctl.call("secret", "generate", "backend/other")
    assert secrets_of(ctl)["backend/other"][0]
