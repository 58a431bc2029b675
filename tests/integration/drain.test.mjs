// SIGTERM under thousands of joined clients: each is told to come back
// elsewhere, and the node ends well within its drain time.

import assert from "node:assert/strict";
import {execFileSync} from "node:child_process";
import {test} from "node:test";

import {startNode} from "./support/node_under_test.mjs";
import {RawWebSocket} from "./support/raw_websocket.mjs";

const drainSeconds = 20;
const atOnce = 100;

/** 5000, or as many as this process and the node may have sockets. */
function clientsMax() {
  const limit = Number(execFileSync("sh", ["-c", "ulimit -n"]));
  return Math.min(5000, (limit || 5000) - 200);
}

async function openAll(port, count) {
  const clients = [];
  while (clients.length < count) {
    const some = Math.min(atOnce, count - clients.length);
    clients.push(...await Promise.all(
      Array.from({length: some}, () => RawWebSocket.open(port))));
  }
  return clients;
}

test("every client is told to come back, and the node exits with 0",
  async (t) => {
    const node = await startNode(
      {args: ["--drain-time", String(drainSeconds)]});
    t.after(() => node.stop());
    const clients = await openAll(node.port, clientsMax());
    t.after(() => clients.forEach((client) => client.destroy()));
    for (let i = 0; i < clients.length; i += atOnce) {
      const replies = await Promise.all(clients.slice(i, i + atOnce)
        .map((client, j) => client.join(`rooms:drain-${(i + j) % 50}`)));
      assert.ok(replies.every(({status}) => status === "ok"));
    }

    const began = performance.now();
    node.signal("SIGTERM");
    const codes = new Map();
    for (const {code} of await Promise.all(
      clients.map((client) => client.closed(2 * drainSeconds * 1000))))
      codes.set(code, (codes.get(code) ?? 0) + 1);
    await node.stop(); // asserts the exit code
    const seconds = (performance.now() - began) / 1000;

    t.diagnostic(`${clients.length} clients closed with ` +
      `${JSON.stringify([...codes])} in ${seconds.toFixed(2)} s`);
    // 1012, service restart: phoenix.js reconnects, which it would not
    // after 1000.
    assert.deepEqual([...codes], [[1012, clients.length]]);
    assert.ok(seconds < drainSeconds, `took ${seconds} s`);
  });

test("a client that never reads does not hold the node back", async (t) => {
  const node = await startNode({args: ["--drain-time", "5"]});
  t.after(() => node.stop());
  const [deaf, other] = await openAll(node.port, 2);
  t.after(() => [deaf, other].forEach((client) => client.destroy()));
  assert.equal((await deaf.join("rooms:deaf")).status, "ok");
  assert.equal((await other.join("rooms:deaf")).status, "ok");
  deaf.socket.pause();

  const began = performance.now();
  node.signal("SIGTERM");
  assert.equal((await other.closed()).code, 1012);
  await node.stop();
  assert.ok(performance.now() - began < 10_000);
});
