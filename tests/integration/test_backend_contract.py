# SPDX-License-Identifier: MIT
"""What holds for every backend: who is known gets in, wrong and unknown look alike, who guesses shuts nobody else out, sessions end
with the account, nothing secret is left behind, out of order is 503, and the sample of the catalogue works. A new backend gets a
class in backends.py and passes all of this."""

import os
import re
import shutil
import subprocess

import backends
import pytest
from rig import ENVIRONMENT, MEETAUTHCTL, MEETAUTHD, TOP, wait_for


def those(condition=lambda _: True):
    return pytest.mark.parametrize("kind", [kind for kind, each in backends.ALL.items() if condition(each)])


every = those()
guessed = those(lambda each: each.guessed)
ending = those(lambda each: each.ends)
asking = those(lambda each: each.asks)


@pytest.fixture
def make(make_rig, authority, tmp_path):
    def made(kind, **options):
        os.chmod(tmp_path, 0o755)
        return backends.make(make_rig, kind, authority, str(tmp_path), **options)

    return made


def test_every_type_of_the_build_is_here():
    shown = subprocess.run([MEETAUTHD, "-V"], capture_output=True, text=True, env=ENVIRONMENT, check=True).stdout
    built = set(re.findall(r"^backend +(\S+)", shown, re.M)) - {"mock"}
    assert built <= set(backends.ALL), "a backend without a class in backends.py: HACKING.md, A backend"


@every
def test_who_is_known_gets_into_the_meeting(make, kind):
    backend = make(kind)
    visitor, answer = backend.sign_in()
    assert answer.status == 302 and answer.location.startswith(backend.rig.site + "/"), answer
    joined = wait_for(lambda: [event for event in backend.rig.events("join") if event["result"] == "ok"], "the audit line")[-1]
    assert joined["backend"] == backend.title
    assert visitor.enter(backends.MEETING).status == 302, "and comes back without being asked"


def looks(answer):
    """What a visitor sees of an answer, but for what differs between any two."""
    assert not any(name.startswith("__Host-meetauth") and "join" not in name for name in answer.cookies), answer.cookies
    return answer.status, re.sub(r"[0-9a-f-]{16,}", "", answer.text)


@guessed
def test_wrong_and_unknown_look_alike(make, kind):
    backend = make(kind)
    wrong, unknown = (looks(backend.sign_in(name, "a wrong one")[1]) for name in (backend.person, backend.nobody))
    assert wrong == unknown and wrong[0] == 401


@guessed
def test_A33_who_guesses_shuts_nobody_else_out(make, kind):
    backend = make(kind, **{"throttle-account": "3/1d", "throttle-address": "6/1d"})
    statuses = [backend.sign_in(secret="a wrong one", source="127.0.7.1")[1].status for _ in range(8)]
    assert statuses[0] == 401 and statuses[-1] == 429, statuses
    _, answer = backend.sign_in(backend.other, source="127.0.8.1")
    assert answer.status == 302, answer


@ending
def test_sessions_end_with_the_account(make, kind):
    backend = make(kind)
    visitor, answer = backend.sign_in()
    assert answer.status == 302 and visitor.enter(backends.MEETING).status == 302
    backend.remove()
    wait_for(lambda: visitor.enter(backends.MEETING).status == 303, "the end of the session")


@every
def test_nothing_secret_is_left(make, kind):
    backend = make(kind)
    _, answer = backend.sign_in()
    assert answer.status == 302, answer
    texts = [answer.text, backend.rig.ctl("check", "--connect", check=False).stdout, backend.rig.ctl("secret", "list").stdout]
    if backend.guessed:
        texts += [backend.sign_in(secret="a wrong one")[1].text, backend.sign_in(backend.nobody, "a wrong one")[1].text]
    texts += backend.rig.left_behind()
    for canary in {*backend.canaries(), "a wrong one"}:
        assert len(canary) >= 8 and not any(canary in text for text in texts), canary[:4]


@asking
def test_out_of_order_is_503(make, kind):
    backend = make(kind)
    assert backend.sign_in()[1].status == 302
    backend.break_down()
    wait_for(lambda: backend.sign_in()[1].status == 503, "it to be out of order")
    assert backend.rig.visitor().sign_in().status == 302, "by another backend"


def sample_of(kind):
    """A section of that type, of a row of the catalogue or of its samples."""
    with open(TOP + "/docs/catalogue.md", encoding="utf-8") as file:
        text = file.read()
    found = re.findall(r'`(backend "[^"]*" \{[^`\n]*\})` \|$', text, re.M)
    found += re.findall(r'^(backend "[^"]*" +\{ [^\n]*\}|backend "[^"]*" \{\n.*?^\})$', text, re.M | re.S)
    samples = [each for each in found if re.search('type *= "%s"' % kind, each)]
    assert samples, "no sample of %s in docs/catalogue.md" % kind
    return samples[0]


@every
def test_the_sample_of_the_catalogue_loads(tmp_path, kind):
    """With the files in place that it names."""
    sample = sample_of(kind)
    shutil.copyfile(TOP + "/deploy/examples/backend.sh", tmp_path / "program")
    os.chmod(tmp_path / "program", 0o755)
    (tmp_path / "users").touch(0o640)
    sample = re.sub(r'(program *= )"[^"]*"', r'\1"%s/program"' % tmp_path, sample)
    sample = re.sub(r'(users *= )"[^"]*"', r'\1"%s/users"' % tmp_path, sample)
    if kind == "pam":
        sample = sample.replace("{", '{\n helper = "%s/program"\n' % tmp_path, 1)
    conf = tmp_path / "meetauth.conf"
    conf.write_text('base-url = "https://external.example.org/auth"\nstore = "%s/store"\nstore-key = "%s/store.key"\nstate = "lmdb:%s"\n'
                    'share = "%s/share"\nplatform "meeting.example.org" { type = "veeting" }\n%s\n' % (tmp_path, tmp_path, tmp_path, TOP, sample),
                    encoding="utf-8")
    for command in ([MEETAUTHCTL, "-c", str(conf), "init"], [MEETAUTHD, "-t", "-c", str(conf)]):
        done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=False)
        assert done.returncode == 0, done.stderr
