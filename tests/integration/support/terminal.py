#!/usr/bin/env python3
"""Runs a program in a pseudo-terminal of 80 by 24 and plays a script on it.

    terminal.py PROGRAM ARGUMENT...

Reads JSON lines from standard input: {"keys": "2"} types, {"wait": [{"pattern":
"^<", "count": 20}, ...]} waits for a whole frame in which each pattern is found
in that many lines (without a count: in at least one), {"resize": [40, 100]}
changes the size, {"end": true} waits for the program's end. Answers one JSON
line each: {"ok": true, "screen": [...], "code": null}. Understands what ncurses
sends to a vt100, scrolled regions too; anything else is an error.

A frame comes in pieces: it is whole once the cursor stands in the last cell,
where the program leaves it, and where painting gets to last of all.
"""

import fcntl
import json
import os
import pty
import re
import select
import struct
import sys
import termios
import time

WAIT_SECONDS = 20

SEQUENCE = re.compile(
    r"\x1b\[(?P<numbers>[\d;?]*)(?P<verb>[A-Za-z])|\x1b[()][A-B0-2]"
    r"|\x1b(?P<short>[78DMEHc=>])|\x0e|\x0f")


class Screen:
    def __init__(self, columns, rows):
        self.resize(columns, rows)

    def resize(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.cells = [[" "] * columns for _ in range(rows)]
        self.x = self.y = 0
        self.top, self.bottom = 0, rows - 1  # of what scrolls

    def is_whole(self):
        return self.y == self.rows - 1 and self.x >= self.columns - 1

    def lines(self):
        return ["".join(line).rstrip() for line in self.cells]

    def feed(self, text):
        """Returns what is not whole yet."""
        at = 0
        while at < len(text):
            found = SEQUENCE.match(text, at)
            if found:
                if found["verb"]:
                    self.act(found["verb"], found["numbers"])
                elif found["short"] == "M":
                    self.line_up()
                elif found["short"] == "D":
                    self.line_down()
                at = found.end()
            elif text[at] == "\x1b" and len(text) - at < 12:
                return text[at:]
            else:
                self.put(text[at])
                at += 1
        return ""

    def put(self, char):
        if char == "\r":
            self.x = 0
        elif char == "\n":
            self.line_down()
        elif char == "\b":
            self.x = max(0, min(self.x, self.columns - 1) - 1)
        elif char == "\t":
            self.x = min(self.columns - 1, (self.x // 8 + 1) * 8)
        elif char >= " " and char != "\x7f":
            if self.x >= self.columns:
                self.x, self.y = 0, min(self.rows - 1, self.y + 1)
            self.cells[self.y][self.x] = char
            self.x += 1

    def line_down(self):
        if self.y == self.bottom:
            del self.cells[self.top]
            self.cells.insert(self.bottom, [" "] * self.columns)
        else:
            self.y = min(self.rows - 1, self.y + 1)

    def line_up(self):
        if self.y == self.top:
            del self.cells[self.bottom]
            self.cells.insert(self.top, [" "] * self.columns)
        else:
            self.y = max(0, self.y - 1)

    def act(self, verb, numbers):
        n = [int(x) if x.isdigit() else 0 for x in numbers.split(";")]
        count = max(1, n[0])
        # Behind the last column it still stands in it.
        if verb in "CDK":
            self.x = min(self.x, self.columns - 1)
        if verb in "Hf":
            self.y = min(self.rows, max(1, n[0])) - 1
            self.x = min(self.columns, max(1, (n + [1])[1])) - 1
        elif verb == "A":
            self.y = max(0, self.y - count)
        elif verb == "B":
            self.y = min(self.rows - 1, self.y + count)
        elif verb == "C":
            self.x = min(self.columns - 1, self.x + count)
        elif verb == "D":
            self.x = max(0, self.x - count)
        elif verb == "K":
            first, last = [(self.x, self.columns), (0, self.x + 1),
                           (0, self.columns)][n[0]]
            self.cells[self.y][first:last] = [" "] * (last - first)
        elif verb == "J":
            first = 0 if n[0] == 2 else self.y + 1
            if n[0] == 0:
                self.cells[self.y][self.x:] = (
                    [" "] * (self.columns - self.x))
            for y in range(first, self.rows):
                self.cells[y] = [" "] * self.columns
        elif verb == "r":
            self.top = max(1, n[0]) - 1
            self.bottom = min(self.rows, (n + [0])[1] or self.rows) - 1
            self.x = self.y = 0
        elif verb not in "mhl":
            raise ValueError(f"a terminal's sequence {numbers}{verb}")


class Terminal:
    def __init__(self, command):
        self.screen = Screen(80, 24)
        self.rest = ""
        self.code = None
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="vt100", LC_ALL="C.UTF-8")
            os.execv(command[0], command)
        self.resize(24, 80)

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.resize(columns, rows)

    def read(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b""
        if not data:
            if self.code is None:
                self.code = os.waitstatus_to_exitcode(
                    os.waitpid(self.pid, 0)[1])
            return
        self.rest = self.screen.feed(
            self.rest + data.decode("utf-8", "replace"))

    def wait(self, is_so):
        until = time.monotonic() + WAIT_SECONDS
        while not is_so():
            if time.monotonic() > until or self.code is not None:
                return is_so()
            self.read(0.1)
        return True

    def shows(self, wanted):
        """Whether a whole frame is there that has all that."""
        if self.rest or not self.screen.is_whole():
            return False
        lines = self.screen.lines()

        def holds(pattern, count=None):
            found = sum(1 for x in lines if re.search(pattern, x))
            return found > 0 if count is None else found == count

        return all(holds(**x) for x in wanted)

    def play(self, step):
        ok = True
        if "keys" in step:
            os.write(self.fd, step["keys"].encode())
        if "resize" in step:
            self.resize(*step["resize"])
        if "wait" in step:
            ok = self.wait(lambda: self.shows(step["wait"]))
        if step.get("end"):
            ok = self.wait(lambda: self.code is not None)
        return {"ok": ok, "screen": self.screen.lines(), "code": self.code}


def main():
    terminal = Terminal(sys.argv[1:])
    try:
        for line in sys.stdin:
            print(json.dumps(terminal.play(json.loads(line))), flush=True)
    finally:
        if terminal.code is None:
            os.kill(terminal.pid, 9)
            os.waitpid(terminal.pid, 0)


if __name__ == "__main__":
    main()
