// What a user sees of the program before it serves anyone.

import assert from "node:assert/strict";
import net from "node:net";
import {test} from "node:test";

import {run, startNode, within} from "./support/node_under_test.mjs";

/** The one line that says why the program did not start. */
async function refusal(args, env) {
  const {code, signal, stdout, stderr} = await run(args, env);
  assert.equal(signal, null);
  assert.ok(code > 0, `exit code ${code}`);
  const lines = (stdout + stderr).trim().split("\n");
  assert.equal(lines.length, 1, `one line, not:\n${stdout}${stderr}`);
  return lines[0];
}

test("--help names every option and exits with 0", async () => {
  const {code, stdout, stderr} = await run(["--help"]);
  assert.equal(code, 0, stderr);
  for (const option of ["--port", "--host", "--shards", "--no-check-origin",
    "--static-dir", "--drain-time", "--log-level", "PORT"])
    assert.ok(stdout.includes(option), `${option} in:\n${stdout}`);
});

test("an unknown option is named in one line", async () => {
  assert.match(await refusal(["--colour"]), /--colour/);
});

test("a value that makes no sense is named in one line", async () => {
  assert.match(await refusal(["--port", "70000"]), /70000/);
  assert.match(await refusal(["--port", "http"]), /http/);
  assert.match(await refusal(["--shards", "-1"]), /shards/);
  assert.match(await refusal(["--log-level", "loud"]), /loud/);
});

test("a port in use is named in one line, with a way out", async (t) => {
  const other = net.createServer().listen(0, "127.0.0.1");
  t.after(() => other.close());
  await within(5000, "a port", new Promise((done) => other.on("listening",
    done)));
  const {port} = other.address();
  const line = await refusal(["--port", String(port)]);
  assert.ok(line.includes(String(port)), line);
  assert.match(line, /in use/);
  assert.match(line, /another port/);
});

test("a port that another node serves is in use too", async (t) => {
  const node = await startNode();
  t.after(() => node.stop());
  const line = await refusal(["--port", String(node.port)]);
  assert.ok(line.includes(String(node.port)), line);
  assert.match(line, /in use/);
});

test("the port may come from the environment", async (t) => {
  const node = await startNode();
  const {port} = node;
  await node.stop(); // free again, and likely to stay so for a moment
  const moved = await startNode({port: null, env: {PORT: String(port)}});
  t.after(() => moved.stop());
  assert.equal(moved.port, port);
});

test("both signals that ask it to end are heard", async () => {
  for (const name of ["SIGTERM", "SIGINT"]) {
    const node = await startNode();
    node.signal(name);
    const [code] = await within(10_000, `the end after ${name}`, node.ended);
    assert.equal(code, 0, node.output);
  }
});
