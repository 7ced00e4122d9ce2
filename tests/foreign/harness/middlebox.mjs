// A proxy as companies have them: it passes HTTP on, message by message, and knows nothing of upgrades.

import { once } from "node:events";
import { createServer, request } from "node:http";

/** Listens on a port of its own and passes requests on to `port`; WebSockets do not get through. */
export async function middlebox(t, port) {
  const server = createServer((from, answer) => {
    const { upgrade, connection, ...headers } = from.headers;
    const to = request({ port, host: "127.0.0.1", method: from.method, path: from.url, headers }, (response) => {
      const { connection, ...headers } = response.headers;
      answer.writeHead(response.statusCode, headers);
      response.pipe(answer);
    });
    to.on("error", () => answer.destroy());
    answer.on("close", () => to.destroy());
    from.pipe(to);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: server.address().port };
}
