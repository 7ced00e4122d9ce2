"""PyPI `centrifuge-python` and a backend of several parts, each asked by its name."""

import asyncio
import base64
import time
import unittest

from centrifuge import ReplyError

from backend import Backend
from clients import StockClients
from gateway import token

# What the namespace `shop` is asked for, each kind at a webhook of its own.
KINDS = ("subscribe", "publish", "sub_refresh")


def refused(_):
    return {"error": {"code": 1001, "message": "that is not for me"}}


def subscribe(question):
    brief = "brief" in question["channel"]
    return {"result": {"expire_at": int(time.time()) + 2} if brief else {}}


def publish(question):
    return {"result": {"data": question["data"] | {"by": "the shop"}}}


def prolong(_):
    return {"result": {"expire_at": int(time.time()) + 600}}


def rpc(question):
    return {"result": {"data": question.get("meta")}}


def turn(question):
    backwards = base64.b64decode(question["b64data"])[::-1]
    return {"result": {"b64data": base64.b64encode(backwards).decode()}}


class InJson(StockClients):
    @classmethod
    def setUpClass(cls):
        # Those beside the question, which nothing here is for, and those that are chosen by name.
        beside = dict.fromkeys([*KINDS, "rpc"], refused)
        shop = {"shop-subscribe": subscribe, "shop-publish": publish, "shop-sub_refresh": prolong, "shop-rpc": rpc}
        cls.firm = Backend(beside | shop | {"bytes": turn})
        cls.addClassCleanup(cls.firm.stop)
        hook = cls.firm.webhook
        asking = {f"{kind}_proxy_enabled": True for kind in KINDS}
        whom = {f"{kind}_proxy_name": f"shop-{kind}" for kind in KINDS}
        cls.config = {
            "proxies": [
                *({"name": f"shop-{kind}"} | hook(f"shop-{kind}") for kind in KINDS),
                {"name": "shop-rpc"} | hook("shop-rpc", include_connection_meta=True),
                {"name": "bytes"} | hook("bytes", binary_encoding=True),
            ],
            "channel": {"proxy": {kind: hook(kind) for kind in KINDS}, "namespaces": [{"name": "shop"} | asking | whom]},
            "rpc": {
                "proxy": hook("rpc"),
                "without_namespace": {"proxy_enabled": True},
                "namespaces": [
                    {"name": "shop", "proxy_enabled": True, "proxy_name": "shop-rpc"},
                    {"name": "bytes", "proxy_enabled": True, "proxy_name": "bytes"},
                ],
            },
        }
        super().setUpClass()

    async def test_a_namespace_asks_the_webhooks_that_it_names(self):
        client, _ = await self.connected()
        counter, listener = await self.subscribed(client, "shop:counter")
        await counter.publish(self.encode({"say": "hello"}))
        self.assertEqual(await listener.hears(1), [{"say": "hello", "by": "the shop"}])
        self.assertEqual([self.firm.questions(kind) for kind in KINDS], [[], [], []])

    async def test_a_subscription_lives_on_as_long_as_the_named_webhook_says(self):
        client, _ = await self.connected("bob")
        _, listener = await self.subscribed(client, "shop:brief")
        async with asyncio.timeout(10):
            while not (asked := self.firm.questions("shop-sub_refresh")):
                await asyncio.sleep(0.01)
        self.assertEqual(asked[0]["channel"], "shop:brief")
        await self.publish("shop:brief", "still here")
        self.assertEqual(await listener.hears(1), ["still here"])
        self.assertEqual(listener.so_far(), ["subscribing", "subscribed"])

    async def test_a_question_has_the_meta_that_its_webhook_asks_for(self):
        client, _ = await self.connected(token=token(sub="carol", meta={"plan": "gold"}))
        answer = await client.rpc("shop:look", self.encode({}))
        self.assertEqual(self.decode(answer.data), {"plan": "gold"})
        with self.assertRaises(ReplyError) as refusal:
            await client.rpc("elsewhere", self.encode({}))
        self.assertEqual(refusal.exception.code, 1001)
        self.assertNotIn("meta", self.firm.questions("rpc")[0])

    async def test_bytes_go_to_the_backend_and_come_back(self):
        client, _ = await self.connected()
        said, back = (b"\x00\xff\n", b"\n\xff\x00") if self.protobuf else (12, 21)
        self.assertEqual((await client.rpc("bytes:turn", said)).data, back)


class InProtobuf(InJson):
    protobuf = True


if __name__ == "__main__":
    unittest.main()
