# SPDX-License-Identifier: MIT
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "integration"))
sys.dont_write_bytecode = True

from fixtures import *  # noqa: E402,F401,F403
