import assert from "node:assert/strict";
import { test } from "node:test";
import { diagnose, isAddress, type DiagnosisCode } from "../../src/platform/diagnosis.js";
import { zh } from "../../src/zh.js";

const secure = "wss://example.org/connection/websocket";

/** What devices were reported to say, and Node was seen to say, when a dial failed. */
const said: Array<[DiagnosisCode, string, string?]> = [
  ["tls", "open fail: _code:8,_msg:TLS handshake failed"],
  ["timeout", "open fail: _code:5,_msg:TLS handshake timed out"],
  ["no-websocket", "open fail: _code:20,_msg:Invalid HTTP status."],
  ["timeout", "open fail: _code:9,_msg:Timer Expired"],
  ["timeout", "exception onOpen fail code:9"],
  ["timeout", "connectSocket:fail timeout"],
  ["unreachable", "code:2, msg:Underlying Transport Error"],
  ["tls", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
  ["interrupted", "connectSocket:fail interrupted"],
  ["domain", "connectSocket:fail url not in domain list"],
  ["domain", "url 不在以下 socket 合法域名列表中"],
  ["insecure-address", "connectSocket:fail url not in domain list", "ws://example.org/"],
  [
    "insecure-address",
    "An insecure WebSocket connection may not be initiated from a page loaded over HTTPS.",
    "ws://example.org/",
  ],
  ["no-websocket", "Stream end encountered"],
  ["no-websocket", "Unexpected server response: 404"],
  ["no-websocket", "Parse Error: Expected HTTP/"],
  ["no-websocket", "invalid response header"],
  ["sub-protocol", "Sec-WebSocket-Protocol header not specified"],
  ["sub-protocol", "Server sent no subprotocol"],
  ["tls", "self-signed certificate"],
  ["tls", "write EPROTO 0:error:0A00010B:SSL routines:wrong version number"],
  ["timeout", "Opening handshake has timed out"],
  ["dns", "getaddrinfo ENOTFOUND example.invalid"],
  ["unreachable", "connect ECONNREFUSED 203.0.113.1:443"],
  ["loopback", "connect ECONNREFUSED 127.0.0.1:8000", "ws://127.0.0.1:8000/connection/websocket"],
  ["loopback", "", "ws://localhost:8000/connection/websocket"],
  ["offline", "connect ENETUNREACH 203.0.113.1:443"],
  ["offline", "errno:600003 network error"],
  ["bad-address", "Invalid URL: nonsense", "nonsense"],
  ["bad-address", "connectSocket:fail", "https://example.org/connection/websocket"],
  ["unreachable", "abnormal closure"],
  ["unreachable", ""],
];

for (const [code, reason, url = secure] of said) {
  test(`"${reason}" of ${url} means ${code}`, () => {
    const diagnosis = diagnose({ raw: { errMsg: reason } }, url);
    assert.equal(diagnosis.code, code);
    assert.equal(diagnose({ reason }, url).code, code);
    assert.ok(diagnosis.message && diagnosis.hint);
  });
}

test("the words of a server that closes an open socket are not taken for those of a device", () => {
  assert.equal(diagnose({ code: 4001, reason: "certificate of the user expired" }, secure, true).code, "connection-lost");
  assert.equal(diagnose({ code: 1000, reason: "interrupted" }, secure, true).code, "interrupted");
});

test("an address that the app did not find is none that is wrong", () => {
  assert.equal(diagnose({ reason: "no address to dial: login failed" }, undefined).code, "no-address");
});

test("too many sockets are told apart from everything else", () => {
  assert.equal(diagnose({ full: true, reason: "exceed max concurrent count" }, secure).code, "too-many-sockets");
});

test("what can be an address is one", () => {
  for (const url of [secure, "ws://127.0.0.1:8000", "WSS://h/p?a=b", "/connection/websocket", "wss://h/唢呐"]) {
    assert.ok(isAddress(url), url);
  }
  for (const url of [undefined, null, 7, {}, "", "nonsense", "http://h/", "wss://", "wss:///p", "wss://h/p#part"]) {
    assert.ok(!isAddress(url), String(url));
  }
});

test("every diagnosis has its Chinese words", () => {
  for (const [code, reason, url = secure] of said) {
    const { message, hint } = diagnose({ reason }, url, false, zh);
    assert.match(message + hint, /[\u4e00-\u9fff]/, code);
  }
});
