// The story's three moments, and what strangers try, against a chat node.

import assert from "node:assert/strict";
import {execFileSync, spawn} from "node:child_process";
import net from "node:net";
import {dirname, join as joinPath} from "node:path";
import {createInterface} from "node:readline";
import {test} from "node:test";

import {within} from "./support/node_under_test.mjs";
import {asked, eventually, observe, program, startObserved, token, tokenFile}
  from "./support/observer.mjs";
import {connect, join, next, polling, push} from "./support/phoenix_client.mjs";
import {RawHttp, request} from "./support/raw_http.mjs";
import {exchange, frame, opcodes, RawWebSocket, upgradeRequest}
  from "./support/raw_websocket.mjs";

const path = "/observer/websocket?vsn=2.0.0";
const bearer = (word) => ({headers: {Authorization: `Bearer ${word}`}, path});

async function viewer({port}) {
  const x = await RawWebSocket.open(port, bearer(token));
  assert.equal((await x.join("observer:node")).status, "ok");
  return x;
}

async function answer(x, event, payload) {
  x.sendJson(["1", "7", "observer:node", event, payload]);
  return (await x.nextJson())[4];
}

test("a mailbox of 40,000 messages is at the top within one refresh",
  async (t) => {
    const seen = await startObserved(t, {args: ["--allow-destructive"]});
    const x = await RawWebSocket.open(seen.node.port);
    t.after(() => x.destroy());
    assert.equal((await x.join("rooms:lobby")).status, "ok");
    await asked(seen, "suspend", "chat.history");
    // No more at once than may wait for a channel.
    for (let sent = 0; sent < 40_000; sent += 1_000) {
      for (let i = 0; i < 1_000; ++i)
        x.sendJson(["1", null, "rooms:lobby", "new_msg", {body: "hi"}]);
      x.sendJson(["1", `ping-${sent}`, "rooms:lobby", "ping", {}]);
      while ((await x.nextJson())[1] !== `ping-${sent}`);
    }

    const {rows} = await asked(seen, "processes", "--sort", "mailbox",
      "--limit", "5");
    assert.equal(rows[0].name, "chat.history");
    assert.equal(rows[0].mailbox, 40_000);
    assert.equal(rows[0].status, "suspended");
    assert.equal(rows.length, 5);

    const messages = await asked(seen, "messages", "chat.history", "--limit",
      "3");
    assert.equal(messages.rows.length, 3);
    await asked(seen, "resume", "chat.history");
    await eventually("the history catches up",
      () => asked(seen, "process", "chat.history"), (p) => p.mailbox === 0);
  });

test("the table viewer shows who is in rooms:lobby", async (t) => {
  const seen = await startObserved(t, {args: ["--shards", "1"]});
  const socket = await connect(t, seen.node);
  assert.equal((await join(socket, "rooms:lobby")).status, "ok");
  assert.equal((await join(socket, "rooms:attic")).status, "ok");

  const tables = await asked(seen, "tables");
  const table = tables.rows.find((x) => x.name === "chat.pubsub.0");
  assert.equal(table.type, "duplicate_bag");
  assert.ok(table.objects >= 2);
  const {rows} = await asked(seen, "table", "chat.pubsub.0", "--filter",
    "rooms:lobby");
  assert.equal(rows.length, 1);
  const [subscriber] = rows[0].row.match(/<\d+\.\d+\.\d+>/);
  const process = await asked(seen, "process", subscriber);
  assert.equal(process.label, "channel rooms:lobby");
  const {code, stderr} = await observe(
    [seen.url, "--token-file", seen.file, "table", "no.such"]);
  assert.equal(code, 1);
  assert.match(stderr, /there is no table "no.such"/);
  const topics = await asked(seen, "topics", "--sort", "topic", "--filter",
    "rooms:");
  assert.deepEqual(topics.rows.map((x) => [x.topic, x.subscribers]),
    [["rooms:attic", 1], ["rooms:lobby", 1]]);
});

test("a killed pubsub is seen to restart, and clients come back", async (t) => {
  const seen = await startObserved(t, {args: ["--allow-destructive"]});
  const socket = await connect(t, seen.node);
  const {channel} = await join(socket, "rooms:lobby");
  const before = await asked(seen, "names", "--filter", "chat.pubsub");
  await asked(seen, "kill", "chat.pubsub");
  const {rows} = await eventually("the restart shows in the tree",
    () => asked(seen, "tree"), ({rows: all}) => all.some(
      (x) => x.id === "chat.pubsub" && x.restarts === 1
        && x.state === "running"));
  assert.ok(rows.some((x) => x.id === "observer" && x.restarts === 0));
  const pid = ({rows: all}) => all.find((x) => x.name === "chat.pubsub").pid;
  await eventually("the name has another pid", // an answer may be 500 ms old
    () => asked(seen, "names", "--filter", "chat.pubsub"),
    (after) => pid(after) !== pid(before));
  await eventually("the client is back in the room",
    () => Promise.resolve(channel.state), (x) => x === "joined");
  const heard = next(channel, "new_msg");
  channel.push("new_msg", {body: "again"});
  assert.equal((await heard).body, "again");
});

test("each command answers in text and in JSON", async (t) => {
  const seen = await startObserved(t);
  const socket = await connect(t, seen.node);
  await join(socket, "rooms:lobby");
  for (const command of [["home"], ["processes"], ["tables"], ["tree"],
    ["names"], ["timers"], ["sockets"], ["channels"], ["topics"], ["pubsub"],
    ["endpoints"], ["allocator"], ["limits"], ["log"], ["reports"], ["sheets"],
    ["activity"], ["registries"], ["groups"], ["presences"], ["replicas"],
    ["figures"], ["process", "chat.history"], ["messages", "chat.history"],
    ["table", "chat.pubsub.0"], ["sheet", "shards"]]) {
    await asked(seen, ...command);
    const {code, stdout, stderr} =
      await observe([seen.url, "--token-file", seen.file, ...command]);
    assert.equal(code, 0, stderr);
    assert.notEqual(stdout, "", command.join(" "));
  }
  const home = await asked(seen, "home");
  assert.equal(home.node.name, "chat@127.0.0.1");
  assert.equal(home.endpoints.reduce((n, x) => n + x.open, 0), 1);
  const sockets = await asked(seen, "sockets");
  assert.match(sockets.rows[0].peer, /^127\.0\.0\.1:\d+$/);
  assert.ok(sockets.rows[0]["bytes in"] > 0);
});

test("by TLS from elsewhere, with the certificate checked", async (t) => {
  const folder = dirname(tokenFile(t));
  const [certificate, key] = ["cert.pem", "key.pem"].map((x) =>
    joinPath(folder, x));
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt",
    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
    "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key,
    "-out", certificate], {stdio: "ignore"});
  const seen = await startObserved(t, {args: ["--observer-host", "0.0.0.0",
    "--observer-certificate", certificate, "--observer-key", key]});
  const url = `wss://127.0.0.1:${seen.port}`;
  const home = [url, "--token-file", seen.file, "home"];
  assert.equal((await observe([...home, "--ca-file", certificate])).code, 0);
  const distrusted = await observe(home);
  assert.equal(distrusted.code, 3);
  assert.match(distrusted.stderr, /certificate verify failed/);
  assert.equal((await observe([...home, "--insecure"])).code, 0);
});

test("a client is closed by its socket, and comes back", async (t) => {
  const seen = await startObserved(t, {args: ["--allow-destructive"]});
  const socket = await connect(t, seen.node);
  const {channel} = await join(socket, "rooms:lobby");
  const {rows: [{pid, connected, "user agent": agent}]} =
    await asked(seen, "sockets");
  assert.ok(connected >= 0);
  assert.equal(typeof agent, "string");
  await asked(seen, "close", pid);
  await eventually("another socket is there",
    () => asked(seen, "sockets"),
    ({rows}) => rows.length === 1 && rows[0].pid !== pid);
  await eventually("the client is back in the room",
    () => Promise.resolve(channel.state), (x) => x === "joined");
  const {code, stderr} = await observe([seen.url, "--token-file", seen.file,
    "close", "chat.history"]);
  assert.equal(code, 1);
  assert.match(stderr, /no socket/);
});

test("a client that polls is a socket as others are", async (t) => {
  const seen = await startObserved(t, {args: ["--allow-destructive"]});
  const socket = await connect(t, seen.node, polling[0]);
  const {channel} = await join(socket, "rooms:lobby");
  const http = new RawHttp(seen.node.port).send(request("GET",
    "/socket/longpoll?vsn=2.0.0", {"User-Agent": "a poller by hand"}));
  t.after(() => http.destroy());
  assert.match((await http.next()).body, /"status":410/);
  const {rows} = await eventually("both are shown",
    () => asked(seen, "sockets", "--sort", "channels"),
    (x) => x.rows.length === 2 && x.rows[0]["bytes out"] > 0);
  const [one, other] = rows;
  assert.deepEqual([one.transport, one.channels], ["longpoll", 1]);
  assert.match(one.peer, /^127\.0\.0\.1:\d+$/);
  assert.ok(one["bytes in"] > 0 && one.connected >= 0 && one.heard >= 0);
  assert.deepEqual([other.transport, other["user agent"], other.channels],
    ["longpoll", "a poller by hand", 0]);
  assert.equal(other.peer, `127.0.0.1:${http.socket.localPort}`);
  await asked(seen, "close", one.pid);
  await eventually("it comes back as another", () => asked(seen, "sockets"),
    (x) => x.rows.some((y) => y.channels === 1)
      && x.rows.every((y) => y.pid !== one.pid));
  await eventually("and is in its room",
    () => Promise.resolve(channel.state), (x) => x === "joined");
});

test("the log is followed from a level on", async (t) => {
  const seen = await startObserved(t, {args: ["--allow-destructive"]});
  const child = spawn(program, [seen.url, "--token-file", seen.file, "log",
    "--follow", "--level", "warning", "--json"],
    {stdio: ["ignore", "pipe", "inherit"]});
  t.after(() => child.kill());
  const lines = createInterface({input: child.stdout})[Symbol.asyncIterator]();
  await asked(seen, "kill", "chat.history");
  for (let all = ""; !all.includes("kills <");) {
    const {value} = await within(20_000, "a line comes", lines.next());
    const {level, line} = JSON.parse(value);
    assert.match(level, /^(warning|error)$/);
    all += line;
  }
  const {code, stderr} = await observe([seen.url, "--token-file", seen.file,
    "log", "--level", "loud"]);
  assert.equal(code, 2);
  assert.match(stderr, /loud/);
});

test("presences are shown by topic, and who works just now", async (t) => {
  const seen = await startObserved(t);
  const socket = await connect(t, seen.node);
  const {channel} = await join(socket, "rooms:lobby", {user: "ann"});
  const {rows: [one]} = await eventually("ann is there",
    () => asked(seen, "presences"), ({rows}) => rows.length > 0);
  assert.equal(one.topic, "rooms:lobby");
  assert.equal(one.key, "ann");
  assert.match(one.meta, /here/);
  await asked(seen, "activity");
  for (let i = 0; i < 500; ++i) await push(channel, "ping", {});
  const {rows} = await asked(seen, "activity", "--limit", "5");
  assert.ok(rows.some((x) => x["reductions/s"] > 0));
});

test("a trace shows what a process does and ends at its limit", async (t) => {
  const seen = await startObserved(t);
  const socket = await connect(t, seen.node);
  const {channel} = await join(socket, "rooms:lobby");
  const tracing = observe([seen.url, "--token-file", seen.file, "trace",
    "chat.history", "--limit", "2", "--seconds", "20"]);
  let over = false;
  const traced = tracing.finally(() => { over = true; });
  while (!over) await push(channel, "ping", {}).then(
    () => channel.push("new_msg", {body: "hi"}));
  const {code, stdout} = await traced;
  assert.equal(code, 0);
  assert.equal(stdout.trim().split("\n").length, 2);
  assert.match(stdout, /got .* from /);
});

test("each mistake has its exit code and one line", async (t) => {
  const seen = await startObserved(t);
  const cases = [
    [2, ["nowhere", "home"], /not ws:\/\/HOST:PORT/],
    [2, [seen.url, "dance"], /dance/],
    [3, ["ws://127.0.0.1:1", "home"], /no answer/],
    [2, [seen.url, "processes", "--limit", "1001"], /1001/],
    [3, ["ws://127.0.0.1:1", "--token-file", seen.file, "home"], /no answer/],
    [3, [seen.node.http.replace("http", "ws"), "--token-file", seen.file,
      "home"], /no observer's agent/],
    [4, [seen.url, "--token-file", "/nowhere", "home"], /\/nowhere/],
    [4, [seen.url, "--token-file", tokenFile(t, "quite-another-token"), "home"],
      /does not take this token/],
    [5, [seen.url, "--token-file", seen.file, "kill", "chat.pubsub"],
      /--allow-destructive/],
    [1, [seen.url, "--token-file", seen.file, "process", "<1.2.999>"],
      /no process/],
    [1, [seen.url, "--token-file", seen.file, "sheet", "planets"], /planets/],
  ];
  for (const [code, args, text] of cases) {
    const got = await observe(args);
    assert.equal(got.code, code, `${args}: ${got.stderr}`);
    assert.match(got.stderr, text);
    assert.equal(got.stderr.trim().split("\n").length, 1, got.stderr);
  }
});

test("strangers are refused, and the log says so once a second", async (t) => {
  const seen = await startObserved(t);
  for (let i = 0; i < 50; ++i)
    await assert.rejects(RawWebSocket.open(seen.port, bearer("wrong-token")),
      /403/);
  await assert.rejects(RawWebSocket.open(seen.port, {path}), /403/);
  const lines = seen.node.output.match(/observer: refused/g);
  assert.ok(lines.length >= 1 && lines.length < 25, `${lines.length} lines`);
  assert.ok(!seen.node.output.includes(token));
});

test("garbage, half-open and flooding viewers harm nobody", async (t) => {
  const seen = await startObserved(t);
  const good = await viewer(seen);
  t.after(() => good.destroy());
  const {status} = await exchange(seen.port, "EHLO observer\r\n\r\n");
  assert.equal(status, 400);
  const halves = Array.from({length: 30}, () => {
    const half = net.connect(seen.port, "127.0.0.1", () =>
      half.write(upgradeRequest(seen.port, path).slice(0, 40)));
    half.on("error", () => {});
    return half;
  });
  t.after(() => halves.forEach((x) => x.destroy()));
  const garbage = await viewer(seen);
  garbage.send(opcodes.text, "{not json");
  await garbage.closed();
  const huge = await viewer(seen);
  huge.socket.write(frame(opcodes.text, "", {length: 2 ** 40}));
  assert.equal((await huge.closed()).code, 1009);
  const flood = await viewer(seen);
  t.after(() => flood.destroy());
  for (let i = 0; i < 5_000; ++i)
    flood.sendJson(["1", "1", "observer:node", "read",
      {sheet: "processes", limit: 1000, filter: String(i)}]);
  for (const bad of [{limit: 1e9}, {limit: 1001}, {offset: 1000, limit: 1},
    {sort: "x".repeat(5000)}, {filter: "x".repeat(5000)}])
    assert.equal((await answer(good, "read", {sheet: "processes", ...bad}))
      .status, "error");
  const {status: fine, response} =
    await answer(good, "read", {sheet: "names"});
  assert.equal(fine, "ok", JSON.stringify(response));
  // The chat itself has not noticed.
  const socket = await connect(t, seen.node);
  assert.equal((await join(socket, "rooms:lobby")).status, "ok");
});

test("a busy node is observed all the same", async (t) => {
  const seen = await startObserved(t);
  const people = await Promise.all(Array.from({length: 8},
    () => connect(t, seen.node)));
  const rooms = await Promise.all(people.map((x) => join(x, "rooms:lobby")));
  let over = false;
  const talking = Promise.all(rooms.map(async ({channel}) => {
    while (!over) {
      for (let i = 0; i < 50; ++i) channel.push("new_msg", {body: "hi"});
      await push(channel, "ping", {});
    }
  }));
  for (let i = 0; i < 5; ++i) {
    const {rows, missing} = await asked(seen, "processes");
    assert.deepEqual(missing, []);
    assert.ok(rows.length > 8);
  }
  over = true;
  await within(20_000, "they are done", talking);
});

test("a host that others could listen on is refused in one line", async () => {
  const {run} = await import("./support/node_under_test.mjs");
  const {code, stdout, stderr} = await run(["--port", "0", "--observer-port",
    "0", "--observer-host", "0.0.0.0"]);
  assert.equal(code, 1);
  assert.match(stdout + stderr, /loopback addresses only/);
});
