// Long polling: byte for byte what Phoenix answers, and phoenix.js, which falls
// back to it where websockets are refused.

import assert from "node:assert/strict";
import {after, before, test} from "node:test";

import {LongPoll, Socket} from "phoenix";
import WebSocket from "ws";

import {startNode} from "./support/node_under_test.mjs";
import {clients, connect, join, next, once, push} from
  "./support/phoenix_client.mjs";
import {startProxy} from "./support/proxy.mjs";
import {RawHttp, request} from "./support/raw_http.mjs";
import {RawWebSocket} from "./support/raw_websocket.mjs";

const path = "/socket/longpoll?vsn=2.0.0";
const ndjson = {"Content-Type": "application/x-ndjson"};

let node;
before(async () => { node = await startNode(); });
after(() => node.stop());

let rooms = 0;
const room = () => `rooms:polled-${++rooms}`;

/** One request on a connection of its own. */
async function ask(...args) {
  const http = new RawHttp(node.port).send(request(...args));
  try {
    return await http.next();
  } finally {
    http.destroy();
  }
}

/** A session by hand: each request comes from a new connection. */
class Session {
  static async open() {
    const session = new Session();
    const {status, token} = JSON.parse((await ask("GET", path)).body);
    assert.equal(status, 410);
    session.token = {"X-Phoenix-Longpoll-Token": token};
    return session;
  }

  async poll() {
    return JSON.parse((await ask("GET", path, this.token)).body);
  }

  async push(...lines) {
    const headers = {...this.token, ...ndjson};
    return (await ask("POST", path, headers, lines.join("\n"))).body;
  }

  async join(topic) {
    assert.equal(await this.push(
      JSON.stringify(["1", "1", topic, "phx_join", {}])), '{"status":200}');
    const {messages} = await this.poll();
    assert.match(messages[0], /"status":"ok"/);
  }
}

test("the first poll opens a session", async () => {
  const {head, body} = await ask("GET", path);
  assert.equal(head.replace(/\d+\r\n\r\n$/, "n"),
    "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\n" +
    "Access-Control-Allow-Origin: *\r\n" +
    "Content-Type: application/json; charset=utf-8\r\nContent-Length: n");
  assert.match(body, /^{"messages":\[\],"status":410,"token":"[\w.-]+"}$/);
});

test("pushes are answered 200, and their replies polled as strings",
  async () => {
    const session = await Session.open();
    const topic = room();
    assert.equal(await session.push(
      JSON.stringify(["1", "1", topic, "phx_join", {}]),
      JSON.stringify(["1", "2", topic, "ping", {n: 1}])), '{"status":200}');
    const got = [];
    while (got.length < 2) {
      const {status, token, messages} = await session.poll();
      assert.equal(status, 200);
      assert.equal(token, session.token["X-Phoenix-Longpoll-Token"]);
      got.push(...messages);
    }
    assert.deepEqual(got, [
      `["1","1","${topic}","phx_reply",{"response":{},"status":"ok"}]`,
      `["1","2","${topic}","phx_reply",{"response":{"n":1},"status":"ok"}]`,
    ]);
  });

test("a version nobody speaks is refused", async () => {
  const {head, body} = await ask("GET", "/socket/longpoll?vsn=9.0.0");
  assert.match(head, /^HTTP\/1.1 200 /);
  assert.equal(body, '{"status":403}');
});

test("a page of a foreign origin is refused", async () => {
  const headers = {Origin: "http://evil.com"};
  assert.equal((await ask("GET", path, headers)).body, '{"status":403}');
  assert.equal((await ask("OPTIONS", path, headers)).body, '{"status":403}');
});

test("a token that is none: a new session for a poll, 410 for a push",
  async () => {
    const headers = {"X-Phoenix-Longpoll-Token": "no.token"};
    const opened = JSON.parse((await ask("GET", path, headers)).body);
    assert.equal(opened.status, 410);
    assert.ok(opened.token);
    assert.equal(
      (await ask("POST", path, headers, "[]")).body, '{"status":410}');
  });

test("the token may be in the query, the header's wins", async () => {
  const session = await Session.open();
  const token = session.token["X-Phoenix-Longpoll-Token"];
  const beat = '[null,"1","phoenix","heartbeat",{}]';
  const send = (where, headers) =>
    ask("POST", where, {"Content-Type": "application/json", ...headers}, beat);
  assert.equal((await send(`${path}&token=${token}`, {})).body,
    '{"status":200}');
  assert.equal((await send(`${path}&token=x`, session.token)).body,
    '{"status":200}');
  assert.equal((await send(`${path}&token=${token}`,
    {"X-Phoenix-Longpoll-Token": "x"})).body, '{"status":410}');
});

test("a session is reached from every connection, whatever its shard",
  async () => {
    const session = await Session.open();
    for (let i = 0; i < 16; ++i)
      assert.equal(await session.push(
        `[null,"${i}","phoenix","heartbeat",{}]`), '{"status":200}');
    const got = [];
    while (got.length < 16) got.push(...(await session.poll()).messages);
    assert.deepEqual(got.map((text) => JSON.parse(text)[1]),
      Array.from({length: 16}, (_, i) => String(i)));
  });

test("bytes are pushed as base64 and broadcast as bytes", async (t) => {
  const topic = room();
  const heard = await RawWebSocket.open(node.port);
  t.after(() => heard.destroy());
  await heard.join(topic);
  const session = await Session.open();
  await session.join(topic);
  const head = [0, 1, 1, topic.length, 7];
  const frame = Buffer.concat([Buffer.from(head),
    Buffer.from(`12${topic}new_msg`), Buffer.from([0, 255])]);
  assert.equal(await session.push(frame.toString("base64")), '{"status":200}');
  const {opcode, payload} = await heard.next();
  assert.equal(opcode, 2);
  assert.deepEqual([...payload.subarray(-2)], [0, 255]);
});

test("what is neither JSON nor base64 gets 400", async () => {
  const session = await Session.open();
  const {head} = await ask("POST", path, {...session.token, ...ndjson}, "?");
  assert.match(head, /^HTTP\/1.1 400 /);
});

test("a message that is none ends the session", async () => {
  const session = await Session.open();
  assert.equal(await session.push("[]"), '{"status":410}');
  const {status, token} = await session.poll();
  assert.equal(status, 410);
  assert.notEqual(token, session.token["X-Phoenix-Longpoll-Token"]);
});

test("OPTIONS allows what it is asked for, other methods get 400", async () => {
  const {head, body} = await ask("OPTIONS", path,
    {"Access-Control-Request-Headers": "content-type,x-phoenix-authtoken"});
  assert.match(head, /^HTTP\/1.1 200 OK\r\n/);
  assert.match(head,
    /\r\nAccess-Control-Allow-Headers: content-type,x-phoenix-authtoken\r\n/);
  assert.match(head,
    /\r\nAccess-Control-Allow-Methods: get, post, options\r\n/);
  assert.match(head, /\r\nAccess-Control-Max-Age: 3600\r\n/);
  assert.equal(body, "");
  assert.match((await ask("PUT", path)).head, /^HTTP\/1.1 400 /);
});

test("a body in chunks, and one that waits for 100 Continue", async (t) => {
  const session = await Session.open();
  const http = new RawHttp(node.port);
  t.after(() => http.destroy());
  const beat = '[null,"1","phoenix","heartbeat",{}]';
  http.send(request("POST", path,
    {...session.token, "Transfer-Encoding": "chunked"}));
  for (const byte of beat) http.send(`1\r\n${byte}\r\n`);
  http.send("0\r\n\r\n");
  assert.equal((await http.next()).body, '{"status":200}');
  http.send(request("POST", path, {...session.token,
    "Expect": "100-continue", "Content-Length": beat.length}));
  assert.equal((await http.next()).text, "HTTP/1.1 100 Continue\r\n\r\n");
  http.send(beat);
  assert.equal((await http.next()).body, '{"status":200}');
});

test("a body of megabytes arrives, one past the limit gets 413", async () => {
  const session = await Session.open();
  const topic = room();
  await session.join(topic);
  const body = "x".repeat(6_000_000);
  assert.equal(await session.push(
    JSON.stringify(["1", "2", topic, "ping", {body}])), '{"status":200}');
  assert.ok((await session.poll()).messages[0].includes(body));
  const {head} = await ask("POST", path,
    {...session.token, "Content-Length": 8_000_001}, "[");
  assert.match(head, /^HTTP\/1.1 413 /);
});

test("requests behind a poll on its connection wait for its answer",
  async (t) => {
    const session = await Session.open();
    const http = new RawHttp(node.port);
    t.after(() => http.destroy());
    http.send(request("GET", path, session.token) + request("GET", "/health"));
    await session.push('[null,"1","phoenix","heartbeat",{}]');
    assert.equal(JSON.parse((await http.next()).body).status, 200);
    assert.equal((await http.next()).body, '{"status":"ok"}');
  });

test("a client that goes away while it polls loses nothing", async (t) => {
  const topic = room();
  const session = await Session.open();
  await session.join(topic);
  const speaker = await RawWebSocket.open(node.port);
  t.after(() => speaker.destroy());
  await speaker.join(topic);

  const http = new RawHttp(node.port).send(request("GET", path, session.token));
  await session.push('[null,"9","phoenix","heartbeat",{}]');
  await http.next(); // so the next one is under way soon
  http.send(request("GET", path, session.token));
  const gone = once("the end", (done) => http.socket.on("close", done));
  http.socket.resetAndDestroy();
  await gone;
  await ask("GET", "/health");
  await session.push('[null,"10","phoenix","heartbeat",{}]');
  speaker.sendJson(["1", "2", topic, "new_msg", {body: "hi"}]);
  const got = [];
  while (!got.some((text) => text.includes("new_msg")))
    got.push(...(await session.poll()).messages);
});

test("SIGTERM ends sessions and the polls that wait", async (t) => {
  const stopping = await startNode();
  t.after(() => stopping.stop());
  const http = new RawHttp(stopping.port).send(request("GET", path));
  t.after(() => http.destroy());
  const {token} = JSON.parse((await http.next()).body);
  http.send(request("GET", path, {"X-Phoenix-Longpoll-Token": token}));
  const beat = new RawHttp(stopping.port).send(request("POST", path,
    {"X-Phoenix-Longpoll-Token": token}, '[null,"1","phoenix","heartbeat",{}]'));
  await beat.next();
  await http.next();
  http.send(request("GET", path, {"X-Phoenix-Longpoll-Token": token}));
  beat.send(request("GET", "/health"));
  await beat.next();
  stopping.signal("SIGTERM");
  const answer = await http.next();
  assert.match(answer.head, /^HTTP\/1.1 503 /);
  assert.equal(answer.body, '{"status":500}'); // phoenix.js comes back
  await stopping.stop();
});

test("phoenix.js polls with fetch", async (t) => {
  const xhr = globalThis.XMLHttpRequest;
  globalThis.XMLHttpRequest = undefined;
  t.after(() => { globalThis.XMLHttpRequest = xhr; });
  const client = {Socket, options: {transport: LongPoll}};
  const socket = await connect(t, node, client);
  const {channel, status} = await join(socket, room());
  assert.equal(status, "ok");
  const heard = next(channel, "new_msg");
  channel.push("new_msg", {body: "hi"});
  assert.deepEqual(await heard, {body: "hi"});
});

test("phoenix.js pushes bytes while it polls", async (t) => {
  const topic = room();
  const poller = await connect(t, node, {Socket,
    options: {transport: LongPoll}});
  const hers = (await join(poller, topic)).channel;
  const his = (await join(await connect(t, node, clients[0]), topic)).channel;
  const heard = next(his, "new_msg");
  hers.push("new_msg", new Uint8Array([0, 1, 255]).buffer);
  assert.deepEqual([...new Uint8Array(await heard)], [0, 1, 255]);
});

test("phoenix.js falls back to polling where websockets are refused",
  async (t) => {
    const url = (await startProxy(t, node, "refuses")).socket;
    const socket = await connect(t, {socket: url}, {Socket, options: {}},
      {transport: WebSocket, longPollFallbackMs: 200});
    assert.equal(socket.transport, LongPoll);
    const {channel} = await join(socket, room());
    assert.deepEqual((await push(channel, "ping", {n: 1})).response, {n: 1});
  });
