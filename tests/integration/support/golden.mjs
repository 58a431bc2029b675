// Screens as they are to look, kept as text beside the tests. With
// BENNU_GOLDEN_UPDATE=1 they are written anew: look at the difference.

import assert from "node:assert/strict";
import {mkdirSync, readFileSync, writeFileSync} from "node:fs";
import {dirname} from "node:path";

const folder = new URL("../golden/", import.meta.url).pathname;

/**
 * What differs from run to run, made the same: pids, times, sizes, numbers that
 * are no part of a name, what was of late. Columns stand where the widest cell
 * puts them, so any space is one.
 */
export function masked(screen) {
  return screen.map((line) => line
    .replace(/<\d+\.\d+\.\d+>/g, "<pid>")
    .replace(/[▁▂▃▄▅▆▇█]+/g, "")
    .replace(/\d\d:\d\d:\d\d/g, "hh:mm:ss")
    .replace(/\b(\d+d\d+h|\d+h\d+m|\d+m\d+s|\d+\.\ds|\d+ ms)\b/g, "time")
    .replace(/\b(\d+\.\d [kMGT]B|\d+ B)(?!\w)/g, "bytes")
    .replace(/\b\d+%/g, "percent")
    .replace(/(?<![\w.@])\d[\d.:]*(?!\w)/g, "n")
    .replace(/ {2,}/g, " ").trimEnd());
}

/** Fails where the lines are not those of golden/NAME.txt. */
export function assertGolden(name, lines) {
  const file = `${folder}${name}.txt`;
  const text = `${lines.join("\n")}\n`;
  if (process.env.BENNU_GOLDEN_UPDATE) {
    mkdirSync(dirname(file), {recursive: true});
    writeFileSync(file, text);
  }
  assert.equal(text, readFileSync(file, "utf8"), name);
}
