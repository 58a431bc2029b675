// Dumps: asked for by a viewer or a signal, or left behind by a program that had
// to abort.

import assert from "node:assert/strict";
import {spawn} from "node:child_process";
import {once} from "node:events";
import {readdirSync, statSync} from "node:fs";
import {dirname} from "node:path";
import {test} from "node:test";

import {within} from "./support/node_under_test.mjs";
import {asked, eventually, observe, startObserved, tokenFile}
  from "./support/observer.mjs";
import {connect, join} from "./support/phoenix_client.mjs";

test("a dump is shown with the same views", async (t) => {
  const seen = await startObserved(t);
  const socket = await connect(t, seen.node);
  await join(socket, "rooms:lobby");
  const file = `${seen.file}.dump`;
  const said = await asked(seen, "dump", file);
  assert.equal(said.file, file);
  assert.equal(said.bytes, statSync(file).size);
  const dump = {url: `file:${file}`, file: seen.file};
  const {rows} = await asked(dump, "topics", "--filter", "lobby");
  assert.deepEqual(rows.map((x) => [x.topic, x.subscribers]),
    [["rooms:lobby", 1]]);
  const {rows: names} = await asked(dump, "names", "--sort", "name",
    "--reverse", "--limit", "2");
  assert.equal(names.length, 2);
  assert.ok(names[0].name > names[1].name);
  assert.equal((await asked(dump, "home")).node.name, "chat@127.0.0.1");
  assert.equal((await observe([dump.url, "kill", "chat.pubsub"])).code, 5);
  assert.equal((await observe([`file:${seen.file}`, "home"])).code, 1);
  const {code: opened, stdout} = await observe(["open", file, "tree"]);
  assert.equal(opened, 0);
  assert.match(stdout, /chat\.endpoint/);
  assert.equal(statSync(file).mode & 0o077, 0, "for its owner alone");
  const again = await observe(
    [seen.url, "--token-file", seen.file, "dump", file]);
  assert.equal(again.code, 1, "what is there is not replaced");
  assert.match(again.stderr, /File exists/);
});

test("a dump without a name says what it is called", async (t) => {
  const seen = await startObserved(t);
  const cwd = dirname(seen.file);
  const {code, stdout, stderr} = await observe(
    [seen.url, "--token-file", seen.file, "dump"], {cwd});
  assert.equal(code, 0, stderr);
  const [, file] = stdout.match(/^dumped to (\S+\.dump); /);
  assert.equal(dirname(file), cwd);
  assert.match(file, /bennu-chat@127\.0\.0\.1-/);
  const {stdout: home} = await observe(["open", file, "home"]);
  assert.match(home, /^dump of chat@127\.0\.0\.1, made .*: asked for\n/);
});

test("a viewer has the node write a dump, where that is allowed", async (t) => {
  const folder = dirname(tokenFile(t));
  const seen = await startObserved(t,
    {args: ["--dump-dir", folder, "--allow-destructive"]});
  const {file} = await asked(seen, "dump", "--on-node");
  assert.equal(dirname(file), folder);
  assert.equal(statSync(file).mode & 0o077, 0, "for its owner alone");
  assert.ok(seen.node.output.includes(`dumped to ${file}`));
  const {rows} = await asked({url: `file:${file}`, file: seen.file}, "names");
  assert.ok(rows.some((x) => x.name === "chat.history"));
  const {stdout} = await observe(["open", file, "home"]);
  assert.match(stdout, /: asked for by 127\.0\.0\.1:\d+\n/);
});

test("a read-only node writes no file for a viewer", async (t) => {
  const folder = dirname(tokenFile(t));
  const seen = await startObserved(t, {args: ["--dump-dir", folder]});
  const {code, stderr} = await observe(
    [seen.url, "--token-file", seen.file, "dump", "--on-node"]);
  assert.equal(code, 5);
  assert.match(stderr, /--allow-destructive/);
  assert.deepEqual(readdirSync(folder), ["token"]);
});

test("SIGUSR1 leaves a dump that opens with the node's sockets", async (t) => {
  const folder = dirname(tokenFile(t));
  const seen = await startObserved(t, {args: ["--dump-dir", folder]});
  const socket = await connect(t, seen.node);
  await join(socket, "rooms:lobby");
  seen.node.signal("SIGUSR1");
  const [, file] = await eventually("the node says where the dump is",
    () => Promise.resolve(seen.node.output.match(/dumped to (\S+\.dump);/)),
    (x) => x);
  assert.ok(file.startsWith(folder), file);
  assert.equal(statSync(file).mode & 0o077, 0, "for its owner alone");
  const {code, stdout, stderr} =
    await observe(["open", file, "sockets", "--json"]);
  assert.equal(code, 0, stderr);
  const {rows} = JSON.parse(stdout);
  assert.equal(rows.length, 1);
  assert.match(rows[0].peer, /^127\.0\.0\.1:/);
  // And the node goes on.
  assert.equal((await join(socket, "rooms:attic")).status, "ok");
});

test("a dump that cannot be written is logged and harms nothing", async (t) => {
  const seen = await startObserved(t, {args: ["--dump-dir", "/no/such/place"]});
  seen.node.signal("SIGUSR1");
  await eventually("the node says so",
    () => Promise.resolve(seen.node.output), (x) => x.includes("no dump: /no/"));
  const socket = await connect(t, seen.node);
  assert.equal((await join(socket, "rooms:lobby")).status, "ok");
});

const doomedNode = process.env.BENNU_DOOMED_NODE ??
  new URL("../../build/dev/bin/doomed_node", import.meta.url).pathname;

const deaths = [
  {how: "assert", why: /broken invariant: x\.how != "assert" \(.*\.cpp:\d+\)/},
  {how: "terminate", why: /std::terminate: nobody takes this/},
  {how: "thread", why: /std::terminate: nobody takes this/},
];
for (const {how, why} of deaths)
  test(`a program that dies of ${how} leaves a dump`, async (t) => {
    const file = tokenFile(t);
    const folder = dirname(file);
    const child = spawn(doomedNode, [file, folder],
      {stdio: ["pipe", "pipe", "pipe"]});
    t.after(() => child.kill("SIGKILL"));
    const ended = once(child, "close");
    let output = "";
    for (const from of [child.stdout, child.stderr])
      from.on("data", (text) => { output += text; });
    await eventually("it is ready", () => Promise.resolve(output),
      (x) => x.includes("ready"));
    child.stdin.write(`${how}\n`);
    const [, signal] = await within(20_000, "it dies", ended);
    assert.equal(signal, "SIGABRT", output);
    const [dump] = readdirSync(folder).filter((x) => x.endsWith(".dump"));
    assert.ok(dump, output);
    const of = {url: `file:${folder}/${dump}`, file};
    const {about} = await asked(of, "home");
    assert.match(about.why, why);
    const {stdout} = await observe(["open", `${folder}/${dump}`, "home"]);
    assert.match(stdout, why);
    const names = await asked(of, "names");
    assert.ok(names.rows.some((x) => x.name === "doomed.worker"));
    const tables = await asked(of, "tables");
    assert.equal(tables.rows.find((x) => x.name === "last.words").objects, 1);
    // The shard that died answers no more; the other one does.
    const {rows, missing} = await asked(of, "processes");
    assert.ok(rows.length > 0);
    assert.equal(missing.length, how === "thread" ? 0 : 1);
  });
