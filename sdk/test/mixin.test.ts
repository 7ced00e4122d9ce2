import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { createRenderer, h, reactive } from "vue";
import Vue2 from "vue2";
import { suonaMixin } from "../src/mixin.js";
import { World } from "./world.js";

mock.timers.enable({ apis: ["setTimeout"] }); // countdowns tick by it

/** A component of the Options API, as both versions of Vue take it. */
function desk(world: World) {
  const complaints: unknown[] = [];
  const suona = world.client({ onError: (error) => complaints.push(error) });
  suona.start();
  const props = { lot: { type: String, required: true } } as const;
  const component = {
    mixins: [
      suonaMixin(suona, {
        channels: ({ lot }) => ({ [`lot:${String(lot)}`]: { message: "onBid", reload: "load", gap: "nowhere" } }),
        countdowns: { left: "endAt" },
      }),
    ],
    props,
    data: () => ({ bids: [] as unknown[], endAt: world.timeline.now + 65_000 }),
    methods: {
      load(this: { bids: unknown[]; lot: string }) {
        this.bids = [`loaded ${this.lot}`];
      },
      onBid(this: { bids: unknown[] }, bid: unknown) {
        this.bids.push(bid);
      },
    },
  };
  return { suona, component, complaints };
}

interface Desk {
  readonly bids: unknown[];
  readonly left: number;
  readonly connection: { readonly online: boolean };
}

/** What both versions must do, given how each changes a property and ends. */
async function plays(
  world: World,
  found: ReturnType<typeof desk>,
  page: Desk,
  turn: (lot: string) => void,
  end: () => void,
) {
  const { suona, complaints } = found;
  assert.equal(page.left, 65_000);
  await world.pass(1000);
  assert.equal(page.connection.online, true);
  assert.equal(Math.ceil(page.left / 1000), 60); // the server's clock is 5 s ahead
  world.server.publish("lot:1", 5);
  await world.pass(100);
  assert.deepEqual([...page.bids], ["loaded 1", 5]);
  turn("2");
  await world.pass(1000);
  world.server.publish("lot:1", 6);
  world.server.publish("lot:2", 7);
  await world.pass(100);
  assert.deepEqual([...page.bids], ["loaded 2", 7]);
  end();
  await world.pass(1000);
  assert.equal([...world.server.connections][0]!.channels.size, 0);
  assert.deepEqual(complaints, []);
  suona.close();
  assert.equal(page.connection.online, true); // nothing reaches it any more
}

test("a component of Vue 2 hears its lot, the next one when it changes, and nothing in the end", async () => {
  const world = new World();
  const found = desk(world);
  const Component = Vue2.extend(found.component as never) as unknown as new (
    options: object,
  ) => Desk & { lot: string; $destroy(): void };
  const page = new Component({ propsData: { lot: "1" } });
  Vue2.config.silent = true; // it is the parent who changes properties, and there is none
  await plays(
    world,
    found,
    page,
    (lot) => (page.lot = lot),
    () => page.$destroy(),
  );
});

test("a component of Vue 3 does the same with the Options API", async () => {
  const world = new World();
  const found = desk(world);
  const nothing = () => ({}) as never;
  const { createApp } = createRenderer<object, object>({
    createElement: nothing,
    createText: nothing,
    createComment: nothing,
    insert: () => undefined,
    remove: () => undefined,
    setText: () => undefined,
    setElementText: () => undefined,
    parentNode: () => null,
    nextSibling: () => null,
    patchProp: () => undefined,
  });
  const props = reactive({ lot: "1" });
  let page: unknown;
  const component = { ...found.component, render: () => h("page") };
  const app = createApp({ render: () => h(component as never, { ...props, ref: (it: unknown) => it && (page = it) }) });
  app.mount({});
  await plays(
    world,
    found,
    page as Desk,
    (lot) => (props.lot = lot),
    () => app.unmount(),
  );
});

test("messages wait while a page of uni-app is hidden", async () => {
  const world = new World();
  const suona = world.client();
  suona.start();
  const heard: unknown[] = [];
  const Component = Vue2.extend({
    mixins: [suonaMixin(suona, { channels: { news: (data: unknown) => void heard.push(data) } })] as never[],
  });
  const page = new Component();
  // uni-app calls what lies in the options, of mixins too.
  const { onHide, onShow } = (page.$options as unknown as { mixins: Record<"onHide" | "onShow", () => void>[] })
    .mixins[0]!;
  await world.pass(500);
  onHide.call(page);
  world.server.publish("news", 1);
  await world.pass(100);
  assert.deepEqual(heard, []);
  onShow.call(page);
  assert.deepEqual(heard, [1]);
  page.$destroy();
  suona.close();
});
