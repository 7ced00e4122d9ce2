"""PyPI `centrifuge-python` and a backend that decides, and channels that it hears without asking."""

import time
import unittest

from cent import RefreshRequest, SubscribeRequest, UnsubscribeRequest
from centrifuge import ReplyError

from backend import Backend
from clients import StockClients
from gateway import token


def soon():
    """In one second or two, in whole seconds, as the backend says it."""
    return int(time.time()) + 2


def connect(question):
    who = (question.get("data") or {}).get("as")
    if who == "brief":
        return {"result": {"user": who, "expire_at": soon()}}
    if who == "ann":
        return {"result": {"user": who, "data": {"welcome": "Ann"}, "channels": ["news:hook"]}}
    return {"error": {"code": 1001, "message": "log in first"}}


def subscribe(question):
    if question["channel"] == f"desk:{question['user']}":
        return {"result": {"data": {"for": question["user"]}, "expire_at": soon()}}
    return {"error": {"code": 1002, "message": "not yours"}}


def publish(question):
    if "rude" in question["data"]:
        return {"error": {"code": 1003, "message": "be nice"}}
    return {"result": {"data": question["data"] | {"by": question["user"]}}}


def rpc(question):
    return {"result": {"data": {"method": question["method"], "user": question["user"]}}}


def expired(_):
    return {"result": {"expired": True}}


class InJson(StockClients):
    @classmethod
    def setUpClass(cls):
        kinds = {"connect": connect, "refresh": expired, "subscribe": subscribe, "sub_refresh": expired}
        cls.office = Backend(kinds | {"publish": publish, "rpc": rpc})
        cls.addClassCleanup(cls.office.stop)
        hook = cls.office.webhook
        news = {"name": "news", "history_size": 100, "history_ttl": "300s", "force_recovery": True}
        desk = {f"{kind}_proxy_enabled": True for kind in ("subscribe", "publish", "sub_refresh")} | {"name": "desk"}
        cls.config = {
            "client": {"proxy": {kind: hook(kind, enabled=True) for kind in ("connect", "refresh")}},
            "channel": {
                "proxy": {kind: hook(kind) for kind in ("subscribe", "publish", "sub_refresh")},
                "namespaces": [news | {"allow_subscribe_for_client": True}, desk],
            },
            "rpc": {"proxy": hook("rpc"), "without_namespace": {"proxy_enabled": True}},
        }
        super().setUpClass()

    async def opened(self, who):
        """A client that connects as `who`."""
        made, events = self.client(token="", data={"as": who})
        await made.connect()
        return made, events

    async def test_the_backend_says_who_connects(self):
        _, events = await self.opened("ann")
        self.assertEqual(self.decode((await events.next("connected")).data), {"welcome": "Ann"})
        self.assertEqual((await events.next("subscribed")).channel, "news:hook")
        asked = self.office.questions("connect")[-1]
        self.assertEqual((asked["protocol"], asked["name"]), ("protobuf" if self.protobuf else "json", "python"))
        _, events = await self.opened("nobody")
        self.assertEqual((await events.next("disconnected")).code, 1001)

    async def test_the_backend_says_who_subscribes_and_for_how_long(self):
        client, _ = await self.opened("ann")
        await client.ready(5)
        _, listener = await self.subscribing(client, "desk:ann")
        self.assertEqual(self.decode((await listener.next("subscribed")).data), {"for": "ann"})
        await listener.next("subscribed")  # anew, since the backend gave it up when it expired
        self.assertEqual(self.office.questions("sub_refresh")[0]["channel"], "desk:ann")
        _, refused = await self.subscribing(client, "desk:bob")
        self.assertEqual((await refused.next("unsubscribed")).code, 1002)

    async def test_the_backend_says_who_publishes_and_answers_requests(self):
        client, _ = await self.opened("ann")
        await client.ready(5)
        desk, listener = await self.subscribed(client, "desk:ann")
        await desk.publish(self.encode({"say": "hello"}))
        self.assertEqual(await listener.hears(1), [{"say": "hello", "by": "ann"}])
        with self.assertRaises(ReplyError) as refused:
            await desk.publish(self.encode({"rude": True}))
        self.assertEqual(refused.exception.code, 1003)
        answer = await client.rpc("list", self.encode({}))
        self.assertEqual(self.decode(answer.data), {"method": "list", "user": "ann"})

    async def test_a_connection_that_the_backend_does_not_prolong_ends(self):
        _, events = await self.opened("brief")
        await events.next("connected")
        self.assertEqual((await events.next("connecting")).code, 3005)

    async def test_what_was_missed_of_server_side_channels_is_recovered(self):
        network = await self.network()
        mine = token(sub="bob", subs={"news:mine": {"data": {"from": "the token"}}})
        client, events = await self.connected(url=network.websocket, token=mine)
        first = await events.next("subscribed")
        told = (first.channel, first.recoverable, self.decode(first.data))
        self.assertEqual(told, ("news:mine", True, {"from": "the token"}))
        await self.backend.subscribe(SubscribeRequest(user="bob", channel="news:api"))
        self.assertEqual((await events.next("subscribed")).channel, "news:api")
        await self.publish("news:mine", 1)
        await self.publish("news:api", 1)
        await events.hears(2)
        network.cut()
        await events.next("connecting")
        await self.publish("news:mine", *range(2, 11))
        await self.publish("news:api", *range(2, 6))
        network.mend()
        for _ in range(2):
            back = await events.next("subscribed")
            self.assertEqual((back.was_recovering, back.recovered), (True, True), back.channel)
        await events.hears(15)
        heard = {name: [data for channel, data in events.heard if channel == name] for name in ("news:mine", "news:api")}
        self.assertEqual(heard, {"news:mine": list(range(1, 11)), "news:api": list(range(1, 6))})
        await self.backend.unsubscribe(UnsubscribeRequest(user="bob", channel="news:api"))
        self.assertEqual((await events.next("unsubscribed")).channel, "news:api")

    async def test_the_api_ends_a_connection(self):
        _, events = await self.connected("eve")
        await self.backend.refresh(RefreshRequest(user="eve", expired=True))
        while (await events.next("connecting")).code != 3005:
            pass


class InProtobuf(InJson):
    protobuf = True


if __name__ == "__main__":
    unittest.main()
