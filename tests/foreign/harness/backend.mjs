// A small backend of our own on node:http, for the gateway to ask.

import { once } from "node:events";
import { createServer } from "node:http";

/**
 * Answers `POST /<name>` with what `answers.<name>(question, headers)` returns: the whole JSON answer, or a number,
 * which is the status of an answer without a word.
 * Every question is kept, with the name as its `kind`.
 */
export async function backend(t, answers) {
  const asked = [];
  const server = createServer(async (request, response) => {
    const name = request.url.slice(1);
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    const question = JSON.parse(body);
    asked.push({ kind: name, ...question });
    const answer = await answers[name](question, request.headers);
    if (typeof answer === "number") return response.writeHead(answer).end();
    response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(answer));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${server.address().port}`;
  /** A webhook that asks here. */
  const webhook = (name, more = {}) => ({ endpoint: `${url}/${name}`, timeout: "5s", ...more });
  /** The questions of one kind, in their order. */
  const questions = (kind) => asked.filter((question) => question.kind === kind);
  return { webhook, questions };
}
