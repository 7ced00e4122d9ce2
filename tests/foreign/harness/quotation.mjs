// The door of the quotation system, as its pages know it: a lot and a supplier in the address, texts as heartbeats.

const PATH = "/mxshop/websocket/jjbidsocket";

/** Configuration of a gateway that has this door. */
export function quotation({ idle_timeout }) {
  const door = {
    path: PATH,
    identify: { from: "query:userid", pattern: "^(?<lot>[^_]+)_(?<supplier>.+)_[0-9]+$", user: "{supplier}" },
    trust_names: true,
    channels: ["lot:{lot}"],
    greeting: "SUCCESS",
    heartbeat: { request: "header", reply: "header" },
    idle_timeout,
  };
  return { channel: { namespaces: [{ name: "lot" }] }, plain: [door] };
}

/** Where a supplier of lot 7 connects. */
export function supplierUrl(port) {
  return `ws://127.0.0.1:${port}${PATH}?userid=7_Smith_1700000000000`;
}
