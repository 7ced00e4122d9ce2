import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { mock, test } from "node:test";
import { build } from "esbuild";
import { effectScope, nextTick, ref, watchEffect } from "vue";
import type { Suona } from "../src/index.js";
import { useChannel, useCountdown, useStatus } from "../src/vue.js";
import { World } from "./world.js";

test("the parts of the status are refs, and end with the component", async () => {
  const world = new World();
  const suona = world.client();
  const component = effectScope();
  const { online, notice, pending } = component.run(() => useStatus(suona))!;
  const rendered: string[] = [];
  component.run(() => watchEffect(() => rendered.push(`${online.value} ${notice.value}`)));
  suona.start();
  await world.pass(500);
  void suona.rpc("echo");
  assert.equal(pending.value, 1);
  await nextTick();
  assert.deepEqual(rendered, ["false ", "false Connecting…", "true "]); // not when only `pending` or `state` changed
  component.stop();
  suona.close();
  assert.equal(online.value, true);
});

test("the quotation page hears its lot, the next one when it changes, and nothing in the end", async () => {
  const world = new World();
  const suona = world.client();
  world.server.rpc = (_, lot) => ({ data: [`bids of ${(lot as { lot: string }).lot}`] });
  suona.start();
  const component = effectScope();
  const lot = ref("1");
  const bids = ref<unknown[]>([]);
  component.run(() =>
    useChannel(suona, () => lot.value && `lot:${lot.value}`, {
      reload: async () => {
        bids.value = (await suona.rpc("bids", { lot: lot.value })) as unknown[];
      },
      message: (bid) => bids.value.push(bid),
    }),
  );
  await world.pass(1000);
  world.server.publish("lot:1", 5);
  await world.pass(100);
  assert.deepEqual(bids.value, ["bids of 1", 5]);
  lot.value = "2";
  await world.pass(1000);
  world.server.publish("lot:1", 6);
  world.server.publish("lot:2", 7);
  await world.pass(100);
  assert.deepEqual(bids.value, ["bids of 2", 7]);
  const joined = () => [...[...world.server.connections][0]!.channels];
  assert.deepEqual(joined(), ["lot:2"]);
  lot.value = "";
  await world.pass(100);
  assert.deepEqual(joined(), []);
  lot.value = "3";
  component.stop();
  lot.value = "4";
  await world.pass(100);
  assert.deepEqual(joined(), []);
  suona.close();
});

test("who joins and leaves is heard by whoever has a callback for it", async () => {
  const world = new World();
  const suona = world.client();
  const component = effectScope();
  component.run(() => useChannel(suona, "room", { join: () => undefined }));
  component.run(() => useChannel(suona, "news", () => undefined));
  suona.start();
  await world.pass(500);
  const asked = world.server.commands.flatMap(({ subscribe }) =>
    subscribe ? [subscribe as Record<string, unknown>] : [],
  );
  assert.deepEqual(
    asked.map(({ channel, join_leave }) => [channel, join_leave]),
    [
      ["room", true],
      ["news", undefined],
    ],
  );
  component.stop();
  suona.close();
});

test("a countdown ticks while online, follows its end, and leaves no timer behind", async (t) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  const world = new World();
  const suona = world.client();
  const component = effectScope();
  const end = ref(world.timeline.now + 65_000);
  const left = component.run(() => useCountdown(suona, end))!;
  assert.equal(left.value, 65_000);
  suona.start();
  await world.pass(500);
  const ticks: number[] = [];
  component.run(() => watchEffect(() => ticks.push(left.value), { flush: "sync" }));
  for (let second = 0; second < 3; second++) {
    await world.pass(1000);
    mock.timers.tick(1000);
  }
  assert.equal(ticks.length, 4);
  end.value += 60_000;
  assert.ok(left.value > 110_000);
  component.stop();
  const { value } = left;
  await world.pass(5000);
  mock.timers.tick(5000);
  assert.equal(left.value, value);
  suona.close();
});

test("the same runs on Vue 2.7", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "suona-vue2-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const root = resolve(import.meta.dirname, "..");
  await build({
    stdin: { contents: `export * from "./src/vue.js"; export * from "vue";`, resolveDir: root },
    outfile: join(folder, "vue.cjs"),
    alias: { vue: "vue2" },
    bundle: true,
    format: "cjs",
    logLevel: "error",
  });
  const vue2 = createRequire(import.meta.url)(join(folder, "vue.cjs")) as typeof import("../src/vue.js") &
    typeof import("vue");
  const world = new World();
  const suona: Suona = world.client();
  suona.start();
  const component = vue2.effectScope();
  const lot = vue2.ref("1");
  const heard: unknown[] = [];
  const { online, left } = component.run(() => {
    vue2.useChannel(
      suona,
      () => `lot:${lot.value}`,
      (bid) => heard.push(bid),
    );
    return { ...vue2.useStatus(suona), left: vue2.useCountdown(suona, vue2.ref(world.timeline.now + 1000)) };
  })!;
  assert.equal(left.value, 1000);
  await world.pass(500);
  assert.equal(online.value, true);
  lot.value = "2";
  await world.pass(500);
  world.server.publish("lot:2", 7);
  await world.pass(500);
  assert.deepEqual(heard, [7]);
  component.stop();
  await world.pass(500);
  assert.equal([...world.server.connections][0]!.channels.size, 0);
  suona.close();
});
