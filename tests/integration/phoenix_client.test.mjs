// The judge is someone else's code: phoenix.js against the node.

import assert from "node:assert/strict";
import {after, before, describe, test} from "node:test";

import {startNode} from "./support/node_under_test.mjs";
import {
  clients, connect, join, next, once, outcome, polling, push,
} from "./support/phoenix_client.mjs";

let node;
before(async () => { node = await startNode(); });
after(() => node.stop());

// Each test has a room of its own, so that none hears another.
let rooms = 0;
const room = () => `rooms:test-${++rooms}`;

/** Resolves when the channel has joined once more. */
function rejoined(channel) {
  return once("the rejoin", (done) => channel.joinPush.receive("ok", done));
}

/** Resolves with what phoenix.js says when the channel is lost. */
function errored(channel) {
  return once("phx_error", (done) => {
    const ref = channel.on("phx_error", (payload) => {
      channel.off("phx_error", ref);
      done(payload);
    });
  });
}

const bytes = (text) => new TextEncoder().encode(text).buffer;
const text = (buffer) => {
  assert.ok(buffer instanceof ArrayBuffer, `binary, not ${typeof buffer}`);
  return new TextDecoder().decode(buffer);
};

for (const client of [...clients, ...polling]) describe(client.name, () => {
  test("joins with any payload", async (t) => {
    const socket = await connect(t, node, client);
    for (const payload of [{}, {user: "ann"}, {deep: [1, {two: null}]}]) {
      const joined = await join(socket, room(), payload);
      assert.equal(joined.status, "ok");
    }
  });

  test("gets a reply with the payload it pushed", async (t) => {
    const socket = await connect(t, node, client);
    const {channel} = await join(socket, room());
    const payload = {text: "grüße \u{1f525} \u0000", n: [1, 2.5, -3e10, null]};
    assert.deepEqual(await push(channel, "ping", payload),
      {status: "ok", response: payload});
  });

  test("keeps many pushes and their replies in order", {
    skip: client.ordered === false,
  }, async (t) => {
    const socket = await connect(t, node, client);
    const {channel} = await join(socket, room());
    const answered = [];
    await Promise.all(Array.from({length: 200}, async (_, i) => {
      const {response} = await push(channel, "ping", {i});
      answered.push(response.i);
    }));
    assert.deepEqual(answered, Array.from({length: 200}, (_, i) => i));
  });

  test("a broadcast reaches everyone in the room, the sender too",
    async (t) => {
      const topic = room();
      const [ann, bob, eve] = await Promise.all(
        [1, 2, 3].map(() => connect(t, node, client)));
      const hers = (await join(ann, topic)).channel;
      const his = (await join(bob, topic)).channel;
      const other = (await join(eve, room())).channel;
      other.on("new_msg", () => assert.fail("heard another room"));

      const message = {user: "ann", body: "hi"};
      const heard = [next(hers, "new_msg"), next(his, "new_msg")];
      hers.push("new_msg", message);
      assert.deepEqual(await Promise.all(heard), [message, message]);
      await push(other, "ping", {}); // had it heard, it would be by now
    });

  test("leaves, and hears no more", async (t) => {
    const topic = room();
    const ann = await connect(t, node, client);
    const bob = await connect(t, node, client);
    const hers = (await join(ann, topic)).channel;
    const his = (await join(bob, topic)).channel;
    hers.on("new_msg", () => assert.fail("heard after leaving"));

    const closed = once("phx_close", (done) => hers.onClose(done));
    assert.equal((await outcome("leave", hers.leave())).status, "ok");
    await closed;

    const heard = next(his, "new_msg");
    his.push("new_msg", {body: "still here?"});
    await heard;
    const again = await join(ann, room()); // and the socket lives on
    assert.equal(again.status, "ok");
  });

  test("an unmatched topic is refused", async (t) => {
    const socket = await connect(t, node, client);
    const {channel, status, response} = await join(socket, "nowhere:lobby");
    channel.leave();
    assert.equal(status, "error");
    assert.deepEqual(response, {reason: "unmatched topic"});
  });

  test("a crashed channel is told, rejoins, and nobody else notices",
    async (t) => {
      const topic = room();
      const ann = await connect(t, node, client);
      const bob = await connect(t, node, client);
      const hers = (await join(ann, topic)).channel;
      const hersToo = (await join(ann, room())).channel;
      const his = (await join(bob, topic)).channel;
      const noticed = [];
      for (const untouched of [hersToo, his])
        untouched.onError(() => noticed.push(untouched.topic));
      for (const socket of [ann, bob])
        socket.onClose(() => noticed.push("a socket"));

      const told = errored(hers);
      const back = rejoined(hers);
      hers.push("boom", {});
      await told;
      await back;

      const heard = [next(hers, "new_msg"), next(his, "new_msg")];
      hers.push("new_msg", {body: "back"});
      await Promise.all(heard);
      assert.equal((await push(hersToo, "ping", {})).status, "ok");
      assert.deepEqual(noticed, []);
    });

  test("reconnects and rejoins after the node was lost", async (t) => {
    let fragile = await startNode();
    t.after(() => fragile.stop());
    const socket = await connect(t, fragile, client);
    const {channel} = await join(socket, room());

    const lost = once("the close", (done) => socket.onClose(done));
    await fragile.kill();
    await lost;
    const back = rejoined(channel);
    fragile = await startNode({port: fragile.port});
    await back;
    assert.deepEqual((await push(channel, "ping", {n: 1})).response, {n: 1});
  });

  test("reconnects and rejoins after an orderly restart", async (t) => {
    let fragile = await startNode();
    t.after(() => fragile.stop());
    const socket = await connect(t, fragile, client);
    const {channel} = await join(socket, room());

    const closed = once("the close", (done) => socket.onClose(done));
    await fragile.stop();
    // phoenix.js takes 1000 for "do not come back".
    assert.notEqual((await closed).code, 1000);
    const back = rejoined(channel);
    fragile = await startNode({port: fragile.port});
    await back;
  });

  // Polls have a timeout of their own, and no heartbeat.
  test("gives a silent node up after a heartbeat, and comes back",
    {skip: client.polls}, async (t) => {
      const silent = await startNode();
      t.after(() => silent.stop());
      const socket = await connect(t, silent, client,
        {heartbeatIntervalMs: 150});
      const {channel} = await join(socket, room());

      const told = errored(channel);
      silent.signal("SIGSTOP");
      try {
        await told;
      } finally {
        silent.signal("SIGCONT");
      }
      await rejoined(channel);
      assert.equal((await push(channel, "ping", {})).status, "ok");
    });
});

for (const client of clients.filter(({binary}) => binary))
  describe(`${client.name}, binary`, () => {
    test("goes both ways", async (t) => {
      const socket = await connect(t, node, client);
      const {channel} = await join(socket, room());
      for (const payload of ["", "a\u0000b", "x".repeat(70_000)]) {
        const {status, response} = await push(channel, "ping", bytes(payload));
        assert.equal(status, "ok");
        assert.equal(text(response), payload);
      }
    });

    test("is broadcast as binary", async (t) => {
      const topic = room();
      const ann = await connect(t, node, client);
      const bob = await connect(t, node, client);
      const hers = (await join(ann, topic)).channel;
      const his = (await join(bob, topic)).channel;
      const heard = [next(hers, "new_msg"), next(his, "new_msg")];
      hers.push("new_msg", bytes("\u0001 raw"));
      for (const payload of await Promise.all(heard))
        assert.equal(text(payload), "\u0001 raw");
    });
  });

test("V1, V2 and polling clients talk in one room", async (t) => {
  const topic = room();
  const channels = [];
  for (const client of [...clients, ...polling])
    channels.push((await join(await connect(t, node, client), topic)).channel);
  for (const from of channels) {
    const heard = channels.map((channel) => next(channel, "new_msg"));
    from.push("new_msg", {body: "to all"});
    for (const payload of await Promise.all(heard))
      assert.deepEqual(payload, {body: "to all"});
  }
});

test("a second join of the same topic replaces the first", async (t) => {
  const topic = room();
  const socket = await connect(t, node);
  const first = (await join(socket, topic)).channel;
  const closed = once("phx_close", (done) => first.onClose(done));
  // phoenix.js leaves the first by itself; the node sees leave, then join.
  const second = await join(socket, topic);
  assert.equal(second.status, "ok");
  await closed;
  assert.equal((await push(second.channel, "ping", {})).status, "ok");
});
