// phoenix.js's own Presence, against the rooms of the chat node.

import assert from "node:assert/strict";
import {after, before, describe, test} from "node:test";

import {Presence} from "phoenix";
import {Presence as Presence16} from "phoenix-1.6";

import {startNode} from "./support/node_under_test.mjs";
import {clients, connect, join, once, push} from "./support/phoenix_client.mjs";

let node;
before(async () => { node = await startNode(); });
after(() => node.stop());

// Each test has a room of its own, so that none hears another.
let rooms = 0;
const room = () => `rooms:present-${++rooms}`;

/** A room as one client sees it: who is here, and what it has been told. */
class View {
  constructor(channel, Presence) {
    this.channel = channel;
    this.told = [];
    this.waiting = [];
    this.presence = new Presence(channel);
    this.presence.onJoin((key, current, {metas}) =>
      this.tell(`${key} joins ${current?.metas.length ?? 0}+${metas.length}`));
    this.presence.onLeave((key, current, {metas}) =>
      this.tell(`${key} leaves ${metas.length}, ${current.metas.length} left`));
    this.presence.onSync(() => this.look());
  }

  tell(line) {
    this.told.push(line);
    this.look();
  }

  look() {
    for (const look of [...this.waiting]) look();
  }

  get keys() {
    return this.presence.list((key) => key).sort();
  }

  metas(key) {
    return this.presence.list((k, {metas}) => ({k, metas}))
      .find(({k}) => k === key)?.metas ?? [];
  }

  /** Resolves once `holds` does. */
  until(what, holds) {
    return once(`${what}; told: ${this.told.join("; ")}`, (done) => {
      const look = () => {
        if (!holds()) return;
        this.waiting.splice(this.waiting.indexOf(look), 1);
        done();
      };
      this.waiting.push(look);
      look();
    });
  }

  sees(...keys) {
    return this.until(`sees ${keys}`,
      () => JSON.stringify(this.keys) === JSON.stringify(keys));
  }
}

/** Joins and looks: the Presence must listen before the first state comes. */
async function enter(t, client, topic, user) {
  const socket = await connect(t, node, client);
  const channel = socket.channel(topic, {user});
  const view = new View(channel,
    client.name.includes("1.6") ? Presence16 : Presence);
  view.socket = socket;
  await once("the join", (done) => channel.join().receive("ok", done));
  return view;
}

for (const client of clients) describe(client.name, () => {
  test("two see each other come and go", async (t) => {
    const topic = room();
    const ann = await enter(t, client, topic, "ann");
    await ann.sees("ann");
    const bob = await enter(t, client, topic, "bob");
    await ann.sees("ann", "bob");
    await bob.sees("ann", "bob");

    bob.channel.leave();
    await ann.sees("ann");
    assert.deepEqual(ann.told.filter((x) => x.startsWith("bob")),
      ["bob joins 0+1", "bob leaves 1, 0 left"]);
  });

  test("who loses the connection has left", async (t) => {
    const topic = room();
    const ann = await enter(t, client, topic, "ann");
    const bob = await enter(t, client, topic, "bob");
    await ann.sees("ann", "bob");
    bob.socket.disconnect();
    await ann.sees("ann");
  });

  test("several pages of one person are several metas", async (t) => {
    const topic = room();
    const ann = await enter(t, client, topic, "ann");
    const first = await enter(t, client, topic, "bob");
    const second = await enter(t, client, topic, "bob");
    await ann.until("two metas", () => ann.metas("bob").length === 2);
    await first.until("two metas", () => first.metas("bob").length === 2);
    const refs = new Set(ann.metas("bob").map(({phx_ref}) => phx_ref));
    assert.equal(refs.size, 2);

    first.channel.leave();
    await ann.until("one meta", () => ann.metas("bob").length === 1);
    assert.deepEqual(ann.keys, ["ann", "bob"]);
    second.channel.leave();
    await ann.sees("ann");
    assert.deepEqual(ann.told.filter((x) => x.startsWith("bob")), [
      "bob joins 0+1", "bob joins 1+1",
      "bob leaves 1, 1 left", "bob leaves 1, 0 left",
    ]);
  });

  test("an update takes the place of what was said before", async (t) => {
    const topic = room();
    const ann = await enter(t, client, topic, "ann");
    const bob = await enter(t, client, topic, "bob");
    await ann.sees("ann", "bob");
    const [before] = ann.metas("bob");
    assert.equal(before.status, "here");

    const reply = await push(bob.channel, "status", {status: "away"});
    assert.equal(reply.status, "ok");
    await ann.until("bob is away",
      () => ann.metas("bob")[0]?.status === "away" &&
        ann.metas("bob").length === 1);
    const [now] = ann.metas("bob");
    assert.equal(now.phx_ref_prev, before.phx_ref);
    assert.notEqual(now.phx_ref, before.phx_ref);
  });

  test("a channel that crashed leaves, and is back with its rejoin",
    async (t) => {
      const topic = room();
      const ann = await enter(t, client, topic, "ann");
      const bob = await enter(t, client, topic, "bob");
      await ann.sees("ann", "bob");
      const [before] = ann.metas("bob");
      bob.channel.push("boom", {});
      await ann.until("bob is back", () => {
        const metas = ann.metas("bob");
        return metas.length === 1 && metas[0].phx_ref !== before.phx_ref;
      });
      await bob.sees("ann", "bob");
      assert.ok(ann.told.some((x) => x.startsWith("bob leaves 1")));
    });

  test("a crowd is the same for all, whatever order it came in",
    async (t) => {
      const topic = room();
      const names = Array.from({length: 12}, (_, i) => `user-${i + 10}`);
      const views = await Promise.all(
        names.map((name) => enter(t, client, topic, name)));
      await Promise.all(views.map((view) => view.sees(...names)));
      for (const view of views.splice(0, 6)) view.channel.leave();
      await Promise.all(views.map((view) => view.sees(...names.slice(6))));
    });
});

test("clients of all versions see the same", async (t) => {
  const topic = room();
  const views = [];
  for (const [i, client] of clients.entries())
    views.push(await enter(t, client, topic, `user-${i}`));
  for (const view of views) {
    await view.sees("user-0", "user-1", "user-2");
    assert.deepEqual(view.metas("user-0"), views[0].metas("user-0"));
  }
});

test("who says no name is told nothing and not shown", async (t) => {
  const topic = room();
  const ann = await enter(t, clients[0], topic, "ann");
  const socket = await connect(t, node);
  const {channel} = await join(socket, topic);
  const {status, response} = await push(channel, "status", {status: "away"});
  assert.equal(status, "error");
  assert.deepEqual(response, {reason: "nopresence"});
  await ann.sees("ann");
});

test("any text may be a name", async (t) => {
  const topic = room();
  const name = "__proto__ \u{1f525} \"x\"";
  const ann = await enter(t, clients[0], topic, name);
  await ann.sees(name);
});
