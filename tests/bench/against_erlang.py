#!/usr/bin/env python3
"""Erlang's processes and tables beside ours, one scheduler against one shard:
each row is run by both in turn, some times, and their medians are compared.

    against_erlang.py [--runs N] [--bench FILE] [ROW ...]

Exits 0 with a word when there is no Erlang here."""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
BENCH = HERE.parents[1] / "build/release/bin/process_bench"

# Row -> what it is, the unit, the goal as ours in parts of Erlang's.
ROWS = {
    "idle_memory": ("memory of an idle process", "B", None),
    "spawn_idle": ("spawn, idle", "ns", 1 / 3),
    "spawn_exit": ("spawn and exit", "ns", 1 / 3),
    "ping_pong": ("ping-pong, a message", "ns", 1 / 3),
    "ring": ("ring of 1,000, a message", "ns", 1 / 3),
    "call": ("call, monitored, with timeout", "ns", 1 / 3),
    "fan_out": ("fan-out 1 to 100,000", "ns", 1 / 3),
    "fan_in": ("fan-in 100 to 1", "ns", 1),
    "timer": ("timer: set and cancel", "ns", 1 / 3),
    "timer_of_million": ("the same, 1,000,000 pending", "ns", 1 / 3),
    "restart": ("restart of a killed child", "ns", 1 / 3),
    "table_set": ("set: insert or lookup", "ns", 1 / 3),
    "table_bag": ("duplicate_bag: insert, key of 1,000,000", "ns", 1 / 3),
}


def value_of(command, row):
    done = subprocess.run(command + [row], capture_output=True, text=True,
                          timeout=300, check=False)
    words = done.stdout.split()
    if done.returncode or len(words) != 2 or words[0] != row:
        sys.exit(f"{' '.join(command)} {row} failed:\n"
                 f"{done.stdout}{done.stderr}")
    return float(words[1])


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--bench", type=Path, default=BENCH)
    options.add_argument("rows", nargs="*", metavar="ROW",
                         help=f"of: {' '.join(ROWS)}")
    asked = options.parse_args()
    unknown = [x for x in asked.rows if x not in ROWS]
    if unknown:
        options.error(f"no row {unknown[0]}; the rows are {' '.join(ROWS)}")
    if not (shutil.which("erl") and shutil.which("erlc")):
        print("no Erlang here, so no comparison: apt-get install erlang-base")
        return
    if not asked.bench.exists():
        sys.exit(f"{asked.bench} is missing: ninja -C build/release "
                 f"process_bench")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["erlc", "-o", folder,
                        HERE / "erlang/process_bench.erl"], check=True)
        erlang = ["erl", "+S", "1:1", "+P", "4000000", "-noshell", "-pa",
                  folder, "-run", "process_bench", "main"]
        print(f"{'':42}{'Erlang':>10}{'ours':>10}{'ours/theirs':>13}  goal",
              flush=True)
        for row in asked.rows or ROWS:
            what, unit, goal = ROWS[row]
            theirs, ours = [], []
            for _ in range(asked.runs):
                theirs.append(value_of(erlang, row))
                ours.append(value_of([str(asked.bench)], row))
            a, b = statistics.median(theirs), statistics.median(ours)
            wanted = "320 B" if goal is None else f"{goal:.2f}"
            met = b <= 320 if goal is None else b <= goal * a
            print(f"{what:42}{a:>7.0f} {unit:2}{b:>7.0f} {unit:2}"
                  f"{b / a:>13.3f}  {wanted}{'' if met else '  MISSED'}",
                  flush=True)


if __name__ == "__main__":
    main()
