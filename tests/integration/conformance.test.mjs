// What Phoenix puts on the wire, behaviour by behaviour: both versions of the
// protocol over both transports, spoken by hand.

import assert from "node:assert/strict";
import {after, before, describe, test} from "node:test";

import {Client, expected} from "./support/conformance_client.mjs";
import {startNode} from "./support/node_under_test.mjs";

let node;
before(async () => {
  node = await startNode({file: process.env.BENNU_CONFORMANCE ??
    new URL("../../build/dev/bin/conformance_node", import.meta.url).pathname});
});
after(() => node.stop());

let rooms = 0;
const room = () => `room:${++rooms}`;
let names = 0;
const name = () => `user-${++names}`;

const kinds = ["websocket", "longpoll"].flatMap((transport) =>
  ["1.0.0", "2.0.0"].map((vsn) => ({transport, vsn})));

for (const kind of kinds) describe(`${kind.transport}, ${kind.vsn}`, () => {
  const v2 = kind.vsn === "2.0.0";
  const open = (t, params = {}) => Client.open(t, node, {...kind, params});
  const next = async (client, message, what) =>
    assert.deepEqual(await client.next(), expected(kind.vsn, message), what);

  /** Nothing came before the answer to this. */
  async function silent(client) {
    client.send(null, "silence", "phoenix", "heartbeat", {});
    await next(client, [null, "silence", "phoenix", "phx_reply",
      {status: "ok", response: {}}], "nothing before it");
  }

  const ok = (response = {}) => ({status: "ok", response});
  // The join_ref once more, which V1 has not.
  const closing = v2 ? "1" : null;
  const error = (reason) => ({status: "error", response: {reason}});

  // -- heartbeats and joins ---------------------------------------------------

  test("a heartbeat is answered without a join_ref", async (t) => {
    const client = await open(t);
    client.send("7", "8", "phoenix", "heartbeat", {});
    await next(client, [null, "8", "phoenix", "phx_reply", ok()]);
  });

  test("a join is answered with its refs and the reply of the channel",
    async (t) => {
      const client = await open(t), topic = room();
      client.send("1", "2", topic, "phx_join", {hello: [1, null]});
      await next(client,
        ["1", "2", topic, "phx_reply", ok({hello: [1, null]})]);
    });

  test("a join without params gets an empty response", async (t) => {
    const client = await open(t);
    assert.deepEqual(await client.join(room(), {}), ["ok", {}]);
  });

  test("a refused join is an error reply, and no phx_close", async (t) => {
    const client = await open(t);
    client.send("1", "1", "room:staff", "phx_join", {});
    await next(client,
      ["1", "1", "room:staff", "phx_reply", error("unauthorized")]);
    await silent(client);
  });

  test("a join that throws is an error reply", async (t) => {
    const client = await open(t);
    assert.deepEqual(await client.join("room:crash"),
      ["error", {reason: "join crashed"}]);
    await silent(client);
  });

  test("a push within join crashes it", async (t) => {
    const client = await open(t);
    assert.deepEqual(await client.join("room:early"),
      ["error", {reason: "join crashed"}]);
  });

  test("a topic nobody serves is unmatched, without a join_ref", async (t) => {
    const client = await open(t);
    client.send("1", "1", "nowhere", "phx_join", {});
    await next(client,
      [null, "1", "nowhere", "phx_reply", error("unmatched topic")]);
  });

  test("an exact topic matches itself only", async (t) => {
    const client = await open(t);
    assert.deepEqual(await client.join("exact"), ["ok", {}]);
    assert.deepEqual(await client.join("exact:1", {}, "2", "2"),
      ["error", {reason: "unmatched topic"}]);
  });

  test("one channel more than a socket may have is refused", async (t) => {
    const client = await open(t);
    for (const ref of ["1", "2", "3"])
      assert.deepEqual(await client.join(room(), {}, ref, ref), ["ok", {}]);
    const topic = room();
    client.send("4", "4", topic, "phx_join", {});
    await next(client,
      ["4", "4", topic, "phx_reply", error("too many channels joined")]);
  });

  test("a second join: its reply first, then the first one's phx_close",
    async (t) => {
      const client = await open(t), topic = room();
      await client.join(topic);
      client.send("2", "3", topic, "phx_join", {});
      await next(client, ["2", "3", topic, "phx_reply", ok()]);
      await next(client, ["1", closing, topic, "phx_close", {}]);
      client.send("2", "4", topic, "echo", {a: 1});
      await next(client, ["2", "4", topic, "phx_reply", ok({a: 1})]);
    });

  // -- leaving ----------------------------------------------------------------

  test("a leave: its reply, phx_close, then what terminate pushes",
    async (t) => {
      const client = await open(t), topic = room();
      await client.join(topic);
      client.send("1", "2", topic, "phx_leave", {});
      await next(client, ["1", "2", topic, "phx_reply", ok()]);
      await next(client, ["1", closing, topic, "phx_close", {}]);
      const [, , , event, {why}] = await client.next();
      assert.equal(event, "terminating");
      assert.match(why, /left/);
    });

  test("a leave of a topic that was not joined is answered ok", async (t) => {
    const client = await open(t), topic = room();
    client.send("9", "2", topic, "phx_leave", {});
    await next(client, ["9", "2", topic, "phx_reply", ok()]);
  });

  if (v2) test("a leave with another join_ref is not heard", async (t) => {
    const client = await open(t), topic = room();
    await client.join(topic);
    client.send("0", "2", topic, "phx_leave", {});
    await silent(client);
  });

  // -- events -----------------------------------------------------------------

  test("an event on a topic that was not joined is unmatched", async (t) => {
    const client = await open(t), topic = room();
    client.send("1", "2", topic, "echo", {});
    await next(client,
      [null, "2", topic, "phx_reply", error("unmatched topic")]);
  });

  if (v2) test("an event with another join_ref is dropped", async (t) => {
    const client = await open(t), topic = room();
    await client.join(topic);
    client.send("0", "2", topic, "echo", {});
    await silent(client);
  });

  if (v2) test("an event without a join_ref is taken", async (t) => {
    const client = await open(t), topic = room();
    await client.join(topic);
    client.send(null, "2", topic, "echo", {});
    await next(client, ["1", "2", topic, "phx_reply", ok()]);
  });

  if (v2) test("after a join without a join_ref its ref stands in",
    async (t) => {
      const client = await open(t), topic = room();
      client.send(null, "5", topic, "phx_join", {});
      await next(client, ["5", "5", topic, "phx_reply", ok()]);
      client.send("5", "6", topic, "echo", {});
      await silent(client);
      client.send(null, "7", topic, "push_me", {a: 1});
      await next(client, ["5", null, topic, "pushed", {a: 1}]);
    });

  test("refs come back as they are, numbers as numbers", async (t) => {
    const client = await open(t), topic = room();
    client.send(11, 12, topic, "phx_join", {});
    await next(client, [11, 12, topic, "phx_reply", ok()]);
    client.send(11, "z\"\u00e9", topic, "echo", {});
    await next(client, [11, "z\"\u00e9", topic, "phx_reply", ok()]);
  });

  test("a reply may have any status", async (t) => {
    const client = await open(t), topic = room();
    await client.join(topic);
    client.send("1", "2", topic, "maybe", {a: 1});
    await next(client, ["1", "2", topic, "phx_reply",
      {status: "maybe", response: {a: 1}}]);
  });

  test("another process may answer later, and more than once", async (t) => {
    const client = await open(t), topic = room();
    await client.join(topic);
    client.send("1", "2", topic, "later", {a: 1});
    await next(client, ["1", "2", topic, "phx_reply", ok({n: 1})]);
    await next(client, ["1", "2", topic, "phx_reply",
      {status: "error", response: {was: {a: 1}}}]);
  });

  test("a push has the join_ref and no ref", async (t) => {
    const client = await open(t), topic = room();
    await client.join(topic);
    client.send("1", "2", topic, "push_me", {a: 1});
    await next(client, ["1", null, topic, "pushed", {a: 1}]);
  });

  test("an invalid payload is an error reply, and hurts nothing", async (t) => {
    const client = await open(t), topic = room();
    await client.join(topic);
    client.send("1", "2", topic, "point", {x: "no"});
    await next(client, ["1", "2", topic, "phx_reply", error("invalid payload")]);
    client.send("1", "3", topic, "point", {x: 1, y: 2});
    await next(client, ["1", "3", topic, "phx_reply", ok({sum: 3})]);
  });

  // -- broadcasts -------------------------------------------------------------

  test("a broadcast reaches all, without a join_ref", async (t) => {
    const [ann, bob] = [await open(t), await open(t)], topic = room();
    await ann.join(topic);
    await bob.join(topic);
    ann.send("1", "2", topic, "tell", {event: "news", payload: {a: 1}});
    for (const client of [ann, bob])
      await next(client, [null, null, topic, "news", {a: 1}]);
  });

  test("broadcast_from reaches all but its sender", async (t) => {
    const [ann, bob] = [await open(t), await open(t)], topic = room();
    await ann.join(topic);
    await bob.join(topic);
    ann.send("1", "2", topic, "tell_others", {event: "news", payload: {}});
    await next(bob, [null, null, topic, "news", {}]);
    await silent(ann);
  });

  test("an intercepted broadcast passes each receiver's channel", async (t) => {
    const [ann, bob] =
      [await open(t, {name: name()}), await open(t, {name: name()})];
    const topic = room();
    await ann.join(topic);
    await bob.join(topic);
    ann.send("1", "2", topic, "tell", {event: "secret", payload: {a: 1}});
    const seen = [];
    for (const client of [ann, bob]) {
      const [joinRef, ref, , event, payload] = await client.next();
      assert.deepEqual([joinRef, ref, event, payload.was],
        [v2 ? "1" : null, null, "secret", {a: 1}]);
      seen.push(payload.seen_by);
    }
    assert.notEqual(seen[0], seen[1]);
  });

  // -- ends -------------------------------------------------------------------

  test("a stop with a reply: the reply, then phx_close", async (t) => {
    const client = await open(t), topic = room();
    await client.join(topic);
    client.send("1", "2", topic, "quit_with_reply", {});
    await next(client, ["1", "2", topic, "phx_reply", ok({bye: 1})]);
    await next(client, ["1", closing, topic, "phx_close", {}]);
  });

  test("a normal stop is phx_close", async (t) => {
    const client = await open(t), topic = room();
    await client.join(topic);
    client.send("1", "2", topic, "quit", {});
    await next(client, ["1", closing, topic, "phx_close", {}]);
  });

  for (const [what, event] of [["a stop with an error", "fail"],
    ["a throw", "boom"], ["an exit, even a normal one,", "exit_normal"],
    ["an unknown event", "no such event"]])
    test(`${what} is phx_error, and costs no other channel`, async (t) => {
      const client = await open(t), topic = room(), other = room();
      await client.join(topic);
      await client.join(other, {}, "2", "2");
      client.send("1", "3", topic, event, {});
      // What terminate pushes of a crash may come first.
      let got = await client.next();
      if (got[3] === "terminating") got = await client.next();
      assert.deepEqual(got, expected(kind.vsn,
        ["1", closing, topic, "phx_error", {reason: "channel_crash"}]));
      client.send("2", "4", other, "echo", {a: 1});
      await next(client, ["2", "4", other, "phx_reply", ok({a: 1})]);
      assert.deepEqual(await client.join(topic, {}, "5", "5"), ["ok", {}]);
    });

  test("a disconnect by id closes all of that id, and nobody else",
    async (t) => {
      const who = name();
      const [ann, other, admin] = [await open(t, {name: who}),
        await open(t, {name: who}), await open(t, {name: name()})];
      const topic = room();
      await ann.join(room());
      await admin.join(topic);
      admin.send("1", "2", topic, "disconnect", {id: `users:${who}`});
      for (const client of [ann, other])
        assert.equal(await client.over.ended(),
          kind.transport === "websocket" ? 1001 : 410);
      await silent(admin);
    });

  // -- connecting -------------------------------------------------------------

  test("a connect knows its path, its query, its headers and its peer",
    async (t) => {
      const client = await Client.open(t, node,
        {...kind, mount: "/mirror/home", params: {a: "b c", place: "no"}});
      const [status, seen] = await client.join("mirror");
      assert.equal(status, "ok");
      assert.deepEqual(seen.params, {a: "b c", place: "home", vsn: kind.vsn});
      assert.match(seen.headers.host, /^127\.0\.0\.1:\d+$/);
      assert.match(seen.uri, /^\/mirror\/home\/\w+\?vsn=/);
      assert.equal(seen.peer_address, "127.0.0.1");
      assert.equal(seen.transport, kind.transport);
    });

  test("a refused connect is an HTTP refusal", async (t) => {
    const status = kind.transport === "websocket" ? 429 : 403;
    await assert.rejects(open(t, {refuse: "429"}), new RegExp(`${status}`));
  });
});

// -- versions -----------------------------------------------------------------

for (const transport of ["websocket", "longpoll"]) describe(transport, () => {
  test("without a vsn speaks V1", async (t) => {
    const client = await Client.open(t, node, {transport});
    client.send(null, "1", "phoenix", "heartbeat", {});
    assert.deepEqual(JSON.parse(await client.over.nextText()),
      {topic: "phoenix", event: "phx_reply", ref: "1",
        payload: {status: "ok", response: {}}});
  });

  for (const vsn of ["2.0", "3.0.0", "two"])
    test(`with vsn ${vsn} is refused`, async (t) => {
      await assert.rejects(Client.open(t, node, {transport, vsn}), /403/);
    });
});
