// npm `ws` with a broadcast written by hand, as teams write it: a set of sockets for each channel, and a loop.
// It speaks as much of the managed door's JSON as the measurements need, so that both send the same bytes.

import { readFileSync } from "node:fs";
import { WebSocketServer } from "ws";
import { keep, channel, missed, run } from "./server.mjs";

const { version } = JSON.parse(readFileSync(new URL("node_modules/ws/package.json", import.meta.url)));

run(`ws ${version}`, (server) => {
  const audiences = new Map();

  function publish(name, data) {
    const publication = keep(name, data);
    const audience = audiences.get(name);
    if (!audience) return;
    const message = Buffer.from(JSON.stringify({ push: { channel: name, pub: publication } }));
    for (const socket of audience) socket.send(message, { binary: false });
  }

  function subscribe(socket, { channel: name, recover, offset }) {
    let audience = audiences.get(name);
    if (!audience) audiences.set(name, (audience = new Set()));
    audience.add(socket);
    socket.heard.push(audience);
    const publications = recover ? missed(name, offset) : [];
    return { epoch: "", offset: channel(name).offset, publications };
  }

  const commands = {
    connect: () => ({}),
    subscribe,
    publish: (_, { channel, data }) => (publish(channel, data), {}),
    rpc: (_, { data }) => ({ data }),
  };

  function handle(socket, line) {
    const command = JSON.parse(line);
    for (const name in commands) {
      if (command[name]) socket.send(JSON.stringify({ id: command.id, [name]: commands[name](socket, command[name]) }));
    }
  }

  new WebSocketServer({ server, perMessageDeflate: false }).on("connection", (socket) => {
    socket.heard = [];
    socket.on("message", (message) => message.toString().split("\n").forEach((line) => handle(socket, line)));
    socket.on("close", () => socket.heard.forEach((audience) => audience.delete(socket)));
    socket.on("error", () => socket.terminate());
  });

  return publish;
});
