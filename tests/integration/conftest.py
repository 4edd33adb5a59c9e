# SPDX-License-Identifier: MIT
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
sys.dont_write_bytecode = True

from fixtures import *  # noqa: E402,F401,F403

# tests/run gives each file to one of several workers as they become free. The longest begin, so that none is left for the end.
LONGEST = ("platform_contract", "oidc", "throttle", "rules", "skype", "webex", "chain", "invite", "ucwa", "secrets_never", "outbound", "radius",
           "ldap", "state", "pool", "guest_desk", "store_crash", "sessions", "platform_faults", "pam", "rooms")


def pytest_collection_modifyitems(items):
    names = ["test_%s.py" % name for name in LONGEST]
    items.sort(key=lambda item: names.index(item.path.name) if item.path.name in names else len(names))
