#!/usr/bin/env python3
"""The tables that say which of our tests show what an original's do, or
promise. In each row the second cell names tests that exist, as `suite.test` or,
of tests/integration, `file: title`; or it begins with `none: ` and says why.
Prints each breach as `file:line: what is wrong`; exits 1 when there is one.

    mirrored_cases.py [ROOT]     ROOT is the repository, by default this one
"""

import re
import sys
from pathlib import Path

TABLES = ["tests/runtime/otp_cases.md", "tests/channels/phoenix_cases.md"]

TEST = re.compile(r"^TEST(?:_[FP])?\(\s*(\w+),\s*(\w+)\)", re.M)
TITLE = re.compile(r"\b(?:test|describe)\(\s*(\"[^\"]+\"|`[^`]+`)")
NAMED = re.compile(r"`(\w+\.\w+|\w+: [^`]+)`")


def title_pattern(text):
    """A title as a pattern; what a template fills in may be anything."""
    parts = re.split(r"\$\{[^}]*\}", text[1:-1])
    return ".+".join(re.escape(part) for part in parts)


def known_tests(root):
    """A pattern for each test, of all folders."""
    sources = [source for folder in ("tests", "examples")
               for source in (root / folder).rglob("*_test.cpp")]
    plain = {f"{suite}.{name}" for source in sources
             for suite, name in TEST.findall(source.read_text())}
    titles = {rf"{source.name.removesuffix('.test.mjs')}: {title_pattern(x)}"
              for source in (root / "tests/integration").glob("*.test.mjs")
              for x in TITLE.findall(source.read_text())}
    return plain, titles


def exists(test, known):
    plain, titles = known
    return test in plain or any(re.fullmatch(x, test) for x in titles)


def breaches(table, known):
    """Line and problem of each row that is wrong."""
    columns, seen = None, {}
    for number, line in enumerate(table.splitlines(), 1):
        if not line.startswith("|"):
            columns = None
            if line.startswith("#"):
                seen = {}
            continue
        cells = [x.strip() for x in line.strip("|").split("|")]
        if columns is None:
            columns = len(cells)
        elif len(cells) != columns:
            yield number, f"a row of this table has {columns} cells"
        elif not re.match(r"[|-]+$", line):
            cases = cells[0].split(", ") if columns == 2 else cells[:1]
            yield from row_breaches(number, cases, cells[1], seen, known)


def row_breaches(number, cases, answer, seen, known):
    for case in cases:
        if case in seen:
            yield number, f"{case} has a row already, in line {seen[case]}"
        seen[case] = number
    named = NAMED.findall(answer)
    for test in named:
        if not exists(test, known):
            yield number, f"{test}: no such test"
    if not named and not re.match(r"none: \S", answer):
        yield number, "name a test, or say `none: ` and why"


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else
                Path(__file__).parents[2]).resolve()
    known = known_tests(root)
    found = [f"{table}:{number}: {problem}" for table in TABLES
             for number, problem in breaches((root / table).read_text(), known)]
    for line in found:
        print(line)
    print(f"mirrored_cases: {len(found)} breaches" if found
          else "mirrored_cases: clean")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
