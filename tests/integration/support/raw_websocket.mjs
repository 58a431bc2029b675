// HTTP and websockets by hand, so that a test can send what no client would.

import crypto from "node:crypto";
import net from "node:net";

import {within} from "./node_under_test.mjs";

const answerMs = 15_000;

export const opcodes = {
  continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10,
};

/** The request line and headers of a good upgrade, changed as asked. */
export function upgradeRequest(port, path, headers = {}) {
  const all = {
    "Host": `127.0.0.1:${port}`,
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Key": crypto.randomBytes(16).toString("base64"),
    "Sec-WebSocket-Version": "13",
    ...headers,
  };
  const lines = Object.entries(all)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
}

function parseHead(bytes) {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return null;
  const [status, ...lines] = bytes.toString("latin1", 0, end).split("\r\n");
  const headers = Object.fromEntries(lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  }));
  return {
    status: Number(status.split(" ")[1]), headers, rest: bytes.subarray(end + 4),
  };
}

/** Sends these bytes and reads one response: {status, headers, body}. */
export function exchange(port, bytes) {
  const answer = new Promise((resolve, reject) => {
    const socket = net.connect(port, "127.0.0.1", () => socket.write(bytes));
    let got = Buffer.alloc(0);
    const look = (ended) => {
      const head = parseHead(got);
      const length = Number(head?.headers["content-length"] ?? NaN);
      const whole = head?.status === 101 || head?.rest.length >= length;
      if (head && (ended || whole)) {
        socket.destroy();
        resolve({...head, body: head.rest.toString()});
      } else if (ended) {
        reject(new Error(`no HTTP response, only "${got.toString("latin1")}"`));
      }
    };
    socket.on("data", (more) => {
      got = Buffer.concat([got, more]);
      look(false);
    });
    socket.on("end", () => look(true));
    socket.on("error", reject);
  });
  return within(answerMs, "an HTTP response", answer);
}

/** One frame; clients mask theirs. */
export function frame(opcode, payload = "", options = {}) {
  const {fin = true, masked = true, rsv = 0, length} = options;
  const data = Buffer.from(payload);
  const size = length ?? data.length; // a lie, where a test tells one
  const first = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  let head;
  if (size < 126) {
    head = Buffer.from([first, size]);
  } else if (size < 65536) {
    head = Buffer.from([first, 126, size >> 8, size & 0xff]);
  } else {
    head = Buffer.alloc(10);
    head.set([first, 127]);
    head.writeBigUInt64BE(BigInt(size), 2);
  }
  if (!masked) return Buffer.concat([head, data]);
  head[1] |= 0x80;
  const mask = crypto.randomBytes(4);
  return Buffer.concat([head, mask, data.map((byte, i) => byte ^ mask[i % 4])]);
}

/** A frame at the front of these bytes, or null while it is incomplete. */
function parseFrame(bytes) {
  if (bytes.length < 2) return null;
  let size = bytes[1] & 0x7f, at = 2;
  if (size === 126) {
    if (bytes.length < 4) return null;
    size = bytes.readUInt16BE(2), at = 4;
  } else if (size === 127) {
    if (bytes.length < 10) return null;
    size = Number(bytes.readBigUInt64BE(2)), at = 10;
  }
  if (bytes.length < at + size) return null;
  return {
    opcode: bytes[0] & 0xf, payload: bytes.subarray(at, at + size),
    rest: bytes.subarray(at + size),
  };
}

/** An open websocket. Frames that nobody awaits yet wait in `frames`. */
export class RawWebSocket {
  frames = [];
  #bytes;
  #waiting = [];
  #closed = {};

  constructor(socket, rest) {
    this.socket = socket;
    this.#bytes = rest;
    this.#closed.promise = new Promise((resolve) => {
      this.#closed.resolve = resolve;
    });
    socket.on("data", (more) => {
      this.#bytes = this.#bytes.length
        ? Buffer.concat([this.#bytes, more]) : more;
      this.#read();
    });
    socket.on("error", () => {}); // "close" follows
    socket.on("close", () => this.#closed.resolve({code: 1006, reason: ""}));
    this.#read();
  }

  static open(port, {path = "/socket/websocket?vsn=2.0.0", headers} = {}) {
    const opened = new Promise((resolve, reject) => {
      const socket = net.connect(port, "127.0.0.1", () =>
        socket.write(upgradeRequest(port, path, headers)));
      let got = Buffer.alloc(0);
      const read = (more) => {
        got = Buffer.concat([got, more]);
        const head = parseHead(got);
        if (!head) return;
        socket.off("data", read).off("error", reject).off("close", ended);
        if (head.status === 101) {
          resolve(new RawWebSocket(socket, head.rest));
        } else {
          socket.destroy();
          reject(new Error(`upgrade refused with ${head.status}`));
        }
      };
      const ended = () => reject(new Error("closed before the upgrade"));
      socket.on("data", read).on("error", reject).on("close", ended);
    });
    return within(answerMs, "the upgrade", opened);
  }

  #read() {
    for (let found; (found = parseFrame(this.#bytes));) {
      this.#bytes = found.rest;
      if (found.opcode === opcodes.close) {
        const {payload} = found;
        this.#closed.resolve({
          code: payload.length >= 2 ? payload.readUInt16BE(0) : 1005,
          reason: payload.toString("utf8", 2),
        });
      } else {
        this.frames.push(found);
        this.#waiting.shift()?.(this.frames.shift());
      }
    }
  }

  send(...args) {
    this.socket.write(frame(...args));
  }

  sendJson(value) {
    this.send(opcodes.text, JSON.stringify(value));
  }

  async next() {
    if (this.frames.length) return this.frames.shift();
    return within(answerMs, "a frame from the node", Promise.race([
      new Promise((resolve) => this.#waiting.push(resolve)),
      this.#closed.promise.then(({code}) => {
        throw new Error(`closed with ${code}, not answered`);
      }),
    ]));
  }

  async nextJson() {
    return JSON.parse((await this.next()).payload);
  }

  /** {code, reason} of the node's close frame; 1006 if it sent none. */
  closed(ms = answerMs) {
    return within(ms, "the node closes", this.#closed.promise);
  }

  /** Joins by V2 and returns the reply's payload. */
  async join(topic, payload = {}) {
    this.sendJson(["1", "1", topic, "phx_join", payload]);
    return (await this.nextJson())[4];
  }

  destroy() {
    this.socket.destroy();
  }
}
