import assert from "node:assert/strict";
import { test } from "node:test";
import { createPinia, defineStore, setActivePinia } from "pinia";
import { nextTick, watch } from "vue";
import Vue2 from "vue2";
import { createStore, type Vuex } from "vuex";
import vuex3 from "vuex3";
import { feed } from "../src/store.js";
import { World } from "./world.js";

interface Task {
  readonly id: number;
  done?: boolean;
}

interface Tasks {
  online: boolean;
  list: Task[];
  loads: number;
}

const tasks = {
  strict: true,
  state: (): Tasks => ({ online: false, list: [], loads: 0 }),
  mutations: {
    STATUS: (state: Tasks, { online }: { online: boolean }) => (state.online = online),
    ADD: (state: Tasks, task: Task) => state.list.push(task),
    DONE: (state: Tasks) => (state.list[0]!.done = true),
    LOADED: (state: Tasks) => state.loads++,
    FAIL: () => {
      throw new Error("in a mutation");
    },
  },
  actions: {
    load: async ({ commit }: { commit(name: string): void }) => {
      await Promise.resolve();
      commit("LOADED");
    },
  },
};

Vue2.use(vuex3 as never);

for (const [version, make] of [
  ["3", () => new vuex3.Store<Tasks>(tasks)],
  ["4", () => createStore<Tasks>(tasks)],
] as [string, () => Vuex<Tasks>][]) {
  test(`a store of Vuex ${version} gets every message, equal ones in one tick too, where a watcher sees one`, async () => {
    const world = new World();
    const complaints: unknown[] = [];
    const suona = world.client({ onError: (error) => complaints.push(error) });
    const store = make();
    let seen = 0;
    store.watch(
      ({ list }) => list.length,
      () => seen++,
    );
    const raw: unknown[] = [];
    suona.channel("scan:1").each((task) => raw.push(task));
    const undo = feed(suona, store, {
      status: "STATUS",
      channels: { "scan:1": { message: "ADD", reload: "load", keep: 20 }, "scan:2": "FAIL", "scan:3": "nowhere" },
    });
    suona.start();
    await world.pass(1000);
    assert.deepEqual([store.state.online, store.state.loads, store.state.list.length], [true, 1, 0]);
    for (let n = 0; n < 3; n++) world.server.publish("scan:1", { id: 1 });
    world.server.publish("scan:2", 1);
    await world.pass(100);
    assert.deepEqual(
      store.state.list.map(({ id }) => id),
      [1, 1, 1],
    );
    assert.ok(seen >= 1 && seen <= 3);
    assert.match(String(complaints[0]), /in a mutation/);
    store.commit("DONE");
    assert.deepEqual(raw[0], { id: 1 }); // what the store changes is its own
    undo();
    world.server.publish("scan:1", { id: 2 });
    await world.pass(100);
    assert.equal(store.state.list.length, 3);
    suona.close();
  });
}

function pinia() {
  setActivePinia(createPinia());
  return defineStore("tasks", {
    state: (): Tasks => ({ online: false, list: [], loads: 0 }),
    actions: {
      setStatus({ online }: { online: boolean }) {
        this.online = online;
      },
      add(task: unknown) {
        this.list.push(task as Task);
      },
      async load() {
        await Promise.resolve();
        this.loads++;
      },
    },
  })();
}

test("a store of Pinia gets every message by its actions", async () => {
  const world = new World();
  const suona = world.client();
  const store = pinia();
  let seen = 0;
  watch(
    () => store.list.length,
    () => seen++,
  );
  feed(suona, store, { status: "setStatus", channels: { "scan:1": { message: "add", reload: "load" } } });
  suona.start();
  await world.pass(1000);
  world.server.publish("scan:1", { id: 1 });
  world.server.publish("scan:1", { id: 1 });
  await world.pass(100);
  await nextTick();
  assert.equal(store.online, true);
  assert.equal(store.loads, 1);
  assert.deepEqual(store.list, [{ id: 1 }, { id: 1 }]);
  assert.ok(seen >= 1);
  // @ts-expect-error there is no such action
  feed(suona, store, { status: "nothing" })();
  suona.close();
});

test("the last messages survive the end of the app, and come first when it starts again", async () => {
  const world = new World();
  const before = world.client();
  before.channel("scan:1", { keep: 2 }).each(() => undefined);
  before.start();
  await world.pass(500);
  for (let id = 1; id <= 3; id++) world.server.publish("scan:1", { id });
  await world.pass(100);
  before.close();
  const suona = world.client();
  const store = pinia();
  feed(suona, store, { channels: { "scan:1": { message: "add", keep: 2 } } });
  assert.deepEqual(store.list, [{ id: 2 }, { id: 3 }]); // before there is a connection
  world.server.publish("scan:1", { id: 4 });
  suona.start();
  await world.pass(500);
  assert.deepEqual(store.list, [{ id: 2 }, { id: 3 }, { id: 4 }]);
  suona.close();
});
