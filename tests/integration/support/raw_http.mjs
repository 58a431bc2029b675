// HTTP/1.1 by hand on one kept connection: requests as they are written,
// answers in the order they come.

import net from "node:net";

import {within} from "./node_under_test.mjs";

const answerMs = 15_000;

/** The bytes of a request with a body of known length. */
export function request(method, path, headers = {}, body = "") {
  const all = {Host: "127.0.0.1", ...headers};
  if (body) all["Content-Length"] ??= Buffer.byteLength(body);
  const lines = Object.entries(all).map(([k, v]) => `${k}: ${v}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n${body}`;
}

export class RawHttp {
  #bytes = "";
  #waiting = null;
  #ended = false;

  constructor(port) {
    this.socket = net.connect(port, "127.0.0.1");
    this.socket.setEncoding("latin1");
    this.socket.on("data", (more) => {
      this.#bytes += more;
      this.#waiting?.();
    });
    this.socket.on("error", () => {}); // "close" follows
    this.socket.on("close", () => {
      this.#ended = true;
      this.#waiting?.();
    });
  }

  send(bytes) {
    this.socket.write(bytes);
    return this;
  }

  /** The next answer, byte for byte: {head, body, text}. */
  async next() {
    const end = await this.#until(() => this.#bytes.indexOf("\r\n\r\n") + 1);
    const head = this.#bytes.slice(0, end + 3);
    const size = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    await this.#until(() => this.#bytes.length >= head.length + size);
    const text = this.#bytes.slice(0, head.length + size);
    this.#bytes = this.#bytes.slice(text.length);
    return {head, body: text.slice(head.length), text};
  }

  async #until(look) {
    const seen = new Promise((resolve, reject) => {
      const check = () => {
        const found = look();
        if (found) resolve(found);
        else if (this.#ended) reject(new Error(`ended: "${this.#bytes}"`));
      };
      this.#waiting = check;
      check();
    });
    return within(answerMs, "an HTTP answer", seen);
  }

  destroy() {
    this.socket.destroy();
  }
}
