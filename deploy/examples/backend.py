#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A backend in Python, as meetauth-command(7) has it: people and their groups in an SQLite database, and, for those
who have a key for an authenticator app, its code as a second question.

    backend.py DATABASE             answers one question on standard input
    backend.py DATABASE add NAME    adds somebody; the password is read from standard input

The rest is SQL: INSERT INTO membership VALUES ('alice', 'staff');
UPDATE people SET display = 'Alice', email = 'alice@example.org', totp = 'BASE32KEY' WHERE name = 'alice';
"""

import base64
import hashlib
import hmac
import os
import sqlite3
import struct
import sys
import time

SCHEMA = """
CREATE TABLE IF NOT EXISTS people (name TEXT PRIMARY KEY, salt BLOB NOT NULL, hash BLOB NOT NULL,
    display TEXT, email TEXT, totp TEXT, step INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS membership (name TEXT NOT NULL, team TEXT NOT NULL, UNIQUE (name, team));
"""
CODE_SECONDS = 300  # how long somebody may look for their telephone


def stretch(password, salt):
    return hashlib.scrypt(password.encode(), salt=salt, n=1 << 14, r=8, p=1)


def code(key, step):
    """RFC 6238."""
    digest = hmac.digest(base64.b32decode(key), struct.pack(">Q", step), "sha1")
    at = digest[-1] & 15
    return "%06d" % ((int.from_bytes(digest[at : at + 4], "big") & 0x7FFFFFFF) % 1000000)


def find(database, name):
    return database.execute("SELECT * FROM people WHERE name = ?", (name,)).fetchone()


def grant(database, person, *more):
    teams = database.execute("SELECT team FROM membership WHERE name = ?", (person["name"],))
    return [
        "grant " + person["name"],
        "name " + (person["display"] or ""),
        "email " + (person["email"] or ""),
        *("group " + team for (team,) in teams),
        *more,
    ]


def login(database, question):
    person = find(database, question["user"])
    # Somebody unknown takes as long.
    wanted, salt = (person["hash"], person["salt"]) if person else (b"", b"nobody")
    if not hmac.compare_digest(stretch(question["password"], salt), wanted):
        return ["deny" if person else "unknown"]
    if person["totp"]:
        return ["challenge Code of your authenticator app", "state %d" % time.time(), "echo yes"]
    return grant(database, person)


def answer(database, question):
    """The state is what login() said: meetauth lets nobody see or change it, and forgets nothing of it."""
    person = find(database, question["user"])
    typed, now = question.get("answer", "").replace(" ", ""), int(time.time())
    if person and person["totp"] and now - int(question["state"]) <= CODE_SECONDS:
        for step in (now // 30 - 1, now // 30, now // 30 + 1):
            if not hmac.compare_digest(code(person["totp"], step).encode(), typed.encode()):
                continue
            # No code works twice, nor does an older one.
            used = database.execute(
                "UPDATE people SET step = ? WHERE name = ? AND step < ?", (step, person["name"], step)
            )
            if used.rowcount == 1:
                return grant(database, person, "second-factor yes")
    return ["deny"]


def renew(database, question):
    person = find(database, question["user"])
    return grant(database, person) if person else ["deny"]


def check(database, _):
    find(database, "")
    return ["ready"]


def reply(path, question):
    requests = {"login": login, "answer": answer, "renew": renew, "check": check}
    if question.get("request") not in requests:
        return ["unknown-request"]
    try:
        database = sqlite3.connect("file:%s?mode=rw" % path, uri=True, timeout=2)
        database.row_factory = sqlite3.Row
        with database:
            return requests[question["request"]](database, question)
    except sqlite3.Error as error:
        return ["unavailable %s" % error]


def main():
    text = sys.stdin.read()
    # At line feeds only: splitlines() would part a value at characters that may be in it.
    question = dict(line.partition(" ")[::2] for line in text.split("\n"))
    for line in ["meetauth 1", *reply(sys.argv[1], question), "end"]:
        # A line feed in the database must not make a line of its own.
        print("".join(c for c in line if c.isprintable()))


def add(path, name):
    salt = os.urandom(16)
    hashed = stretch(sys.stdin.readline().rstrip("\n"), salt)
    with sqlite3.connect(path) as database:
        database.executescript(SCHEMA)
        database.execute("INSERT INTO people (name, salt, hash) VALUES (?, ?, ?)", (name, salt, hashed))


if __name__ == "__main__":
    if sys.argv[2:3] == ["add"]:
        add(sys.argv[1], sys.argv[3])
    else:
        main()
