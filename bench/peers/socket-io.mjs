// Socket.IO: rooms are channels, and publishing is what its documentation says, `io.to(room).emit(…)`.

import { readFileSync } from "node:fs";
import { Server } from "socket.io";
import { keep, missed, run } from "./server.mjs";

const { version } = JSON.parse(readFileSync(new URL("node_modules/socket.io/package.json", import.meta.url)));

run(`Socket.IO ${version}`, (server) => {
  const io = new Server(server, { transports: ["websocket"], serveClient: false });

  function publish(channel, data) {
    keep(channel, data);
    io.to(channel).emit("publication", channel, data);
  }

  io.on("connection", (socket) => {
    socket.on("subscribe", (channels, since, answer) => {
      socket.join(channels);
      if (since !== null) {
        for (const channel of channels) {
          for (const { data } of missed(channel, since)) socket.emit("publication", channel, data);
        }
      }
      answer();
    });
    socket.on("publish", (channel, data, answer) => {
      publish(channel, data);
      answer();
    });
    socket.on("echo", (question, answer) => answer(question));
  });

  return publish;
});
