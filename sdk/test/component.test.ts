// The native component, compiled and rendered by WeChat's own tools: npm `miniprogram-simulate`, a simulation.
import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { JSDOM } from "jsdom";

const { window } = new JSDOM("<!doctype html>");
for (const name of ["document", "Event", "CustomEvent", "Node", "HTMLElement"])
  Object.assign(globalThis, { [name]: window[name] });
Object.assign(globalThis, { window });
const { default: simulate } = await import("miniprogram-simulate");

test("<suona-status> shows its notice, and nothing while all is well", async () => {
  const id = simulate.load(join(resolve(import.meta.dirname, ".."), "src/components/suona-status/index"));
  const status = simulate.render(id);
  status.attach(window.document.createElement("div"));
  const text = () => status.dom.innerHTML.replace(/<[^>]*>/g, "");
  assert.equal(status.dom.innerHTML.includes("--bar"), false);
  status.setData({ notice: "正在连接…" });
  assert.equal(text(), "正在连接…");
  assert.equal(status.dom.innerHTML.includes("--bar"), true);
  status.setData({ notice: "" });
  assert.equal(text(), "");
  status.detach();
});
