# SPDX-License-Identifier: MIT
"""The profile for AppArmor: Debian's parser compiles it, and it grants what the units and tmpfiles.d make. Kernels without
AppArmor do not enforce it, so no test here does."""

import re
import shutil
import subprocess

import pytest
from rig import ENVIRONMENT, TOP
from units import read_unit, values

PROFILE = TOP + "/deploy/apparmor.conf"
PARSER = shutil.which("apparmor_parser", path=ENVIRONMENT.get("PATH", "") + ":/usr/sbin:/sbin")
needs_parser = pytest.mark.skipif(not PARSER, reason="apparmor_parser (package apparmor) is not there")


def compiled(path):
    return subprocess.run([PARSER, "--skip-kernel-load", "--skip-cache", str(path)], capture_output=True, text=True, env=ENVIRONMENT, timeout=300, check=False)


def rules():
    """Paths with their permissions."""
    with open(PROFILE, encoding="utf-8") as file:
        return dict(re.findall(r"^  (?:owner )?(/\S+|@\S+) ([a-zA-Z]+),$", file.read(), re.M))


@needs_parser
def test_the_parser_compiles_it():
    done = compiled(PROFILE)
    assert done.returncode == 0, done.stderr


@needs_parser
@pytest.mark.parametrize("mistake", ["/run/meetauth/** rwz,", "include <abstractions/nowhere>", "capability nothing,"])
def test_the_parser_would_refuse_a_mistake(tmp_path, mistake):
    with open(PROFILE, encoding="utf-8") as file:
        text = file.read()
    (tmp_path / "profile").write_text(text.replace("  /etc/meetauth/ r,", "  %s\n  /etc/meetauth/ r," % mistake))
    assert compiled(tmp_path / "profile").returncode != 0


def test_it_grants_what_the_units_make():
    service, listener = read_unit("meetauth.service"), read_unit("meetauth.socket")
    granted = rules()
    folders = ["/run/" + name for name in values(service, "RuntimeDirectory")] + ["/var/lib/" + name for name in values(service, "StateDirectory")]
    folders += " ".join(values(read_unit("meetauth-spawn-fcgi.service"), "ReadWritePaths")).split()
    for folder in folders:
        assert set("rwk") <= set(granted[folder + "/**"]), folder
    (socket,) = values(listener, "ListenStream")
    assert granted[socket.rpartition("/")[0] + "/{,*}"] == "rw"
    for credential in values(service, "LoadCredential"):
        name, _, source = credential.partition(":")
        assert "/run/credentials/meetauth.service/*" in granted and name and source.startswith("/etc/meetauth/")
    assert "r" in granted["/etc/meetauth/**"] and "w" not in granted["/etc/meetauth/**"]
    with open(TOP + "/deploy/tmpfiles.conf", encoding="utf-8") as file:
        for folder in re.findall(r"^d (\S+)", file.read(), re.M):
            assert any(path.startswith(folder + "/") and "w" in how for path, how in granted.items()), folder


def test_it_allows_no_more_than_the_unit():
    """The unit leaves no capabilities; the profile must not give any, and no program but our own may run."""
    with open(PROFILE, encoding="utf-8") as file:
        text = re.sub(r"^\s*#.*$", "", file.read(), flags=re.M)
    assert values(read_unit("meetauth.service"), "CapabilityBoundingSet") == [""]
    for line in text.splitlines():
        assert not re.match(r"\s*(capability|mount|ptrace|pivot_root|change_profile|userns)", line), line
    programs = [path for path, how in rules().items() if "x" in how.lower()]
    assert sorted(re.split("[/}]", path)[-1] for path in programs) == ["meetauth-pam", "meetauthd"]
