#!/usr/bin/env python3
"""Counts the instructions of the hot paths with callgrind and compares them
with those stored beside this file, so that a slow-down shows on any machine,
however busy it is.

    hot_paths.py --build TYPE PROGRAM [--store]

The kernel's part is not in them. Exits 1 when a path has grown by more than
GROWTH_MAX, 77 (skipped) without valgrind."""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

STORED = Path(__file__).with_suffix(".json")
UNITS = 400

# How often a thread wakes for the same bytes differs from run to run, by up to
# a tenth for the paths that answer one message at a time.
GROWTH_MAX = 0.15


def counted(program):
    """Path -> instructions a unit."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["valgrind", "--tool=callgrind",
             f"--callgrind-out-file={folder}/out", program, str(UNITS)],
            capture_output=True, text=True, timeout=300, check=False)
        if done.returncode != 0:
            sys.exit(f"hot_paths: {program} failed:\n{done.stderr}")
        counts = {}
        for file in Path(folder).glob("out.*"):
            text = file.read_text()
            path = re.search(r"^desc: Trigger: Client Request: (\w+)$", text,
                             re.MULTILINE)
            total = re.search(r"^totals: (\d+)$", text, re.MULTILINE)
            counts[path[1]] = round(int(total[1]) / UNITS)
        return counts


def compare(stored, now):
    """Prints both; the paths that have grown too much."""
    grown = []
    print(f"{'instructions a unit':20} {'stored':>8} {'now':>8} {'ratio':>6}")
    for path, count in now.items():
        before = stored.get(path)
        ratio = count / before if before else float("nan")
        print(f"{path:20} {before or '-':>8} {count:>8} {ratio:6.2f}")
        if not before or ratio > 1 + GROWTH_MAX:
            grown.append(path)
        elif ratio < 1 - GROWTH_MAX:
            print(f"    {path} is faster than stored: keep it so with --store")
    return grown


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("--build", required=True,
                        help="CMake's build type, whose counts are stored")
    parser.add_argument("--store", action="store_true")
    options = parser.parse_args()
    if not shutil.which("valgrind"):
        print("hot_paths: skipped: there is no valgrind; run .ci/setup")
        sys.exit(77)
    stored = json.loads(STORED.read_text())
    now = counted(options.program)
    if options.store:
        stored[options.build] = now
        STORED.write_text(json.dumps(stored, indent=2, sort_keys=True) + "\n")
        return
    grown = compare(stored.get(options.build, {}), now)
    if grown:
        sys.exit(f"hot_paths: grown by more than {GROWTH_MAX:.0%}, or new: "
                 f"{', '.join(grown)}. Find out why, or say why in the commit "
                 "that runs this with --store")


if __name__ == "__main__":
    main()
