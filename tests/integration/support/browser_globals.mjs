// What phoenix.js 1.6 takes from a browser to poll, and Node has not. To be
// imported before it.

const complete = 4;

/** As much of XMLHttpRequest as phoenix.js uses. */
class Request {
  readyState = 0;
  responseText = "";
  #aborter = new AbortController();
  #headers = {};

  open(method, url) {
    this.method = method;
    this.url = url;
  }

  setRequestHeader(name, value) {
    this.#headers[name] = value;
  }

  async send(body) {
    const {signal} = this.#aborter;
    const failed = {type: "error"};
    try {
      const answer = await fetch(this.url, {
        method: this.method, headers: this.#headers, body: body ?? undefined,
        signal: this.timeout
          ? AbortSignal.any([signal, AbortSignal.timeout(this.timeout)])
          : signal,
      });
      this.responseText = await answer.text();
      failed.type = null;
    } catch (error) {
      if (error.name === "TimeoutError") failed.type = "timeout";
    }
    if (signal.aborted) return;
    this.readyState = complete;
    if (failed.type === "timeout") return this.ontimeout?.();
    this.onreadystatechange?.();
    if (failed.type) this.onerror?.();
  }

  abort() {
    this.#aborter.abort();
  }
}

globalThis.self ??= globalThis;
globalThis.XMLHttpRequest ??= Request;
