#!/usr/bin/env python3
"""Each row of tests/runtime/otp_cases.md names tests that exist, as
`suite.test`, or begins its answer with `none: ` and says why. Prints each
breach as `file:line: what is wrong`; exits 1 when there is one.

    otp_cases.py [ROOT]      ROOT is the repository, by default this one
"""

import re
import sys
from pathlib import Path

TABLE = "tests/runtime/otp_cases.md"
SOURCES = ["tests/runtime", "tests/concurrency"]

TEST = re.compile(r"^TEST(?:_[FP])?\(\s*(\w+),\s*(\w+)\)", re.M)
ROW = re.compile(r"^\| (?P<cases>[^|]+) \| (?P<answer>[^|]+) \|$")


def known_tests(root):
    """`suite.test` of every test in the folders of SOURCES."""
    return {f"{suite}.{name}"
            for folder in SOURCES
            for source in (root / folder).glob("*_test.cpp")
            for suite, name in TEST.findall(source.read_text())}


def breaches(table, tests):
    """Line and problem of each row that is wrong."""
    seen = {}
    for number, line in enumerate(table.splitlines(), 1):
        if line.startswith("#"):
            seen = {}
        row = ROW.match(line)
        if not row and line.startswith("|") and not re.match(r"[|-]+$", line):
            yield number, "a row has two cells: cases and their tests"
        if not row or row["cases"] == "case":
            continue
        for case in row["cases"].split(", "):
            if case in seen:
                yield number, f"{case} has a row already, in line {seen[case]}"
            seen[case] = number
        named = re.findall(r"`(\w+\.\w+)`", row["answer"])
        for test in named:
            if test not in tests:
                yield number, f"{test}: no such test"
        if not named and not re.match(r"none: \w", row["answer"]):
            yield number, "name a test, or say `none: ` and why"


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else
                Path(__file__).parents[2]).resolve()
    found = list(breaches((root / TABLE).read_text(), known_tests(root)))
    for number, problem in found:
        print(f"{TABLE}:{number}: {problem}")
    print(f"otp_cases: {len(found)} breaches" if found else "otp_cases: clean")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
