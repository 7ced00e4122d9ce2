// npm `centrifuge` by every way and a backend of several parts, each asked by its name: what a question takes along,
// and what a status means to the client.

import assert from "node:assert/strict";
import test from "node:test";

import { EventSource } from "eventsource";
import { WebSocket } from "ws";

import { backend } from "./harness/backend.mjs";
import { next, subscribed, until } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { inSeconds, token } from "./harness/tokens.mjs";
import { ALL, WAYS } from "./harness/transports.mjs";

/** What the namespace `shop` is asked for, each kind at a webhook of its own. */
const KINDS = ["subscribe", "publish", "sub_refresh"];
const refused = () => ({ error: { code: 1001, message: "that is not for me" } });

const firm = await backend(test, {
  // Those beside the question, which nothing in these stories is for.
  subscribe: refused,
  publish: refused,
  sub_refresh: refused,
  rpc: ({ method }) => (method.startsWith("status-") ? Number(method.split("-")[1]) : refused()),
  // Those that are chosen by name.
  "shop-subscribe": ({ channel }) => ({ result: channel.includes("brief") ? { expire_at: inSeconds(2) } : {} }),
  "shop-publish": ({ data }) => ({ result: { data: { ...data, by: "the shop" } } }),
  "shop-sub_refresh": () => ({ result: { expire_at: inSeconds(600) } }),
  "shop-rpc": ({ meta = null }, headers) => ({ result: { data: { meta, headers: passedOn(headers) } } }),
  bytes: ({ b64data, data }) => ({ result: { b64data: turned(b64data), data } }),
});
const named = (name, more) => ({ name, ...firm.webhook(name), ...more });
const passedOn = (headers) => Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith("x-")));
const turned = (b64data) => Buffer.from(b64data, "base64").reverse().toString("base64");

const gateway = await start(test, {
  ...ALL,
  proxies: [
    ...KINDS.map((kind) => named(`shop-${kind}`)),
    named("shop-rpc", {
      http_headers: ["X-Request"],
      emulated_headers: ["X-Emulated"],
      include_connection_meta: true,
      http: { static_headers: { "X-Static": "the gateway's" } },
    }),
    named("bytes", { binary_encoding: true }),
  ],
  channel: {
    proxy: Object.fromEntries(KINDS.map((kind) => [kind, firm.webhook(kind)])),
    namespaces: [
      {
        name: "shop",
        ...Object.fromEntries(KINDS.map((kind) => [`${kind}_proxy_enabled`, true])),
        ...Object.fromEntries(KINDS.map((kind) => [`${kind}_proxy_name`, `shop-${kind}`])),
      },
    ],
  },
  rpc: {
    proxy: firm.webhook("rpc", {
      http: {
        status_to_code_transforms: [
          { status_code: 404, to_error: { code: 1404, message: "no such thing" } },
          { status_code: 423, to_error: { code: 1423, message: "in a moment", temporary: true } },
          { status_code: 401, to_disconnect: { code: 4401, reason: "log in again" } },
          { status_code: 403, to_disconnect: { code: 4503, reason: "banned" } },
        ],
      },
    }),
    without_namespace: { proxy_enabled: true },
    namespaces: [
      { name: "shop", proxy_enabled: true, proxy_name: "shop-rpc" },
      { name: "bytes", proxy_enabled: true, proxy_name: "bytes" },
    ],
  },
});

/** Options of a client whose HTTP requests, the upgrade too, carry `headers`. */
function carrying(headers) {
  const sent = (url, init = {}) => fetch(url, { ...init, headers: { ...init.headers, ...headers } });
  return {
    fetch: sent,
    eventsource: class extends EventSource {
      constructor(url) {
        super(url, { fetch: sent });
      }
    },
    websocket: class extends WebSocket {
      constructor(url, protocols) {
        super(url, protocols, { headers });
      }
    },
  };
}

for (const way of WAYS) {
  const user = `ann-${way.slug}`;
  const options = { token: token({ sub: user, meta: { plan: "gold" } }) };
  const questions = (kind) => firm.questions(kind).filter((question) => question.user === user);

  test(`${way.name}: a namespace asks the webhooks that it names, and no other`, async (t) => {
    const ann = await way.connected(t, gateway, options);
    const counter = await subscribed(ann, "shop:counter");
    const items = way.heard(counter);
    await counter.publish(way.encode({ say: "hello" }));
    await until(() => items.length === 1, "it is heard");
    assert.deepEqual(items, [{ say: "hello", by: "the shop" }]);
    await subscribed(ann, "shop:brief");
    await until(() => questions("shop-sub_refresh").length, "it is asked when the subscription expires");
    assert.equal(questions("shop-sub_refresh")[0].channel, "shop:brief");
    for (const kind of KINDS) assert.deepEqual(questions(kind), [], kind);
  });

  test(`${way.name}: a question has the headers and the meta that its webhook asks for, and no other`, async (t) => {
    const request = carrying({ "X-Request": "the browser's", "X-Secret": "nobody's business" });
    const headers = { "X-Emulated": "the app's", "X-Other": "nobody's business" };
    const ann = await way.connected(t, gateway, { ...options, ...request, headers });
    const { data } = await ann.rpc("shop:look", way.encode({}));
    assert.deepEqual(way.decode(data), {
      meta: { plan: "gold" },
      headers: { "x-static": "the gateway's", "x-request": "the browser's", "x-emulated": "the app's" },
    });
    await assert.rejects(ann.rpc("elsewhere", way.encode({})), { code: 1001 });
    const [elsewhere] = questions("rpc").filter(({ method }) => method === "elsewhere");
    assert.equal(elsewhere.meta, undefined);
  });

  test(`${way.name}: a status of the backend is the error or the end that the configuration makes of it`, async (t) => {
    const ann = await way.connected(t, gateway, options);
    const ask = (client, status) => client.rpc(`status-${status}`, way.encode({}));
    for (const [status, code, temporary] of [[404, 1404, false], [423, 1423, true], [500, 100, true]]) {
      await assert.rejects(ask(ann, status), (error) => {
        assert.deepEqual([error.code, Boolean(error.temporary)], [code, temporary]);
        return true;
      });
    }
    for (const [status, event, code, reason] of [
      [401, "connecting", 4401, "log in again"],
      [403, "disconnected", 4503, "banned"],
    ]) {
      const ends = next(ann, event);
      ask(ann, status).catch(() => {}); // it ends with the connection
      const context = await ends;
      assert.deepEqual([context.code, context.reason], [code, reason]);
      if (event === "connecting") await ann.ready(5000);
    }
  });

  test(`${way.name}: bytes go to the backend and come back as they are`, async (t) => {
    const ann = await way.connected(t, gateway, options);
    const protobuf = way.protocol === "protobuf";
    const [said, back] = protobuf ? [Buffer.of(0, 0xff, 0x0a), Buffer.of(0x0a, 0xff, 0)] : [12, 21];
    const { data } = await ann.rpc("bytes:turn", said);
    assert.deepEqual(protobuf ? Buffer.from(data) : data, back);
    const { encoding } = questions("bytes").at(-1);
    assert.equal(encoding, "binary");
  });
}
