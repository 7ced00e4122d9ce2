import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { createSuona } from "../src/index.js";
import { suonaPage } from "../src/page.js";
import { MiniPage } from "./mini-page.js";
import { World } from "./world.js";

interface Order {
  readonly id: number;
}

interface Channels {
  orders: Order;
  [lot: `lot:${string}`]: { readonly price: number };
}

interface Methods {
  list(): { readonly allAmount: string; readonly list: Order[] };
  lot(): { readonly endAt: number };
}

function opened() {
  const world = new World();
  const complaints: unknown[] = [];
  const suona = createSuona<Channels, Methods>({
    url: "wss://example.org",
    platform: world.device,
    onError: (error) => complaints.push(error),
    words: { connecting: "正在连接…", faults: {} },
  });
  suona.start();
  return { world, suona, complaints };
}

test("the order desk loads at first, and again whenever it is notified", async () => {
  const { world, suona } = opened();
  let total = 0;
  world.server.rpc = () => ({ data: { allAmount: String(++total), list: [{ id: total }] } });
  const page = new MiniPage(
    suonaPage(suona, {
      data: { online: false, pending: 0, notice: "", total: 0, list: [] as Order[] },
      channels: { orders: { message: "onNotify", reload: "load" } },
      async load() {
        const { allAmount, list } = await suona.rpc("list");
        this.setData({ total: +allAmount, list });
      },
      onNotify() {
        return this.load();
      },
    }),
  );
  assert.deepEqual(page.patches, [{ notice: "正在连接…" }]);
  await world.pass(1000);
  assert.deepEqual(page.data, { online: true, pending: 0, notice: "", total: 1, list: [{ id: 1 }] });
  world.server.publish("orders", { id: 2 });
  await world.pass(1000);
  assert.equal(page.data.total, 2);
  suona.close();
});

test("fields of a page that are called otherwise are not touched, and only what changed is set", async () => {
  const { world, suona } = opened();
  const page = new MiniPage(suonaPage(suona, { data: { online: false, own: 1 } }));
  await world.pass(1000);
  void suona.rpc("list");
  await world.pass(1000);
  assert.deepEqual(page.patches, [{ online: true }]);
  suona.close();
});

test("nothing is called or set while the page is hidden, and all of it in order when it is shown", async () => {
  const { world, suona } = opened();
  const story: unknown[] = [];
  const page = new MiniPage(
    suonaPage(suona, {
      data: { online: false, notice: "" },
      channels: {
        orders: { message: ({ id }) => void story.push(id), gap: () => void story.push("gap"), reload: "load" },
      },
      onShow: () => void story.push("shown"),
      load: () => void story.push("load"),
    }),
  );
  await world.pass(1000);
  page.hide();
  page.patches.length = story.length = 0;
  world.server.publish("orders", { id: 1 });
  await world.pass(100);
  world.cut();
  world.server.restart();
  await world.pass(5000);
  world.server.publish("orders", { id: 2 });
  await world.pass(100);
  assert.deepEqual([story, page.patches], [[], []]);
  page.show();
  await world.pass(100);
  assert.deepEqual(story, ["shown", 1, "gap", "load", 2]);
  assert.deepEqual(page.patches, []);
  suona.close();
});

test("a page that is hidden for ever hears a thousand messages late, and loses none", async () => {
  const { world, suona } = opened();
  const heard: number[] = [];
  const page = new MiniPage(suonaPage(suona, { channels: { orders: ({ id }) => void heard.push(id) } }));
  await world.pass(1000);
  page.hide();
  for (let id = 0; id < 1500; id++) world.server.publish("orders", { id });
  await world.pass(60_000);
  assert.equal(heard.length, 1001);
  page.show();
  assert.deepEqual(
    heard,
    Array.from({ length: 1500 }, (_, id) => id),
  );
  suona.close();
});

test("listeners end with the page, and a page opened twice listens twice", async () => {
  const { world, suona } = opened();
  const heard: string[] = [];
  const definition = suonaPage(suona, {
    data: { lot: "" },
    channels: ({ lot }) => ({ [`lot:${lot}`]: "onBid" }),
    onLoad({ lot }) {
      this.setData({ lot });
    },
    onBid({ price }: { price: number }) {
      heard.push(`${this.data.lot}: ${price}`);
    },
  });
  const first = new MiniPage(definition, { lot: "1" });
  const second = new MiniPage(definition, { lot: "2" });
  await world.pass(1000);
  world.server.publish("lot:1", { price: 10 });
  world.server.publish("lot:2", { price: 20 });
  await world.pass(1000);
  first.unload();
  world.server.publish("lot:1", { price: 11 });
  world.server.publish("lot:2", { price: 21 });
  await world.pass(1000);
  assert.deepEqual(heard, ["1: 10", "2: 20", "2: 21"]);
  second.unload();
  await world.pass(1000);
  assert.equal([...world.server.connections][0]!.channels.size, 0);
  const { length } = second.patches;
  suona.close();
  assert.equal(second.patches.length, length);
});

test("a page whose callbacks throw and reject is reported, and goes on", async () => {
  const { world, suona, complaints } = opened();
  let heard = 0;
  const definition = suonaPage(suona, {
    data: { online: false },
    channels: {
      orders: {
        message: () => {
          heard++;
          throw new Error("in message");
        },
        reload: "nowhere",
      },
      "lot:1": { reload: () => Promise.reject(new Error("in reload")) },
    },
    onLoad: () => {
      throw new Error("in onLoad");
    },
  });
  assert.throws(() => new MiniPage(definition), /in onLoad/); // as it would without us
  await world.pass(500);
  world.server.publish("orders", { id: 1 });
  world.server.publish("orders", { id: 2 });
  await world.pass(100);
  assert.equal(heard, 2);
  const told = complaints.map((error) => (error as Error).message);
  for (const what of [/in message/, /in reload/, /no method "nowhere"/])
    assert.ok(told.some((line) => what.test(line)));
  suona.close();
});

test("a page whose screen cannot be set is reported", async () => {
  const { world, suona, complaints } = opened();
  const page = new MiniPage(suonaPage(suona, { data: { online: false } }));
  page.setData = () => {
    throw new Error("setData failed");
  };
  await world.pass(1000);
  assert.equal(suona.status.value.online, true);
  assert.match(String(complaints[0]), /setData failed/);
  suona.close();
});

test("a countdown whose end has just been loaded does not stand at 0 until the next second", async () => {
  const { world, suona } = opened();
  world.server.rpc = () => ({ data: { endAt: world.timeline.now + 65_000 } });
  const page = new MiniPage(
    suonaPage(suona, {
      data: { left: 0, endAt: 0, pending: 0 },
      countdowns: { left: "endAt" },
      channels: { "lot:7": { reload: "load" } },
      async load() {
        this.setData(await suona.rpc("lot"));
      },
    }),
  );
  await world.pass(1000);
  page.unload();
  suona.close();
  assert.ok((page.data.left as number) > 55_000);
});

test("a countdown follows the server's clock, stands still while offline or hidden, and follows a moved end", async (t) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  const { world, suona } = opened();
  const pass = async (ms: number) => {
    await world.pass(ms);
    mock.timers.tick(ms);
  };
  const page = new MiniPage(
    suonaPage(suona, { data: { left: 0, endAt: world.timeline.now + 65_000 }, countdowns: { left: "endAt" } }),
  );
  const left = () => Math.ceil((page.data.left as number) / 1000);
  assert.equal(left(), 65);
  await pass(500);
  assert.equal(left(), 60); // the server's clock is 5 s ahead
  for (let second = 0; second < 3; second++) await pass(1000);
  assert.equal(left(), 57);
  world.network = "cut";
  world.cut();
  const before = page.data.left;
  for (let second = 0; second < 5; second++) await pass(1000);
  assert.equal(page.data.left, before);
  world.network = "up";
  for (let second = 0; second < 20; second++) await pass(1000);
  assert.equal(left(), 32); // 25 s later, the 5 s offline included
  page.hide();
  for (let second = 0; second < 3; second++) await pass(1000);
  assert.equal(left(), 32);
  page.show();
  assert.equal(left(), 29);
  for (let second = 0; second < 30; second++) await pass(1000);
  assert.equal(page.data.left, 0);
  page.setData({ endAt: suona.serverNow() + 60_000 });
  await pass(1000);
  assert.ok(left() >= 59);
  page.unload();
  suona.close();
});
