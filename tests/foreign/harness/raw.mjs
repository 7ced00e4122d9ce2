// A WebSocket client by hand, which can say anything at all.

import { createHash, randomBytes } from "node:crypto";
import { connect } from "node:net";

export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

/** The bytes of one frame. `length` may lie about the payload. */
export function frame(opcode, payload = "", { fin = true, reserved = 0, masked = true, length } = {}) {
  const body = Buffer.from(payload);
  const head = [Buffer.of((fin ? 0x80 : 0) | (reserved << 4) | opcode), lengthField(length ?? body.length, masked)];
  if (!masked) return Buffer.concat([...head, body]);
  const key = randomBytes(4);
  return Buffer.concat([...head, key, body.map((byte, index) => byte ^ key[index % 4])]);
}

/** Opens a WebSocket by hand; `path` may carry a query. */
export async function open(t, port, path = "/connection/websocket", headers = {}) {
  const socket = connect({ port, host: "127.0.0.1" });
  t.after(() => socket.destroy());
  const raw = new Raw(socket);
  const key = randomBytes(16).toString("base64");
  const lines = Object.entries({
    Host: `127.0.0.1:${port}`,
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": key,
    ...headers,
  }).map(([name, value]) => `${name}: ${value}`);
  raw.write(`GET ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
  const answer = await raw.head();
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  if (!answer.startsWith("HTTP/1.1 101")) throw new Error(`the upgrade was refused: ${answer}`);
  if (!answer.toLowerCase().includes(accept.toLowerCase())) throw new Error("a wrong Sec-WebSocket-Accept");
  return raw;
}

export class Raw {
  socket;
  #bytes = Buffer.alloc(0);
  #ended = false;
  #wake = () => {};

  constructor(socket) {
    this.socket = socket.setNoDelay(true);
    socket.on("data", (bytes) => {
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
      this.#wake();
    });
    socket.on("error", () => {}); // a reset; `close` follows
    socket.on("close", () => {
      this.#ended = true;
      this.#wake();
    });
  }

  write(bytes) {
    this.socket.write(bytes);
  }

  /** Sends commands, one a line, in one text frame. */
  send(...commands) {
    this.write(frame(TEXT, commands.map((command) => JSON.stringify(command)).join("\n")));
  }

  /** The head of the HTTP answer. */
  async head() {
    const bytes = await this.#take(() => {
      const end = this.#bytes.indexOf("\r\n\r\n");
      return end < 0 ? undefined : end + 4;
    });
    return bytes?.toString() ?? "";
  }

  /** The next frame, `{ opcode, payload }`, or nothing when the connection has ended. */
  async frame() {
    const head = await this.#take(() => (this.#bytes.length >= 2 ? 2 : undefined));
    if (!head) return undefined;
    let length = head[1] & 0x7f;
    if (length === 126) length = (await this.#exactly(2)).readUInt16BE();
    else if (length === 127) length = Number((await this.#exactly(8)).readBigUInt64BE());
    const payload = await this.#exactly(length);
    return payload && { opcode: head[0] & 0x0f, payload };
  }

  /** The next text message. */
  async text() {
    const next = await this.frame();
    if (next?.opcode !== TEXT) throw new Error(`no text but ${JSON.stringify(next ?? "the end")}`);
    return next.payload.toString();
  }

  /** The replies and pushes of the next text message. */
  async replies() {
    return (await this.text()).split("\n").map((line) => JSON.parse(line));
  }

  /** Sends the connect command; resolves to its result. */
  async connect(token) {
    this.send({ id: 1, connect: { token } });
    const [reply] = await this.replies();
    if (!reply.connect) throw new Error(`no connect reply but ${JSON.stringify(reply)}`);
    return reply.connect;
  }

  /** How the server ended it, whatever came before: its close frame's `{ code, reason }`, or `{}` without one. */
  async closed() {
    for (;;) {
      const next = await this.frame();
      if (!next) return {};
      if (next.opcode !== CLOSE) continue;
      this.write(frame(CLOSE, next.payload));
      return { code: next.payload.readUInt16BE(), reason: next.payload.subarray(2).toString() };
    }
  }

  async #exactly(count) {
    return this.#take(() => (this.#bytes.length >= count ? count : undefined));
  }

  /** The bytes up to `boundary()`, as soon as it knows; nothing when the connection ended before. */
  async #take(boundary) {
    for (;;) {
      const end = boundary();
      if (end !== undefined) {
        const taken = this.#bytes.subarray(0, end);
        this.#bytes = this.#bytes.subarray(end);
        return taken;
      }
      if (this.#ended) return undefined;
      await new Promise((resolve) => (this.#wake = resolve));
    }
  }
}

function lengthField(length, masked) {
  const bit = masked ? 0x80 : 0;
  if (length < 126) return Buffer.of(bit | Number(length));
  const wide = length > 0xffff;
  const field = Buffer.alloc(wide ? 9 : 3);
  field[0] = bit | (wide ? 127 : 126);
  if (wide) field.writeBigUInt64BE(BigInt(length), 1);
  else field.writeUInt16BE(length, 1);
  return field;
}
