// Starts the chat node as a user would, on a port of its own, and ends it as
// an operator would. Everything here acts on that one process, by its pid.

import assert from "node:assert/strict";
import {spawn} from "node:child_process";
import {once} from "node:events";
import {existsSync} from "node:fs";

export const program = process.env.BENNU_CHAT ??
  new URL("../../../build/dev/bin/bennu-chat", import.meta.url).pathname;

const startMs = 20_000; // ASan on a busy machine
const stopMs = 30_000;

/** The promise, or an error that names what did not happen in time. */
export async function within(ms, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`not within ${ms} ms: ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Runs the program to its end: {code, signal, stdout, stderr}. */
export async function run(args, env = {}) {
  const child = launch(args, env);
  const [code, signal] = await within(stopMs, `${args} ends`, child.ended);
  return {code, signal, stdout: child.stdout, stderr: child.stderr};
}

// A test that dies must not leave a node behind, stopped or not.
const launched = new Set();
process.on("exit", () => {
  for (const child of launched) child.kill("SIGKILL");
});

function launch(args, env, filesMax, file = program) {
  assert.ok(existsSync(file), `${file} is missing: build it first`);
  // The shell turns into the program, so the pid is the program's own.
  const [command, first] = filesMax
    ? ["sh", ["-c", `ulimit -n ${filesMax}; exec "$0" "$@"`, file]]
    : [file, []];
  const child = spawn(command, [...first, ...args], {
    env: {...process.env, ...env},
    stdio: ["ignore", "pipe", "pipe"],
  });
  const seen = {process: child, stdout: "", stderr: ""};
  for (const name of ["stdout", "stderr"])
    child[name].setEncoding("utf8").on("data", (text) => seen[name] += text);
  launched.add(child);
  child.on("exit", () => launched.delete(child));
  seen.ended = once(child, "close");
  seen.ended.catch(() => {}); // reported by whoever awaits it
  return seen;
}

/** A running node: its address, and the ways it may end. */
class NodeUnderTest {
  #seen;
  #asked = false; // to end; once is enough

  constructor(seen, port) {
    this.#seen = seen;
    this.port = port;
    this.pid = seen.process.pid;
    this.http = `http://127.0.0.1:${port}`;
    this.socket = `ws://127.0.0.1:${port}/socket`;
  }

  /** All it printed so far. */
  get output() {
    return this.#seen.stdout + this.#seen.stderr;
  }

  get ended() {
    return this.#seen.ended;
  }

  signal(name) {
    process.kill(this.pid, name);
    if (name === "SIGTERM") this.#asked = true;
  }

  /** SIGTERM; a node that had nothing wrong exits with 0. */
  async stop() {
    const {exitCode, signalCode} = this.#seen.process;
    if (exitCode === null && signalCode === null && !this.#asked)
      this.signal("SIGTERM");
    const ends = within(stopMs, "the node stops after SIGTERM", this.ended);
    const [code, signal] = await ends.catch((error) => {
      this.signal("SIGKILL");
      throw new Error(`${error.message}\n${this.output.slice(-4000)}`);
    });
    assert.deepEqual({code, signal}, {code: 0, signal: null},
      `the node did not end well:\n${this.output.slice(-8000)}`);
  }

  /** SIGKILL: what its clients see of a machine that is lost. */
  async kill() {
    this.signal("SIGKILL");
    await this.ended;
  }
}

/**
 * Starts a node and waits until it says where it listens. Port 0 is any free
 * one; null leaves the choice to the node. `filesMax` is its file limit.
 */
export async function startNode(
  {port = 0, args = [], env = {}, filesMax, file} = {}) {
  const where = port === null ? [] : ["--port", String(port)];
  const seen = launch([...where, ...args], env, filesMax, file);
  const says = new Promise((resolve, reject) => {
    seen.process.stdout.on("data", () => {
      const found = seen.stdout.match(/http:\/\/[\w.\-]+:(\d+)/);
      if (found) resolve(Number(found[1]));
    });
    seen.process.on("error", reject);
    seen.ended.then(([code]) => reject(new Error(
      `the node ended with ${code}:\n${seen.stdout}${seen.stderr}`)), reject);
  });
  try {
    return new NodeUnderTest(
      seen, await within(startMs, "the node says where it listens", says));
  } catch (error) {
    seen.process.kill("SIGKILL");
    throw error;
  }
}
