#!/usr/bin/env python3
"""A chat node under a mixed load for half an hour, on this machine: people who
stay and talk, people who come and go, waves that hear broadcasts, readers that
do not read, while channels and pubsub servers are killed and sockets closed.

    soak.py [--minutes N] [--to FOLDER]

Fails when memory grows, when somebody who stayed misses a message or hears one
twice, or when a process is left at the end. Writes soak.md, .svg and .json."""

import json
import random
import select
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import machine  # noqa: E402

PORT = 4000
OBSERVER_PORT = 4001
CLIENTS = machine.ROOT / "tests/integration/soak_clients.mjs"

STAYERS, SPEAKERS = 2_000, 10
VISITORS = 200
WAVE, WAVE_ROUNDS = 5_000, 3
ECHO_CLIENTS, ECHO_SECONDS = 100, 5
PHOENIX_CLIENTS = 20
DEAF = 20

# Of what is sent to the deaf: 4 speakers, a message each fifth of a second.
FLOOD_SPEAKERS, FLOOD_BODY, FLOOD_THINK = 4, 8_000, 0.2

# Seconds between two acts of the trouble made.
KILL_CHANNEL, KILL_PUBSUB, CLOSE_SOCKET = 5, 15, 20

# The allocator keeps pages for a while, and a minute differs from the next.
GROWTH_MAX = 1.05
SETTLE_SECONDS = 60


class Observer:
    """bennu-observer's one-shot commands."""

    def __init__(self, token):
        self.token = token

    def run(self, *args):
        return subprocess.run(
            [machine.BIN / "bennu-observer",
             f"ws://127.0.0.1:{OBSERVER_PORT}", "--token-file", self.token,
             *map(str, args)], capture_output=True, text=True, check=False)

    def sheet(self, *args):
        done = self.run(*args, "--json")
        if done.returncode != 0:
            sys.exit(f"soak: bennu-observer {args}: {done.stderr}")
        return json.loads(done.stdout)

    def processes(self):
        return self.sheet("processes", "--limit", 1)["seen"]


def load(scenario, *options):
    return machine.Load(PORT, scenario, *options)


class Deaf(machine.Beside):
    """Clients that join where much is said and do not read; who is closed
    comes back."""

    def __init__(self, topic):
        super().__init__()
        self.topic = topic
        self.closed = 0

    def connect(self):
        x = socket.socket()
        x.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        x.connect(("127.0.0.1", PORT))
        x.sendall(b"GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\n"
                  b"Host: 127.0.0.1\r\nUpgrade: websocket\r\n"
                  b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                  b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        x.recv(4096)
        text = json.dumps(["1", "1", self.topic, "phx_join", {}]).encode()
        # A mask of zeros leaves the payload as it is.
        x.sendall(bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text)
        return x

    def run(self):
        clients = [self.connect() for _ in range(DEAF)]
        while not self.ends.wait(1):
            watch = select.poll()
            for x in clients:
                watch.register(x, select.POLLRDHUP)
            gone = {fd for fd, _ in watch.poll(0)}
            self.closed += len(gone)
            for x in [x for x in clients if x.fileno() in gone]:
                clients.remove(x)
                x.close()
                clients.append(self.connect())
        for x in clients:
            x.close()


class Trouble(machine.Beside):
    """Kills and closes, in turns, until the block ends."""

    def __init__(self, observer, topic):
        super().__init__()
        self.observer = observer
        self.topic = topic
        self.chance = random.Random(1)
        self.done = {"channels killed": 0, "pubsub servers killed": 0,
                     "sockets closed": 0}

    def act(self, what, *command):
        # Who is to be killed may just have ended.
        if self.observer.run(*command).returncode == 0:
            self.done[what] += 1

    def one_of(self, sheet, contains, column):
        rows = self.observer.sheet(sheet, "--filter", contains, "--limit",
                                   1000)["rows"]
        return self.chance.choice(rows)[column] if rows else None

    def run(self):
        second = 0
        while not self.ends.wait(1):
            second += 1
            if second % KILL_PUBSUB == 0:
                server = f"chat.pubsub.{self.chance.randrange(2)}"
                self.act("pubsub servers killed", "kill", server)
            elif second % CLOSE_SOCKET == 0:
                pid = self.one_of("channels", self.topic, "socket")
                if pid:
                    self.act("sockets closed", "close", pid)
            elif second % KILL_CHANNEL == 0:
                pid = self.one_of("channels", self.topic, "channel")
                if pid:
                    self.act("channels killed", "kill", pid)


def user_bytes(pid):
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no Pss")


def one_minute(node, until):
    """A wave, an echo, and then a look at the node without them."""
    wave = load("broadcast", "--connections", WAVE, "--rounds", WAVE_ROUNDS,
                "--topic", "rooms:wave").wait()
    echo = load("echo", "--connections", ECHO_CLIENTS, "--clients",
                ECHO_CLIENTS, "--duration", f"{ECHO_SECONDS}s", "--topic",
                "rooms:echo").wait()
    time.sleep(max(0, until - time.monotonic()))
    return {"wave": wave, "echo": echo, "user_bytes": user_bytes(node.pid)}


def soak(node, observer, minutes):
    seconds = minutes * 60
    clients = subprocess.Popen(
        ["node", CLIENTS, f"ws://127.0.0.1:{PORT}/socket", "rooms:trouble",
         str(PHOENIX_CLIENTS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True)
    clients.stdout.readline()
    stayers = load("chat", "--connections", STAYERS, "--senders", SPEAKERS,
                   "--messages", seconds, "--think", "1s", "--topic",
                   "rooms:stay", "--limit", f"{2 * seconds}s")
    visitors = load("lobby", "--connections", VISITORS, "--think", "4s",
                    "--duration", f"{seconds + 60}s")
    flood = load("chat", "--connections", FLOOD_SPEAKERS + 1, "--senders",
                 FLOOD_SPEAKERS, "--messages", 10 * seconds, "--think",
                 f"{FLOOD_THINK}s", "--body", FLOOD_BODY, "--topic",
                 "rooms:flood", "--limit", f"{2 * seconds}s")
    seen = []
    with Deaf("rooms:flood") as deaf, Trouble(observer,
                                              "rooms:trouble") as trouble:
        began = time.monotonic()
        for minute in range(1, minutes + 1):
            seen.append(one_minute(node, began + 60 * minute))
            print(f"soak: minute {minute}: "
                  f"{seen[-1]['user_bytes'] / 2**20:.1f} MiB", flush=True)
        # Their messages come at random: some have not said all yet.
        result = {"minutes": seen, "stayers": stayers.wait()}
    result["deaf_closed"] = deaf.closed
    result["trouble"] = trouble.done
    result["flood"] = flood.stop()
    result["visitors"] = visitors.stop()
    said, _ = clients.communicate("")
    result["phoenix"] = json.loads(said)
    return result


def left_over(observer, before):
    """Processes that are more than before anybody came, once all have gone."""
    until = time.monotonic() + SETTLE_SECONDS
    while (n := observer.processes() - before) > 0:
        if time.monotonic() > until:
            break
        time.sleep(1)
    return n


def measure(options):
    with tempfile.TemporaryDirectory() as folder:
        token = Path(folder) / "token"
        token.touch(mode=0o600)
        token.write_text("the-token-of-a-benchmark\n")
        with machine.Node("bennu-chat", "--port", PORT, "--log-level", "error",
                          "--connections", 2 * WAVE, "--allow-destructive",
                          "--observer-port", OBSERVER_PORT,
                          "--observer-token-file", token) as node:
            machine.wait_for_port(OBSERVER_PORT, node)
            observer = Observer(token)
            before = observer.processes()
            empty = user_bytes(node.pid)
            x = soak(node, observer, options.minutes)
            return {**x, "left_over": left_over(observer, before),
                    "empty_bytes": empty, "end_bytes": user_bytes(node.pid)}


def growth(x):
    """The last sixth's memory by the second sixth's, medians."""
    seen = [m["user_bytes"] for m in x["minutes"]]
    sixth = max(1, len(seen) // 6)
    early = statistics.median(seen[sixth:2 * sixth] or seen)
    return statistics.median(seen[-sixth:]) / early


def complaints(x):
    """What is not as promised."""
    if growth(x) > GROWTH_MAX:
        yield f"memory has grown by {growth(x) - 1:.1%}"
    if x["left_over"] > 0:
        yield f"{x['left_over']} processes are left"
    for name, one in (("stayers", x["stayers"]),
                      *((f"minute {i}'s wave", m["wave"])
                        for i, m in enumerate(x["minutes"], 1))):
        for what in ("lost", "doubled", "lost_connection"):
            if one["counts"][what]:
                yield f"{name}: {one['counts'][what]} {what}"
        if one["users"]["errors"]:
            yield f"{name}: {one['users']['errors']} errors"
    for what in ("lost", "doubled", "swapped"):
        if x["phoenix"][what]:
            yield f"phoenix.js clients: {x['phoenix'][what]} {what}"
    if not x["deaf_closed"]:
        yield "no deaf reader was closed"


def rows_of(x):
    minutes = x["minutes"]
    p99 = [m["echo"]["latency"]["reply"]["p99_ms"] for m in minutes]
    memory = [m["user_bytes"] / 2**20 for m in minutes]
    stay, phoenix = x["stayers"], x["phoenix"]
    return [
        ("what", "figure"),
        ("user memory: empty, after the first minute, the last, all gone",
         ", ".join(f"{y:.1f}" for y in (x["empty_bytes"] / 2**20, memory[0],
                                        memory[-1], x["end_bytes"] / 2**20))
         + " MiB"),
        ("growth, last sixth by second sixth", f"{growth(x) - 1:+.1%}"),
        ("processes left when all had gone", f"{x['left_over']}"),
        ("deliveries to those who stayed; lost, doubled",
         f"{stay['counts']['deliveries']:,}; {stay['counts']['lost']}, "
         f"{stay['counts']['doubled']}"),
        ("p99 push to reply by minute: least, median, most",
         f"{min(p99):.2f}, {statistics.median(p99):.2f}, {max(p99):.2f} ms"),
        ("waves: joins, deliveries; lost, doubled",
         f"{sum(m['wave']['users']['joined'] for m in minutes):,}, "
         f"{sum(m['wave']['counts']['deliveries'] for m in minutes):,}; "
         f"{sum(m['wave']['counts']['lost'] for m in minutes)}, "
         f"{sum(m['wave']['counts']['doubled'] for m in minutes)}"),
        ("visits", f"{x['visitors']['counts']['cycles']:,}"),
        ("slow readers closed", f"{x['deaf_closed']:,}"),
        *((what, f"{n:,}") for what, n in x["trouble"].items()),
        ("phoenix.js in that trouble: joins, messages heard",
         f"{phoenix['joins']:,}, {phoenix['heard']:,}"),
        ("the same: lost, doubled, out of order",
         f"{phoenix['lost']}, {phoenix['doubled']}, {phoenix['swapped']}"),
        ("the same: push to reply, median, p99",
         f"{phoenix['reply_p50_ms']:.1f}, {phoenix['reply_p99_ms']:.1f} ms"),
    ]


def draw(x, to):
    fig, axes = machine.figure(1, 2)
    memory, reply = axes[0]
    minutes = range(1, len(x["minutes"]) + 1)
    memory.plot(minutes, [m["user_bytes"] / 2**20 for m in x["minutes"]])
    memory.set(title="the node's user memory, MiB", xlabel="minutes",
               ylim=(0, None))
    for name in ("p50_ms", "p99_ms"):
        reply.plot(minutes, [m["echo"]["latency"]["reply"][name]
                             for m in x["minutes"]], label=name[:3])
    reply.set(title="push to reply, ms", xlabel="minutes", ylim=(0, None))
    reply.legend()
    machine.save(fig, to)


def report(x, about):
    return f"""# Soak

{about}.

Made by `make soak`. For {len(x['minutes'])} minutes {STAYERS:,} users stay in a
room in which {SPEAKERS} of them speak once a second; {VISITORS} come, talk and
leave; each minute {WAVE:,} join, hear {WAVE_ROUNDS} broadcasts and leave, and
{ECHO_CLIENTS} push and await replies for {ECHO_SECONDS} s, one push each at a
time; {DEAF} join a room with much to hear and read nothing. In the room of
{PHOENIX_CLIENTS} phoenix.js clients a channel is killed each {KILL_CHANNEL} s
and a socket closed each {CLOSE_SOCKET} s; a pubsub server is killed each
{KILL_PUBSUB} s. Memory is that at each minute's end, when waves have gone.

{machine.table(rows_of(x))}

![Memory and latency over time](soak.svg)
"""


def main():
    parser = machine.parser(__doc__)
    parser.add_argument("--minutes", type=int, default=30)
    options = machine.parse(parser)
    machine.go_into_namespace("soak")
    about = machine.description()
    x = measure(options)
    draw(x, options.to / "soak.svg")
    machine.write("soak", options.to, x, report(x, about))
    bad = list(complaints(x))
    if bad:
        sys.exit("soak: " + "; ".join(bad))


if __name__ == "__main__":
    main()
