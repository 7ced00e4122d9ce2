// What the examples run against: their gateway with its own configuration, the backend's stand-in, and lines that fail.

import { fileURLToPath } from "node:url";

import { launch } from "../../foreign/harness/gateway.mjs";
import { proxyTo } from "../../foreign/harness/proxy.mjs";
import { Backend } from "../backend/backend.mjs";

const CONFIGURATION = fileURLToPath(new URL("../../../examples/gateway.toml", import.meta.url));

/** A gateway and its backend, for a whole file of tests. */
export async function world(t) {
  const backend = new Backend();
  await backend.listen();
  t.after(() => backend.close());
  const env = {
    SUONA_CLIENT_ALLOWED_ORIGINS: '["*"]',
    SUONA_HTTP_SERVER_ADDRESS: "127.0.0.1",
    SUONA_HTTP_SERVER_PORT: "0",
    SUONA_CHANNEL_PROXY_SUBSCRIBE_ENDPOINT: `${backend.url}/hooks/subscribe`,
    SUONA_RPC_PROXY_ENDPOINT: `${backend.url}/hooks/rpc`,
  };
  const gateway = launch(["serve", "-c", CONFIGURATION], { env });
  t.after(() => gateway.kill());
  await gateway.listening();
  backend.publishesTo(gateway.http);
  return { backend, line: () => proxyTo(t, gateway.port) };
}
