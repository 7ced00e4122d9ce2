/** Any value that JSON can carry. */
export type Json = unknown;

/** Where a subscriber stands in a channel's stream. */
export interface Position {
  readonly offset: number;
  /** The life of the stream: after another one, offsets mean nothing. */
  readonly epoch: string;
}

/** One message in a channel. */
export interface Publication<Data = Json> {
  readonly data: Data;
  /** There if the channel keeps its publications. */
  readonly offset?: number;
  /** Who published it, if a client did. */
  readonly info?: ClientInfo;
  readonly tags?: Record<string, string>;
}

/** One connection of a user. */
export interface ClientInfo {
  readonly user: string;
  readonly client: string;
  readonly conn_info?: Json;
  readonly chan_info?: Json;
}

/** What a server answers instead of a result. */
export interface Refusal {
  readonly code: number;
  readonly message: string;
  /** The same may succeed a little later. */
  readonly temporary?: boolean;
}

/** An answer, or a push if there is no `id`, or a ping if there is nothing at all. */
export interface Reply {
  readonly id?: number;
  readonly error?: Refusal;
  readonly connect?: Connected;
  readonly subscribe?: Subscribed;
  readonly refresh?: Expiry;
  readonly sub_refresh?: Expiry;
  readonly push?: Push;
}

interface Expiry {
  readonly expires?: boolean;
  /** Seconds. */
  readonly ttl?: number;
}

interface Connected extends Expiry {
  readonly version?: string;
  /** Names the life of the server, in which it remembers what it has done. */
  readonly node?: string;
  /** Seconds between two pings of the server. */
  readonly ping?: number;
  /** Whether pings want an answer. */
  readonly pong?: boolean;
  readonly subs?: Record<string, Subscribed>;
  /** The server's clock, in milliseconds. */
  readonly time?: number;
}

export interface Subscribed extends Expiry {
  readonly recoverable?: boolean;
  readonly epoch?: string;
  readonly offset?: number;
  readonly recovered?: boolean;
  readonly publications?: Publication[];
}

export interface Push {
  readonly channel?: string;
  readonly pub?: Publication;
  readonly join?: { readonly info: ClientInfo };
  readonly leave?: { readonly info: ClientInfo };
  readonly subscribe?: Subscribed;
  readonly unsubscribe?: { readonly code: number; readonly reason: string };
  readonly message?: { readonly data: Json };
  readonly disconnect?: { readonly code: number; readonly reason: string; readonly retry_after_ms?: number };
}

/** One line of what a server says. Throws if it is not of this protocol. */
export function parseReply(line: string): Reply {
  const reply: unknown = JSON.parse(line);
  if (typeof reply !== "object") throw reply;
  return reply as Reply;
}

/**
 * Whether a disconnect with this code means: do not come back. 3502 says so too, but all that is wrong is that our
 * `connect` was too long on its way.
 */
export function isFinal(code = 0): boolean {
  return code === 1009 || (code >= 3500 && code < 5000 && code % 1000 >= 500 && code !== 3502);
}

/** How many bytes a text takes in UTF-8. */
export function utf8Length(text: string): number {
  return text.replace(/[\u0800-\ud7ff\ue000-\uffff]/g, "***").replace(/[^\0-\x7f]/g, "**").length;
}
