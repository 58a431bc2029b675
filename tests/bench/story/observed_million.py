#!/usr/bin/env python3
"""What a viewer costs a chat node that holds a million joined connections, and
how long it waits, on this machine, the load generator beside it.

    observed_million.py [--connections N] [--phases N] [--seconds N]
                        [--bin FOLDER] [--to FOLDER]

The node has as many shards as it takes for each to have a file table of its
own; so have the generator's threads. As root it makes a network namespace and
sets there what is needed; else it says what to set. Checks memory and limits
first. Fails when a refresh of `processes` or `sockets` takes a second or more
at p99, or when the viewer raises a client's p99 from push to reply by 5 ms.
Writes observed_million.md and .json."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import machine  # noqa: E402

PORT = 4000
OBSERVER_PORT = 4001

# As two_million.py, with what the observer's snapshots take beside it.
BYTES_EACH = 9_900

# Seconds. Clients that say nothing must outlive the run, since what heartbeats
# cost is no viewer's fault.
SILENCE = 36_000
RAMP_LIMIT = 900

REFRESH_MS_MAX = 1_000
RAISED_MS_MAX = 5


def joined(token):
    """Joins that the node has accepted, as its observer says."""
    done = subprocess.run(
        [machine.BIN / "bennu-observer", f"ws://127.0.0.1:{OBSERVER_PORT}",
         "--token-file", token, "--timeout", "60", "figures", "--json"],
        capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return 0
    return next((x["now"] for x in json.loads(done.stdout)["rows"]
                 if x["figure"] == "joins"), 0)


def wait_for_all(options, load, token):
    """Seconds until all have joined."""
    began = time.monotonic()
    while joined(token) < options.connections:
        if load.has_ended():
            sys.exit(f"observed_million: bennu-load has ended: {load.wait()}")
        if time.monotonic() - began > RAMP_LIMIT:
            sys.exit("observed_million: not all have joined in time")
        time.sleep(1)
    return time.monotonic() - began


def measure(options, shards):
    with tempfile.TemporaryDirectory() as folder:
        token = Path(folder) / "token"
        token.touch(mode=0o600)
        token.write_text("the-token-of-a-benchmark\n")
        with machine.Node(
                "bennu-chat", "--port", PORT, "--shards", shards,
                "--private-files", "--connections", options.connections,
                "--timeout", SILENCE, "--log-level", "error",
                "--observer-port", OBSERVER_PORT, "--observer-token-file",
                token) as node:
            machine.wait_for_port(PORT, node)
            with machine.Load(
                    PORT, "ramp", "--server-pid", node.pid, "--connections",
                    options.connections, "--in-flight", 64 * shards,
                    "--heartbeat", 0, "--hold", f"{SILENCE}s", "--limit",
                    f"{RAMP_LIMIT}s") as load:
                ramp = wait_for_all(options, load, token)
                free = machine.free_memory()
                result = Path(folder) / "result.json"
                done = subprocess.run(list(map(str, [
                    machine.BIN / "observer_bench", "--port", PORT,
                    "--observer-port", OBSERVER_PORT, "--token-file", token,
                    "--node-pid", node.pid, "--phases", options.phases,
                    "--seconds", options.seconds, "--json", result])),
                    check=False)
                if done.returncode != 0:
                    sys.exit(f"observed_million: observer_bench failed:\n"
                             f"{node.said()}")
                return {"ramp_s": ramp, "free": free, "shards": shards,
                        **json.loads(result.read_text())}


def complaints(x):
    """What is not as promised."""
    for sheet in ("processes", "sockets"):
        took = x["refresh"][sheet]["p99"]
        if took >= REFRESH_MS_MAX:
            yield f"a refresh of {sheet} takes {took:.0f} ms at p99"
    raised = x["watched"]["p99"] - x["quiet"]["p99"]
    if raised >= RAISED_MS_MAX:
        yield f"a viewer raises p99 from push to reply by {raised:.1f} ms"


def report(x, options, about):
    rows = [("milliseconds", "median", "p99", "most", "count")]
    lines = [("push to reply, no viewer", x["quiet"]),
             ("push to reply, a viewer", x["watched"]),
             *((f"refresh of {k}", v) for k, v in x["refresh"].items())]
    for name, y in lines:
        rows.append((name, f"{y['median']:.3f}", f"{y['p99']:.3f}",
                     f"{y['most']:.3f}", f"{y['count']:,}"))
    return f"""# A million connections, observed

{about}.

`bennu-chat` with {x['shards']} shards holds {options.connections:,} joined
connections that say nothing; all had joined after {x['ramp_s']:.0f} s. Phases
of {options.seconds} s with a viewer that asks for `processes`, `activity` and
`sockets` as the full screen does, and without one, in turns; one client pushes
and awaits its reply, over and over.

{machine.table(rows)}

Free memory with all connected: {x['free'] / 2**30:.1f} GiB; the node's own:
{x['node_bytes'] / 2**30:.2f} GiB; shards that were late: {x['missing']}.
"""


def main():
    parser = machine.parser(__doc__)
    parser.add_argument("--connections", type=int, default=1_000_000)
    parser.add_argument("--phases", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=20)
    options = machine.parse(parser)
    machine.go_into_namespace("observed_million")
    shards = machine.require_limits("observed_million", options.connections,
                                    BYTES_EACH)
    about = machine.description()
    x = measure(options, shards)
    machine.write("observed_million", options.to, x, report(x, options, about))
    bad = list(complaints(x))
    if bad:
        sys.exit("observed_million: " + "; ".join(bad))


if __name__ == "__main__":
    main()
