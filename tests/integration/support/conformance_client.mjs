// One client, either way to the node and either version of the protocol, so
// that each behaviour is told once. Messages are [join_ref, ref, topic, event,
// payload]; V1 has no join_ref on the wire.

import {within} from "./node_under_test.mjs";
import {opcodes, RawWebSocket} from "./raw_websocket.mjs";

const answerMs = 15_000;

/** Text as a client of that version writes it. */
export function encode(vsn, [joinRef, ref, topic, event, payload]) {
  return JSON.stringify(vsn === "1.0.0"
    ? {topic, event, payload, ref}
    : [joinRef, ref, topic, event, payload]);
}

export function decode(vsn, text) {
  const x = JSON.parse(text);
  return vsn === "1.0.0" ? [null, x.ref, x.topic, x.event, x.payload] : x;
}

/** What a node of that version is to send. */
export function expected(vsn, [joinRef, ...rest]) {
  return [vsn === "1.0.0" ? null : joinRef, ...rest];
}

const query = (vsn, params) =>
  new URLSearchParams(vsn ? {vsn, ...params} : params).toString();

class OverWebSocket {
  constructor(raw) {
    this.raw = raw;
  }

  static async open(node, mount, vsn, params) {
    return new OverWebSocket(await RawWebSocket.open(node.port,
      {path: `${mount}/websocket?${query(vsn, params)}`}));
  }

  send(text) {
    this.raw.send(opcodes.text, text);
  }

  async nextText() {
    return (await this.raw.next()).payload.toString();
  }

  /** How the node ended it. */
  async ended() {
    return (await this.raw.closed()).code;
  }

  destroy() {
    this.raw.socket.destroy();
  }
}

class OverLongPoll {
  #url;
  #token = {};
  #texts = [];
  #aborter = new AbortController();

  static async open(node, mount, vsn, params) {
    const made = new OverLongPoll();
    made.#url = `${node.http}${mount}/longpoll?${query(vsn, params)}`;
    const {status, token} = await made.#ask("GET");
    if (status !== 410) throw new Error(`poll refused with ${status}`);
    made.#token = {"x-phoenix-longpoll-token": token};
    return made;
  }

  async #ask(method, body) {
    const answer = await within(answerMs, `${method} is answered`,
      fetch(this.#url, {method, body, headers: this.#token,
        signal: this.#aborter.signal}));
    return answer.json();
  }

  // One at a time, so that pushes arrive in order.
  #sent = Promise.resolve();
  send(text) {
    this.#sent = this.#sent.then(() => this.#ask("POST", text), () => {});
  }

  async nextText() {
    await this.#sent;
    while (!this.#texts.length) {
      const {status, messages} = await this.#ask("GET");
      if (status !== 200 && status !== 204)
        throw new Error(`closed with ${status}, not answered`);
      this.#texts.push(...messages);
    }
    return this.#texts.shift();
  }

  async ended() {
    await this.#sent;
    for (;;) {
      const {status, messages} = await this.#ask("GET");
      if (status === 410) return 410;
      if (status === 403) return 403;
      this.#texts.push(...messages);
    }
  }

  destroy() {
    this.#aborter.abort();
  }
}

export const transports = {websocket: OverWebSocket, longpoll: OverLongPoll};

/** A client; ends with the test. */
export class Client {
  constructor(vsn, over) {
    this.vsn = vsn;
    this.over = over;
  }

  static async open(t, node, {transport, vsn, mount = "/socket", params}) {
    const over = await transports[transport].open(node, mount, vsn, params);
    t.after(() => over.destroy());
    return new Client(vsn ?? "1.0.0", over);
  }

  send(...message) {
    this.over.send(encode(this.vsn, message));
    return this;
  }

  async next() {
    return decode(this.vsn, await this.over.nextText());
  }

  /** Joins and takes the reply, [status, response]. */
  async join(topic, payload = {}, joinRef = "1", ref = "1") {
    this.send(joinRef, ref, topic, "phx_join", payload);
    const [, , , , {status, response}] = await this.next();
    return [status, response];
  }
}
