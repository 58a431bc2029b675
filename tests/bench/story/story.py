#!/usr/bin/env python3
"""The road to two million, step by step: each thing that was changed in 2015,
before and after, in one node (story_node) and under one load.

    story.py [--runs N] [--to FOLDER]

A and B alternate and medians are compared; takes under ten minutes. Writes
story.md and story.svg."""

import json
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import machine  # noqa: E402

PORT = 4711
TABLE_SIZES = [10_000, 20_000, 40_000, 60_000]
CONNECTIONS = 30_000
SHARDS = 4
HOLD = 8


def run(connections, *options, rounds=3, hold=0):
    """Figures of one node under one load."""
    with machine.Node("story_node", "--port", PORT, "--shards", SHARDS,
                      *options) as node:
        machine.wait_for_port(PORT, node)
        if hold:
            return held(node, connections, hold)
        result = machine.load(PORT, node, "broadcast", "--connections",
                              connections, "--rounds", rounds, "--heartbeat", 0)
        require_all(result, connections, options)
        ramp = machine.phases(result, "ramp")[0]
        rounds = machine.phases(result, "broadcast")
        return {"joins": ramp["per_second"],
                "join_us": ramp["server_cpu_us_per_unit"],
                "last_ms": statistics.median(x["took_ms"] for x in rounds),
                **seen_by(node)}


def held(node, connections, seconds):
    """What a node's heartbeats cost while nobody says anything."""
    idle = 3
    with machine.Load(PORT, "ramp", "--connections", connections, "--heartbeat",
                      0, "--hold", f"{seconds + idle}s") as load:
        while joined(node) < connections and not load.has_ended():
            time.sleep(0.2)
        time.sleep(1)
        before = machine.cpu_seconds(node.pid)
        time.sleep(seconds - 1)
        used = machine.cpu_seconds(node.pid) - before
        require_all(load.wait(), connections, "heartbeats")
    return {"heartbeat_us": used / (seconds - 1) / connections * 1e6,
            **seen_by(node)}


def seen_by(node):
    lines = [x for x in node.said().splitlines() if x.startswith("{")]
    return json.loads(lines[-1]) if lines else {}


def joined(node):
    return seen_by(node).get("joined", 0)


def require_all(result, connections, options):
    if result["users"]["joined"] != connections or result["counts"]["lost"]:
        sys.exit(f"story: with {options} {result['users']} of {connections} "
                 f"joined, {result['counts']['lost']} messages lost")


def compare(variants, runs, connections=CONNECTIONS, **how):
    """Medians of each variant's figures, the variants taking turns."""
    seen = {name: [] for name in variants}
    for _ in range(runs):
        for name, options in variants.items():
            seen[name].append(run(connections, *options, **how))
    return {name: {key: statistics.median(x[key] for x in all_runs)
                   for key in all_runs[0]}
            for name, all_runs in seen.items()}


def measure(runs):
    say = lambda text: print(text, flush=True)
    say("bag against duplicate_bag")
    tables = {size: compare({"bag": ["--table", "bag"],
                             "duplicate_bag": ["--table", "duplicate_bag"]},
                            runs, size, rounds=1)
              for size in TABLE_SIZES}
    say("one timer process against the wheels")
    heartbeats = compare({"process": ["--heartbeats", "process"],
                          "wheel": ["--heartbeats", "wheel"]}, runs, hold=HOLD)
    say("one pubsub server against a pool, whole against sharded broadcasts")
    pool = compare({"one server": ["--pool", 1],
                    "pool": ["--pool", SHARDS, "--broadcast", "whole"],
                    "pool, sharded": ["--pool", SHARDS, "--broadcast",
                                      "sharded"]}, runs)
    say("the chat node as it is")
    return {"tables": tables, "heartbeats": heartbeats, "pool": pool,
            "now": statistics_of_now(runs)}


def statistics_of_now(runs):
    seen = []
    for _ in range(runs):
        with machine.Node("bennu-chat", "--port", PORT, "--shards", SHARDS,
                          "--private-files", "--log-level", "error") as node:
            machine.wait_for_port(PORT, node)
            result = machine.load(PORT, node, "broadcast", "--connections",
                                  CONNECTIONS, "--rounds", 3)
            require_all(result, CONNECTIONS, "bennu-chat")
            rounds = machine.phases(result, "broadcast")
            seen.append((machine.phases(result, "ramp")[0]["per_second"],
                         statistics.median(x["took_ms"] for x in rounds)))
    return {"joins": statistics.median(x[0] for x in seen),
            "last_ms": statistics.median(x[1] for x in seen)}


def draw(x, to):
    fig, axes = machine.figure(2, 2)
    (table, timer), (joins, last) = axes
    for kind in ("bag", "duplicate_bag"):
        table.plot([n / 1000 for n in TABLE_SIZES],
                   [x["tables"][n][kind]["joins"] for n in TABLE_SIZES],
                   marker="o", label=kind)
    table.set(title="joins a second, by the table's kind", ylim=(0, None),
              xlabel="thousand connections")
    table.legend()
    timer.bar(list(x["heartbeats"]),
              [y["heartbeat_us"] for y in x["heartbeats"].values()])
    timer.set(title="server µs a heartbeat")
    bars = {**x["pool"], "bennu-chat": x["now"]}
    joins.bar(list(bars), [y["joins"] for y in bars.values()])
    joins.set(title=f"joins a second, {CONNECTIONS:,} connections")
    last.bar(list(bars), [y["last_ms"] for y in bars.values()])
    last.set(title="broadcast: last receiver, ms")
    for axis in (joins, last):
        axis.tick_params(axis="x", labelrotation=15)
    machine.save(fig, to)


def report(x, about):
    kinds = [("connections", "bag, joins/s", "duplicate_bag, joins/s")]
    kinds += [(f"{n:,}", f"{y['bag']['joins']:,.0f}",
               f"{y['duplicate_bag']['joins']:,.0f}")
              for n, y in x["tables"].items()]
    beats = [("heartbeats by", "server µs each", "longest mailbox")]
    beats += [(name, f"{y['heartbeat_us']:.2f}", f"{y['timer_queue_max']:.0f}")
              for name, y in x["heartbeats"].items()]
    pools = [("pubsub", "joins/s", "longest mailbox", "last receiver, ms")]
    pools += [(name, f"{y['joins']:,.0f}", f"{y['pubsub_queue_max']:.0f}",
               f"{y['last_ms']:.0f}") for name, y in x["pool"].items()]
    pools.append(("bennu-chat", f"{x['now']['joins']:,.0f}", "-",
                  f"{x['now']['last_ms']:.0f}"))
    return f"""# The road to two million, step by step

{about}.

Made by `make story`: one node written as the chat node of 2015 was
(`tests/bench/story/story_node.cpp`), one thing switched at a time, loaded by
`bennu-load`; medians of runs that took turns. {SHARDS} shards share the cores
with the load generator, so what runs on all shards at once gains less here
than it did on forty cores.

![The four comparisons](story.svg)

## The subscribers' table: bag against duplicate_bag

A bag looks at every object of its key before it inserts one.

{machine.table(kinds)}

## Heartbeats: one timer process against a wheel a shard

{CONNECTIONS:,} processes with a timer of one second each.

{machine.table(beats)}

## One pubsub server, a pool, and sharded broadcasts

{CONNECTIONS:,} connections. The last line is our chat node, where subscribing
is no message and a broadcast goes past the channel processes.

{machine.table(pools)}
"""


def main():
    parser = machine.parser(__doc__)
    parser.add_argument("--runs", type=int, default=2)
    options = machine.parse(parser)
    about = machine.description()
    began = time.monotonic()
    x = measure(options.runs)
    draw(x, options.to / "story.svg")
    machine.write("story", options.to, x, report(x, about))
    print(f"took {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
