// phoenix.js clients in one room, for whom soak.py makes trouble: each says a
// number a second, higher by one each time, and notes what it hears.
//
//     node soak_clients.mjs URL TOPIC COUNT
//
// Ends with its standard input, and then prints one line of JSON.

import {performance} from "node:perf_hooks";

import {Socket} from "phoenix";
import WebSocket from "ws";

const [url, topic, count] = process.argv.slice(2);
const sayMs = 1000;

/** A client's life: what it heard, cut where it had lost its channel. */
class Member {
  stretches = [];
  joins = 0;
  said = 0;
  losses = 0;
  unanswered = 0;
  replyMs = [];

  constructor(id) {
    this.id = id;
    this.socket = new Socket(url, {transport: WebSocket,
      reconnectAfterMs: () => 100 + Math.random() * 400,
      rejoinAfterMs: () => 100 + Math.random() * 400});
    this.channel = this.socket.channel(topic);
    this.channel.onError(() => { this.losses += 1; });
    this.channel.on("new_msg", ({from, n}) => {
      this.stretches.at(-1).push([from, n]);
    });
  }

  open() {
    this.socket.connect();
    return new Promise((done) => this.channel.join().receive("ok", () => {
      // Also each time phoenix.js has joined again by itself.
      this.joins += 1;
      this.stretches.push([]);
      done();
    }));
  }

  say() {
    if (this.channel.state !== "joined") return;
    this.said += 1;
    this.channel.push("new_msg", {from: this.id, n: this.said});
    const began = performance.now();
    this.channel.push("ping", {})
      .receive("ok", () => this.replyMs.push(performance.now() - began))
      .receive("timeout", () => { this.unanswered += 1; });
  }
}

/**
 * A message that anybody heard was broadcast: who was joined from before it to
 * after it has heard it, once, and those of one sender in their order.
 */
function judge(members) {
  const broadcast = new Map();
  for (const {stretches} of members)
    for (const [from, n] of stretches.flat())
      broadcast.set(from, (broadcast.get(from) ?? new Set()).add(n));
  const wrong = {lost: 0, doubled: 0, swapped: 0, heard: 0};
  for (const {stretches} of members) {
    const last = new Map();
    for (const stretch of stretches) {
      const first = new Set();
      for (const [from, n] of stretch) {
        wrong.heard += 1;
        const before = last.get(from) ?? 0;
        if (n === before) wrong.doubled += 1;
        if (n < before) wrong.swapped += 1;
        if (first.has(from))
          for (let i = before + 1; i < n; i += 1)
            if (broadcast.get(from).has(i)) wrong.lost += 1;
        first.add(from);
        last.set(from, n);
      }
    }
  }
  return wrong;
}

const members = Array.from({length: Number(count)}, (_, i) => new Member(i));
await Promise.all(members.map((x) => x.open()));
console.log("joined");
const timers = members.map((x) => setInterval(() => x.say(), sayMs));

process.stdin.resume().on("end", () => {
  timers.forEach(clearInterval);
  const sum = (what) => members.reduce((n, x) => n + what(x), 0);
  const times = members.flatMap(({replyMs}) => replyMs).sort((a, b) => a - b);
  process.stdout.write(JSON.stringify({
    ...judge(members),
    said: sum(({said}) => said),
    joins: sum(({joins}) => joins),
    losses: sum(({losses}) => losses),
    unanswered: sum(({unanswered}) => unanswered),
    reply_p50_ms: times[Math.floor(times.length / 2)],
    reply_p99_ms: times[Math.floor(times.length * 0.99)],
  }) + "\n", () => process.exit(0));
});
