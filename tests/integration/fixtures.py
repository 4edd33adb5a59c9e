# SPDX-License-Identifier: MIT
"""Fixtures of the integration and the browser tests. `rig` is shared by all tests of a run that change nothing but their own visit; `make_rig`
makes one for a test that needs other settings or breaks something."""

import os

import pytest
import rig as rigs
import tls


needs_lmdb = pytest.mark.skipif("MEETAUTH_TEST_REDIS" in os.environ, reason="it reads, moves or changes the file of an lmdb: state")


@pytest.fixture(scope="session", autouse=True)
def programs():
    for program in (rigs.MEETAUTHD, rigs.MEETAUTHCTL):
        if not os.access(program, os.X_OK):
            pytest.exit("no %s: build first, or set MEETAUTHD and MEETAUTHCTL" % program, 2)


@pytest.fixture(scope="session")
def shared_rig():
    made = rigs.Rig(platform='forward = {"culture"}')
    try:
        yield made.start()
    finally:
        made.stop()


@pytest.fixture
def rig(shared_rig):
    """The shared one; no test may leave it crashed."""
    before = shared_rig.daemons()
    yield shared_rig
    assert shared_rig.pool.process.poll() is None, shared_rig.pool.said()[-5000:]
    assert shared_rig.daemons() == before


@pytest.fixture(scope="module")
def make_module_rig():
    yield from makers()


@pytest.fixture
def make_rig():
    yield from makers()


def makers():
    """Makes rigs and stops them at the end, all of them, whatever the first one says."""
    made = []

    def make(*arguments, start=True, **options):
        made.append(rigs.Rig(*arguments, **options))
        return made[-1].start() if start else made[-1]

    yield make
    errors = []
    for each in made:
        try:
            each.stop()
        except AssertionError as error:
            errors.append(error)
    assert not errors, errors


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return tls.Authority(str(tmp_path_factory.mktemp("ca")))


@pytest.fixture
def visitor(rig):
    return rig.visitor()


@pytest.fixture(scope="session")
def signed_in_cookies(shared_rig):
    """One login for the many tests that only need a session."""
    somebody = shared_rig.visitor()
    somebody.sign_in()
    return dict(somebody.jar)


@pytest.fixture
def alice(rig, signed_in_cookies):
    somebody = rig.visitor()
    somebody.jar.update(signed_in_cookies)
    return somebody
