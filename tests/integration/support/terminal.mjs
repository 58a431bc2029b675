// bennu-observer's full screen in a pseudo-terminal, played by terminal.py.

import assert from "node:assert/strict";
import {spawn} from "node:child_process";
import {dirname} from "node:path";
import {createInterface} from "node:readline";

import {within} from "./node_under_test.mjs";
import {program} from "./observer.mjs";

const play = new URL("terminal.py", import.meta.url).pathname;

/** The program in a terminal; ends with the test. */
class Terminal {
  constructor(t, args, cwd) {
    this.child = spawn("python3", ["-B", play, program, ...args],
      {cwd, stdio: ["pipe", "pipe", "inherit"]});
    t.after(() => this.child.kill());
    this.answers = createInterface({input: this.child.stdout})
      [Symbol.asyncIterator]();
  }

  async do(step) {
    this.child.stdin.write(`${JSON.stringify(step)}\n`);
    const {value} = await within(30_000, `the terminal does ${
      JSON.stringify(step)}`, this.answers.next());
    const answer = JSON.parse(value);
    assert.ok(answer.ok, `${JSON.stringify(step)} on\n${
      answer.screen.join("\n")}`);
    return answer;
  }

  press(keys) {
    return this.do({keys});
  }

  /**
   * The first whole frame that has all of these: a text in any line, or
   * {pattern, count}, found in exactly so many lines.
   */
  async sees(...wanted) {
    const wait = wanted.map((x) => typeof x === "string"
      ? {pattern: x.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")} : x);
    return (await this.do({wait})).screen;
  }
}

/** It runs in the folder of the token, so that is where its files go. */
export function openScreen(t, {url, file}) {
  return new Terminal(t, [url, "--token-file", file], dirname(file));
}
