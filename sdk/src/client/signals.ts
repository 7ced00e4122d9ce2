import type { Fault } from "../errors.js";
import type { LinkInput, LinkOutput, LinkState } from "../link/signals.js";
import type { ClientInfo, Json, Position, Publication } from "./wire.js";

/** What the client is told, beside what the link is told. */
export type ClientInput =
  /**
   * The app's answer to `ask` of the same `login`: a token, or nothing if the user may not connect, or, if it may find one
   * a little later, why it `failed` now.
   */
  | { is: "token"; channel?: string; login: number; token?: string | null; failed?: string }
  | { is: "subscribe"; channel: string; options: SubscribeOptions }
  | { is: "unsubscribe"; channel: string }
  /** The outcome comes as `settle` with the same errand. */
  | { is: "command"; errand: Errand };

/** A command, and whoever waits for its outcome. */
export interface Errand {
  readonly command: Command;
  /** How long it may take, waiting for a connection included. */
  readonly ttl?: number;
  settle(outcome: Outcome): void;
}

/** Something for the server to do, once. */
export type Command =
  | { readonly publish: { readonly channel: string; readonly data: Json } }
  | { readonly rpc: { readonly method: string; readonly data?: Json } }
  | { readonly send: { readonly data: Json } }
  | { readonly history: HistoryRequest & { readonly channel: string } }
  | { readonly presence: { readonly channel: string } }
  | { readonly presence_stats: { readonly channel: string } };

/** What of a channel's past is wanted. */
export interface HistoryRequest {
  /** 0: only the position; -1: as much as the server gives at once. */
  readonly limit?: number;
  readonly since?: Position;
  readonly reverse?: boolean;
}

/** What the client wants done, beside what the link wants done. */
export type ClientOutput =
  | { is: "send"; frame: string }
  /**
   * The app shall find a token, for the connection or for a channel. `login` counts upwards whenever the client goes
   * offline, since whoever starts it again may be somebody else, and whenever the server takes back what it said.
   */
  | { is: "ask"; channel?: string; login: number }
  | { is: "status"; status: Status }
  /** `gap`: messages were missed and cannot be had any more. `fresh`: nobody knows. */
  | { is: "subscribed"; channel: string; how: "fresh" | "recovered" | "gap" }
  | { is: "publication"; channel: string; publication: Publication }
  /** To be saved, now that the listeners have returned. None: the server keeps nothing of the channel. */
  | { is: "position"; channel: string; position: Position | undefined }
  | { is: "join" | "leave"; channel: string; info: ClientInfo }
  | { is: "unsubscribed"; channel: string; fault: Fault }
  | { is: "message"; data: Json }
  /** `doubtful`: it may have happened twice, since it went out to two lives of the server. */
  | { is: "settle"; errand: Errand; outcome: Outcome; doubtful?: boolean };

export type Outcome =
  { readonly result: Json; readonly fault?: undefined } | { readonly fault: Fault; readonly result?: undefined };

/** The link's state, where `online` means that the server took us, and `fault` is what is wrong if something is. */
export type Status = LinkState;

/** How a channel is heard. */
export interface SubscribeOptions {
  /** Ask for what was missed after a break. Default true; the server decides. */
  readonly recover?: boolean;
  /** Where to go on, if known from before. */
  readonly since?: Position;
  /** Save positions as they change. */
  readonly keep?: boolean | number;
  /** Hear who joins and leaves, where the server tells. */
  readonly joinLeave?: boolean;
  /** Goes to the backend, if it is asked. */
  readonly data?: Json;
  /** The channel needs a token of its own. */
  readonly asksToken?: boolean;
}

/** How a client behaves, beside what its link does. */
export interface ClientOptions {
  /** Names this client to the server across its connections: 128 random bits. */
  readonly session: string;
  readonly token?: string;
  /** Tokens are asked of the app. */
  readonly asksToken?: boolean;
  /** Goes to the backend with `connect`. */
  readonly data?: Json;
  /** How long a command may take, from being given to its answer. Default 60,000 ms, at most 240,000. */
  readonly ttl?: number;
  /** How many commands may wait or be under way. Default 256. */
  readonly outboxCommands?: number;
  /** How many bytes of them. Default 1 MiB. */
  readonly outboxBytes?: number;
  /** The longest message that the server takes. Default 65,536 bytes. */
  readonly messageLimit?: number;
}

export type Input = ClientInput | LinkInput;
export type Output = ClientOutput | Extract<LinkOutput, { is: "dial" | "close" }>;
