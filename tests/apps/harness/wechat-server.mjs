// A stand-in for WeChat's server, as far as `jscode2session` goes, with the errors that its documentation lists.

import { once } from "node:events";
import { createServer } from "node:http";

const APP = { appid: "wx-of-the-tests", secret: "the-app-secret-of-the-tests" };

const ERRORS = {
  [-1]: "system error",
  40013: "invalid appid",
  40029: "invalid code",
  40125: "invalid appsecret",
  40163: "code been used",
  40226: "code blocked",
  45011: "api minute-quota reach limit",
};

/** Knows the codes that `wx.login` of the harness gives: a user, a hyphen and a number. Each is good once. */
export async function weChatServer(t) {
  const server = new WeChatServer();
  await server.listen(t);
  return server;
}

class WeChatServer {
  #used = new Set();
  /** The errors that are answered next, by their numbers. */
  refusals = [];
  /** The error of each answer; 0 where there was none. */
  answered = [];

  async listen(t) {
    const server = createServer((request, response) => {
      const { searchParams } = new URL(request.url, "http://localhost");
      response.writeHead(200, { "Content-Type": "text/plain" }).end(JSON.stringify(this.#answer(searchParams)));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    this.url = `http://127.0.0.1:${server.address().port}`;
  }

  /** The flags of a backend that asks here. */
  get flags() {
    return ["--app-id", APP.appid, "--app-secret", APP.secret, "--wechat-url", this.url];
  }

  #answer(question) {
    const errcode = this.#error(question);
    this.answered.push(errcode);
    if (errcode) return { errcode, errmsg: ERRORS[errcode] };
    const [user] = question.get("js_code").split("-");
    return { openid: `openid-of-${user}`, session_key: "of nobody's business" };
  }

  #error(question) {
    const code = question.get("js_code");
    if (question.get("appid") !== APP.appid) return 40013;
    if (question.get("secret") !== APP.secret) return 40125;
    if (this.refusals.length) return this.refusals.shift();
    if (!/^\w+-\d+$/.test(code)) return 40029;
    if (this.#used.has(code)) return 40163;
    this.#used.add(code);
    return 0;
  }
}
