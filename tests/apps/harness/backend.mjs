// The backend of the examples, and an ear in front of it: what it is asked, and a moment before each answer.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { HOST, authority } from "./authority.mjs";
import { BACKEND, run } from "./program.mjs";

// As in examples/backend/gateway.toml.
const WEBHOOK_KEY = "the-gateway-asks-the-backend-with-this";

/** Where databases are: in memory, where that is a folder. Each answer waits for the disk, and a busy one takes its time. */
const FOLDER = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

export class Backend {
  /** Every request of a page, as the gateway asked it, in order. */
  asked = [];
  /** Runs once a request has taken effect, and before it is answered: for tests that cut the line there. */
  beforeAnswer = () => {};
  #behind = "";

  /** Listens, for a gateway that comes before what answers it. */
  async listen(t) {
    const serve = (request, response) => this.#serve(request, response).catch(() => response.destroy());
    const server = authority ? createSecureServer(authority.server, serve) : createServer(serve);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    this.url = `${authority ? "https" : "http"}://${HOST}:${server.address().port}`;
  }

  /** Starts the program, which publishes to the gateway at `gateway`. */
  async start(t, gateway, flags) {
    const folder = mkdtempSync(join(FOLDER, "suona-backend-"));
    const own = ["--dev", "--listen", "127.0.0.1:0", "--gateway", gateway, "--database", join(folder, "backend.sqlite3")];
    const program = run(t, BACKEND, [...own, ...flags], authority?.trust);
    t.after(() => program.exited.then(() => rmSync(folder, { recursive: true })));
    [, this.#behind] = await program.says(/listens at (\S+)/);
  }

  /** A request as the gateway would pass it on, once. */
  async rpc(user, method, data = {}) {
    const headers = { Authorization: `Bearer ${WEBHOOK_KEY}`, "Content-Type": "application/json" };
    const body = JSON.stringify({ user, method, data, idempotency_key: user && randomUUID() });
    const answer = await (await fetch(`${this.#behind}/hooks/rpc`, { method: "POST", headers, body })).json();
    assert.equal(answer.error, undefined, `${method} is refused: ${answer.error?.message}`);
    return answer.result.data;
  }

  /** A token for whoever proves to be somebody. */
  async login(proof) {
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch(`${this.#behind}/login`, { method: "POST", headers, body: JSON.stringify(proof) });
    assert.equal(answer.status, 200);
    return (await answer.json()).token;
  }

  /** A request without a gateway, as hand-written clients send it. */
  async direct(token, method, data = {}) {
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
    const body = JSON.stringify({ method, data, idempotency_key: randomUUID() });
    return (await fetch(`${this.#behind}/rpc`, { method: "POST", headers, body })).json();
  }

  /** How it is. */
  async health() {
    return (await fetch(`${this.#behind}/health`)).json();
  }

  /** One more order comes in. */
  order(title = "新车上牌") {
    return this.rpc("张三", "order", { title: `${title} ${randomUUID().slice(0, 8)}`, kind: "jdc", amount: 500 });
  }

  /** The scanner at the gate reads this. */
  scan(code) {
    return this.rpc("device:gate", "scan", { code });
  }

  /** The bids on a lot, best first. */
  bids(lot) {
    return this.rpc("张三", "bids", { lot });
  }

  async #serve(request, response) {
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    const { host, connection, "content-length": length, "transfer-encoding": encoding, ...headers } = request.headers;
    const { method, url } = request;
    const question = url === "/hooks/rpc" && JSON.parse(body);
    if (question) this.asked.push({ method: question.method, user: question.user, key: question.idempotency_key });
    const answer = await fetch(this.#behind + url, { method, headers, body: body || undefined });
    const text = await answer.text();
    if (question) await this.beforeAnswer(question, JSON.parse(text));
    const passed = [...answer.headers].filter(([name]) => /^(content-type|vary|access-control)/.test(name));
    response.writeHead(answer.status, Object.fromEntries(passed)).end(text);
  }
}
