// What a confused or hostile peer sends. Each case gets the status, close code
// or reply of the reference, and a bystander on the same node stays untouched
// throughout.

import assert from "node:assert/strict";
import net from "node:net";
import {after, afterEach, before, describe, test} from "node:test";

import {startNode} from "./support/node_under_test.mjs";
import {
  RawWebSocket, exchange, frame, opcodes, upgradeRequest,
} from "./support/raw_websocket.mjs";

const path = "/socket/websocket?vsn=2.0.0";
const v1Path = "/socket/websocket?vsn=1.0.0";

let node, bystander, asked = 0;

before(async () => {
  node = await startNode();
  bystander = await RawWebSocket.open(node.port);
  assert.equal((await bystander.join("rooms:bystander")).status, "ok");
});

afterEach(async () => {
  const ref = `asked-${++asked}`;
  bystander.sendJson(["1", ref, "rooms:bystander", "ping", {asked}]);
  assert.deepEqual(await bystander.nextJson(),
    ["1", ref, "rooms:bystander", "phx_reply",
      {status: "ok", response: {asked}}]);
});

after(async () => {
  bystander.destroy();
  await node.stop();
});

const get = (target, headers = "") => exchange(node.port,
  `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}` +
  "Connection: close\r\n\r\n");

const upgrade = (target, headers) =>
  exchange(node.port, upgradeRequest(node.port, target, headers));

async function open(t, options) {
  const socket = await RawWebSocket.open(node.port, options);
  t.after(() => socket.destroy());
  return socket;
}

describe("HTTP", () => {
  test("the page is served", async () => {
    const page = await get("/");
    assert.equal(page.status, 200);
    assert.match(page.headers["content-type"], /^text\/html/);
    assert.match(page.body, /<title>Bennu chat/);
    for (const [file, type] of [
      ["/chat.css", "text/css"], ["/chat.js", "text/javascript"],
      ["/phoenix.mjs", "text/javascript"],
    ]) {
      const {status, headers, body} = await get(file);
      assert.equal(status, 200, file);
      assert.ok(headers["content-type"].startsWith(type), file);
      assert.ok(body.length > 100, file);
    }
  });

  test("the node says that it is well", async () => {
    assert.equal((await get("/health")).status, 200);
  });

  test("an unknown path is 404", async () => {
    for (const target of ["/nothing", "/socket", "/socket/other",
      "/index.html/x"])
      assert.equal((await get(target)).status, 404, target);
  });

  test("no path leads out of the page's folder", async () => {
    for (const target of ["/../../../../etc/passwd", "/..%2f..%2fetc/passwd",
      "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/..", "/%00",
      "/./../CMakeCache.txt", "/../../CMakeCache.txt", "/\\..\\..\\x"]) {
      const {status, body} = await get(target);
      // "/.." may be taken for "/", as browsers do.
      assert.ok([400, 403, 404].includes(status) || /Bennu chat/.test(body),
        `${target}: ${status}`);
      assert.doesNotMatch(body, /root:|CMAKE_/);
    }
  });

  test("a method that is not GET is 405", async () => {
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
      const {status} = await exchange(node.port,
        `${method} / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n` +
        "Connection: close\r\n\r\n");
      assert.equal(status, 405, method);
    }
  });

  test("what is not HTTP is 400", async () => {
    for (const nonsense of ["NONSENSE\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
      "GET / HTTP/1.1\r\nno colon\r\n\r\n", "\u0016\u0003\u0001\r\n\r\n"])
      assert.equal((await exchange(node.port, nonsense)).status, 400, nonsense);
  });

  test("endless headers are refused", async () => {
    const {status} = await get("/", `X: ${"x".repeat(100_000)}\r\n`);
    assert.ok([400, 413, 431].includes(status), `got ${status}`);
  });

  test("a peer that vanishes within its request is forgotten", async () => {
    for (const part of ["", "GET / HT", "GET / HTTP/1.1\r\nHost: x\r\n"])
      await new Promise((closed) => {
        const socket = net.connect(node.port, "127.0.0.1", () =>
          socket.write(part, () => socket.resetAndDestroy()));
        socket.on("close", closed);
      });
  });
});

describe("the upgrade", () => {
  test("is asked for when it is missing", async () => {
    const {status, body} = await get(path);
    assert.ok([400, 426].includes(status), `got ${status}`);
    assert.match(body, /upgrade/i);
  });

  test("names what is wrong with it", async () => {
    for (const [headers, cause] of [
      [{"Connection": "keep-alive"}, /connection|upgrade/i],
      [{"Upgrade": "h2c"}, /upgrade/i],
      [{"Sec-WebSocket-Key": undefined}, /sec-websocket-key/i],
      [{"Sec-WebSocket-Version": "12"}, /sec-websocket-version/i],
      [{"Sec-WebSocket-Version": undefined}, /sec-websocket-version/i],
    ]) {
      const {status, body} = await upgrade(path,
        {"Content-Length": "0", ...headers});
      assert.ok([400, 426].includes(status), `${cause}: ${status}`);
      assert.match(body, cause);
    }
  });

  test("by POST is 400 or 405", async () => {
    const request = upgradeRequest(node.port, path, {"Content-Length": "0"});
    const {status} = await exchange(
      node.port, request.replace(/^GET/, "POST"));
    assert.ok([400, 405].includes(status), `got ${status}`);
  });

  test("from another origin is 403", async () => {
    for (const origin of ["http://evil.example", "null", "file://", "nonsense"])
      assert.equal((await upgrade(path, {Origin: origin})).status, 403, origin);
  });

  test("from our own origin, or from no browser, succeeds", async (t) => {
    for (const origin of [`http://127.0.0.1:${node.port}`, undefined]) {
      const socket = await open(t, {headers: {Origin: origin}});
      assert.equal((await socket.join("rooms:origin")).status, "ok");
    }
  });

  test("from another origin succeeds once the check is off", async (t) => {
    const open_node = await startNode({args: ["--no-check-origin"]});
    t.after(() => open_node.stop());
    const socket = await RawWebSocket.open(open_node.port,
      {headers: {Origin: "http://evil.example"}});
    assert.equal((await socket.join("rooms:origin")).status, "ok");
    socket.destroy();
  });

  test("with a version that we do not speak is 403", async () => {
    for (const vsn of ["2.0", "9.9.9", "", "x", "2.0.0.0", "2.0.0%20"])
      assert.equal((await upgrade(`/socket/websocket?vsn=${vsn}`)).status, 403,
        `vsn=${vsn}`);
  });

  test("without a version is V1", async (t) => {
    const socket = await open(t, {path: "/socket/websocket"});
    socket.sendJson(
      {topic: "phoenix", event: "heartbeat", payload: {}, ref: "7"});
    const {ref, event, payload} = await socket.nextJson();
    assert.deepEqual([ref, event, payload.status], ["7", "phx_reply", "ok"]);
  });
});

describe("frames", () => {
  const {binary, continuation, ping, pong, text} = opcodes;
  const heartbeat = JSON.stringify([null, "1", "phoenix", "heartbeat", {}]);

  for (const [what, bytes, code] of [
    ["unmasked", frame(text, heartbeat, {masked: false}), 1002],
    ["a reserved opcode", frame(3, "x"), 1002],
    ["a reserved control opcode", frame(11, "x"), 1002],
    ["a reserved bit", frame(text, heartbeat, {rsv: 2}), 1002],
    ["compressed, though not agreed", frame(text, heartbeat, {rsv: 4}), 1002],
    ["a continuation of nothing", frame(continuation, "x"), 1002],
    ["a ping in parts", frame(ping, "x", {fin: false}), 1002],
    ["a ping of 126 bytes", frame(ping, "x".repeat(126)), 1002],
    ["a text within a text", Buffer.concat([
      frame(text, "[", {fin: false}), frame(text, "]")]), 1002],
    ["bad UTF-8", frame(text, Buffer.from([0x22, 0xc3, 0x28, 0x22])), 1007],
    ["a surrogate in UTF-8", frame(text, Buffer.from([0xed, 0xa0, 0x80])),
      1007],
    ["announced as 64 MB", frame(binary, "x", {length: 64 << 20}), 1009],
    ["announced as 2^62 bytes", frame(binary, "x", {length: 2 ** 62}), 1009],
  ]) test(`${what}: closed with ${code}`, async (t) => {
    const socket = await open(t);
    socket.socket.write(bytes);
    assert.equal((await socket.closed()).code, code);
  });

  test("many parts that grow past the limit: closed with 1009", async (t) => {
    const socket = await open(t);
    const part = frame(continuation, Buffer.alloc(1 << 20, 0x20), {fin: false});
    socket.send(text, "[", {fin: false});
    for (let i = 0; i < 16; i += 1) socket.socket.write(part);
    assert.equal((await socket.closed()).code, 1009);
  });

  test("a message in parts, with a ping between, is whole", async (t) => {
    const socket = await open(t);
    socket.send(text, heartbeat.slice(0, 5), {fin: false});
    socket.send(ping, "between");
    socket.send(continuation, heartbeat.slice(5, 9), {fin: false});
    socket.send(continuation, heartbeat.slice(9));
    // The pong may come first, but need not.
    const answers = [await socket.next(), await socket.next()];
    answers.sort((a, b) => a.opcode - b.opcode);
    assert.deepEqual(answers.map(({opcode}) => opcode), [text, pong]);
    assert.equal(JSON.parse(answers[0].payload)[3], "phx_reply");
    assert.equal(answers[1].payload.toString(), "between");
  });

  test("a message byte by byte is whole", async (t) => {
    const socket = await open(t);
    socket.socket.setNoDelay(true);
    for (const byte of frame(text, heartbeat))
      socket.socket.write(Buffer.from([byte]));
    assert.equal((await socket.nextJson())[3], "phx_reply");
  });

  test("a hundred messages in one packet are all answered", async (t) => {
    const socket = await open(t);
    const refs = Array.from({length: 100}, (_, i) => String(i));
    socket.socket.write(Buffer.concat(refs.map((ref) => frame(
      text, JSON.stringify([null, ref, "phoenix", "heartbeat", {}])))));
    for (const ref of refs)
      assert.equal((await socket.nextJson())[1], ref);
  });

  test("a close is answered with the same code", async (t) => {
    const socket = await open(t);
    socket.send(opcodes.close, Buffer.from([0x03, 0xe8]));
    assert.equal((await socket.closed()).code, 1000);
  });

  test("a peer that vanishes within a frame is forgotten", async () => {
    const socket = await RawWebSocket.open(node.port);
    await socket.join("rooms:bystander-2");
    socket.socket.write(frame(text, heartbeat).subarray(0, 4));
    socket.socket.resetAndDestroy();
    assert.equal((await socket.closed()).code, 1006);
  });
});

describe("messages", () => {
  const binary = (...parts) => Buffer.concat(parts.map(
    (part) => typeof part === "number" ? Buffer.from([part])
      : Buffer.from(part)));

  for (const [what, target, opcode, bytes] of [
    ["malformed JSON, V2", path, opcodes.text, "{\"topic\":"],
    ["malformed JSON, V1", v1Path, opcodes.text, "[1,2"],
    ["nothing", path, opcodes.text, ""],
    ["an object for V2", path, opcodes.text,
      "{\"topic\":\"a\",\"event\":\"b\",\"payload\":{},\"ref\":null}"],
    ["four elements for V2", path, opcodes.text,
      "[null,\"1\",\"phoenix\",\"heartbeat\"]"],
    ["a number for V2", path, opcodes.text, "42"],
    ["an array for V1", v1Path, opcodes.text,
      "[null,\"1\",\"phoenix\",\"heartbeat\",{}]"],
    ["no topic for V1", v1Path, opcodes.text,
      "{\"event\":\"b\",\"payload\":{},\"ref\":null}"],
    ["an unknown kind of binary", path, opcodes.binary,
      binary(1, 0, 1, 1, 1, "1ab")],
    ["a binary shorter than it says", path, opcodes.binary,
      binary(0, 255, 255, 255, 255, "short")],
    ["an empty binary", path, opcodes.binary, ""],
    ["a binary's head in part", path, opcodes.binary, binary(0, 1)],
  ]) test(`${what}: closed with 1011`, async (t) => {
    const socket = await open(t, {path: target});
    socket.send(opcode, bytes);
    assert.equal((await socket.closed()).code, 1011);
  });

  test("brackets a hundred thousand deep hurt nobody", async (t) => {
    const socket = await open(t);
    const deep = "[".repeat(100_000) + "]".repeat(100_000);
    socket.send(opcodes.text, `[null,"1","phoenix","heartbeat",${deep}]`);
    await socket.next().catch(() => socket.closed());
  });

  test("a topic that was not joined: an error reply", async (t) => {
    const socket = await open(t);
    socket.sendJson(["1", "2", "rooms:never-joined", "ping", {}]);
    assert.deepEqual(await socket.nextJson(),
      [null, "2", "rooms:never-joined", "phx_reply",
        {status: "error", response: {reason: "unmatched topic"}}]);
  });

  test("a join of a topic that nobody serves: an error reply", async (t) => {
    const socket = await open(t);
    socket.sendJson(["1", "2", "nowhere", "phx_join", {}]);
    assert.deepEqual(await socket.nextJson(),
      [null, "2", "nowhere", "phx_reply",
        {status: "error", response: {reason: "unmatched topic"}}]);
  });

  test("the names of a binary may have 255 bytes", async (t) => {
    const socket = await open(t);
    const topic = `rooms:${"n".repeat(249)}`;
    assert.equal((await socket.join(topic)).status, "ok");
    socket.send(opcodes.binary,
      binary(0, 1, 1, 255, 4, "1", "2", topic, "ping", "raw"));
    const {opcode, payload} = await socket.next();
    assert.equal(opcode, opcodes.binary);
    assert.deepEqual(payload,
      binary(1, 1, 1, 255, 2, "1", "2", topic, "ok", "raw"));
  });
});

test("each refusal is logged with its cause", () => {
  for (const cause of [
    /bad method/i, /sec-websocket-key/i, /origin/i, /transport version "2.0"/,
    /unmasked/i, /utf8/i, /exceeded/i, /json/i, /missing key "topic"/,
    /unmatched topic "nowhere"/i,
  ]) assert.match(node.output, cause);
});
