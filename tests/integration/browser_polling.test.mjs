// A browser whose websockets get nowhere polls, and all that a channel does
// works all the same.

import assert from "node:assert/strict";
import {after, before, test} from "node:test";

import {barePage, launchBrowser, scripts} from "./support/browser.mjs";
import {startNode, within} from "./support/node_under_test.mjs";
import {startProxy} from "./support/proxy.mjs";

const answerMs = 15_000;
const conformance = process.env.BENNU_CONFORMANCE ??
  new URL("../../build/dev/bin/conformance_node", import.meta.url).pathname;

let browser, chat;
before(async () => {
  chat = await startNode();
  browser = await launchBrowser();
});
after(async () => {
  await browser?.close();
  await chat?.stop();
});

let rooms = 0;

/**
 * Someone in a page: one socket, one channel, what they hear and see there. It
 * has to stand alone, for the page gets its source.
 */
function makeGuest(Phoenix, {url, topic, user, polls, options}) {
  const socket = new Phoenix.Socket(url, {
    ...options, ...polls ? {transport: Phoenix.LongPoll} : {},
  });
  const channel = socket.channel(topic, {user});
  const presence = new Phoenix.Presence(channel);
  const heard = [];
  const waiting = new Set();
  const until = (holds) => new Promise((done) => {
    const check = () => {
      if (!holds()) return;
      waiting.delete(check);
      done();
    };
    waiting.add(check);
    check();
  });
  for (const event of ["new_msg", "said"])
    channel.on(event, (payload) => {
      heard.push(payload);
      for (const check of waiting) check();
    });
  presence.onSync(() => { for (const check of waiting) check(); });
  const outcome = (sent) => new Promise((done) => {
    for (const status of ["ok", "error", "timeout"])
      sent.receive(status, (response) => done({status, response}));
  });
  return {
    /** Resolves to how the socket came to be, and the reply to the join. */
    async join() {
      socket.connect();
      const {status} = await outcome(channel.join());
      return {status, polling: socket.transport === Phoenix.LongPoll};
    },
    push: (event, payload) => outcome(channel.push(event, payload)),
    send: (event, payload) => { channel.push(event, payload); },
    async heard(n) {
      await until(() => heard.length >= n);
      return heard.splice(0);
    },
    sees: (...names) => until(() => JSON.stringify(
      presence.list((key) => key).sort()) === JSON.stringify(names)),
    leave: () => outcome(channel.leave()),
    close: () => new Promise((done) => socket.disconnect(done)),
  };
}

async function guest(t, node, script, options) {
  const page = await barePage(t, browser, node.http, script, makeGuest);
  await page.evaluate((options) => {
    window.guest = makeGuest(window.Phoenix, options);
  }, options);
  const call = (verb, ...args) =>
    within(answerMs, `${options.user}: ${verb}`, page.evaluate(
      ([verb, args]) => window.guest[verb](...args), [verb, args]));
  return {call, page};
}

/** Two of them in a room, which both poll. */
async function meet(t, node, script, options) {
  const pair = [];
  for (const user of ["ann", "bob"]) {
    const {call, page} = await guest(t, node, script, {...options, user});
    t.after(() => assert.deepEqual(page.problems, []));
    assert.deepEqual(await call("join"), {status: "ok", polling: true});
    pair.push(call);
  }
  return pair;
}

/** A push and its reply, and what both hear of a broadcast. */
async function assertTalk([ann, bob], echo, tell) {
  assert.deepEqual(await ann("push", echo, {n: [1, null, "\u{1f525}"]}),
    {status: "ok", response: {n: [1, null, "\u{1f525}"]}});
  for (let i = 0; i < 3; ++i)
    for (const who of [ann, bob])
      await who("send", ...tell({i}));
  const said = [0, 0, 1, 1, 2, 2].map((i) => ({i}));
  for (const who of [ann, bob])
    assert.deepEqual((await who("heard", 6)).sort((a, b) => a.i - b.i), said);
}

const ways = [
  {way: "falls back where websockets are refused", script: scripts[0],
    proxy: "refuses", options: {longPollFallbackMs: 10_000}},
  {way: "falls back where websockets hang", script: scripts[0],
    proxy: "hangs", options: {longPollFallbackMs: 500}},
  // Which does not fall back by itself.
  {way: "polls when told to", script: scripts[1], proxy: "refuses",
    polls: true},
];

for (const {way, script, proxy, polls, options} of ways)
  test(`${script.name} ${way}, and shows who is here`, async (t) => {
    const node = await startProxy(t, chat, proxy);
    const pair = await meet(t, node, script, {polls, options,
      url: node.socket, topic: `rooms:polling-${++rooms}`});
    const [ann, bob] = pair;
    for (const who of pair) await who("sees", "ann", "bob");
    await assertTalk(pair, "ping", (payload) => ["new_msg", payload]);

    assert.equal((await bob("leave")).status, "ok");
    await ann("sees", "ann");
    await ann("close");
  });

for (const script of scripts)
  test(`${script.name} polls at a mount without websockets`, async (t) => {
    const node = await startNode({file: conformance});
    t.after(() => node.stop());
    const falls = script === scripts[0];
    const pair = await meet(t, node, script, {polls: !falls,
      options: falls ? {longPollFallbackMs: 10_000} : {},
      url: `ws://127.0.0.1:${node.port}/polled`, topic: "room:polled"});
    await assertTalk(pair, "echo",
      (payload) => ["tell", {event: "said", payload}]);
    for (const who of pair) await who("close");
  });
