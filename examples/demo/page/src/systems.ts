/** What the page and the backend say to each other. Times are in milliseconds since 1970, prices in yuan. */

/** Something to be bought. The lowest price wins. */
export interface Lot {
  readonly lot: string;
  readonly title: string;
  readonly endAt: number;
  /** The lowest price so far; before the first bid, what it may cost at most. */
  readonly best: number;
}

export interface Bid {
  readonly id: string;
  readonly lot: string;
  readonly price: number;
  readonly supplier: string;
  readonly at: number;
}

export interface DeviceState {
  readonly running: boolean;
  /** In bar. */
  readonly pressure: number;
}

/** What a device was told, and how far it has come with it. */
export interface Command {
  readonly id: string;
  readonly turn: "on" | "off";
  readonly by: string;
  readonly at: number;
  readonly status: "queued" | "delivered" | "done" | "failed";
}

export interface Device {
  readonly serial: string;
  readonly title: string;
  readonly state: DeviceState;
  /** Newest first. */
  readonly commands: readonly Command[];
}

/** What the scanner read, and who takes care of it. */
export interface Task {
  readonly id: string;
  readonly code: string;
  readonly title: string;
  readonly at: number;
  readonly assignee?: string;
  readonly finished?: number;
}

export interface Order {
  readonly id: string;
  readonly title: string;
  readonly amount: number;
  readonly at: number;
  readonly acceptedBy?: string;
}

export interface Orders {
  readonly allAmount: number;
  readonly orderNum: number;
  /** Newest first. */
  readonly list: readonly Order[];
}

/** What is heard in a device's channel. */
export type DeviceNews = { readonly command: Command } | { readonly state: DeviceState };

/** What is heard where. */
export type Channels = {
  [lot: `lot:${string}`]: Bid;
  [head: `scan:${string}`]: Task;
  [device: `device:${string}`]: DeviceNews;
  /** The list of orders has changed. */
  orders: { readonly method: "notify"; readonly id: string };
};

/** What the backend can be asked. */
export type Methods = {
  lot(of: { lot: string }): Lot;
  bids(of: { lot: string; limit?: number }): Bid[];
  bid(bid: { lot: string; price: number }): Bid;
  device(of: { serial: string; limit?: number }): Device;
  turn(what: { serial: string; turn: "on" | "off" }): Command;
  tasks(of: { head: string; limit?: number }): Task[];
  assign(task: { id: string }): Task;
  finish(task: { id: string }): Task;
  list(page: { limit?: number }): Orders;
  order(order: { title: string; kind: "jdc" | "jsz"; amount: number }): Order;
  accept(order: { id: string }): Order;
};

/** What somebody does, rather than only looks. */
export type Deed = "bid" | "turn" | "assign" | "finish" | "order" | "accept";

/** The one device, and the one scanning head. */
export const PUMP = "pump-1";
export const GATE = "gate";
