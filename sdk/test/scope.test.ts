import assert from "node:assert/strict";
import { test } from "node:test";
import { createRenderer, h } from "vue";
import Vue2 from "vue2";
import type { Suona } from "../src/index.js";
import { MiniPage } from "./mini-page.js";
import { World } from "./world.js";

/** A page listens in its own way until it ends, and what it heard is compared. */
async function plays(open: (suona: Suona, heard: unknown[]) => () => void): Promise<void> {
  const world = new World();
  const complaints: unknown[] = [];
  const suona = world.client({ onError: (error) => complaints.push(error) });
  suona.start();
  const heard: unknown[] = [];
  const end = open(suona, heard);
  await world.pass(300);
  world.server.publish("scan:1", "one");
  await world.pass(100);
  assert.deepEqual(heard, ["created", "one"]);
  end();
  world.server.publish("scan:1", "two");
  world.cut();
  await world.pass(5000);
  assert.deepEqual(heard, ["created", "one", "ended"]);
  assert.equal([...world.server.connections][0]!.channels.size, 0, "the channel is left");
  assert.deepEqual(complaints, []);
  suona.close();
}

const renderer = createRenderer<object, object>({
  insert: () => undefined,
  remove: () => undefined,
  createElement: () => ({}),
  createText: () => ({}),
  createComment: () => ({}),
  setText: () => undefined,
  setElementText: () => undefined,
  parentNode: () => null,
  nextSibling: () => null,
  patchProp: () => undefined,
});

test("a scope ends with a native page, and the page's own onUnload is called", () =>
  plays((suona, heard) => {
    const page = new MiniPage({
      onLoad(this: { onUnload(): void }) {
        heard.push("created");
        suona.scope(this).channel("scan:1").each((data) => heard.push(data));
      },
      onUnload: () => void heard.push("ended"),
    });
    return () => page.unload();
  }));

test("a scope ends with a component of Vue 3", () =>
  plays((suona, heard) => {
    const app = renderer.createApp({
      created(this: object) {
        heard.push("created");
        suona.scope(this).channel("scan:1").each((data) => heard.push(data));
      },
      beforeUnmount: () => void heard.push("ended"),
      render: () => h("p"),
    });
    app.mount({});
    return () => app.unmount();
  }));

test("a scope ends with a component of Vue 3 that has nothing else to do then", () =>
  plays((suona, heard) => {
    const app = renderer.createApp({
      created(this: object) {
        heard.push("created");
        suona.scope(this).channel("scan:1").each((data) => heard.push(data));
      },
      render: () => h("p"),
    });
    app.mount({});
    return () => {
      app.unmount();
      heard.push("ended");
    };
  }));

test("a scope ends with a component of Vue 2", () =>
  plays((suona, heard) => {
    const component = new Vue2({
      created(this: object) {
        heard.push("created");
        suona.scope(this).channel("scan:1").each((data) => heard.push(data));
      },
      beforeDestroy: () => void heard.push("ended"),
    } as never) as unknown as { $destroy(): void };
    return () => component.$destroy();
  }));

test("a scope that nobody owns ends when it is told to", () =>
  plays((suona, heard) => {
    const scope = suona.scope();
    heard.push("created");
    scope.channel("scan:1").each((data) => heard.push(data));
    return () => {
      scope.end();
      heard.push("ended");
    };
  }));
