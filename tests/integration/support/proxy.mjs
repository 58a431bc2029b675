// What stands between a client and the node, and does not like websockets.

import {once} from "node:events";
import net from "node:net";

/**
 * A proxy in front of that node, until the test ends: {http, socket}. What it
 * does with a websocket's handshake: "refuses" it with 403, "hangs": says
 * nothing, ever.
 */
export async function startProxy(t, node, whatItDoes) {
  const ends = new Set();
  const keep = (end) => {
    ends.add(end);
    end.on("error", () => {}).on("close", () => ends.delete(end));
  };
  const proxy = net.createServer((client) => {
    keep(client);
    client.once("data", (bytes) => {
      if (/upgrade: websocket/i.test(bytes.toString("latin1"))) {
        if (whatItDoes === "refuses")
          client.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
        return;
      }
      const to = net.connect(node.port, "127.0.0.1");
      keep(to);
      to.write(bytes);
      client.pipe(to).pipe(client);
    });
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  t.after(() => {
    for (const end of ends) end.destroy();
    proxy.close();
  });
  const {port} = proxy.address();
  return {port, http: `http://127.0.0.1:${port}`,
    socket: `ws://127.0.0.1:${port}/socket`};
}
