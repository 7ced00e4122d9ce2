import type { Frame, Loss } from "../src/platform/platform.js";
import type { Timeline } from "./timeline.js";

/** The device's end of a socket, as the server has it in its hands. */
export interface Line {
  readonly state: "opening" | "open" | "lost";
  readonly muted: boolean;
  readonly closed: unknown;
  arrived: (frame: Frame) => void;
  closing: (code: number, reason: string) => void;
  opened(): void;
  receive(frame: string): void;
  lose(loss: Loss): void;
}

interface Wire {
  id?: number;
  [method: string]: unknown;
}
interface Stream {
  epoch: string;
  offset: number;
  publications: { offset: number; data: unknown }[];
}
interface Refusal {
  code: number;
  message: string;
  temporary?: boolean;
}

/** A Centrifuge server in memory: as much of one as clients can tell from outside. */
export class Server {
  version = "Suona 0.1.0";
  /** Seconds between pings. */
  ping = 25;
  /** How many publications a channel keeps. */
  historySize = 100;
  /** One way, in milliseconds. */
  latency = () => 20;
  /** Who may connect, by token. The time to live is in seconds. */
  admit: (token: string | undefined) => { ttl?: number } | { error: Refusal } | { close: [number, string] } =
    () => ({});
  /** Who may subscribe. */
  seat: (channel: string, token: string | undefined) => { ttl?: number } | { error: Refusal } = () => ({});
  /** The backend. */
  rpc: (method: string, data: unknown, key: string | undefined) => { data: unknown } | { error: Refusal } = (
    _,
    data,
  ) => ({ data });
  /** Channels to which it subscribes everyone. */
  serves: string[] = [];
  /** Says this instead of whatever it would. */
  babble: string | undefined;
  /** What connections said in `connect`, in order. */
  readonly greetings: Record<string, unknown>[] = [];
  /** Every command that came. */
  readonly commands: Wire[] = [];
  /** Every frame that came. */
  readonly frames: string[] = [];
  readonly connections = new Set<Connection>();
  readonly streams = new Map<string, Stream>();
  readonly outcomes = new Map<string, Wire>();
  /** Names its life, in which it remembers outcomes. */
  node = "node1";
  private lives = 1;
  private epochs = 0;

  constructor(readonly timeline: Timeline) {}

  /** For {@link Device.dialled}. */
  accept(line: Line): void {
    if (line.closed) return;
    const connection = new Connection(this, line);
    this.connections.add(connection);
    line.opened();
  }

  publish(channel: string, data: unknown): void {
    const stream = this.stream(channel);
    stream.publications.push({ offset: ++stream.offset, data });
    if (stream.publications.length > this.historySize) stream.publications.shift();
    const pub = this.historySize ? { data, offset: stream.offset } : { data };
    for (const connection of this.connections) {
      if (connection.channels.has(channel)) connection.say({ push: { channel, pub } });
    }
  }

  /** Loses all connections, what it remembers and, unless told to keep them, all streams. */
  restart(keep = false): void {
    for (const connection of [...this.connections]) connection.close(1006, "");
    this.outcomes.clear();
    this.node = `node${++this.lives}`;
    if (!keep) this.streams.clear();
  }

  stream(channel: string): Stream {
    let stream = this.streams.get(channel);
    if (!stream) this.streams.set(channel, (stream = { epoch: `epoch${++this.epochs}`, offset: 0, publications: [] }));
    return stream;
  }
}

/** One client of the server. */
export class Connection {
  readonly channels = new Set<string>();
  private connected = false;
  /** Its `connect` was refused with an error: nothing it says is heard any more. */
  private refused = false;
  private quietUntil = 0;

  constructor(
    private readonly server: Server,
    private readonly line: Line,
  ) {
    line.arrived = (frame) => this.delayed(() => this.receive(String(frame)));
    line.closing = () => this.delayed(() => this.gone());
  }

  /** Sends a message, in order. */
  say(message: Wire): void {
    this.delayed(() => {
      if (this.line.state === "open" && !this.line.muted)
        this.line.receive(this.server.babble ?? JSON.stringify(message));
    });
  }

  close(code: number, reason: string): void {
    this.server.connections.delete(this);
    if (!this.line.muted) this.line.lose({ code, reason });
  }

  /** Says goodbye before closing, as a draining gateway does. */
  farewell(code: number, reason: string, retry_after_ms?: number): void {
    this.say({ push: { disconnect: { code, reason, retry_after_ms } } });
    this.delayed(() => this.close(1000, ""));
  }

  /** Ends the subscription. */
  end(channel: string, code: number, reason: string): void {
    this.channels.delete(channel);
    this.say({ push: { channel, unsubscribe: { code, reason } } });
  }

  private gone(): void {
    this.server.connections.delete(this);
    if (!this.line.muted) this.line.lose({ code: 1000 });
  }

  private delayed(act: () => void): void {
    const { timeline, latency } = this.server;
    // Neither direction overtakes itself, and one queue for both is order enough.
    this.quietUntil = Math.max(this.quietUntil, timeline.now + latency());
    timeline.after(this.quietUntil - timeline.now, act);
  }

  private receive(frame: string): void {
    if (!this.server.connections.has(this) || this.line.muted) return;
    this.server.frames.push(frame);
    for (const line of frame.split("\n")) this.command(JSON.parse(line) as Wire);
  }

  private command(command: Wire): void {
    const { server } = this;
    const { id } = command;
    if (this.refused || !this.server.connections.has(this)) return;
    server.commands.push(command);
    const method = Object.keys(command).find((key) => key !== "id");
    if (!this.connected && method !== "connect") return this.close(3501, "bad request");
    if (!method) return;
    if (method === "connect") return this.connect(id!, command.connect as Record<string, unknown>);
    const known = this.remembered(command[method] as { idempotency_key?: string });
    const reply = known ?? this.answer(method, command[method] as Record<string, never>);
    if (!known) this.remember(command[method] as { idempotency_key?: string }, reply);
    if (id) this.say({ id, ...reply });
  }

  private connect(id: number, greeting: Record<string, unknown>): void {
    const { server } = this;
    server.greetings.push(greeting);
    const admitted = server.admit(greeting.token as string | undefined);
    if ("close" in admitted) return this.close(...admitted.close);
    if ("error" in admitted) {
      this.refused = true;
      return this.say({ id, error: admitted.error });
    }
    this.connected = true;
    const asked = (greeting.subs ?? {}) as Record<string, Record<string, never>>;
    const subs = Object.fromEntries(
      server.serves.map((channel) => [channel, this.join(channel, asked[channel] ?? {})]),
    );
    const expiry = admitted.ttl ? { expires: true, ttl: admitted.ttl } : {};
    const { node, ping, version } = server;
    const time = server.timeline.now + 5000;
    this.say({
      id,
      connect: { client: "c", version, node, ping, pong: true, time, ...expiry, ...(server.serves.length && { subs }) },
    });
    this.pinging();
  }

  private pinging(): void {
    this.server.timeline.after(this.server.ping * 1000, () => {
      if (!this.server.connections.has(this)) return;
      this.say({});
      this.pinging();
    });
  }

  private answer(method: string, params: Record<string, never>): Wire {
    const { server } = this;
    switch (method) {
      case "subscribe":
        return this.subscribe(params);
      case "unsubscribe":
        this.channels.delete(params.channel!);
        return { unsubscribe: {} };
      case "publish":
        server.publish(params.channel!, params.data);
        return { publish: {} };
      case "rpc": {
        const outcome = server.rpc(params.method!, params.data, params.idempotency_key);
        return "error" in outcome ? outcome : { rpc: outcome };
      }
      case "refresh":
      case "sub_refresh": {
        const admitted = method === "refresh" ? server.admit(params.token) : server.seat(params.channel!, params.token);
        if ("error" in admitted) return { error: admitted.error };
        return { [method]: "ttl" in admitted ? { expires: true, ttl: admitted.ttl } : {} };
      }
      case "history": {
        const { epoch, offset, publications } = server.stream(params.channel!);
        return { history: { publications, epoch, offset } };
      }
      case "presence":
        return { presence: { presence: { c: { user: "u", client: "c" } } } };
      case "presence_stats":
        return { presence_stats: { num_clients: 1, num_users: 1 } };
      case "ping":
        return { ping: {} };
      default:
        return { error: { code: 108, message: "not available" } };
    }
  }

  private subscribe(params: Record<string, never>): Wire {
    if (this.channels.has(params.channel!)) return { error: { code: 105, message: "already subscribed" } };
    const seat = this.server.seat(params.channel!, params.token);
    if ("error" in seat) return { error: seat.error };
    const expiry = seat.ttl ? { expires: true, ttl: seat.ttl } : {};
    return { subscribe: { ...this.join(params.channel!, params), ...expiry } };
  }

  private join(
    channel: string,
    { recover, epoch, offset = 0 }: { recover?: boolean; epoch?: string; offset?: number },
  ): object {
    this.channels.add(channel);
    if (!this.server.historySize) return {};
    const stream = this.server.stream(channel);
    const base = { recoverable: true, positioned: true, epoch: stream.epoch, offset: stream.offset };
    if (!recover) return base;
    const publications = stream.publications.filter((publication) => publication.offset > offset);
    const whole = epoch === stream.epoch && publications.length === stream.offset - offset;
    return whole
      ? { ...base, offset, was_recovering: true, recovered: true, ...(publications.length && { publications }) }
      : { ...base, was_recovering: true };
  }

  private remembered({ idempotency_key: key }: { idempotency_key?: string }): Wire | undefined {
    return key === undefined ? undefined : this.server.outcomes.get(key);
  }

  private remember({ idempotency_key: key }: { idempotency_key?: string }, reply: Wire): void {
    if (key !== undefined && this.server.version.startsWith("Suona")) this.server.outcomes.set(key, reply);
  }
}
