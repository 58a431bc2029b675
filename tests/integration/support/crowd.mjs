// Many phoenix.js sockets in one place, be it Node or a page, that lose their
// node together and come back.

import {within} from "./node_under_test.mjs";

const answerMs = 30_000;

/**
 * Sockets `from` to `from + count - 1`, each joined to one of `rooms` rooms.
 * It has to stand alone, for a page gets its source.
 */
export function makeCrowd({Socket}, {url, from, count, rooms, options}) {
  const waiting = new Set();
  const look = () => waiting.forEach((check) => check());

  /** How users of phoenix.js write a back-off with jitter. */
  const spreadMs = 2000;
  const attempts = [];
  const reconnectAfterMs = () => {
    const delay = Math.random() * spreadMs;
    attempts.push(Math.round(performance.now() + delay));
    return delay;
  };

  const member = (id) => {
    const socket = new Socket(url, {
      ...options, reconnectAfterMs,
      rejoinAfterMs: () => 100 + Math.random() * 400,
      params: {name: `user-${id}`},
    });
    const channel = socket.channel(`room:crowd-${id % rooms}`);
    const self = {id, socket, channel, joins: 0, losses: 0, codes: [],
      heard: []};
    socket.onClose(({code}) => { self.codes.push(code); look(); });
    channel.onError(() => { ++self.losses; look(); });
    channel.on("said", ({from, word}) => {
      self.heard.push(`${word} of ${from}`);
      look();
    });
    self.open = () => new Promise((done) => {
      const ref = socket.onOpen(() => {
        socket.off([ref]);
        channel.join().receive("ok", () => { ++self.joins; look(); });
        done();
      });
      socket.connect();
    });
    return self;
  };
  const members = Array.from({length: count}, (_, i) => member(from + i));

  const until = (holds) => new Promise((done) => {
    const check = () => {
      if (!members.every(holds)) return;
      waiting.delete(check);
      done();
    };
    waiting.add(check);
    check();
  });

  return {
    /** A few at a time: Chromium lets many wait for seconds. */
    async open() {
      const closed = [...members];
      await Promise.all(Array.from({length: 8}, async () => {
        while (closed.length) await closed.pop().open();
      }));
      return until(({joins}) => joins === 1);
    },
    /** Resolves once each was lost and has joined for the nth time. */
    joined: (n) => until(({joins, losses, channel}) => joins === n
      && losses >= n - 1 && channel.state === "joined"),
    /** The codes the sockets closed with, and how many with each. */
    codes() {
      const counts = {};
      for (const code of members.flatMap(({codes}) => codes.splice(0)))
        counts[code] = (counts[code] ?? 0) + 1;
      return counts;
    },
    attempts: () => attempts.splice(0),
    /** Each tells its room the word. */
    say(word) {
      for (const {id, channel} of members)
        channel.push("tell", {event: "said", payload: {from: id, word}});
    },
    /** Resolves to what each has heard, once it is `n` and nothing is left. */
    async heard(n) {
      await until(({heard}) => heard.length >= n);
      await Promise.all(members.map(({channel}) => new Promise((done, failed) =>
        channel.push("echo", {}).receive("ok", done)
          .receive("error", failed).receive("timeout", failed))));
      return members.map(({id, heard}) => ({id, heard: heard.splice(0)}));
    },
    close: () => Promise.all(members.map(({socket}) =>
      new Promise((done) => socket.disconnect(done)))),
  };
}

const timed = (call) => (verb, ...args) =>
  within(answerMs, `the crowd: ${verb} ${args}`, call(verb, args));

/** A crowd in this process; ends with the test. */
export function crowdHere(t, Phoenix, options) {
  const crowd = makeCrowd(Phoenix, options);
  t.after(() => crowd.close());
  return timed(async (verb, args) => crowd[verb](...args));
}

/** A crowd in that page, which has makeCrowd and phoenix.js. */
export async function crowdIn(page, options) {
  await page.evaluate((options) => {
    window.crowd = makeCrowd(window.Phoenix, options);
  }, options);
  return timed((verb, args) => page.evaluate(
    ([verb, args]) => window.crowd[verb](...args), [verb, args]));
}
