#!/usr/bin/env python3
"""Two million joined connections in one chat node, on this machine, the load
generator beside it: all join, stay with heartbeats, and hear broadcasts. Then
the same with the floor, which does the socket work and nothing else.

    two_million.py [--connections N] [--hold SECONDS] [--heartbeat SECONDS]
                   [--rounds N] [--no-floor] [--to FOLDER]

As root it makes a network namespace of its own and sets there what is needed;
else it says what to set. Checks memory and limits first, and stops safely when
less than 1 GiB of memory is free. Writes two_million.md and .svg."""

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import machine  # noqa: E402

PORT = 4000

# Seconds that the floor is watched.
FLOOR_HOLD = 60

# Both ends in the kernel, the node's processes and the generator's user; a
# broadcast that is not read yet.
BYTES_EACH = 9_800


class Watch(machine.Beside):
    """Free memory and the node's own, once a second, while it runs."""

    def __init__(self, node):
        super().__init__()
        self.node = node
        self.seen = []

    def run(self):
        began = time.monotonic()
        page = os.sysconf("SC_PAGE_SIZE")
        while not self.ends.wait(1):
            resident = int(Path(f"/proc/{self.node.pid}/statm").read_text()
                           .split()[1])
            self.seen.append((time.monotonic() - began,
                              machine.free_memory(), resident * page,
                              machine.cpu_seconds(self.node.pid)))


def measure(options, shards):
    with machine.Node("bennu-chat", "--port", PORT, "--shards", shards,
                      "--private-files", "--connections", options.connections,
                      "--timeout", 4 * options.heartbeat, "--log-level",
                      "error") as node:
        machine.wait_for_port(PORT, node)
        with Watch(node) as watch:
            result = load(node, shards, options)
    return {"result": result, "watch": watch.seen, "shards": shards}


def load(server, shards, options):
    # Some arrivals a shard at once, else each wakes a thread for itself.
    return machine.load(
        PORT, server, "broadcast", "--connections", options.connections,
        "--hold", f"{options.hold}s", "--heartbeat", f"{options.heartbeat}s",
        "--rounds", options.rounds, "--in-flight", 64 * shards, "--limit",
        "900s", quiet=False)


def measure_floor(options, shards):
    machine.wait_for_memory(options.connections * BYTES_EACH)
    with machine.Node("floor_server", "--port", PORT, "--threads",
                      shards) as server:
        machine.wait_for_port(PORT, server)
        return load(server, shards, options)


def figures_of(result, options):
    """What a load came to, in lines of a table."""
    ramp = machine.phases(result, "ramp")[0]
    rounds = machine.phases(result, "broadcast")
    hold = machine.phases(result, "hold")
    server = result["server"] or {}
    rows = [("joined", f"{result['users']['joined']:,} of "
                       f"{options.connections:,}"),
            ("failed", f"{result['users']['errors']:,}"),
            ("joins a second", f"{ramp['per_second']:,.0f}"),
            ("server µs a join", f"{ramp['server_cpu_us_per_unit']:.1f}"),
            ("user bytes a connection",
             f"{server['user_bytes_per_connection']:,.0f}"),
            ("kernel bytes a connection, both ends",
             f"{server['kernel_bytes_per_connection_both_ends']:,.0f}"),
            ("generator's user bytes a connection",
             f"{result['generator']['user_bytes_per_connection']:,.0f}")]
    for i, y in enumerate(rounds, 1):
        rows.append((f"broadcast {i}: deliveries a second, last after",
                     f"{y['per_second']:,.0f}, {y['took_ms'] / 1000:.1f} s"))
    if hold:
        y = hold[0]
        us = y["server_cpu_us_per_unit"]
        rows.append(("heartbeats while all stay, server µs each",
                     f"{y['units']:,} in {y['took_ms'] / 1000:.0f} s, "
                     + (f"{us:.1f}" if us is not None else "-")))
    counts = result["counts"]
    rows.append(("lost, doubled, connections lost",
                 f"{counts['lost']:,}, {counts['doubled']:,}, "
                 f"{counts['lost_connection']:,}"))
    return rows


def rows_of(x, options):
    node = figures_of(x["result"], options)
    least = min(free for _, free, _, _ in x["watch"])
    node.append(("least free memory", f"{least / 2**30:.2f} GiB"))
    if not x.get("floor"):
        return [("what", "figure"), *node]
    floor = dict(figures_of(x["floor"], options))
    return [("what", "node", "floor"),
            *((*row, floor.get(row[0], "")) for row in node)]


def draw(x, to):
    fig, axes = machine.figure(1, 2)
    memory, cpu = axes[0]
    times = [t for t, *_ in x["watch"]]
    gib = [(free / 2**30, own / 2**30) for _, free, own, _ in x["watch"]]
    memory.plot(times, [a for a, _ in gib], label="free on the machine")
    memory.plot(times, [b for _, b in gib], label="the node's own")
    memory.set(title="memory, GiB", xlabel="seconds", ylim=(0, None))
    memory.legend()
    busy = [(b[3] - a[3]) / (b[0] - a[0])
            for a, b in zip(x["watch"], x["watch"][1:])]
    cpu.plot(times[1:], busy)
    cpu.set(title="cores the node used", xlabel="seconds", ylim=(0, None))
    machine.save(fig, to)


def report(x, options, about):
    limits = "".join(f"\n- {line}" for line in x["result"]["limits"])
    return f"""# Two million connections

{about}.

Made by `make two-million`: `bennu-chat` with {x['shards']} shards, each with a
file table of its own, in a network namespace of its own, and `bennu-load`
beside it. Everybody joins `rooms:lobby`, sends a heartbeat each
{options.heartbeat} s, and gets every broadcast. The floor is the leanest server
that does the same socket work: it knows no protocol and holds no processes.

{machine.table(rows_of(x, options))}

![Memory and processor over time](two_million.svg)

What the load generator says of itself and the machine:
{limits or "- nothing held it up"}
"""


def main():
    parser = machine.parser(__doc__)
    parser.add_argument("--connections", type=int, default=2_000_000)
    parser.add_argument("--hold", type=int, default=180)
    parser.add_argument("--heartbeat", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-floor", action="store_true")
    options = machine.parse(parser)
    machine.go_into_namespace("two_million")
    shards = machine.require_limits("two_million", options.connections,
                                    BYTES_EACH)
    about = machine.description()
    x = measure(options, shards)
    if not options.no_floor:
        # As many heartbeats as tell what one costs.
        options.hold = min(options.hold, FLOOR_HOLD)
        x["floor"] = measure_floor(options, shards)
    draw(x, options.to / "two_million.svg")
    machine.write("two_million", options.to, x, report(x, options, about))
    if x["result"]["users"]["joined"] != options.connections:
        sys.exit("two_million: not all have joined")


if __name__ == "__main__":
    main()
