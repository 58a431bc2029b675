// permessage-deflate with those who speak it: ws, Chromium, and by hand what
// neither would send. The node counts what the wire carries.

import assert from "node:assert/strict";
import {after, before, describe, test} from "node:test";
import {deflateRawSync} from "node:zlib";

import WebSocket from "ws";

import {barePage, launchBrowser, scripts} from "./support/browser.mjs";
import {startNode} from "./support/node_under_test.mjs";
import {connect, join, next, once, push} from "./support/phoenix_client.mjs";
import {opcodes, RawWebSocket} from "./support/raw_websocket.mjs";

const agreed = "permessage-deflate; server_no_context_takeover; " +
  "client_no_context_takeover";
const rsv1 = 4;

let node;
before(async () => {
  node = await startNode({file: process.env.BENNU_CONFORMANCE ??
    new URL("../../build/dev/bin/conformance_node", import.meta.url).pathname});
});
after(() => node.stop());

let rooms = 0;
const room = () => `room:packed-${++rooms}`;

/** Shrinks to less than a third, and not by repeating itself alone. */
const prose = Array.from({length: 4000},
  (_, i) => `${(i * 2654435761 >>> 0).toString(16)} and more words; `)
  .join("").slice(0, 90_000);

/** What the node has received and sent since, in bytes. */
async function carried(since = {in: 0, out: 0}) {
  const text = await (await fetch(`${node.http}/metrics`)).text();
  const read = (name) => Number(
    new RegExp(`^bennu_endpoint_bytes_${name}\\S* (\\S+)$`, "m").exec(text)[1]);
  return {in: read("in") - since.in, out: read("out") - since.out};
}

function assertSmall({in: received, out: sent}, messages) {
  for (const bytes of [received, sent])
    assert.ok(bytes > 1000 && bytes < messages * prose.length / 2,
      `${messages} messages of ${prose.length} as ${received} and ${sent}`);
}

// -- ws -----------------------------------------------------------------------

/** An open ws, joined to a room; `ask` resolves to the reply's response. */
async function open(t, perMessageDeflate) {
  const ws = new WebSocket(
    `ws://127.0.0.1:${node.port}/packed/websocket?vsn=2.0.0`,
    {perMessageDeflate});
  t.after(() => ws.terminate());
  const message = () => once("a message", (done) =>
    ws.once("message", (data) => done(JSON.parse(data))));
  await once("ws opens", (done) => ws.on("open", done));
  const topic = room();
  let ref = 0;
  const ask = async (event, payload, send = (text) => ws.send(text)) => {
    const answer = message();
    send(JSON.stringify(["1", `${++ref}`, topic, event, payload]));
    const [, , , , {status, response}] = await answer;
    assert.equal(status, "ok");
    return response;
  };
  await ask("phx_join", {});
  return {ws, ask, message, topic};
}

const offers = {
  "with context takeover": true,
  "without context takeover": {
    serverNoContextTakeover: true, clientNoContextTakeover: true,
  },
  "with a smaller window of its own": {clientMaxWindowBits: 10},
};

for (const [what, offer] of Object.entries(offers))
  describe(`ws that offers to go ${what}`, () => {
    test("large messages go both ways as few bytes", async (t) => {
      const {ws, ask} = await open(t, offer);
      assert.equal(ws.extensions, "permessage-deflate");
      const before = await carried();
      for (let i = 0; i < 5; ++i)
        assert.deepEqual(await ask("echo", {i, prose}), {i, prose});
      assertSmall(await carried(before), 5);
    });

    test("fragments of a compressed message are put together", async (t) => {
      const {ws, ask} = await open(t, offer);
      const before = await carried();
      const inParts = (text) => {
        const part = Math.ceil(text.length / 7);
        for (let at = 0; at < text.length; at += part)
          ws.send(text.slice(at, at + part),
            {compress: true, fin: at + part >= text.length});
      };
      for (let i = 0; i < 3; ++i)
        assert.deepEqual(await ask("echo", {i, prose}, inParts), {i, prose});
      assertSmall(await carried(before), 3);
    });
  });

test("ws is answered that each message stands alone", async (t) => {
  const ws = new WebSocket(
    `ws://127.0.0.1:${node.port}/packed/websocket?vsn=2.0.0`);
  t.after(() => ws.terminate());
  const {headers} = await once("the upgrade", (done) =>
    ws.on("upgrade", done));
  assert.equal(headers["sec-websocket-extensions"], agreed);
});

test("ws that offers nothing gets nothing compressed, and broadcasts as others",
  async (t) => {
    const plain = await open(t, false);
    assert.equal(plain.ws.extensions, "");
    const packed = await open(t, true);
    await plain.ask("echo", {prose});
    for (const who of [plain, packed]) {
      const heard = once("the broadcast", (done) => who.ws.once("message",
        (data) => done(JSON.parse(data)[4])));
      who.ws.send(JSON.stringify(["1", "9", who.topic, "tell",
        {event: "said", payload: {prose}}]));
      assert.deepEqual(await heard, {prose});
    }
  });

// -- phoenix.js ---------------------------------------------------------------

test("phoenix.js over ws goes compressed by itself", async (t) => {
  const packed = {socket: `ws://127.0.0.1:${node.port}/packed`};
  const {channel} = await join(await connect(t, packed), room());
  const before = await carried();
  assert.deepEqual((await push(channel, "echo", {prose})).response, {prose});
  const heard = next(channel, "said");
  channel.push("tell", {event: "said", payload: {prose}});
  assert.deepEqual(await heard, {prose});
  assertSmall(await carried(before), 2);
});

for (const script of scripts)
  test(`${script.name} in Chromium goes compressed by itself`, async (t) => {
    const browser = await launchBrowser();
    t.after(() => browser.close());
    const page = await barePage(t, browser, node.http, script);
    const before = await carried();
    const back = await page.evaluate(async ({url, topic, prose}) => {
      const socket = new window.Phoenix.Socket(url);
      socket.connect();
      const channel = socket.channel(topic);
      const ok = (sent) => new Promise((done, failed) =>
        sent.receive("ok", done).receive("error", failed));
      await ok(channel.join());
      const replies = [];
      for (let i = 0; i < 5; ++i)
        replies.push((await ok(channel.push("echo", {prose}))).prose);
      const heard = new Promise((done) => channel.on("said", done));
      channel.push("tell", {event: "said", payload: {prose}});
      replies.push((await heard).prose);
      return replies;
    }, {url: `ws://127.0.0.1:${node.port}/packed`, topic: room(), prose});
    assert.deepEqual(back, Array(6).fill(prose));
    assertSmall(await carried(before), 6);
    assert.deepEqual(page.problems, []);
  });

// -- by hand ------------------------------------------------------------------

async function raw(t) {
  const client = await RawWebSocket.open(node.port, {
    path: "/packed/websocket?vsn=2.0.0",
    headers: {"Sec-WebSocket-Extensions": "permessage-deflate"},
  });
  t.after(() => client.destroy());
  return client;
}

const beat = (ref) =>
  Buffer.from(`[null,"${ref}","phoenix","heartbeat",{}]`);

test("a message in a final block is heard, and the ones after it",
  async (t) => {
    const client = await raw(t);
    // deflateRawSync ends with a final block; the octet behind it is 7.2.3.4's.
    const finalBlock = Buffer.concat([deflateRawSync(beat(1)), Buffer.from([0])]);
    client.send(opcodes.text, finalBlock, {rsv: rsv1});
    assert.equal((await client.nextJson())[1], "1");
    client.send(opcodes.text, beat(2));
    assert.equal((await client.nextJson())[1], "2");
  });

test("a message that ends within a block is closed with 1007", async (t) => {
  const client = await raw(t);
  client.send(opcodes.text, deflateRawSync(beat(1)).subarray(0, -2),
    {rsv: rsv1});
  assert.equal((await client.closed()).code, 1007);
});

test("a bomb is closed with 1009 before it has arrived", async (t) => {
  const client = await raw(t);
  const bomb = deflateRawSync(Buffer.alloc(50_000_000, 120));
  // The frame says it will be 48,000 bytes; the first 600 are enough.
  const {socket} = client;
  const write = socket.write.bind(socket);
  socket.write = (bytes) => write(bytes.subarray(0, 600));
  client.send(opcodes.text, bomb, {rsv: rsv1});
  assert.equal((await client.closed()).code, 1009);
  const other = await raw(t);
  other.send(opcodes.text, beat(1));
  assert.equal((await other.nextJson())[1], "1");
});
