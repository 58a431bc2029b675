// The full screen of bennu-observer, in a terminal of 80 by 24.

import assert from "node:assert/strict";
import {readdirSync} from "node:fs";
import {dirname, join as joinPath} from "node:path";
import {test} from "node:test";

import {startNode} from "./support/node_under_test.mjs";
import {observe, startObserved} from "./support/observer.mjs";
import {connect, join} from "./support/phoenix_client.mjs";
import {openScreen as open} from "./support/terminal.mjs";

/** What differs from run to run, made the same. */
function golden(screen) {
  return screen.map((line) => line
    .replace(/<\d+\.\d+\.\d+>/g, (x) => "P".repeat(x.length))
    .trimEnd());
}

test("each view fits 80 by 24 and is named in the title", async (t) => {
  const seen = await startObserved(t);
  const socket = await connect(t, seen.node);
  await join(socket, "rooms:lobby");
  const terminal = open(t, seen);
  await terminal.sees("chat@127.0.0.1 | Home");
  const views = {
    1: ["Home", "uptime"], 2: ["Procs", "mailbox"], 3: ["Tree", "chat.endpoint"],
    4: ["Tables", "duplicate_bag"], 5: ["Names", "chat.history"],
    6: ["Sockets", "127.0.0.1:"], 7: ["Topics", "rooms:lobby"],
    8: ["Channels", "rooms:lobby"], 9: ["Pubsub", "chat.pubsub.0"],
    0: ["Log", "observer: ws"],
  };
  for (const [key, [title, word]] of Object.entries(views)) {
    await terminal.press(key);
    const screen = await terminal.sees(`| ${title} `, word);
    assert.equal(screen.length, 24);
    assert.match(screen[1], /^1Home 2Procs .* 0Log$/);
  }
  await terminal.press("q");
  assert.equal((await terminal.do({end: true})).code, 0);
});

test("the table view is as it always was", async (t) => {
  const seen = await startObserved(t, {args: ["--shards", "1"]});
  const socket = await connect(t, seen.node);
  await join(socket, "rooms:lobby");
  const terminal = open(t, seen);
  await terminal.sees("| Home");
  await terminal.press("7/rooms\r");
  // Once the search has been entered, and not while it is typed.
  const screen = golden(await terminal.sees("| Topics by subscribers | /rooms",
    "h help", {pattern: "^rooms:lobby", count: 1}));
  assert.deepEqual(screen, [
    "chat@127.0.0.1 | Topics by subscribers | /rooms             " +
      "read-only every 1.5s",
    "1Home 2Procs 3Tree 4Tables 5Names 6Sockets 7Topics 8Channels 9Pubsub 0Log",
    "topic       subscribers broadcasts/s pubsub      shard",
    "rooms:lobby           1            0 chat.pubsub     0",
    ...Array(19).fill(""),
    "h help  q quit  p pause  / search  s sort  Enter walk in  Esc back",
  ]);
});

test("a search, a walk into a process and back", async (t) => {
  const seen = await startObserved(t);
  const terminal = open(t, seen);
  await terminal.sees("| Home");
  await terminal.press("2");
  await terminal.sees("| Procs", "mailbox");
  await terminal.press("/history\r");
  const found = await terminal.sees("| Procs by mailbox | /history",
    "chat.history", {pattern: "^<", count: 1});
  const [pid] = found[3].match(/^<[\d.]+>/);
  await terminal.press("\r");
  await terminal.sees(`| process ${pid}`, "initial call");
  await terminal.press("\x1b");
  await terminal.sees("| Procs by mailbox | /history",
    {pattern: "^<", count: 1});
  await terminal.press("h");
  await terminal.sees("walk into a process, a table");
});

test("a process is traced, dumped and ended from the keyboard", async (t) => {
  const seen = await startObserved(t, {args: ["--allow-destructive"]});
  const socket = await connect(t, seen.node);
  const {channel} = await join(socket, "rooms:lobby");
  const terminal = open(t, seen);
  await terminal.sees("| Home", "may kill");
  await terminal.press("2/history\r");
  const history = ["| Procs by mailbox | /history",
    {pattern: "^<.*chat.history", count: 1}];
  const [pid] = (await terminal.sees(...history, {pattern: "^<", count: 1}))[3]
    .match(/^<[\d.]+>/);
  await terminal.press("t");
  await terminal.sees(`| trace ${pid}`);
  channel.push("new_msg", {body: "hi"});
  await terminal.sees(`| trace ${pid}`, {pattern: ` got .* from <`});
  await terminal.press("\x1b");
  await terminal.sees(...history);
  await terminal.press("d");
  await terminal.sees("dumped to ");
  const [dump] = readdirSync(dirname(seen.file)).filter(
    (x) => x.endsWith(".dump"));
  const {stdout} = await observe(["open", joinPath(dirname(seen.file), dump),
    "names"]);
  assert.match(stdout, /chat\.history/);
  await terminal.press("X");
  await terminal.sees(`exit signal to ${pid}, the reason: shutdown_`);
  await terminal.press("\r");
  await terminal.sees(`sent an exit signal to ${pid}`);
  await terminal.press("3");
  await terminal.sees("| Tree ", {pattern: "chat.history .* running  *1$"});
});

test("a read-only node says so to who would kill", async (t) => {
  const seen = await startObserved(t);
  const terminal = open(t, seen);
  await terminal.sees("| Home", "read-only");
  await terminal.press("2");
  await terminal.sees("| Procs", "chat.history");
  for (const key of "KXCTRD") {
    await terminal.press(key);
    await terminal.sees("this node is read-only: start it with");
    await terminal.press("2");
    await terminal.sees("| Procs", "chat.history", "h help");
  }
});

test("all views are listed, and the log is cut to a level", async (t) => {
  const seen = await startObserved(t);
  const terminal = open(t, seen);
  await terminal.sees("| Home");
  await terminal.press("v");
  const lines = await terminal.sees("| All views", {pattern: "^allocator "});
  const at = lines.findIndex((x) => x.startsWith("limits "));
  await terminal.press("\x1bOB".repeat(at - 3));
  await terminal.press("\r");
  await terminal.sees("| limits", "open files");
  await terminal.press("\x1b");
  await terminal.sees("| All views");
  await terminal.press("0");
  await terminal.sees("| Log ", "observer: ws");
  await terminal.press("lll");
  const errors = await terminal.sees("| Log, error and above", "h help");
  assert.ok(!errors.some((x) => x.includes("observer: ws")));
});

test("a wider terminal is used, and a small one borne", async (t) => {
  const seen = await startObserved(t);
  const terminal = open(t, seen);
  await terminal.sees("| Home");
  await terminal.do({resize: [40, 132]});
  await terminal.press("2");
  const wide = await terminal.sees("| Procs", "chat.history", "mailbox");
  assert.equal(wide.length, 40);
  await terminal.do({resize: [5, 20]});
  await terminal.sees("at least 40x8");
  await terminal.do({resize: [24, 80]});
  await terminal.sees("| Procs");
});

test("it survives the node's restart", async (t) => {
  const seen = await startObserved(t);
  const terminal = open(t, seen);
  await terminal.sees("| Home");
  await terminal.press("5");
  await terminal.sees("| Names", "chat.history");
  await seen.node.stop();
  await terminal.sees("trying again");
  const again = await startNode({args: ["--observer-port", String(seen.port),
    "--observer-token-file", seen.file]});
  t.after(() => again.stop());
  await terminal.sees("| Names", "chat.history", "h help");
  await terminal.press("q");
  assert.equal((await terminal.do({end: true})).code, 0);
});
