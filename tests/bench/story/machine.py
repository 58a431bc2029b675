"""What the programs of this folder share: the programs they run, the machine's
figures and settings, and how results are written down."""

import argparse
import json
import os
import platform
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BIN = ROOT / "build/release/bin"

# The kernel's hash of connections: one bucket for two sockets. A namespace
# takes its size from the one it is made in.
BUCKETS = 1 << 22
PARENT_BUCKETS = Path("/proc/sys/net/ipv4/tcp_child_ehash_entries")
SETTINGS = {
    "net/ipv4/ip_local_port_range": "1025 65535",
    "net/ipv4/tcp_congestion_control": "reno",
    "net/core/somaxconn": "4096",
}
INSIDE = "BENNU_INSIDE_NAMESPACE"

# Of a file table of 20,000: what is left when a shard has its own files.
FILES_EACH = 19_000

# What else runs.
BYTES_BESIDE = 2 << 30


def parser(doc):
    """For what a program takes, with what they all take."""
    made = argparse.ArgumentParser(description=doc)
    made.add_argument("--bin", type=Path, default=BIN,
                      help="where the programs are")
    made.add_argument("--to", type=Path, default=ROOT / "build/benchmarks",
                      help="where the report goes")
    return made


def parse(made):
    global BIN
    options = made.parse_args()
    BIN = options.bin.resolve()
    return options


def go_into_namespace(program):
    """As root: a network namespace of its own, set for many connections; this
    returns inside of it. Else says what to set, and goes on where it is."""
    if INSIDE in os.environ:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        for name, value in SETTINGS.items():
            (Path("/proc/sys") / name).write_text(value)
        return
    if os.geteuid() != 0:
        lines = "\n".join(f"  sysctl -w {name.replace('/', '.')}='{value}'"
                          for name, value in SETTINGS.items())
        print(f"{program}: not root: goes on in this network namespace. For "
              f"the figures of the report set, as root:\n{lines}", flush=True)
        return
    before = PARENT_BUCKETS.read_text() if PARENT_BUCKETS.exists() else None
    try:
        if before is not None:
            PARENT_BUCKETS.write_text(str(BUCKETS))
        # What is only cached looks used to those who look at MemFree.
        Path("/proc/sys/vm/drop_caches").write_text("1")
        done = subprocess.run(
            ["unshare", "--net", sys.executable, "-B", *sys.argv],
            env={**os.environ, INSIDE: "1"}, check=False)
    finally:
        if before is not None:
            PARENT_BUCKETS.write_text(before)
    sys.exit(done.returncode)


def free_memory():
    """MemFree in bytes: MemAvailable counts what sockets will not give back."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemFree:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no MemFree in /proc/meminfo")


def require_limits(program, connections, bytes_each):
    """How many shards it takes, each with a file table of its own. Exits and
    says which limit to raise, before anything is started."""
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files < 20_000:
        sys.exit(f"{program}: a file table holds {files} files, 20000 are "
                 "needed: ulimit -n 20000")
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    needed = connections * bytes_each + BYTES_BESIDE
    free = free_memory()
    if free < needed:
        sys.exit(f"{program}: {free / 2**30:.1f} GiB of memory are free, "
                 f"{needed / 2**30:.1f} are needed: end other programs, drop "
                 "the page cache (sysctl vm.drop_caches=1), or ask for fewer "
                 f"--connections ({(free - BYTES_BESIDE) // bytes_each:,} fit)")
    return connections // FILES_EACH + 1


def wait_for_memory(size, seconds=120):
    """Returns once so much is free again: the kernel ends the connections of a
    process that is gone in its own time."""
    until = time.monotonic() + seconds
    while free_memory() < size + BYTES_BESIDE:
        if time.monotonic() > until:
            sys.exit(f"{size / 2**30:.1f} GiB are not free after {seconds} s")
        time.sleep(1)


def cpu_seconds(pid):
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def description():
    """Date, commit and machine, for the head of a report."""
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"],
                            capture_output=True, text=True, check=False)
    model = next((line.split(":", 1)[1].strip()
                  for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), "unknown")
    gib = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return (f"{date.today()}, commit {commit.stdout.strip() or 'unknown'}, "
            f"{os.cpu_count()} cores of {model}, {gib:.0f} GiB, Linux "
            f"{platform.release()}, load average {os.getloadavg()[0]:.1f} at "
            "the start; node and load generator on this one machine")


class Beside:
    """Its `run` goes on in a thread of its own while the block does, until
    `ends` is set."""

    def __init__(self):
        self.ends = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ends.set()
        self.thread.join()


class Node:
    """A node's process, ended with the block."""

    def __init__(self, program, *options):
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([BIN / program, *map(str, options)],
                                        stdout=self.log, stderr=self.log)
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Not SIGTERM: telling everybody goodbye is not what is measured.
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.log.close()

    def said(self):
        self.log.seek(0)
        return self.log.read()


def wait_for_port(port, node, seconds=60):
    """Returns once somebody listens there."""
    wanted = f":{port:04X}"
    until = time.monotonic() + seconds
    while time.monotonic() < until and node.process.poll() is None:
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[1].endswith(wanted) and fields[3] == "0A":
                return
        time.sleep(0.05)
    sys.exit(f"the node does not listen on port {port}:\n{node.said()}")


class Load:
    """bennu-load beside everything else, ended with the block; its result at
    the end."""

    def __init__(self, port, scenario, *options, quiet=True):
        self.result = tempfile.NamedTemporaryFile()
        command = [BIN / "bennu-load", scenario, "--target",
                   f"ws://127.0.0.1:{port}/socket", "--page-port", 0, "--json",
                   self.result.name, *options, *(["--quiet"] if quiet else [])]
        self.process = subprocess.Popen(
            list(map(str, command)), stderr=subprocess.PIPE, text=True,
            stdout=subprocess.DEVNULL if quiet else None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        self.result.close()

    def has_ended(self):
        return self.process.poll() is not None

    def wait(self, timeout=None):
        _, said = self.process.communicate(timeout=timeout)
        text = Path(self.result.name).read_text()
        if not text:
            sys.exit(f"bennu-load failed ({self.process.returncode}): {said}")
        return json.loads(text)

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        return self.wait()


def load(port, node, scenario, *options, timeout=1800, quiet=True):
    """Runs bennu-load against a node; its result."""
    with Load(port, scenario, "--server-pid", node.pid, *options,
              quiet=quiet) as run:
        return run.wait(timeout)


def phases(result, name):
    return [x for x in result["phases"] if x["name"] == name]


def table(rows):
    """Rows of text as a Markdown table; the first is its head."""
    widths = [max(len(str(row[i])) for row in rows)
              for i in range(len(rows[0]))]
    lines = ["| " + " | ".join(str(x).ljust(w) for x, w in zip(row, widths))
             + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(lines)


def figure(rows, columns):
    """Matplotlib's figure and axes, without a display."""
    try:
        import matplotlib
    except ImportError:
        sys.exit("the charts need python3-matplotlib: run .ci/setup story")
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "bennu"
    import matplotlib.pyplot as plt
    return plt.subplots(rows, columns, figsize=(5.2 * columns, 3.4 * rows),
                        layout="constrained", squeeze=False)


def save(fig, to):
    """As SVG that is the same for the same figures."""
    to.parent.mkdir(parents=True, exist_ok=True)
    fig.savefig(to, metadata={"Date": None, "Creator": None})


def write(name, to, figures, text):
    """A report and what it is made of, as NAME.md and NAME.json."""
    to.mkdir(parents=True, exist_ok=True)
    (to / f"{name}.json").write_text(json.dumps(figures))
    (to / f"{name}.md").write_text(text)
    print(text)
    print(f"written to {to}")
