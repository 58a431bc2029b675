// Two people, two browser pages, one node. The pictures are kept as the
// test's output.

import assert from "node:assert/strict";
import {after, before, test} from "node:test";

import {launchBrowser, output} from "./support/browser.mjs";
import {startNode} from "./support/node_under_test.mjs";

const answerMs = 15_000;

let node, browser;

before(async () => {
  node = await startNode();
  browser = await launchBrowser();
});

after(async () => {
  await browser?.close();
  await node?.stop();
});

/** Someone at the chat page: what they see and do. */
class Person {
  constructor(name, page) {
    this.name = name;
    this.page = page;
    this.problems = [];
    page.setDefaultTimeout(answerMs);
    page.on("pageerror", (error) => this.problems.push(String(error)));
  }

  at(id) {
    return this.page.getByTestId(id);
  }

  async enter() {
    await this.page.goto(node.http);
    await this.at("name").fill(this.name);
    await this.at("enter").click();
    await this.state("connection", "online");
    await this.state("room-state", "joined");
    // Every state from here on, however short.
    await this.page.evaluate(() => {
      window.states = {};
      for (const id of ["connection", "room-state"]) {
        const element = document.querySelector(`[data-testid="${id}"]`);
        const seen = window.states[id] = [element.dataset.state];
        new MutationObserver(() => seen.push(element.dataset.state)).observe(
          element, {attributes: true, attributeFilter: ["data-state"]});
      }
    });
  }

  async state(id, state) {
    await this.page.locator(
      `[data-testid="${id}"][data-state="${state}"]`).waitFor();
  }

  async statesSeen(id) {
    const seen = await this.page.evaluate((id) => window.states[id], id);
    return seen.filter((state, i) => state !== seen[i - 1]);
  }

  async say(body) {
    await this.at("body").fill(body);
    await this.at("send").click();
  }

  async sees(user, body) {
    const message = this.at("message").filter({has: this.page.getByText(body)});
    await message.last().waitFor();
    assert.equal(await message.last().getByTestId("message-user").textContent(),
      user);
    assert.equal(await message.last().getByTestId("message-body").textContent(),
      body);
  }

  async picture(what) {
    await this.page.screenshot({path: `${output}/chat-${what}.png`});
  }
}

async function person(t, name, options = {}) {
  const context = await browser.newContext({
    viewport: {width: 1100, height: 720}, ...options,
  });
  t.after(() => context.close());
  return new Person(name, await context.newPage());
}

test("two pages chat, and the name prompt comes first", async (t) => {
  const ann = await person(t, "ann");
  const bob = await person(t, "bob", {colorScheme: "dark"});
  await ann.page.goto(node.http);
  await ann.at("ask-name").waitFor();
  await ann.picture("name");
  await ann.enter();
  await bob.enter();

  await ann.say("hello bob");
  await bob.sees("ann", "hello bob");
  await ann.sees("ann", "hello bob");
  await bob.say("hello ann, how is the weather?");
  await ann.sees("bob", "hello ann, how is the weather?");
  await bob.say("here it rains");
  await ann.sees("bob", "here it rains");

  // What looks like markup is text.
  const markup = "<img src=x onerror=\"document.title='owned'\"> & <b>bold</b>";
  await bob.say(markup);
  await ann.sees("bob", markup);
  assert.equal(await ann.page.locator(".messages img, .messages b").count(), 0);
  assert.equal(await ann.page.title(), "Bennu chat");

  await ann.picture("light");
  await bob.picture("dark");

  // Who comes late reads what was said, once.
  const eve = await person(t, "eve");
  await eve.enter();
  await eve.sees("ann", "hello bob");
  await eve.sees("bob", markup);
  assert.equal(await eve.at("message").count(), 4);
  assert.deepEqual([...ann.problems, ...bob.problems, ...eve.problems], []);
});

test("a crashed channel rejoins by itself; the other never notices",
  async (t) => {
    const ann = await person(t, "ann");
    const bob = await person(t, "bob");
    await ann.enter();
    await bob.enter();

    await ann.at("menu").click();
    await ann.picture("menu");
    await ann.at("crash").click();
    await ann.state("room-state", "rejoining");
    await ann.picture("rejoining");
    await ann.state("room-state", "joined");
    assert.deepEqual(await ann.statesSeen("room-state"),
      ["joined", "rejoining", "joined"]);
    assert.deepEqual(await ann.statesSeen("connection"), ["online"]);

    await ann.say("I am back");
    await bob.sees("ann", "I am back");
    await bob.say("were you away?");
    await ann.sees("bob", "were you away?");
    assert.deepEqual(await bob.statesSeen("room-state"), ["joined"]);
    assert.deepEqual(await bob.statesSeen("connection"), ["online"]);
    assert.equal(await bob.at("notice").count(), 0);
    assert.equal(await ann.at("message").count(),
      await bob.at("message").count(), "nothing was lost or shown twice");
    await ann.picture("back");
    assert.deepEqual([...ann.problems, ...bob.problems], []);
  });

test("the page shows who is here", async (t) => {
  const ann = await person(t, "ann");
  const bob = await person(t, "bob");
  const members = (who) => who.at("member").locator(".member-name");
  const sees = async (who, ...names) => {
    for (const name of names)
      await members(who).getByText(name, {exact: true}).waitFor();
    await who.page.waitForFunction((n) => document.querySelectorAll(
      '[data-testid="member"]').length === n, names.length);
  };
  await ann.enter();
  await sees(ann, "ann");
  await bob.enter();
  await sees(ann, "ann", "bob");
  await sees(bob, "ann", "bob");
  await ann.picture("members");

  await bob.at("my-name").click();
  await bob.at("name").fill("bo");
  await bob.at("enter").click();
  await sees(ann, "ann", "bo");
  await bob.at("menu").click();
  await bob.at("leave").click();
  await sees(bob);
  await sees(ann, "ann");
  assert.deepEqual([...ann.problems, ...bob.problems], []);
});

test("rooms are separate, and say what was missed in them", async (t) => {
  const ann = await person(t, "ann");
  const bob = await person(t, "bob");
  await ann.enter();
  await bob.enter();

  await ann.at("room-dev").click();
  await ann.state("room-state", "joined");
  await ann.say("only for developers");
  await ann.sees("ann", "only for developers");
  await bob.say("only for the lobby");
  await bob.sees("bob", "only for the lobby");
  await ann.at("room-lobby").locator(".unread", {hasText: "1"}).waitFor();
  assert.equal(
    await bob.page.getByText("only for developers").count(), 0);
  await ann.at("room-lobby").click();
  await ann.sees("bob", "only for the lobby");

  await bob.at("new-room-name").fill("garden");
  await bob.at("new-room-open").click();
  await bob.state("room-state", "joined");
  assert.equal(await bob.at("room-name").textContent(), "garden");
  assert.deepEqual([...ann.problems, ...bob.problems], []);
});

test("the page shows that the node is gone, and comes back with it",
  async (t) => {
    const ann = await person(t, "ann", {viewport: {width: 390, height: 780}});
    await ann.enter();
    await ann.picture("phone");

    const {port} = node;
    await node.stop();
    await ann.state("connection", "reconnecting");
    await ann.picture("reconnecting");
    node = await startNode({port});
    await ann.state("connection", "online");
    await ann.state("room-state", "joined");
    await ann.say("still here");
    await ann.sees("ann", "still here");
    assert.deepEqual(ann.problems, []);
  });
