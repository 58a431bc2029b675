// What happens at the node's limits: the one who hits them is turned away,
// the others do not notice.

import assert from "node:assert/strict";
import {cpus} from "node:os";
import {test} from "node:test";

import {startNode} from "./support/node_under_test.mjs";
import {RawWebSocket} from "./support/raw_websocket.mjs";

/** A client that is answered is one that was not harmed. */
async function assertAlive(client, what) {
  client.sendJson([null, what, "phoenix", "heartbeat", {}]);
  for (;;) {
    const [, ref, topic] = await client.nextJson();
    if (topic === "phoenix" && ref === what) return;
  }
}

test("a reader that stops reading is let go, and slows nobody", async (t) => {
  const node = await startNode();
  t.after(() => node.stop());
  const [deaf, sender, other] = await Promise.all(
    [1, 2, 3].map(() => RawWebSocket.open(node.port)));
  t.after(() => [deaf, sender, other].forEach((client) => client.destroy()));
  for (const client of [deaf, sender, other])
    assert.equal((await client.join("rooms:loud")).status, "ok");
  deaf.socket.pause();

  // 64 MB: more than the kernel and the node would ever hold for one client.
  const body = "x".repeat(64 << 10);
  for (let i = 0; i < 1000; i += 1) {
    sender.sendJson(["1", `${i}`, "rooms:loud", "new_msg", {body}]);
    for (const client of [sender, other]) {
      for (;;) {
        const [, , , event, payload] = await client.nextJson();
        if (event !== "new_msg") continue;
        assert.equal(payload.body.length, body.length);
        break;
      }
    }
  }

  deaf.socket.resume();
  await deaf.closed();
  assert.match(node.output, /slow/i);
  await assertAlive(other, "after the slow one");
});

// UBSan opens a pipe to look at memory, and takes a failure for bad memory.
const skip = process.env.BENNU_SANITIZE
  ? "a sanitizer needs files of its own" : false;

/** Clients, as many as it takes until newcomers have been refused often. */
async function fill(t, node) {
  const clients = [];
  t.after(() => clients.forEach((client) => client.destroy()));
  for (let refused = 0; refused < 20; refused += 1) {
    try {
      for (;;) clients.push(await RawWebSocket.open(node.port));
    } catch (error) {
      assert.doesNotMatch(error.message, /not within/, "refused, not ignored");
    }
  }
  return clients;
}

test("a full file table turns newcomers away and then lets them in again",
  {skip}, async (t) => {
    const node = await startNode({
      filesMax: 120, args: ["--shards", "1", "--host", "127.0.0.1"],
    });
    t.after(() => node.stop());
    assert.match(node.output, /ulimit -n/, "names the command that raises it");

    const clients = await fill(t, node);
    t.diagnostic(`${clients.length} clients of 120 files, then refused`);
    assert.ok(clients.length >= 50, `only ${clients.length}`);
    for (const [i, client] of clients.entries())
      await assertAlive(client, `old-${i}`);

    for (const client of clients.splice(0, 30)) {
      client.destroy();
      await client.closed();
    }
    // The node hears of the thirty in its own time; a refusal tells that it
    // has not yet.
    let back = null;
    for (let tries = 0; !back && tries < 1000; tries += 1)
      back = await RawWebSocket.open(node.port).catch(() => null);
    assert.ok(back, "a newcomer is let in again");
    clients.push(back);
    await assertAlive(back, "new");
    for (const [i, client] of clients.entries())
      await assertAlive(client, `again-${i}`);
  });

test("nobody is turned away for long while another's file table has room",
  {skip}, async (t) => {
    const clients = async (shards) => {
      const node = await startNode({filesMax: 120,
        args: ["--shards", shards, "--private-files", "--host", "127.0.0.1"]});
      t.after(() => node.stop());
      return (await fill(t, node)).length;
    };
    const shards = cpus().length + 2; // so that they accept in turn
    const [one, many] = [await clients(1), await clients(shards)];
    t.diagnostic(`${one} clients in one table, ${many} in ${shards}`);
    assert.ok(many > (shards - 0.5) * one);
  });
