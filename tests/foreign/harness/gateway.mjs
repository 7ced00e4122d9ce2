// Starts the built gateway with a configuration of its own, and ends it.
// `t` is whatever has an `after`: a test's context, or node:test itself for a whole file.

import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { HMAC_SECRET } from "./tokens.mjs";

export const BINARY =
  process.env.SUONA_BIN ?? fileURLToPath(new URL("../../../target/debug/suona", import.meta.url));

/** The environment without what would configure the gateway. */
const UNCONFIGURED = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(SUONA|CENTRIFUGO)_/.test(name)),
);

export const API_KEY = "the-backend-only";

/** What every test's gateway has, unless the test says otherwise. */
const BASE = {
  http_server: { address: "127.0.0.1", port: 0 },
  http_api: { key: API_KEY },
  prometheus: { enabled: true },
  client: { token: { hmac_secret_key: HMAC_SECRET } },
  channel: {
    namespaces: [
      // Everybody may listen, nothing is kept.
      { name: "open", allow_subscribe_for_client: true },
      // Nobody gets in without a token.
      { name: "closed" },
      // Keeps enough for every break in these tests.
      {
        name: "news",
        history_size: 1000,
        history_ttl: "300s",
        force_recovery: true,
        allow_subscribe_for_client: true,
        allow_history_for_subscriber: true,
      },
      // Keeps less than some breaks in these tests.
      {
        name: "short",
        history_size: 10,
        history_ttl: "300s",
        force_recovery: true,
        allow_subscribe_for_client: true,
      },
      // People see each other and talk.
      {
        name: "room",
        presence: true,
        join_leave: true,
        force_push_join_leave: true,
        history_size: 100,
        history_ttl: "300s",
        allow_subscribe_for_client: true,
        allow_publish_for_subscriber: true,
        allow_presence_for_subscriber: true,
        allow_history_for_subscriber: true,
      },
    ],
  },
};

/** Starts a gateway, `overrides` merged over the base configuration, and waits until it listens. */
export async function start(t, overrides = {}, options = {}) {
  const folder = await mkdtemp(join(tmpdir(), "suona-"));
  const file = join(folder, "suona.json");
  await writeFile(file, JSON.stringify(merged(BASE, overrides)));
  const gateway = launch(["serve", "-c", file, ...(options.args ?? [])], options);
  t.after(async () => {
    await gateway.kill();
    await rm(folder, { recursive: true });
  });
  return gateway.listening();
}

/** Runs the binary. With `descriptors`, under that `ulimit -n`. */
export function launch(args, { descriptors, env } = {}) {
  const [command, rest] = descriptors
    ? ["bash", ["-c", `ulimit -n ${descriptors} && exec "$0" "$@"`, BINARY, ...args]]
    : [BINARY, args];
  return new Gateway(spawn(command, rest, { stdio: ["ignore", "pipe", "pipe"], env: { ...UNCONFIGURED, ...env } }));
}

/** What this file of tests started and did not end yet; it goes when the runner's patience with the file is over. */
const running = new Set();
process.once("SIGTERM", () => {
  for (const child of running) child.kill("SIGKILL");
  process.exit(1);
});

export class Gateway {
  #process;
  /** Everything it said so far. */
  stdout = "";
  stderr = "";
  /** Resolves to its exit code, or to the name of the signal that ended it. */
  exited;

  constructor(process) {
    this.#process = process;
    running.add(process);
    process.on("close", () => running.delete(process));
    process.stdout.setEncoding("utf8").on("data", (text) => (this.stdout += text));
    process.stderr.setEncoding("utf8").on("data", (text) => (this.stderr += text));
    this.exited = new Promise((resolve, reject) => {
      process.on("error", reject);
      process.on("close", (code, signal) => resolve(code ?? signal));
    });
  }

  get pid() {
    return this.#process.pid;
  }

  /** Waits for the line that announces the address. */
  async listening() {
    const [, scheme, port] = await this.says(/listening on (https?):\/\/\S+:(\d+)/);
    this.port = Number(port);
    this.http = `${scheme}://127.0.0.1:${port}`;
    this.ws = this.http.replace("http", "ws");
    this.websocket = `${this.ws}/connection/websocket`;
    return this;
  }

  /** Waits until standard error matches `pattern`. */
  says(pattern) {
    return new Promise((resolve, reject) => {
      const look = () => pattern.test(this.stderr) && resolve(this.stderr.match(pattern));
      this.#process.stderr.on("data", look);
      look();
      this.exited.then((code) => reject(new Error(`the gateway ended with ${code}:\n${this.stderr}`)), reject);
    });
  }

  /** Calls the HTTP API; an API error is thrown with its `code`. */
  async api(method, params = {}) {
    const response = await fetch(`${this.http}/api/${method}`, {
      method: "POST",
      headers: { "X-API-Key": API_KEY },
      body: JSON.stringify(params),
    });
    if (response.status !== 200) throw new Error(`${method} was answered ${response.status}`);
    const { result, error, ...rest } = await response.json();
    if (error) throw Object.assign(new Error(`${method}: ${error.message}`), { code: error.code });
    return result ?? rest;
  }

  /** Publishes `items` to `channel` one after another. */
  async publish(channel, ...items) {
    for (const data of items) await this.api("publish", { channel, data });
  }

  /** The sum of a metric over all its series whose labels include `labels`. */
  async metric(name, labels = {}) {
    const text = await (await fetch(`${this.http}/metrics`)).text();
    const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
    return text
      .split("\n")
      .filter((line) => line.match(/^[^{ ]+/)?.[0] === name && wanted.every((label) => line.includes(label)))
      .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
  }

  /** Ends it without a word, as a power cut would. */
  async kill() {
    this.#process.kill("SIGKILL");
    return this.exited;
  }

  /** Asks it to drain and end. */
  terminate() {
    this.#process.kill("SIGTERM");
  }
}

function merged(base, over) {
  if (!isTable(base) || !isTable(over)) return over;
  const all = { ...base };
  for (const [key, value] of Object.entries(over)) all[key] = key in base ? merged(base[key], value) : value;
  return all;
}

function isTable(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
