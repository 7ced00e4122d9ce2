// A stand-in for the backend of the examples: it keeps everything in memory. `node tests/apps/backend/backend.mjs`
// runs it for the gateway of examples/gateway.toml, and lets orders and scans come in.

import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { argv, env } from "node:process";
import { fileURLToPath } from "node:url";

import { Devices } from "./devices.mjs";
import { Orders } from "./orders.mjs";
import { Quotation } from "./quotation.mjs";
import { Refusal } from "./refusal.mjs";
import { Scans } from "./scans.mjs";

// As in examples/gateway.toml.
const SECRET = "the-examples-sign-their-tokens-with-this";
const API_KEY = "the-backend-publishes-with-this";
const HOUR = 3600;

/** Pages come from other addresses than the backend. */
const CORS = { "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*" };

export class Backend {
  #gateway = "";
  #server = createServer((request, response) => this.#serve(request, response));
  /** Outcomes by user, method and key: what comes twice takes effect once, even where the gateway cannot know. */
  #outcomes = new Map();
  /** Every request of a page, in order. */
  asked = [];
  /** Runs once a request has taken effect, and before it is answered: for tests that cut the line there. */
  beforeAnswer = () => {};

  quotation = new Quotation((...publication) => this.#publish(...publication));
  orders = new Orders((...publication) => this.#publish(...publication));
  devices = new Devices((...publication) => this.#publish(...publication));
  scans = new Scans((...publication) => this.#publish(...publication));

  #methods = {
    ...this.quotation.methods,
    ...this.orders.methods,
    ...this.devices.methods,
    ...this.scans.methods,
  };

  #paths = {
    "/login": (who) => this.#login(who),
    "/hooks/subscribe": (question) => this.#subscribe(question),
    "/hooks/rpc": (question) => this.#rpc(question),
  };

  /** Listens, for a gateway that may come later: {@link publishesTo}. */
  async listen(port = 0) {
    this.#server.listen(port, "127.0.0.1");
    await once(this.#server, "listening");
    this.url = `http://127.0.0.1:${this.#server.address().port}`;
  }

  publishesTo(gateway) {
    this.#gateway = gateway;
  }

  close() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #serve(request, response) {
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    const path = this.#paths[request.url];
    if (!path || request.method !== "POST") return response.writeHead(request.method === "OPTIONS" ? 204 : 404, CORS).end();
    const answer = JSON.stringify(await path(JSON.parse(body)));
    response.writeHead(200, { ...CORS, "Content-Type": "application/json" }).end(answer);
  }

  /** WeChat's server would turn the code into an identity; here it is the identity. */
  #login({ code, name }) {
    const user = code ? `微信用户${code}` : name;
    const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const input = `${part({ alg: "HS256", typ: "JWT" })}.${part({ sub: user, exp: Math.floor(Date.now() / 1000) + HOUR })}`;
    return { user, token: `${input}.${createHmac("sha256", SECRET).update(input).digest("base64url")}` };
  }

  #subscribe({ channel, user }) {
    const [, serial] = channel.split(":");
    return this.devices.mayHear(serial, user) ? { result: {} } : { error: { code: 103, message: "permission denied" } };
  }

  async #rpc({ method, data, user, idempotency_key: key }) {
    this.asked.push({ method, user, key });
    const known = key && [user, method, key].join(" ");
    const outcome = this.#outcomes.get(known) ?? this.#carryOut(method, data, user);
    if (known) this.#outcomes.set(known, outcome);
    const answer = await outcome;
    this.beforeAnswer({ method, user });
    return answer;
  }

  async #carryOut(method, data, user) {
    try {
      if (!this.#methods[method]) throw new Refusal(104, "unknown method");
      return { result: { data: await this.#methods[method](data, user) } };
    } catch (error) {
      if (error instanceof Refusal) return { error: { code: error.code, message: error.message } };
      throw error;
    }
  }

  async #publish(channel, data) {
    const headers = { "X-API-Key": API_KEY };
    const body = JSON.stringify({ channel, data });
    const answer = await fetch(`${this.#gateway}/api/publish`, { method: "POST", headers, body });
    if (!answer.ok) throw new Error(`publishing was answered ${answer.status}`);
  }
}

async function main() {
  const { GATEWAY = "http://127.0.0.1:8000", PORT = 3000 } = env;
  const backend = new Backend();
  backend.publishesTo(GATEWAY);
  await backend.listen(Number(PORT));
  console.log("the backend's stand-in listens at", backend.url);
  const regularly = (ms, act) => setInterval(() => act().catch(({ message }) => console.log(message)), ms);
  regularly(12_000, () => backend.orders.add());
  regularly(7_000, () => backend.scans.read());
  regularly(1_000, () => backend.devices.obey("pump-1"));
}

if (argv[1] === fileURLToPath(import.meta.url)) await main();
