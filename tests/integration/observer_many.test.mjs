// Every view of a node that holds thousands of sockets: in text, as JSON, on
// the full screen and on the page.

import assert from "node:assert/strict";
import {spawn} from "node:child_process";
import {after, before, test} from "node:test";

import {launchBrowser} from "./support/browser.mjs";
import {assertGolden, masked} from "./support/golden.mjs";
import {asked, eventually, startObserved, token} from "./support/observer.mjs";
import {openScreen} from "./support/terminal.mjs";

const count = 5_000;
const load = process.env.BENNU_LOAD ??
  new URL("../../build/dev/bin/bennu-load", import.meta.url).pathname;

const ends = [];
const later = {after: (f) => ends.push(f)};
let seen;

before(async () => {
  // The held sockets say nothing, for as long as the tests take.
  seen = await startObserved(later, {args: ["--log-level", "info", "--shards",
    "2", "--timeout", "3600"]});
  const child = spawn(load, ["ramp", "--target",
    `ws://127.0.0.1:${seen.node.port}/socket`, "--connections", String(count),
    "--heartbeat", "0", "--hold", "1h", "--page-port", "0", "--quiet"],
  {stdio: ["ignore", "ignore", "inherit"]});
  const ended = new Promise((done) => child.on("close", done));
  later.after(() => {
    child.kill("SIGKILL");
    return ended;
  });
  const held = eventually("all have joined", () => asked(seen, "figures"),
    ({rows}) => rows.find((x) => x.figure === "joins")?.now === count);
  await Promise.race([held,
    ended.then((code) => assert.fail(`bennu-load ended: ${code}`))]);
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
  // A shard that is late is named, and its rows are missing.
  const found = await eventually("all shards have looked",
    () => asked(seen, "sockets", "--filter", peer),
    ({missing}) => missing.length === 0);
  assert.ok(found.rows.some((x) => x.peer === peer));
});

/**
 * The views of the full screen: keys that lead there, and what a whole one has.
 * Where rows could stand in more than one order, they are sorted by name.
 * `from`: what is above this line tells of the machine and the build.
 */
const row = {pattern: "^<", count: 20};
const sheets = {
  home: {keys: "1", sees: ["| Home ", "connections", "endpoint", "busy"],
    from: "accepted"},
  processes: {keys: "2SSS", sees: ["| Procs by name ", row]},
  // On 80 the widths of its numbers say how many columns there are.
  activity: {keys: "2wSS", sees: ["| Procs, in a second by name ", row],
    columns: 120},
  tree: {keys: "3", sees: ["| Tree ", "chat.endpoint", "chat.history"]},
  tables: {keys: "4SSSS", sees: ["| Tables by name ", "chat.pubsub.1"]},
  names: {keys: "5", sees: ["| Names by name ", "chat.history"]},
  sockets: {keys: "6", sees: ["| Sockets by queued ",
    {pattern: "^<.* websocket .* 127\\.0\\.", count: 20}]},
  topics: {keys: "7", sees: ["| Topics by subscribers ", "rooms:lobby"]},
  channels: {keys: "8", sees: ["| Channels ",
    {pattern: "^rooms:lobby ", count: 20}]},
  pubsub: {keys: "9", sees: ["| Pubsub by server ", "chat.pubsub.1"]},
  views: {keys: "v", sees: ["| All views", "allocator"]},
};

for (const [name, {keys, sees, from, columns}] of Object.entries(sheets))
  test(`the full screen shows ${name}`, async (t) => {
    const terminal = openScreen(t, seen);
    await terminal.sees("| Home", "connections");
    if (columns) await terminal.do({resize: [24, columns]});
    await terminal.press(keys);
    const screen = await terminal.sees(...sees, "h help");
    assert.equal(screen.length, 24);
    const first = from ? screen.findIndex((x) => x.startsWith(from)) : 0;
    assertGolden(`observer_many/${name}`, masked(screen.slice(first)));
    await terminal.press("q");
    assert.equal((await terminal.do({end: true})).code, 0);
  });

test("the full screen shows the log", async (t) => {
  const terminal = openScreen(t, seen);
  await terminal.sees("| Home", "connections");
  await terminal.press("0");
  await terminal.sees("| Log ", "observer: ws", "chat.endpoint runs at");
});

test("the full screen turns pages over all there is to see", async (t) => {
  const terminal = openScreen(t, seen);
  await terminal.sees("| Home", "connections");
  await terminal.press("6");
  const all = ["| Sockets", {pattern: "^<", count: 20}];
  await terminal.sees(...all);
  // By pid, so that no row moves from page to page.
  await terminal.press("SSSSS");
  const pids = new Set();
  const note = (screen) => {
    for (const line of screen.slice(3, 23)) pids.add(line.match(/^<\S+>/)[0]);
  };
  note(await terminal.sees("| Sockets by pid ", ...all));
  // As many as the node keeps of an order: 1,000 rows, 50 pages.
  for (let page = 2; page <= 50; ++page) {
    await terminal.press(page % 2 ? "f" : "\x1b[6~");
    note(await terminal.sees(...all, `from row ${20 * (page - 1) + 1} `));
  }
  assert.equal(pids.size, 1000);
  // Not past the end: the last page stays.
  await terminal.press("f");
  await terminal.press("b");
  await terminal.sees(...all, "from row 961 ");
  await terminal.press("\x1b[5~");
  await terminal.sees(...all, "from row 941 ");
});

test("a table is paged from end to end", async () => {
  const {rows: [{objects}]} = await asked(seen, "tables", "--filter",
    "chat.pubsub.0");
  assert.ok(objects > 1000, String(objects));
  const met = new Set();
  for (let after = [];;) {
    const {rows, more} = await asked(seen, "table", "chat.pubsub.0", "--limit",
      "1000", ...after);
    for (const {row} of rows) met.add(row);
    if (!more) break;
    after = ["--after", more];
  }
  assert.equal(met.size, objects);
});

test("the page shows them, and charts from before it was open", async (t) => {
  const browser = await launchBrowser();
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
  // One class among ten thousand processes, page by page.
  await page.getByTestId("view-processes").click();
  await page.getByTestId("filter").fill("room_channel");
  await page.getByTestId("filter").press("Enter");
  await page.getByTestId("notes").getByText(/^50 of/).waitFor();
  const rows = page.getByTestId("sheet-processes").locator("tbody tr");
  await rows.filter({hasText: "room_channel"}).nth(49).waitFor();
  await page.getByTestId("next").click();
  await page.getByTestId("notes").getByText(", page 2").waitFor();
  await rows.filter({hasText: "room_channel"}).nth(49).waitFor();
  await page.getByTestId("previous").click();
  await rows.first().locator("a").first().click();
  await page.getByTestId("sheet-process").getByText("initial call").waitFor();
  await page.getByTestId("sheet-process").getByText("room_channel").first()
    .waitFor();
  assert.deepEqual(problems, []);
});
