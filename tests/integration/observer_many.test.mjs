// Every view of a node that holds thousands of sockets: in text, as JSON, on
// the full screen and on the page.

import assert from "node:assert/strict";
import {spawn} from "node:child_process";
import {after, before, test} from "node:test";

import {chromium} from "playwright-core";

import {within} from "./support/node_under_test.mjs";
import {asked, eventually, startObserved, token} from "./support/observer.mjs";
import {openScreen} from "./support/terminal.mjs";

const count = 5_000;
const holder = process.env.BENNU_SOCKET_HOLDER ??
  new URL("../../build/dev/bin/socket_holder", import.meta.url).pathname;

const ends = [];
const later = {after: (f) => ends.push(f)};
let seen;

before(async () => {
  seen = await startObserved(later, {args: ["--log-level", "info"]});
  const child = spawn(holder, [String(seen.node.port), String(count)],
    {stdio: ["pipe", "pipe", "inherit"]});
  later.after(() => new Promise((done) => {
    child.on("close", done);
    child.stdin.end();
  }));
  await within(90_000, "the sockets are held", new Promise((done, fail) => {
    child.stdout.on("data", (text) => /holding/.test(text) && done());
    child.on("close", (code) => fail(new Error(`the holder ended: ${code}`)));
  }));
});

after(async () => {
  for (const end of ends.reverse()) await end();
});

test("each command answers in JSON, whatever there is", async () => {
  for (const command of ["processes", "activity", "tables", "tree", "names",
    "registries", "groups", "timers", "sockets", "channels", "topics", "pubsub",
    "presences", "endpoints", "figures", "allocator", "limits", "log",
    "reports"]) {
    const {missing, error, rows} =
      await asked(seen, command, "--limit", "1000");
    assert.deepEqual(missing, [], command);
    assert.equal(error, "", command);
    assert.ok(rows.length <= 1000, command);
  }
});

test("counts are right, and pages and searches go over all", async () => {
  const home = await asked(seen, "home");
  assert.equal(home.endpoints.reduce((n, x) => n + x.open, 0), count);
  const sockets = await asked(seen, "sockets", "--limit", "1000");
  assert.equal(sockets.rows.length, 1000);
  assert.equal(sockets.seen >= count, true);
  assert.ok(sockets.rows.every((x) => x.channels === 1 && x.connected >= 0));
  const {rows: [lobby]} = await asked(seen, "topics", "--filter", "lobby");
  assert.ok(lobby.subscribers > count / 4);
  const figures = await asked(seen, "figures");
  const joins = figures.rows.find((x) => x.figure === "joins");
  await eventually("the joins are counted", () => asked(seen, "figures"),
    ({rows}) => rows.find((x) => x.figure === "joins").now === count);
  assert.equal(joins.kind, "count");
  // One socket, of thousands, by what a person knows of it.
  const {peer} = sockets.rows[500];
  const found = await asked(seen, "sockets", "--filter", peer);
  assert.ok(found.rows.some((x) => x.peer === peer));
});

/** What differs from run to run, made the same. */
const golden = (screen) => screen.map((line) =>
  line.replace(/<\d+\.\d+\.\d+> */g, "P ").replace(/\d/g, "9").trimEnd());

test("the full screen shows them", async (t) => {
  const terminal = openScreen(t, seen);
  await terminal.sees("| Home", "connections");
  await terminal.press("6");
  const screen = golden(await terminal.sees("| Sockets", "h help",
    {pattern: "^<.* 127\\.0\\.", count: 20}));
  assert.match(screen[0], /^chat@999\.9\.9\.9 \| Sockets +read-only every/);
  assert.match(screen[2], /^pid +id +peer +channels/);
  assert.ok(screen.slice(3, 23).every((x) => /^P /.test(x)), screen.join("\n"));
  assert.match(screen[23], /^h help/);
  await terminal.press("2");
  await terminal.sees("| Procs ", "mailbox");
  await terminal.press("w");
  await terminal.sees("| Procs, in a second", "reductions/s");
  await terminal.press("w");
  await terminal.sees("| Procs ", "mailbox");
  for (const [key, [title, word]] of Object.entries({
    3: ["Tree", "chat.endpoint"], 4: ["Tables", "duplicate_bag"],
    5: ["Names", "chat.history"], 7: ["Topics", "rooms:lobby"],
    8: ["Channels", "rooms:lobby"], 9: ["Pubsub", "chat.pubsub"],
    0: ["Log", "observer: ws"]})) {
    await terminal.press(key);
    await terminal.sees(`| ${title} `, word);
  }
  await terminal.press("q");
  assert.equal((await terminal.do({end: true})).code, 0);
});

test("the page shows them, and charts from before it was open", async (t) => {
  const browser = await chromium.launch({
    executablePath: process.env.BENNU_CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update",
      "--disable-sync"]});
  t.after(() => browser.close());
  const page = await browser.newPage({viewport: {width: 1280, height: 900}});
  page.setDefaultTimeout(20_000);
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  await page.goto(`http://127.0.0.1:${seen.port}/#${token}`);
  await page.getByTestId("chart-connections").getByText("5,000").waitFor();
  const points = await page.getByTestId("chart-connections")
    .locator("polyline").getAttribute("points");
  assert.ok(points.split(" ").length > 2, "there is a past");
  for (const [view, word] of [["processes", "reductions"],
    ["activity", "reductions/s"], ["sockets", "127.0."],
    ["channels", "rooms:lobby"], ["topics", "rooms:lobby"],
    ["presences", "topic"], ["figures", "joins"], ["limits", "open files"]]) {
    await page.getByTestId(`view-${view}`).click();
    await page.getByTestId(`sheet-${view}`).getByText(word).first().waitFor();
  }
  assert.deepEqual(problems, []);
});
