# SPDX-License-Identifier: MIT
"""Completion of meetauthctl in real shells: the scripts of share/completions, and the command that they call."""

import os
import re
import shutil
import subprocess

import pytest
from rig import ENVIRONMENT, MEETAUTHCTL, TOP

COMPLETIONS = TOP + "/share/completions/"


def complete(*words):
    """What the program offers for the last word, and the exit status."""
    done = subprocess.run([MEETAUTHCTL, "complete", *words], capture_output=True, text=True, env=ENVIRONMENT, timeout=300, check=False)
    assert done.stderr == ""
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert all(len(line) == 2 for line in lines)
    return [line[0] for line in lines], done.returncode


def commands():
    """(words, arguments) of each command, as the help lists them."""
    text = subprocess.run([MEETAUTHCTL, "--help"], capture_output=True, text=True, env=ENVIRONMENT, timeout=300, check=True).stdout
    found = re.findall(r"(?m)^  ([a-z][a-z-]*(?: [a-z][a-z-]*)?)(?: ([A-Z[-].*))?\n      ", text)
    assert len(found) > 20
    return found


def test_every_command_and_option_is_offered():
    first = {words.split(" ")[0] for words, _ in commands()}
    assert set(complete("")[0]) == first | {"help"} and len(complete("")[0]) == len(first) + 1
    for words, arguments in commands():
        words = words.split(" ")
        if len(words) == 2:
            assert words[1] in complete(words[0], "")[0]
        options = set(re.findall(r"--[a-z-]+", arguments))
        assert set(complete(*words, "--")[0]) == options | {"--json", "--help"}, words


def test_what_is_typed_narrows_what_is_offered():
    assert complete("us") == (["user"], 0)
    assert complete("user", "to")[0] == [word for word in complete("user", "")[0] if word.startswith("to")]
    assert complete("user", "add", "al") == ([], 0), "a name is for the operator to choose"
    assert complete("user", "add", "alice", "--na")[0] == ["--name"]
    assert complete("nonsense", "") == ([], 0)
    assert complete("-c", "/etc/x", "--json", "us") == (["user"], 0)
    assert complete() == complete("")


def test_options_are_offered_once_unless_they_may_come_again():
    assert "--name" not in complete("user", "add", "alice", "--name", "Alice", "--")[0]
    assert "--name" not in complete("user", "add", "alice", "--name=Alice", "--")[0]
    assert "--group" in complete("user", "add", "alice", "--group", "staff", "--")[0]
    assert complete("user", "add", "alice", "--name", "--") == ([], 0), "the value of --name"


def test_files_are_left_to_the_shell():
    assert complete("-c", "") == ([], 1)
    assert complete("check", "--socket", "/ru") == ([], 1)
    assert "--socket" in complete("check", "")[0], "a command without operands"


def test_no_command_has_the_name():
    assert not any(words.split(" ")[0] in ("complete", "help") for words, _ in commands())


# -- in shells --


@pytest.fixture
def place(tmp_path):
    (tmp_path / "bin").mkdir()
    os.symlink(MEETAUTHCTL, tmp_path / "bin/meetauthctl")
    (tmp_path / "one file").write_text("")
    return {"cwd": tmp_path, "env": {**ENVIRONMENT, "PATH": "%s/bin:%s" % (tmp_path, ENVIRONMENT["PATH"]), "HOME": str(tmp_path)}}


def in_bash(place, *words):
    script = 'source "$1"; shift; COMP_WORDS=(meetauthctl "$@"); COMP_CWORD=$#; _meetauthctl; printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(["/bin/bash", "--norc", "-c", script, "bash", COMPLETIONS + "meetauthctl.bash", *words], capture_output=True, text=True,
                          timeout=300, check=False, **place)
    assert done.stderr == ""
    return [line for line in done.stdout.splitlines() if line]


def test_bash(place):
    assert in_bash(place, "us") == ["user"]
    assert in_bash(place, "user", "") == complete("user", "")[0]
    assert in_bash(place, "check", "--") == complete("check", "--")[0]
    assert in_bash(place, "-c", "one") == ["one file"]
    assert in_bash(place, "nonsense", "") == []
    registered = subprocess.run(["/bin/bash", "--norc", "-c", 'source "$1"; complete -p meetauthctl', "bash", COMPLETIONS + "meetauthctl.bash"],
                                capture_output=True, text=True, timeout=300, check=True, **place)
    assert registered.stdout == "complete -F _meetauthctl meetauthctl\n"


@pytest.mark.skipif(not shutil.which("fish"), reason="fish is not there")
def test_fish(place):
    def in_fish(line):
        script = "source %s; complete -C '%s'" % (COMPLETIONS + "meetauthctl.fish", line)
        done = subprocess.run(["fish", "--no-config", "-c", script], capture_output=True, text=True, timeout=300, check=True, **place)
        return sorted(found.split("\t")[0] for found in done.stdout.splitlines())

    assert in_fish("meetauthctl us") == ["user"]
    assert in_fish("meetauthctl user ") == sorted(complete("user", "")[0])
    assert in_fish("meetauthctl -c one") == ["one\\ file"] or in_fish("meetauthctl -c one") == ["one file"]


@pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not there")
def test_zsh(place):
    """The widget as zsh loads it; _describe is asked what it was given."""
    def in_zsh(*words):
        script = ('_describe() { print -l -- ${(P)2} }; _files() { print FILES }; words=(meetauthctl "${@[2,-1]}"); CURRENT=$#words; '
                  'f() { eval "$(<$1)" }; f $1')
        done = subprocess.run(["zsh", "-f", "-c", script, "zsh", COMPLETIONS + "_meetauthctl", *words], capture_output=True, text=True, timeout=300,
                              check=False, **place)
        assert done.stderr == ""
        return [line.partition(":")[0] for line in done.stdout.splitlines() if line]

    assert in_zsh("us") == ["user"]
    assert in_zsh("user", "") == complete("user", "")[0]
    assert in_zsh("-c", "") == ["FILES"]


def test_no_colours(place):
    """NO_COLOR is kept, as nothing ever has a colour."""
    for words in (["--help"], ["nonsense"], ["complete", ""]):
        done = subprocess.run([MEETAUTHCTL, *words], capture_output=True, text=True, timeout=300, check=False, **place)
        assert "\x1b" not in done.stdout + done.stderr
