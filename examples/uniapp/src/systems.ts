/** What the pages and the backend say to each other. Times are in milliseconds since 1970, prices in yuan. */

/** Something to be bought. The lowest price wins. */
export interface Lot {
  readonly lot: string;
  readonly title: string;
  readonly endAt: number;
  /** The lowest price so far; before the first bid, what it may cost at most. */
  readonly best: number;
  /** How many there were. */
  readonly bids: number;
}

export interface Bid {
  readonly id: string;
  readonly lot: string;
  readonly price: number;
  readonly supplier: string;
  readonly at: number;
}

/** 机动车 (vehicles) and 驾驶证 (licences) are the two kinds of orders. */
export interface Orders {
  readonly allAmount: number;
  readonly orderNum: number;
  readonly jdcAmount: number;
  readonly jszAmount: number;
  readonly list: readonly Order[];
}

export interface Order {
  readonly id: string;
  readonly title: string;
  readonly amount: number;
  readonly at: number;
  readonly acceptedBy?: string;
}

export interface Device {
  readonly serial: string;
  readonly title: string;
  readonly state: DeviceState;
  readonly commands: readonly Command[];
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
  /** When it was done. */
  readonly done?: number;
  /** Why it failed. */
  readonly reason?: string;
}

/** What a scanner read. */
export interface Task {
  readonly id: string;
  readonly head: string;
  readonly code: string;
  readonly title: string;
  readonly at: number;
  /** Who has taken it. */
  readonly assignee?: string;
  /** When. */
  readonly finished?: number;
}

/** So many items a list shows, as many as the backend gives at a time: it may go on for days. */
export const SHOWN = 50;

/** What is heard where. */
export type Channels = {
  /** A lot as it stands now. */
  lots: Lot;
  [lot: `lot:${string}`]: Bid;
  [head: `scan:${string}`]: Task;
  [device: `device:${string}`]: { readonly command: Command } | { readonly state: DeviceState };
  /** The list of orders has changed. */
  orders: { readonly method: "notify"; readonly id: string };
};

/** What the backend can be asked. */
export type Methods = {
  lots(): Lot[];
  lot(of: { lot: string }): Lot;
  bids(of: { lot: string }): Bid[];
  bid(bid: { lot: string; price: number }): Bid;
  list(): Orders;
  device(of: { serial: string }): Device;
  turn(what: { serial: string; turn: "on" | "off" }): Command;
  tasks(of: { head: string; limit: number }): Task[];
};
