// The observer's page in a browser. The pictures are kept as the test's output.

import assert from "node:assert/strict";
import {after, before, test} from "node:test";

import {launchBrowser, output} from "./support/browser.mjs";
import {observe, startObserved, token} from "./support/observer.mjs";
import {connect, join} from "./support/phoenix_client.mjs";

let browser;

before(async () => {
  browser = await launchBrowser();
});

after(() => browser?.close());

async function open(t, {port}, hash = `#${token}`) {
  const page = await browser.newPage({viewport: {width: 1280, height: 900}});
  page.setDefaultTimeout(15_000);
  t.after(() => page.close());
  page.problems = [];
  page.on("pageerror", (error) => page.problems.push(String(error)));
  await page.goto(`http://127.0.0.1:${port}/${hash}`);
  return page;
}

const online = (page) =>
  page.getByTestId("state").filter({hasText: "online"}).waitFor();

test("every view shows what the node has, and draws its tree", async (t) => {
  const seen = await startObserved(t);
  const socket = await connect(t, seen.node);
  await join(socket, "rooms:lobby");
  const page = await open(t, seen);
  await online(page);
  assert.equal(new URL(page.url()).hash, "", "the token leaves the URL");
  await page.getByTestId("chart-connections").waitFor();
  await page.screenshot({path: `${output}/observer_home.png`});
  for (const [view, word] of [["processes", "chat.history"],
    ["tables", "chat.pubsub.0"], ["sockets", "127.0.0.1:"],
    ["topics", "rooms:lobby"], ["channels", "rooms:lobby"],
    ["pubsub", "chat.pubsub.0"], ["names", "chat.endpoint"],
    ["limits", "open files"], ["log", "observer: ws"]]) {
    await page.getByTestId(`view-${view}`).click();
    await page.getByTestId(`sheet-${view}`).getByText(word).first().waitFor();
    await page.screenshot({path: `${output}/observer_${view}.png`});
  }
  await page.getByTestId("view-tree").click();
  await page.locator('[data-testid="sheet-tree"] g[data-id="chat.endpoint"]')
    .waitFor();
  await page.screenshot({path: `${output}/observer_tree.png`});
  await page.locator('[data-testid="sheet-tree"] g[data-id="chat.history"]')
    .click();
  await page.getByTestId("sheet-process").getByText("initial call").waitFor();
  await page.screenshot({path: `${output}/observer_process.png`});
  assert.deepEqual(page.problems, []);
});

test("a wrong token is asked for again, the right one opens", async (t) => {
  const seen = await startObserved(t);
  const page = await open(t, seen, "#wrong-token");
  await page.getByTestId("refusal").getByText("Not let in").waitFor();
  await page.getByTestId("token").fill(token);
  await page.getByTestId("enter").click();
  await online(page);
  await page.getByTestId("chart-processes").waitFor();
});

test("a name made of markup stays a text", async (t) => {
  const seen = await startObserved(t);
  const socket = await connect(t, seen.node);
  await join(socket, 'rooms:<img src=x onerror="window.hit=1">');
  const page = await open(t, seen);
  await online(page);
  await page.getByTestId("view-topics").click();
  await page.getByText("onerror").first().waitFor();
  assert.equal(await page.evaluate(() => window.hit), undefined);
});

test("a table is sorted and searched by the node", async (t) => {
  const seen = await startObserved(t);
  const page = await open(t, seen);
  await online(page);
  await page.getByTestId("view-names").click();
  await page.getByTestId("filter").fill("history");
  await page.getByTestId("filter").press("Enter");
  await page.getByTestId("notes").getByText(/^1 of/).waitFor();
  assert.equal(await page.locator("tbody tr").count(), 1);
});

test("a child is traced, ended and started again", async (t) => {
  const seen = await startObserved(t, {args: ["--allow-destructive"]});
  const socket = await connect(t, seen.node);
  const {channel} = await join(socket, "rooms:lobby");
  const page = await open(t, seen);
  page.on("dialog", (x) => x.accept(x.type() === "prompt" ? "enough" : undefined));
  await online(page);
  const child = (state) => page.locator(
    `[data-testid="sheet-tree"] g.${state}[data-id="chat.history"]`);
  const visit = async () => {
    await page.getByTestId("view-tree").click();
    await child("running").click();
    await page.getByTestId("sheet-process").getByText("initial call").waitFor();
  };
  await visit();
  await page.getByTestId("trace").click();
  await page.getByTestId("traced").getByText("-- traced for").waitFor();
  channel.push("new_msg", {body: "hi"});
  await page.getByTestId("traced").getByText(/ got .* from </).waitFor();
  await page.getByTestId("terminate_child").click();
  await child("stopped").click(); // asks whether to restart it
  await child("running").waitFor();
  await visit();
  await page.getByTestId("exit").click();
  await child("restarted").waitFor();
  assert.match(seen.node.output, /sends an exit signal to/);
  assert.deepEqual(page.problems, []);
});

test("the log is cut to a level", async (t) => {
  const seen = await startObserved(t);
  const page = await open(t, seen);
  await online(page);
  await page.getByTestId("view-log").click();
  await page.getByTestId("sheet-log").getByText("observer: ws").waitFor();
  await page.getByTestId("level").selectOption("error");
  await page.getByTestId("notes").getByText(/^0 of/).waitFor();
  await page.getByTestId("level").selectOption("info");
  await page.getByTestId("sheet-log").getByText("observer: ws").waitFor();
});

test("a dump of the page opens with bennu-observer", async (t) => {
  const seen = await startObserved(t);
  const page = await open(t, seen);
  await online(page);
  await page.getByTestId("chart-processes").waitFor();
  const download = page.waitForEvent("download");
  await page.getByTestId("dump").click();
  const file = `${seen.file}.dump`;
  await (await download).saveAs(file);
  const {code, stdout, stderr} = await observe(["open", file, "names"]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /chat\.history/);
  const {stdout: home} = await observe(["open", file, "home"]);
  assert.match(home, /^dump of chat@127\.0\.0\.1, made .*: asked for\n/);
  assert.deepEqual(page.problems, []);
});

test("a read-only node offers nothing to press", async (t) => {
  const seen = await startObserved(t);
  const page = await open(t, seen);
  await online(page);
  await page.getByTestId("view-tree").click();
  await page.locator('[data-testid="sheet-tree"] g[data-id="chat.history"]')
    .click();
  await page.getByTestId("sheet-process").getByText("initial call").waitFor();
  await page.getByTestId("trace").waitFor();
  for (const act of ["kill", "exit", "close", "terminate_child"])
    assert.equal(await page.getByTestId(act).isVisible(), false, act);
});
