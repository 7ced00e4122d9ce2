// What both servers share: the HTTP API by which publications are handed in, channels with a short history,
// and how a server says where it listens.

import { createServer } from "node:http";

/** How many publications a channel keeps; as many as the gateways beside it. */
const KEPT = 100;

/** Channels by name, each with its offset and its latest publications. */
const channels = new Map();

export function channel(name) {
  let found = channels.get(name);
  if (!found) channels.set(name, (found = { offset: 0, kept: [] }));
  return found;
}

/** Gives a publication its offset, and keeps it. */
export function keep(name, data) {
  const into = channel(name);
  const publication = { data, offset: ++into.offset };
  into.kept.push(publication);
  if (into.kept.length > KEPT) into.kept.shift();
  return publication;
}

/** What came after `offset`. */
export function missed(name, offset) {
  return channel(name).kept.filter((publication) => publication.offset > offset);
}

/** Prints the version, or serves at a port, 0 for any; `attach` gets the HTTP server and returns how to publish. */
export function run(version, attach) {
  if (process.argv[2] !== "serve") return console.log(`${version}, Node ${process.version}`);
  // Connections to the API are used again, however long they rest.
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const { commands } = JSON.parse(Buffer.concat(chunks));
      for (const { publish: { channel, data } } of commands) publish(channel, data);
      const body = JSON.stringify({ replies: commands.map(() => ({ publish: {} })) });
      response.setHeader("Content-Length", body.length).end(body);
    });
  });
  const publish = attach(server);
  // As many may wait at the door as at a gateway's.
  server.listen({ host: "127.0.0.1", port: Number(process.argv[3] ?? 0), backlog: 4096 }, () => {
    console.error(`listening on http://127.0.0.1:${server.address().port}`);
  });
}
