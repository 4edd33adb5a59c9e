# SPDX-License-Identifier: MIT
"""What README and catalogue tell an operator to type works as it stands there."""

import re
import subprocess

import pytest
from rig import ENVIRONMENT, HOST, MEETAUTHCTL, MEETAUTHD, TOP


def read(name):
    with open(TOP + "/" + name, encoding="utf-8") as file:
        return file.read()


def readme():
    return read("README.md")


def catalogue():
    return read("docs/catalogue.md")


def configuration(folder):
    block = next(b for b in re.findall(r"```\n(.*?)```", readme(), re.S) if "base-url" in b)
    for old, new in (("/var/lib/meetauth", folder), ("/etc/meetauth/key", folder), ("/run/meetauth", folder + "/state")):
        assert old in block
        block = block.replace(old, new)
    return block + 'share = "%s/share"\n' % TOP


def test_configuration_and_calls(make_rig):
    rig = make_rig(start=False)
    import os
    os.mkdir(rig.folder + "/state")
    with open(rig.conf, "w", encoding="utf-8") as file:
        file.write(configuration(rig.folder))
    calls = re.findall(r"^ *meetauthctl ([a-z]+.*?)(?: +#.*)?$", readme(), re.M)
    assert calls.pop(0) == "setup", "test_ctl_setup.py has it"
    assert len(calls) == 4
    for call in calls:
        done = rig.ctl(*[word.strip('"') for word in re.findall(r'"[^"]*"|\S+', call)], text="a good password\n")
        if call.startswith("secret generate"):
            assert re.fullmatch(r"[!-~]{20,}\n", done.stdout), "the key, once, and nothing else"
            assert done.stdout.strip() not in rig.ctl("secret", "list").stdout
    done = subprocess.run([MEETAUTHD, "-t", "-c", rig.conf], capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert done.returncode == 0, done.stderr
    assert HOST in rig.ctl("secret", "list").stdout


def test_version_names_what_is_built_in():
    done = subprocess.run([MEETAUTHD, "-V"], capture_output=True, text=True, env=ENVIRONMENT, check=True)
    for row in re.findall(r"^\| (backend|platform) \| `([\w-]+)` \|", catalogue(), re.M):
        assert row[1] in done.stdout


ROW = re.compile(r"^\| (?:backend|platform) \| `([\w-]+)` \|.*?`((?:backend|platform) .*?\})`", re.M)


@pytest.mark.parametrize("kind,sample", ROW.findall(catalogue()))
def test_sample_of_a_row(kind, sample, tmp_path):
    assert 'type = "%s"' % kind in sample
    rest = 'platform "meeting.example.org" { type = "veeting" }\n' if sample.startswith("backend") else \
        'backend "guests" { type = "guest" }\n'
    conf = tmp_path / "meetauth.conf"
    conf.write_text('base-url = "https://external.example.org/auth"\nstore = "%s/store"\nstore-key = "%s/store.key"\n'
                    'state = "lmdb:%s/state"\nshare = "%s/share"\n%s%s\n'
                    % (tmp_path, tmp_path, tmp_path, TOP, rest, sample), encoding="utf-8")
    (tmp_path / "state").mkdir()
    for command in ([MEETAUTHCTL, "-c", str(conf), "init"], [MEETAUTHD, "-t", "-c", str(conf)]):
        done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=False)
        assert done.returncode == 0, done.stderr


def test_every_file_it_names_is_there():
    import os
    for name in re.findall(r"\]\(([^)#]+)\)", readme()):
        assert os.path.exists(os.path.join(TOP, name)), name
