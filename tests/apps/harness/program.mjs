// Starts what cargo built: the gateway, the backend of the examples, the device.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { stripVTControlCharacters } from "node:util";

import { BINARY } from "../../foreign/harness/gateway.mjs";

export { BINARY as GATEWAY };
export const BACKEND = neighbour("suona-example-backend");
export const DEVICE = neighbour("suona-example-device");

/** Programs stand beside the gateway. */
function neighbour(name) {
  return join(dirname(BINARY), name);
}

/** Runs a program until the test is over. It gets no more of our environment than it needs, and `env`. */
export function run(t, binary, args, env = {}) {
  if (!existsSync(binary)) throw new Error(`${binary} is missing: cargo build --workspace --bins`);
  const { PATH, HOME, NO_PROXY = "127.0.0.1,localhost" } = process.env;
  const stdio = ["pipe", "pipe", "pipe"];
  const program = new Program(spawn(binary, args, { stdio, env: { PATH, HOME, NO_PROXY, ...env } }));
  t.after(() => program.kill());
  return program;
}

export class Program {
  #process;
  /** All that it said so far. */
  said = "";
  /** Resolves to its exit code, or to the name of the signal that ended it. */
  exited;

  constructor(process) {
    this.#process = process;
    for (const stream of [process.stdout, process.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => (this.said += stripVTControlCharacters(text)));
    }
    this.exited = new Promise((resolve, reject) => {
      process.on("error", reject);
      process.on("close", (code, signal) => resolve(code ?? signal));
    });
  }

  /** Waits until it has said what matches. */
  says(pattern, within = 30_000) {
    return new Promise((resolve, reject) => {
      const fail = (why) => () => reject(new Error(`${why} without ${pattern}; it said:\n${this.said}`));
      const late = setTimeout(fail(`${within} ms passed`), within);
      const look = () => pattern.test(this.said) && (clearTimeout(late), resolve(this.said.match(pattern)));
      for (const stream of [this.#process.stdout, this.#process.stderr]) stream.on("data", look);
      this.exited.then(fail("it ended"), reject).then(() => clearTimeout(late));
      look();
    });
  }

  /** How often it has said that. */
  count(words) {
    return this.said.split(words).length - 1;
  }

  /** Types a line. */
  write(line) {
    this.#process.stdin.write(`${line}\n`);
  }

  /** Ends it without a word, as a power cut would. */
  kill() {
    this.#process.kill("SIGKILL");
    return this.exited;
  }
}
