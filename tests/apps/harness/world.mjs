// What the examples run against: their gateway with its own configuration, their backend, and lines that fail.

import { fileURLToPath } from "node:url";

import { launch } from "../../foreign/harness/gateway.mjs";
import { proxyTo } from "../../foreign/harness/proxy.mjs";
import { HOST, authority } from "./authority.mjs";
import { Backend } from "./backend.mjs";
import { weChatServer } from "./wechat-server.mjs";

const EXAMPLES = fileURLToPath(new URL("../../../examples", import.meta.url));

/** A gateway and its backend, for a whole file of tests. `configuration` is a file among the examples, or any other. */
export async function world(t, configuration = `${EXAMPLES}/backend/gateway.toml`) {
  const backend = new Backend();
  await backend.listen(t);
  const gateway = new Gateway(configuration, backend.url);
  t.after(() => gateway.kill());
  await gateway.start();
  const weChat = await weChatServer(t);
  await backend.start(t, gateway.http, weChat.flags);
  return { backend, gateway, weChat, line: () => lineTo(t, gateway) };
}

/** A gateway that may be killed, and started again where it was. */
class Gateway {
  #args;
  #env;
  #life;

  constructor(configuration, backend) {
    const hooks = `${backend}/hooks`;
    this.#args = ["serve", "-c", configuration];
    this.#env = {
      SUONA_CLIENT_ALLOWED_ORIGINS: '["*"]',
      SUONA_HTTP_SERVER_ADDRESS: "127.0.0.1",
      SUONA_HTTP_SERVER_PORT: "0",
      SUONA_CLIENT_PROXY_CONNECT_ENDPOINT: `${hooks}/connect`,
      SUONA_CLIENT_PROXY_REFRESH_ENDPOINT: `${hooks}/refresh`,
      SUONA_CHANNEL_PROXY_SUBSCRIBE_ENDPOINT: `${hooks}/subscribe`,
      SUONA_RPC_PROXY_ENDPOINT: `${hooks}/rpc`,
      // Tests hold answers back while they look at pages.
      SUONA_RPC_PROXY_TIMEOUT: "30s",
      ...authority?.gateway,
      ...authority?.trust,
    };
  }

  async start() {
    this.#life = launch(this.#args, { env: this.#env });
    const { port, http } = await this.#life.listening();
    this.port = port;
    this.http = http.replace("127.0.0.1", HOST);
    this.websocket = `${this.http.replace("http", "ws")}/connection/websocket`;
    this.#env.SUONA_HTTP_SERVER_PORT = `${port}`;
  }

  /** Ends it without a word, as a power cut would. */
  kill() {
    return this.#life?.kill();
  }
}

/** A line to the gateway. Only bytes go through it: TLS has the gateway at its other end. */
async function lineTo(t, gateway) {
  const network = await proxyTo(t, gateway.port);
  network.websocket = gateway.websocket.replace(`${gateway.port}`, `${network.port}`);
  return network;
}
