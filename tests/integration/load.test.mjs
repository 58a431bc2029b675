// bennu-load against a real node: each scenario small, its figures checked;
// its page in a browser; what it refuses.

import assert from "node:assert/strict";
import {spawn} from "node:child_process";
import {existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync}
  from "node:fs";
import net from "node:net";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {test} from "node:test";

import {chromium} from "playwright-core";

import {startNode, within} from "./support/node_under_test.mjs";

const program = process.env.BENNU_LOAD ??
  new URL("../../build/dev/bin/bennu-load", import.meta.url).pathname;
const output = process.env.BENNU_TEST_OUTPUT ??
  new URL("../../build/dev/test-output", import.meta.url).pathname;
const story = new URL("../../examples/load/story.xml", import.meta.url);

/** Starts the program: {process, stdout, stderr, ended}. */
function launch(t, args) {
  assert.ok(existsSync(program), `${program} is missing: build it first`);
  const child = spawn(program, args, {stdio: ["ignore", "pipe", "pipe"]});
  t.after(() => child.kill("SIGKILL"));
  const seen = {process: child, stdout: "", stderr: ""};
  for (const name of ["stdout", "stderr"])
    child[name].setEncoding("utf8").on("data", (text) => seen[name] += text);
  seen.ended = new Promise((resolve, reject) => {
    child.on("close", (code) => resolve(code));
    child.on("error", reject);
  });
  return seen;
}

/** Runs the program to its end: {code, stdout, stderr}. */
async function load(t, args) {
  const seen = launch(t, args);
  const code = await within(90_000, `${args.join(" ")} ends`, seen.ended);
  return {code, stdout: seen.stdout, stderr: seen.stderr};
}

/** A port that was free a moment ago. */
async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  const {port} = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

const target = (node) => ["--target", node.socket];

/** The result of a scenario that goes well. */
async function result(t, node, ...args) {
  const {code, stdout, stderr} = await load(t,
    [...args, ...target(node), "--page-port", "0", "--json", "-",
      "--memory-free-min", "64"]);
  assert.equal(code, 0, `${stderr}${stdout}`);
  return JSON.parse(stdout);
}

async function started(t, options) {
  const node = await startNode(options);
  t.after(() => node.stop());
  return node;
}

const phase = (x, name) => x.phases.find((p) => p.name === name);

test("each scenario does what it says and misses nothing", async (t) => {
  const node = await started(t);
  await t.test("ramp", async (t) => {
    const x = await result(t, node, "ramp", "--connections", "300",
      "--heartbeat", "1s", "--hold", "2s");
    assert.equal(x.users.joined, 300);
    assert.equal(phase(x, "ramp").units, 300);
    assert.equal(x.latency.join.count, 300);
    assert.ok(x.counts.heartbeats >= 300, `${x.counts.heartbeats} heartbeats`);
    assert.equal(x.server.pid, node.pid, "found by its port");
    assert.ok(x.server.cpu_s > 0);
  });
  await t.test("broadcast", async (t) => {
    const x = await result(t, node, "broadcast", "--connections", "200",
      "--rounds", "3");
    assert.equal(x.counts.deliveries, 600);
    assert.equal(x.phases.filter((p) => p.name === "broadcast").length, 3);
    assert.ok(phase(x, "broadcast").last_ms > 0);
  });
  await t.test("echo", async (t) => {
    const x = await result(t, node, "echo", "--connections", "20",
      "--clients", "10", "--outstanding", "4", "--duration", "500ms");
    assert.equal(x.counts.sent, 20 + x.counts.replies, "none unanswered");
    assert.ok(phase(x, "echo").units > 0);
    assert.equal(x.latency.reply.count, x.counts.replies);
  });
  await t.test("churn", async (t) => {
    const x = await result(t, node, "churn", "--connections", "20",
      "--duration", "500ms");
    assert.ok(x.counts.cycles >= 20);
    assert.equal(x.counts.joined, x.counts.left);
    assert.equal(x.counts.opened, x.counts.closed);
  });
  await t.test("storm", async (t) => {
    const x = await result(t, node, "storm", "--connections", "100",
      "--rounds", "2");
    assert.equal(x.counts.joined, 300);
    assert.equal(x.users.joined, 100);
  });
  await t.test("chat", async (t) => {
    const x = await result(t, node, "chat", "--connections", "50",
      "--senders", "5", "--messages", "3", "--think", "50ms");
    assert.equal(x.counts.deliveries, 50 * 5 * 3);
  });
  await t.test("rooms", async (t) => {
    const x = await result(t, node, "rooms", "--connections", "60",
      "--per-room", "20", "--senders", "2", "--messages", "2",
      "--think", "50ms");
    assert.equal(x.counts.deliveries, 3 * 20 * 2 * 2);
  });
  await t.test("lobby", async (t) => {
    const x = await result(t, node, "lobby", "--connections", "30",
      "--duration", "2s", "--think", "50ms", "--messages", "2", "--seed", "5");
    assert.ok(x.counts.cycles > 0);
    assert.ok(x.counts.deliveries > 0);
    assert.equal(x.seed, 5);
  });
});

test("threads that wake each other write to no user's socket", async (t) => {
  const node = await started(t);
  const x = await result(t, node, "ramp", "--connections", "300",
    "--threads", "6", "--hold", "1s");
  assert.deepEqual(x.close_codes, {});
  assert.equal(x.generator.threads, 6);
});

test("users are spread over several nodes", async (t) => {
  const [a, b] = [await started(t), await started(t)];
  const x = await result(t, a, "nodes", "--target", b.socket,
    "--connections", "40", "--rounds", "2");
  assert.deepEqual(x.targets.sort(), [a.socket, b.socket].sort());
  assert.equal(x.counts.deliveries, 80);
});

test("the story's file runs, and an error in it is named", async (t) => {
  const node = await started(t);
  const folder = mkdtempSync(join(tmpdir(), "bennu-load-"));
  t.after(() => rmSync(folder, {recursive: true}));
  const file = join(folder, "story.xml");
  const xml = readFileSync(story, "utf8").replace('"4000"', `"${node.port}"`)
    .replace('"100000"', '"200"');
  writeFileSync(file, xml);
  const x = await result(t, node, "tsung", file, "--hold", "1s");
  assert.equal(x.users.joined, 200);
  assert.equal(x.counts.heartbeats, 0, "as Tsung");

  writeFileSync(file, xml.replace("<thinktime", "<sleep"));
  const {code, stderr} = await load(t, ["tsung", file, "--page-port", "0"]);
  assert.equal(code, 2);
  const line = xml.slice(0, xml.indexOf("<thinktime")).split("\n").length;
  assert.ok(stderr.includes(`story.xml:${line}: `), stderr);
});

test("several processes share a load, and one tells of all", async (t) => {
  const node = await started(t);
  const port = await freePort();
  const args = ["broadcast", ...target(node), "--rounds", "2", "--page-port",
    "0", "--memory-free-min", "64"];
  const first = launch(t, [...args, "--connections", "40", "--processes", "2",
    "--crew-port", String(port), "--json", "-"]);
  const second = launch(t, [...args, "--connections", "60", "--join",
    `127.0.0.1:${port}`, "--quiet"]);
  for (const seen of [first, second])
    assert.equal(await within(60_000, "the load ends", seen.ended), 0,
      seen.stderr);
  const x = JSON.parse(first.stdout);
  assert.equal(x.users.planned, 100);
  assert.equal(x.users.joined, 100);
  assert.equal(x.processes.length, 2);
  assert.equal(x.latency.join.count, 100);
  assert.equal(x.counts.deliveries, 2 * 40 + 2 * 60);
  assert.equal(x.counts.lost + x.counts.doubled, 0);
});

test("a node that ends is counted by its close code", async (t) => {
  const node = await started(t);
  const folder = mkdtempSync(join(tmpdir(), "bennu-load-"));
  t.after(() => rmSync(folder, {recursive: true}));
  const file = join(folder, "x.json");
  const seen = launch(t, ["ramp", ...target(node), "--connections", "20",
    "--hold", "60s", "--json", file, "--page-port", "0"]);
  await within(30_000, "all are joined", (async () => {
    while (!/joined 20 /.test(seen.stderr))
      await new Promise((done) => setImmediate(done));
  })());
  node.signal("SIGTERM");
  assert.equal(await within(60_000, "the load ends", seen.ended), 1);
  const x = JSON.parse(readFileSync(file, "utf8"));
  assert.deepEqual(x.close_codes, {1012: 20});
  assert.equal(x.counts.lost_connection, 20);
  assert.equal(x.ok, false);
});

test("what makes no sense is refused in one line", async (t) => {
  const refused = async (args, code, text) => {
    const seen = await load(t, [...args, "--page-port", "0"]);
    assert.equal(seen.code, code, `${args.join(" ")}: ${seen.stderr}`);
    assert.match(seen.stderr, text);
    assert.equal(seen.stderr.trim().split("\n").length, 1, seen.stderr);
  };
  await refused([], 2, /subcommand is required/);
  await refused(["dance"], 2, /subcommand is required/);
  await refused(["ramp", "--connections", "0"], 2, /connections/);
  await refused(["ramp", "--connections", "4000001"], 2, /connections/);
  await refused(["ramp", "--hold", "soon"], 2, /soon is no time/);
  await refused(["ramp", "--topic", 'a"b'], 2, /topic/);
  await refused(["ramp", "--source", "nowhere"], 2, /nowhere/);
  await refused(["ramp", "--target", "http://127.0.0.1/"], 2, /ws:\/\//);
  await refused(["ramp", "--target", "ws://192.0.2.1:4000/socket"], 2,
    /--allow-remote/);
  const node = await started(t);
  await refused(["ramp", ...target(node), "--connections", "4000000",
    "--threads", "1"], 2, /threads/);
  await refused(["tsung", "/nowhere.xml"], 2, /cannot read/);
  const port = await freePort();
  await refused(["ramp", ...target(node), "--join", "127.0.0.1:" + port], 2,
    /nobody leads/);
  await refused(["ramp", "--target", `ws://127.0.0.1:${port}/socket`], 3,
    /nobody listens/);
});

test("the page shows both lines, and a report is kept", async (t) => {
  const node = await started(t);
  mkdirSync(output, {recursive: true});
  const report = `${output}/load_report.html`;
  const port = await freePort();
  const seen = launch(t, ["ramp", ...target(node), "--connections", "100",
    "--hold", "5m", "--page-port", String(port), "--report", report]);
  await within(30_000, "it says where its page is", (async () => {
    while (!seen.stderr.includes("to watch"))
      await new Promise((done) => setImmediate(done));
  })());
  const browser = await chromium.launch({
    executablePath: process.env.BENNU_CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update",
      "--disable-sync"],
  });
  t.after(() => browser.close());
  const page = await browser.newPage({viewport: {width: 1280, height: 900}});
  page.setDefaultTimeout(15_000);
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  await page.goto(`http://127.0.0.1:${port}/`);
  const chart = page.getByTestId("chart-users");
  await chart.getByText("Simultaneous users").waitFor();
  for (const line of ["users", "connected"])
    await chart.getByText(line, {exact: true}).waitFor();
  await page.getByTestId("connected").getByText("100", {exact: true}).waitFor();
  await page.screenshot({path: `${output}/load_page.png`});
  seen.process.kill("SIGINT");
  assert.equal(await within(60_000, "the load ends", seen.ended), 4,
    seen.stderr);
  await page.goto(`file://${report}`);
  await page.getByText("Simultaneous users").waitFor();
  await page.getByText("ramp (join)").waitFor();
  await page.getByText("cut short: interrupted").waitFor();
  await page.screenshot({path: `${output}/load_report.png`});
  assert.deepEqual(problems, []);
});
