# SPDX-License-Identifier: MIT
"""Instructions a request, by library, from two callgrind files of runs of different length.

  instructions.py FEW-FILE FEW MANY-FILE MANY        the last line is "total N"

Start and end are the same in both runs and cancel out in the difference."""

import collections
import os
import re
import sys

OBJECT = re.compile(r"ob=\((\d+)\)(?: (.*))?$")
LINE = re.compile(r"[0-9+\-*]")


def by_object(name):
    """Self cost of every object (program or library)."""
    names, costs = {}, collections.Counter()
    current, is_call = None, False
    with open(name, encoding="utf-8", errors="replace") as file:
        for line in file:
            found = OBJECT.match(line)
            if found:
                current = found.group(1)
            if found or line.startswith("cob="):
                number, text = re.match(r"c?ob=\((\d+)\)(?: (.*))?", line).groups()
                if text:
                    names[number] = text
            elif line.startswith("calls="):
                is_call = True
            elif LINE.match(line):
                if not is_call:
                    costs[current] += int(line.split()[1])
                is_call = False
    merged = collections.Counter()
    for number, cost in costs.items():
        merged[library(names.get(number, "?"))] += cost
    return merged


def library(path):
    """libcurl.so.4.8.0 → libcurl"""
    return re.sub(r"[-.]so.*$|\.so.*$", "", os.path.basename(path)) or path


def difference(few_file, few, many_file, many):
    """(Library, cost of one request), the dearest first."""
    few_costs, many_costs = by_object(few_file), by_object(many_file)
    rows = [(name, (cost - few_costs[name]) / (many - few)) for name, cost in many_costs.items()]
    return sorted(rows, key=lambda row: -row[1])


def main(few_file, few, many_file, many):
    rows = difference(few_file, int(few), many_file, int(many))
    for name, each in rows:
        if each >= 50:
            print("    %-24s %8.0f" % (name, each))
    print("total %.0f" % sum(each for _, each in rows))


if __name__ == "__main__":
    main(*sys.argv[1:])
