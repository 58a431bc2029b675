// A real browser, and pages of it that have phoenix.js and nothing else.

import {mkdirSync} from "node:fs";

import {chromium} from "playwright-core";

const answerMs = 15_000;

/** Where a test keeps its pictures. */
export const output = process.env.BENNU_TEST_OUTPUT ??
  new URL("../../../build/dev/test-output", import.meta.url).pathname;

const modules = new URL("../node_modules/", import.meta.url).pathname;

/** The clients found in the wild, as a page loads them: window.Phoenix. */
export const scripts = [
  {name: "phoenix.js", path: `${modules}phoenix/priv/static/phoenix.js`},
  {name: "phoenix.js 1.6",
    path: `${modules}phoenix-1.6/priv/static/phoenix.js`},
];

export function launchBrowser() {
  mkdirSync(output, {recursive: true});
  return chromium.launch({
    executablePath: process.env.BENNU_CHROMIUM ?? "/usr/bin/chromium",
    // Without a sandbox because ci runs as root; the rest keeps the browser
    // from calling home.
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update",
      "--disable-sync"],
  });
}

/**
 * A page of that node with nothing but this script and these functions, in a
 * context (so: with connections) of its own. `problems` tells what went wrong.
 */
export async function barePage(t, browser, origin, script, ...functions) {
  const context = await browser.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(answerMs);
  page.problems = [];
  page.on("pageerror", (error) => page.problems.push(String(error)));
  // What the node serves itself: Chromium lets no page connect to this machine
  // that does not come from it.
  await page.goto(`${origin}/health`);
  await page.addScriptTag({path: script.path});
  for (const each of functions)
    await page.addScriptTag({content: each.toString()});
  return page;
}
