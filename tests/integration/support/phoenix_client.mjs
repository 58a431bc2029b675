// phoenix.js, awaited: each verb as a promise that names what it waited for.

import "./browser_globals.mjs";

import {LongPoll, Socket} from "phoenix";
import {LongPoll as LongPoll16, Socket as Socket16} from "phoenix-1.6";
import WebSocket from "ws";

import {within} from "./node_under_test.mjs";

const answerMs = 15_000;

/** phoenix.js no longer speaks V1 itself, but lets others encode. */
const v1 = {
  vsn: "1.0.0",
  encode({topic, event, payload, ref}, done) {
    done(JSON.stringify({topic, event, payload, ref}));
  },
  decode(text, done) {
    done(JSON.parse(text));
  },
};

/** The clients found in the wild. */
export const clients = [
  {name: "phoenix.js, V2", Socket, options: {}, binary: true},
  {name: "phoenix.js, V1", Socket, options: v1, binary: false},
  {name: "phoenix.js 1.6, V2", Socket: Socket16, options: {}, binary: true},
];

/**
 * Without websockets. Polling carries text only. 1.6 sends each push at once,
 * whatever overtakes it.
 */
export const polling = [
  {name: "phoenix.js, V2, polling", Socket, options: {transport: LongPoll},
    ordered: true},
  {name: "phoenix.js, V1, polling", Socket,
    options: {...v1, transport: LongPoll}, ordered: true},
  {name: "phoenix.js 1.6, V2, polling", Socket: Socket16,
    options: {transport: LongPoll16}, ordered: false},
  {name: "phoenix.js 1.6, V1, polling", Socket: Socket16,
    options: {...v1, transport: LongPoll16}, ordered: false},
].map((client) => ({...client, binary: false, polls: true}));

/** Awaits what a phoenix.js hook calls back with, once. */
export function once(what, hook) {
  return within(answerMs, what, new Promise(hook));
}

/** An open phoenix.js socket; ends with the test. */
export async function connect(t, node, client = clients[0], options = {}) {
  const socket = new client.Socket(node.socket, {
    transport: WebSocket,
    reconnectAfterMs: () => 50,
    rejoinAfterMs: () => 50,
    ...client.options,
    ...options,
  });
  // A poller takes its own serializer, V2's, whatever the options say.
  const {encode, decode} = client.options;
  if (encode) Object.assign(socket, {encode, decode});
  t.after(() => new Promise((done) => socket.disconnect(done)));
  await once("the socket opens", (opened) => {
    socket.onOpen(opened);
    socket.connect();
  });
  return socket;
}

/** Joins, and resolves to {channel, status, response}. */
export async function join(socket, topic, payload = {}) {
  const channel = socket.channel(topic, payload);
  return {channel, ...await outcome(`join ${topic}`, channel.join())};
}

/** Pushes, and resolves to the reply: {status, response}. */
export function push(channel, event, payload) {
  return outcome(`push ${event}`, channel.push(event, payload));
}

export function outcome(what, sent) {
  return once(`a reply to ${what}`, (resolve) => {
    for (const status of ["ok", "error", "timeout"])
      sent.receive(status, (response) => resolve({status, response}));
  });
}

/** The payload of the channel's next event of that name. */
export function next(channel, event) {
  return once(`event ${event}`, (resolve) => {
    const ref = channel.on(event, (payload) => {
      channel.off(event, ref);
      resolve(payload);
    });
  });
}
