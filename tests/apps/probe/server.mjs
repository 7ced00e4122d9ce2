// What the probe page of the native example talks to. It does to phones what servers and networks do, when it is told to.
// `node tests/apps/probe/server.mjs` prints the addresses at which phones of the same network find it.

import { once } from "node:events";
import { createServer } from "node:http";
import { networkInterfaces } from "node:os";
import { env } from "node:process";

import { WebSocketServer } from "ws";

/** How often it speaks by itself, in ms. */
const BEAT = 500;
/** How long `/slow` takes. */
const SLOW = 1500;
/** How many upgrades `/silent` leaves unanswered at a time; the oldest goes when another comes. */
const MAX_SILENT = 50;

const sockets = new WebSocketServer({ noServer: true, maxPayload: 8 << 20, handleProtocols: () => false });
const server = createServer((request, response) => response.end("the probe's server\n"));

const paths = {
  "/": accept,
  "/slow": (...upgrade) => setTimeout(accept, SLOW, ...upgrade),
  "/silent": ignore,
};
const ignored = new Set();

server.on("upgrade", (request, socket, head) => {
  socket.on("error", () => {});
  const path = paths[request.url.split("?")[0]];
  if (path) path(request, socket, head);
  else socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
});

/** Leaves the upgrade without an answer. */
function ignore(_, socket) {
  ignored.add(socket);
  socket.on("close", () => ignored.delete(socket));
  // Nobody reads it otherwise, and its end would not be seen.
  socket.resume();
  socket.on("end", () => socket.destroy());
  if (ignored.size > MAX_SILENT) ignored.values().next().value.destroy();
}

function accept(request, socket, head) {
  sockets.handleUpgrade(request, socket, head, (line) => {
    line.send(`note: the handshake has ${request.headers.origin ? "an Origin" : "no Origin"}`);
    const beat = setInterval(() => line.send("beat"), BEAT);
    line.on("close", () => clearInterval(beat));
    line.on("error", () => {});
    line.on("pong", () => line.send("note: a ping was answered"));
    line.on("message", (data, binary) => obey(line, data, binary));
  });
}

function obey(line, data, binary) {
  const [verb, code, ...reason] = binary ? [] : data.toString().split(" ");
  if (verb === "close") close(line, Number(code), reason.join(" "));
  else if (verb === "vanish") line.terminate();
  else if (verb === "ping") line.ping();
  else line.send(data, { binary });
}

/** Closes it, unless that is no code or reason for a close. */
function close(line, code, reason) {
  try {
    line.close(code, reason);
  } catch (error) {
    line.send(`note: not closed: ${error.message}`);
  }
}

server.listen(Number(env.PORT ?? 8091));
await once(server, "listening");
const { port } = server.address();
const addresses = Object.values(networkInterfaces()).flat().filter(({ family }) => family === "IPv4");
for (const { address } of addresses) console.log(`ws://${address}:${port}`);
