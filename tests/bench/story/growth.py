#!/usr/bin/env python3
"""Whether a join, a delivery and a heartbeat cost the same however many
connections and topics a chat node has, on this machine, the load generator
beside it.

    growth.py [--connections N,N,...] [--topics N,N,...] [--to FOLDER]

Settings and limits are two_million.py's. Writes growth.md and .svg."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import machine  # noqa: E402
import two_million  # noqa: E402

# Connections while the topics grow, and how long everybody stays.
HELD = 100_000
HOLD_SECONDS = 20

# Pushes a second, in however many topics: a node that has more to do than it
# can says so, and that is not what is asked here.
PUSHES = 5_000


def shards_for(connections):
    return machine.require_limits("growth", connections,
                                  two_million.BYTES_EACH)


def phase(result, name):
    """Its server's microseconds a unit; of several the median."""
    costs = sorted(x["server_cpu_us_per_unit"]
                   for x in machine.phases(result, name)
                   if x["server_cpu_us_per_unit"] is not None)
    return costs[len(costs) // 2] if costs else None


def with_connections(count):
    options = argparse.Namespace(connections=count, hold=HOLD_SECONDS,
                                 heartbeat=HOLD_SECONDS, rounds=3)
    result = two_million.measure(options, shards_for(count))["result"]
    return {"count": count, "join": phase(result, "ramp"),
            "delivery": phase(result, "broadcast"),
            "heartbeat": phase(result, "hold"),
            "bytes": result["server"]["user_bytes_per_connection"]}


def with_topics(count):
    shards = shards_for(HELD)
    with machine.Node("bennu-chat", "--port", two_million.PORT, "--shards",
                      shards, "--private-files", "--connections", HELD,
                      "--log-level", "error") as node:
        machine.wait_for_port(two_million.PORT, node)
        result = machine.load(
            two_million.PORT, node, "rooms", "--connections", HELD,
            "--per-room", HELD // count, "--senders", 1, "--messages", 3,
            "--think", f"{max(1, count / PUSHES)}s", "--in-flight", 64 * shards)
    return {"count": count, "users": HELD // count,
            "join": phase(result, "ramp"), "delivery": phase(result, "talk"),
            "bytes": result["server"]["user_bytes_per_connection"]}


def rows_of(points, names):
    rows = [tuple(names.values())]
    for x in points:
        rows.append(tuple("-" if x[k] is None else
                          f"{x[k]:,.1f}" if isinstance(x[k], float)
                          else f"{x[k]:,}" for k in names))
    return rows


CONNECTIONS = {"count": "connections", "join": "server µs a join",
               "delivery": "a delivery", "heartbeat": "a heartbeat",
               "bytes": "user bytes a connection"}
TOPICS = {"count": "topics", "users": "users of each", "join": "server µs a join",
          "delivery": "a delivery, with its share of a push",
          "bytes": "user bytes a connection"}


def draw(connections, topics, to):
    fig, axes = machine.figure(1, 2)
    for axis, points, names in ((axes[0][0], connections, CONNECTIONS),
                                (axes[0][1], topics, TOPICS)):
        for key in ("join", "delivery", "heartbeat"):
            if key in names:
                axis.plot([x["count"] for x in points],
                          [x[key] for x in points], marker="o", label=key)
        axis.set(title="server µs each", xlabel=names["count"], xscale="log",
                 ylim=(0, None))
        axis.legend()
    machine.save(fig, to)


def report(connections, topics, about):
    return f"""# Growth

{about}.

Made by `make growth`: everybody joins `rooms:lobby`, stays {HOLD_SECONDS} s with
a heartbeat each, and hears three broadcasts. A shard holds
{machine.FILES_EACH:,} connections, so that shards grow with them.

{machine.table(rows_of(connections, CONNECTIONS))}

{HELD:,} connections in as many topics as said; one of each topic pushes three
messages to it, all together some {PUSHES:,} a second at most. Where few hear a
push, a delivery's figure is mostly that of the push, which at this pace finds its
shard asleep and its processes out of the caches, and wakes another shard, which
keeps the rooms' history: some 100 µs, however many the topics.

{machine.table(rows_of(topics, TOPICS))}

![Microseconds by connections and by topics](growth.svg)
"""


def main():
    def numbers(text):
        return [int(x) for x in text.split(",")]

    parser = machine.parser(__doc__)
    parser.add_argument("--connections", type=numbers,
                        default=[10_000, 30_000, 100_000, 300_000, 1_000_000])
    parser.add_argument("--topics", type=numbers,
                        default=[1, 10, 100, 1_000, 10_000, 100_000])
    options = machine.parse(parser)
    machine.go_into_namespace("growth")
    about = machine.description()
    connections = [with_connections(x) for x in options.connections]
    topics = [with_topics(x) for x in options.topics]
    draw(connections, topics, options.to / "growth.svg")
    machine.write("growth", options.to,
                  {"connections": connections, "topics": topics},
                  report(connections, topics, about))


if __name__ == "__main__":
    main()
