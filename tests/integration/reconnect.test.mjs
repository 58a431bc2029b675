// Hundreds of phoenix.js sockets, in pages and in Node, lose their node at
// once: all come back to the next one, and then nothing is lost or told twice.

import assert from "node:assert/strict";
import {after, before, test} from "node:test";

import * as phoenix from "phoenix";
import * as phoenix16 from "phoenix-1.6";
import WebSocket from "ws";

import "./support/browser_globals.mjs";
import {barePage, launchBrowser, scripts} from "./support/browser.mjs";
import {crowdHere, crowdIn, makeCrowd} from "./support/crowd.mjs";
import {startNode} from "./support/node_under_test.mjs";

const file = process.env.BENNU_CONFORMANCE ??
  new URL("../../build/dev/bin/conformance_node", import.meta.url).pathname;
// Of a crowd. Chromium opens 255 sockets at most, and slowly.
const inPage = 50;
const inNode = 100;
const rooms = 30;
const size = (2 * inPage + 2 * inNode) / rooms;

let browser;
before(async () => { browser = await launchBrowser(); });
after(() => browser?.close());

/** Two crowds in pages, two in Node, of each version one; all have joined. */
async function gather(t, {port, http}) {
  const url = `ws://127.0.0.1:${port}/socket`;
  const crowds = [];
  for (const [i, script] of scripts.entries()) {
    const page = await barePage(t, browser, http, script, makeCrowd);
    crowds.push(await crowdIn(page,
      {url, from: i * inPage, count: inPage, rooms}));
  }
  for (const [i, library] of [phoenix, phoenix16].entries())
    crowds.push(crowdHere(t, library,
      {url, from: 2 * inPage + i * inNode, count: inNode, rooms,
        options: {transport: WebSocket}}));
  const all = (...args) =>
    Promise.all(crowds.map((crowd) => crowd(...args)));
  await all("open");
  return all;
}

/** Each says the word, and hears it once of each in its room. */
async function assertAllHear(all, word) {
  await all("say", word);
  for (const {id, heard} of (await all("heard", size)).flat()) {
    const expected = Array.from({length: size},
      (_, i) => `${word} of ${i * rooms + id % rooms}`);
    assert.deepEqual(heard.sort(), expected.sort(), `user-${id}`);
  }
}

/** The first attempts of each do not come all at once. */
async function assertSpread(t, all) {
  for (const attempts of await all("attempts")) {
    const count = Math.min(attempts.length, inPage);
    assert.equal(count, inPage);
    const first = attempts.slice(0, count).sort((a, b) => a - b);
    const slots = new Map();
    for (const at of first) {
      const slot = Math.floor((at - first[0]) / 100);
      slots.set(slot, (slots.get(slot) ?? 0) + 1);
    }
    const most = Math.max(...slots.values());
    t.diagnostic(`${attempts.length} attempts; of the first ${count} ` +
      `at most ${most} within 100 ms`);
    // Of 50 over two seconds 2.5 on average; 25 is beyond all chance.
    assert.ok(most < 25);
  }
}

const endings = [
  // What clients see of a machine that is lost: no close frame.
  {what: "killed", end: (node) => node.kill(), code: "1006"},
  {what: "drained", end: (node) => node.stop(), code: "1012"},
];

for (const {what, end, code} of endings)
  test(`all come back to a node that was ${what}`, async (t) => {
    let node = await startNode({file});
    t.after(() => node.stop());
    const {port} = node;
    const all = await gather(t, node);
    await assertAllHear(all, "before");

    await end(node);
    node = await startNode({file, port});
    await all("joined", 2);
    for (const codes of await all("codes")) {
      t.diagnostic(JSON.stringify(codes));
      assert.ok(codes[code] >= inPage, JSON.stringify(codes));
      assert.equal(codes[1000], undefined, "which phoenix.js takes for good");
    }
    await assertSpread(t, all);
    await assertAllHear(all, "after");
  });
