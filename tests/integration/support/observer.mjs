// bennu-observer, run as a user or a script would.

import assert from "node:assert/strict";
import {spawn} from "node:child_process";
import {chmodSync, mkdtempSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";

import {startNode, within} from "./node_under_test.mjs";

export const program = process.env.BENNU_OBSERVER ??
  new URL("../../../build/dev/bin/bennu-observer", import.meta.url).pathname;

export const token = "the-token-of-an-integration-test";

/** A folder for this test's token file. */
export function tokenFile(t, content = token) {
  const folder = mkdtempSync(join(tmpdir(), "bennu-observer-"));
  t.after(() => rmSync(folder, {recursive: true}));
  const file = join(folder, "token");
  writeFileSync(file, `${content}\n`);
  chmodSync(file, 0o600);
  return file;
}

/** A chat node that can be observed: {node, url, port, file}. */
export async function startObserved(t, {args = [], port = 0} = {}) {
  const file = tokenFile(t);
  const node = await startNode({args: ["--observer-port", String(port),
    "--observer-token-file", file, ...args]});
  t.after(() => node.stop());
  const says = () => node.output.match(/bennu-observer (wss?:\/\/[\w.]+:(\d+))/);
  await within(10_000, "the node says where it is observed", (async () => {
    while (!says()) await new Promise((done) => setImmediate(done));
  })());
  const [, url, at] = says();
  return {node, url, port: Number(at), file};
}

/** Runs the program to its end: {code, stdout, stderr}. */
export async function observe(args, options = {}) {
  const child = spawn(program, args,
    {...options, stdio: ["ignore", "pipe", "pipe"]});
  let stdout = "", stderr = "";
  child.stdout.on("data", (x) => { stdout += x; });
  child.stderr.on("data", (x) => { stderr += x; });
  const ended = new Promise((resolve, reject) => {
    child.on("close", (code) => resolve({code, stdout, stderr}));
    child.on("error", reject);
  });
  return within(20_000, `bennu-observer ${args.join(" ")} ends`, ended)
    .finally(() => child.kill("SIGKILL"));
}

/** What a command prints with --json. */
export async function asked({url, file}, ...command) {
  const {code, stdout, stderr} =
    await observe([url, "--token-file", file, ...command, "--json"]);
  assert.equal(code, 0, `${command.join(" ")}: ${stderr}`);
  return JSON.parse(stdout);
}

/** Asks again until the answer is as wanted. */
export async function eventually(what, ask, isRight) {
  let last;
  const right = async () => {
    // What is asked may never leave this thread: others get their turn, too.
    while (!isRight(last = await ask()))
      await new Promise((done) => setImmediate(done));
    return last;
  };
  return within(20_000, what, right()).catch((error) => {
    throw new Error(`${error.message}: ${JSON.stringify(last).slice(0, 2000)}`);
  });
}
