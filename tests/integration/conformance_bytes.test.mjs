// Byte for byte on a websocket: V2's text and binary layouts, upgrades,
// subprotocols, origins and closes, as Phoenix has them.

import assert from "node:assert/strict";
import {after, before, describe, test} from "node:test";

import {startNode} from "./support/node_under_test.mjs";
import {exchange, opcodes, RawWebSocket, upgradeRequest} from
  "./support/raw_websocket.mjs";

let node;
before(async () => {
  node = await startNode({file: process.env.BENNU_CONFORMANCE ??
    new URL("../../build/dev/bin/conformance_node", import.meta.url).pathname});
});
after(() => node.stop());

async function open(t, path = "/socket/websocket?vsn=2.0.0", headers = {}) {
  const raw = await RawWebSocket.open(node.port, {path, headers});
  t.after(() => raw.socket.destroy());
  return raw;
}

const text = async (raw) => (await raw.next()).payload.toString();

describe("V2 in text", () => {
  test("a join, a reply and a push are these bytes", async (t) => {
    const raw = await open(t);
    raw.send(opcodes.text, '["1","2","room:a","phx_join",{}]');
    assert.equal(await text(raw), '["1","2","room:a","phx_reply",' +
      '{"response":{},"status":"ok"}]');
    raw.send(opcodes.text, '["1","3","room:a","push_me",{"a":"\u00e9"}]');
    assert.equal(await text(raw), '["1",null,"room:a","pushed",{"a":"\u00e9"}]');
  });

  test("elements past the fifth are ignored", async (t) => {
    const raw = await open(t);
    raw.send(opcodes.text, '[null,"2","phoenix","heartbeat",{},1,2]');
    assert.equal(await text(raw), '[null,"2","phoenix","phx_reply",' +
      '{"response":{},"status":"ok"}]');
  });

  for (const bad of ["[1,2,3,4]", "{}", "[", '["1","2",3,"e",{}]'])
    test(`${bad} closes with 1011`, async (t) => {
      const raw = await open(t);
      raw.send(opcodes.text, bad);
      assert.equal((await raw.closed()).code, 1011);
    });
});

describe("V1", () => {
  test("a reply is this object", async (t) => {
    const raw = await open(t, "/socket/websocket");
    raw.send(opcodes.text,
      '{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"1"}');
    assert.deepEqual(JSON.parse(await text(raw)),
      {topic: "phoenix", event: "phx_reply", ref: "1",
        payload: {status: "ok", response: {}}});
  });

  for (const missing of ["topic", "event", "payload", "ref"])
    test(`a message without ${missing} closes with 1011`, async (t) => {
      const raw = await open(t, "/socket/websocket");
      const whole = {topic: "phoenix", event: "heartbeat", payload: {}, ref: 1};
      delete whole[missing];
      raw.send(opcodes.text, JSON.stringify(whole));
      assert.equal((await raw.closed()).code, 1011);
    });
});

describe("V2 in bytes", () => {
  const sized = (...parts) => Buffer.concat(
    [Buffer.from(parts.map((x) => x.length)),
      ...parts.map((x) => Buffer.from(x))]);
  const pushOf = (joinRef, ref, topic, event, data) => Buffer.concat(
    [Buffer.from([0]), sized(joinRef, ref, topic, event), Buffer.from(data)]);

  async function joined(t) {
    const raw = await open(t);
    await raw.join("room:b");
    return raw;
  }

  test("a push is answered with kind 1", async (t) => {
    const raw = await joined(t);
    raw.send(opcodes.binary, pushOf("1", "22", "room:b", "echo_bytes", "\0\x01"));
    const {opcode, payload} = await raw.next();
    assert.equal(opcode, opcodes.binary);
    assert.deepEqual(payload, Buffer.concat([Buffer.from([1]),
      sized("1", "22", "room:b", "ok"), Buffer.from([0, 1])]));
  });

  test("a push of the server is kind 0, without a ref", async (t) => {
    const raw = await joined(t);
    raw.send(opcodes.binary, pushOf("1", "2", "room:b", "push_bytes", "xyz"));
    assert.deepEqual((await raw.next()).payload, Buffer.concat(
      [Buffer.from([0]), sized("1", "room:b", "pushed"), Buffer.from("xyz")]));
  });

  test("a broadcast is kind 2, without refs", async (t) => {
    const raw = await joined(t);
    raw.send(opcodes.binary, pushOf("1", "2", "room:b", "tell_bytes", "xyz"));
    assert.deepEqual((await raw.next()).payload, Buffer.concat(
      [Buffer.from([2]), sized("room:b", "bytes"), Buffer.from("xyz")]));
  });

  for (const [what, bytes] of [
    ["another kind", Buffer.from([1, 0, 0, 0, 0])],
    ["sizes past the end", Buffer.from([0, 255, 0, 0, 0])],
    ["nothing", Buffer.alloc(0)],
  ]) test(`${what} closes with 1011`, async (t) => {
    const raw = await joined(t);
    raw.send(opcodes.binary, bytes);
    assert.equal((await raw.closed()).code, 1011);
  });
});

describe("a connect", () => {
  const spoken = "/spoken/websocket?vsn=2.0.0";
  const upgrade = async (path, asked) => {
    const {status, headers} = await exchange(
      node.port, upgradeRequest(node.port, path, asked));
    return [status, headers["sec-websocket-protocol"]];
  };

  test("that asks for no subprotocol gets none", async () => {
    assert.deepEqual(await upgrade(spoken, {}), [101, undefined]);
  });

  test("gets the server's first among those it asks for", async () => {
    assert.deepEqual(
      await upgrade(spoken, {"Sec-WebSocket-Protocol": "chat, phoenix"}),
      [101, "phoenix"]);
    assert.deepEqual(
      await upgrade(spoken, {"Sec-WebSocket-Protocol": "other, chat"}),
      [101, "chat"]);
  });

  test("that asks for none we speak is 403", async () => {
    assert.equal((await upgrade(spoken,
      {"Sec-WebSocket-Protocol": "other"}))[0], 403);
  });

  for (const [origin, status] of [
    ["https://example.com", 101], ["http://a.b.example.com:8080", 101],
    ["https://prefix-example.com", 403], ["https://example.com.evil", 403],
    ["null", 403], ["file://", 403],
  ]) test(`from a page of ${origin} is ${status}`, async () => {
    const [seen] = await upgrade("/listed/websocket?vsn=2.0.0",
      {Origin: origin});
    assert.equal(seen, status);
  });
});

describe("a close", () => {
  test("of a silent client is not 1000, or it would not come back",
    async (t) => {
      const raw = await open(t, "/brief/websocket?vsn=2.0.0");
      const {code} = await raw.closed();
      assert.notEqual(code, 1000);
    });

  test("any frame counts as a sign of life", async (t) => {
    const raw = await open(t, "/brief/websocket?vsn=2.0.0");
    const began = performance.now();
    const timer = setInterval(() => raw.send(opcodes.pong, ""), 200);
    t.after(() => clearInterval(timer));
    const told = setTimeout(() => clearInterval(timer), 2500);
    t.after(() => clearTimeout(told));
    await raw.closed();
    assert.ok(performance.now() - began > 2500, "not before the pongs end");
  });

  test("of a message past the limit is 1009", async (t) => {
    const raw = await open(t);
    raw.send(opcodes.text, "x".repeat(100_001));
    assert.equal((await raw.closed()).code, 1009);
  });

  test("by SIGTERM is 1012, without channels too", async (t) => {
    const own = await startNode({file: process.env.BENNU_CONFORMANCE ??
      new URL("../../build/dev/bin/conformance_node",
        import.meta.url).pathname});
    const raws = [];
    for (let i = 0; i < 2; ++i) {
      raws.push(await RawWebSocket.open(own.port));
      t.after(() => raws[i].socket.destroy());
    }
    await raws[0].join("room:d");
    const stopped = own.stop();
    for (const raw of raws) assert.equal((await raw.closed()).code, 1012);
    await stopped;
  });
});
