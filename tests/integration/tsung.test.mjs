// The load generator of the two million connections, unchanged, against the
// node: everyone connects, everyone joins, nothing goes wrong.

import assert from "node:assert/strict";
import {execFile, execFileSync} from "node:child_process";
import {mkdirSync, readFileSync, readdirSync, writeFileSync} from "node:fs";
import net from "node:net";
import {test} from "node:test";
import {promisify} from "node:util";

import {startNode} from "./support/node_under_test.mjs";

const users = 300;
const output = (process.env.BENNU_TEST_OUTPUT ??
  new URL("../../build/dev/test-output", import.meta.url).pathname) + "/tsung";

function installed(program) {
  try {
    execFileSync("sh", ["-c", `command -v ${program}`]);
    return true;
  } catch {
    return false;
  }
}

/** A port that was free a moment ago. */
async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  const {port} = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

/**
 * The totals of each of Tsung's counters, one every ten seconds. Their lines
 * read "stats: name since_the_last_line in_all".
 */
function readTotals(log) {
  const totals = {};
  for (const [, name, total] of log.matchAll(/^stats: (\S+) \S+ (\S+)/gm))
    (totals[name] ??= []).push(Number(total));
  return totals;
}

const skip = !installed("tsung") && "tsung is not installed: call .ci/setup";

test("Tsung's users connect and join without an error", {skip}, async (t) => {
  // Tsung's origin is a bare host, which no check lets through.
  const node = await startNode({args: ["--no-check-origin"]});
  t.after(() => node.stop());
  mkdirSync(output, {recursive: true});
  writeFileSync(`${output}/tsung.xml`, readFileSync(
    new URL("tsung.xml", import.meta.url), "utf8")
    .replace("@PORT@", node.port));

  // A name server of its own, so that ending it ends nobody else's.
  const env = {
    ...process.env, HOME: output, ERL_EPMD_PORT: String(await freePort()),
    ERL_EPMD_ADDRESS: "127.0.0.1",
  };
  t.after(() => execFileSync("epmd", ["-kill"], {env}));
  const before = new Set(readdirSync(output));
  const {stdout, stderr} = await promisify(execFile)("tsung",
    ["-f", `${output}/tsung.xml`, "-l", `${output}/`, "-n", "start"],
    {env, timeout: 120_000});

  const folder = readdirSync(output)
    .find((name) => !before.has(name) && /^\d/.test(name));
  assert.ok(folder, `no report:\n${stdout}${stderr}`);
  const log = readFileSync(`${output}/${folder}/tsung.log`, "utf8");
  const totals = readTotals(log);
  const most = (name) => Math.max(0, ...totals[name] ?? []);
  t.diagnostic(`users ${most("users_count")}, connected ` +
    `${most("connected")} at once, joined ${most("match")}`);

  assert.equal(most("users_count"), users, log);
  assert.equal(most("connected"), users, log);
  assert.equal(most("match"), users, "joins answered with ok");
  const bad = Object.keys(totals).filter((name) =>
    /error|fail|nomatch/.test(name));
  assert.deepEqual(bad, [], log);
});
