// Where the gateway and the backend are. A real phone needs wss and https, and both among the domains of the
// mini-program; the developer tools do without while 不校验合法域名 is ticked.
module.exports = {
  gateway: "ws://127.0.0.1:8000/connection/websocket",
  backend: "http://127.0.0.1:3000",
  probe: "ws://127.0.0.1:8091", // of the probe page alone; it can be changed there
};
