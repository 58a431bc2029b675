#!/usr/bin/env python3
"""A chat node beside its peers on this machine, each loaded by bennu-load in
turns: the floor, which does the same socket work and nothing else, and
uWebSockets where it was built (-DBENNU_UWEBSOCKETS=FOLDER).

    peers.py [--rounds N] [--connections N] [--many N] [--seconds N]
             [--bin FOLDER] [--to FOLDER]

As root it makes a network namespace and sets there what is needed; else it says
what to set. Checks memory and limits first. Writes peers.md and .json."""

import sys
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent))
import machine  # noqa: E402

PORT = 4000

# What two_million.py counts on, and threads that use a file table each.
BYTES_EACH = 9_900
THREADS = 2

PEERS = {"floor": "floor_server", "uWebSockets": "uws_server",
         "Bennu": "bennu-chat"}


def server(peer, connections, threads):
    """The process of one peer, which listens."""
    options = ["--port", PORT]
    if peer == "Bennu":
        # As the floor's threads; a look-up in a shared table takes a lock.
        options += ["--shards", threads, "--private-files", "--log-level",
                    "error", "--timeout", 600, "--connections", connections]
    else:
        options += ["--threads", threads]
    return machine.Node(PEERS[peer], *options)


def run(peer, connections, scenario, *options, threads=THREADS):
    """One scenario of bennu-load against a new process of a peer."""
    with server(peer, connections, threads) as node:
        machine.wait_for_port(PORT, node)
        result = machine.load(PORT, node, scenario, "--connections",
                              connections, *options)
    if result["cut_short"] or not result["ok"]:
        sys.exit(f"peers: {scenario} against {peer} failed: {result}")
    return result


def cost(result, phase):
    """The server's microseconds a unit; of several phases the median."""
    return median(x["server_cpu_us_per_unit"]
                  for x in machine.phases(result, phase))


def rate(result, phase):
    return median(x["per_second"] for x in machine.phases(result, phase))


def last_ms(result):
    return median(x["took_ms"] for x in machine.phases(result, "broadcast"))


def broadcast(peer, connections, threads, rounds):
    x = run(peer, connections, "broadcast", "--rounds", rounds, "--heartbeat",
            0, "--in-flight", 64 * threads, threads=threads)
    return {"join": cost(x, "ramp"), "joins": rate(x, "ramp"),
            "delivery": cost(x, "broadcast"), "last": last_ms(x),
            "user": x["server"]["user_bytes_per_connection"],
            "kernel": x["server"]["kernel_bytes_per_connection_both_ends"]}


def echo(peer, clients, outstanding, seconds):
    x = run(peer, clients, "echo", "--clients", clients, "--outstanding",
            outstanding, "--duration", f"{seconds}s", "--heartbeat", 0)
    return {"reply": cost(x, "echo"), "replies": rate(x, "echo")}


def one_round(peer, options):
    n, seconds = options.connections, options.seconds
    out = {"few": broadcast(peer, n, THREADS, 15)}
    # Without the file tables that this takes: others share one.
    if peer != "uWebSockets":
        threads = options.many // machine.FILES_EACH + 1
        out["many"] = broadcast(peer, options.many, threads, 5)
    for name, clients, outstanding in (("echo", 100, 1), ("echo8", 100, 8),
                                       ("echo1000", 1000, 1)):
        out[name] = echo(peer, clients, outstanding, seconds)
    x = run(peer, 100, "churn", "--duration", f"{seconds}s", "--heartbeat", 0)
    out["churn"] = {"cycle": cost(x, "churn"), "cycles": rate(x, "churn")}
    x = run(peer, n, "ramp", "--hold", f"{seconds}s", "--heartbeat", "1s")
    out["hold"] = {"heartbeat": cost(x, "hold")}
    return out


# What of which part; how it is written; Phoenix's figure, where there is one.
ROWS = [
    ("few", "user", "user bytes a connection", "{:,.0f}", "45,600"),
    ("few", "kernel", "kernel bytes, both ends", "{:,.0f}", "8,200"),
    ("few", "joins", "joins a second", "{:,.0f}", "6,300 – 7,500"),
    ("few", "join", "µs a join", "{:.1f}", "195 – 219"),
    ("few", "delivery", "broadcast: µs a delivery", "{:.2f}", "13 – 15"),
    ("few", "last", "the last receiver, ms", "{:.0f}", "83 – 97"),
    ("many", "user", "with {many}: user bytes", "{:,.0f}", ""),
    ("many", "join", "µs a join", "{:.1f}", ""),
    ("many", "delivery", "broadcast: µs a delivery", "{:.2f}", "20"),
    ("many", "last", "the last receiver, ms", "{:.0f}", "1,490"),
    ("echo", "reply", "push → reply, 100 clients: µs", "{:.2f}", "25 – 33"),
    ("echo", "replies", "a second", "{:,.0f}", "41,000 – 52,000"),
    ("echo8", "reply", "8 outstanding: µs", "{:.2f}", "16 – 18"),
    ("echo8", "replies", "a second", "{:,.0f}", "76,000 – 82,000"),
    ("echo1000", "reply", "1,000 clients: µs", "{:.2f}", "36"),
    ("churn", "cycle", "connect, join, leave, close: µs", "{:.1f}",
     "272 – 318"),
    ("hold", "heartbeat", "µs a heartbeat", "{:.1f}", "374"),
]


def medians(rounds):
    """Of each figure the median, and None where a peer has none."""
    return {(part, name): median(x[part][name] for x in rounds)
            if part in rounds[0] else None for part, name, *_ in ROWS}


def rows_of(seen, options):
    figures = {peer: medians(rounds) for peer, rounds in seen.items()}
    out = [("", "Phoenix", *seen, "Bennu : floor",
            *(["Bennu : uWebSockets"] if "uWebSockets" in seen else []))]
    for part, name, what, form, phoenix in ROWS:
        values = {peer: x[part, name] for peer, x in figures.items()}
        ours = values["Bennu"]
        ratios = [f"{ours / values[x]:.2f}" if values[x] else "–"
                  for x in ("floor", "uWebSockets") if x in values]
        out.append((what.format(many=f"{options.many:,}"), phoenix or "–",
                    *(form.format(x) if x is not None else "–"
                      for x in values.values()), *ratios))
    return out


def report(seen, options, about):
    beside = ("" if "uWebSockets" in seen else
              "\n\nuWebSockets was not built here: configure with "
              "`-DBENNU_UWEBSOCKETS=FOLDER`.")
    return f"""# Beside its peers

{about}.

Made by `make peers`: {options.connections:,} connections but where it says
otherwise, {THREADS} threads a server, `bennu-load` on the same machine,
{options.rounds} rounds in turns, medians. µs are of the server's own processor
time, user and system. The floor does the same socket work without a protocol;
uWebSockets slices Phoenix's messages by hand, without JSON, processes and
supervision. Phoenix's column is what version 1.7.21 on OTP 25 took on another
machine of this kind, with a generator of its own: an order, not a ratio.{beside}

{machine.table(rows_of(seen, options))}
"""


def main():
    parser = machine.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--many", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=4)
    options = machine.parse(parser)
    machine.go_into_namespace("peers")
    machine.require_limits("peers", options.many, BYTES_EACH)
    about = machine.description()
    seen = {peer: [] for peer, program in PEERS.items()
            if (machine.BIN / program).exists()}
    for _ in range(options.rounds):
        for peer, rounds in seen.items():
            rounds.append(one_round(peer, options))
    machine.write("peers", options.to, seen, report(seen, options, about))


if __name__ == "__main__":
    main()
