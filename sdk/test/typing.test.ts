import assert from "node:assert/strict";
import { test } from "node:test";
import { createSuona } from "../src/index.js";
import { World } from "./world.js";

interface Bid {
  readonly price: number;
}

interface Channels {
  orders: { readonly method: string };
  [lot: `lot:${string}`]: Bid;
}

interface Methods {
  list(): { readonly orderNum: number };
  bid(data: { lot: string; price: number }): Bid;
}

test("channels and methods have their types", async () => {
  const world = new World();
  world.server.rpc = (method, data) => ({ data: method === "list" ? { orderNum: 3 } : data });
  const suona = createSuona<Channels, Methods>({ url: "wss://example.org", platform: world.device });
  const prices: number[] = [];
  suona.channel("lot:1").each((bid, publication) => prices.push(bid.price, publication.data.price));
  suona.channel("orders").on({ message: ({ method }) => method.length });
  // @ts-expect-error there is no such channel
  suona.channel("nowhere");
  // @ts-expect-error a bid has a price
  void suona.publish("lot:1", { cost: 5 });
  // @ts-expect-error there is no such method
  void suona.rpc("nothing");
  // @ts-expect-error a bid names its lot
  void suona.rpc("bid", { price: 5 });
  suona.start();
  const done: number[] = [];
  void suona.rpc("list").then(({ orderNum }) => done.push(orderNum));
  void suona.rpc("bid", { lot: "1", price: 5 }).then(({ price }) => done.push(price));
  void suona
    .channel("lot:1")
    .history()
    .then(({ publications }) => done.push(publications.length));
  await world.pass(500);
  world.server.publish("lot:1", { price: 7 });
  await world.pass(100);
  assert.deepEqual(done, [3, 5, 1]);
  assert.deepEqual(prices.slice(-2), [7, 7]);
  suona.close();
});

test("without types everything goes", async () => {
  const world = new World();
  const suona = createSuona({ url: "wss://example.org", platform: world.device });
  suona.start();
  let answer: unknown;
  void suona.rpc("echo", { a: 1 }).then((found) => (answer = found));
  await world.pass(500);
  assert.deepEqual(answer, { a: 1 });
  suona.close();
});
