"""PyPI `centrifuge-python`, unmodified, against the built gateway, in JSON and in Protobuf."""

import time
import unittest

from cent import DisconnectRequest, UnsubscribeRequest
from centrifuge import CentrifugeError, ReplyError, SubscriptionUnsubscribedError

from clients import StockClients
from gateway import token


class InJson(StockClients):
    async def test_connects_with_a_token_and_learns_its_id(self):
        made, events = self.client()
        await made.connect()
        opened = await events.next("connected")
        self.assertRegex(opened.client, r"^[0-9a-f-]{36}$")
        self.assertRegex(opened.version, r"^Suona \d")

    async def test_a_forged_token_and_none_at_all_are_refused_for_good(self):
        self.assertEqual(await self.refused(token=token("guessed", sub="ann")), 3500)
        self.assertEqual(await self.refused(token=""), 3501)

    async def test_an_expired_token_makes_it_fetch_a_new_one(self):
        async def fetch():
            return token(sub="ann", exp=int(time.time()) + 60)

        await self.connected(token=token(sub="ann", exp=1), get_token=fetch)

    async def test_hears_what_a_backend_publishes(self):
        client, _ = await self.connected()
        _, listener = await self.subscribed(client, "open:python")
        values = [{"唢呐": "号"}, "text", 0, [1, [2]]]
        await self.publish("open:python", *values)
        self.assertEqual(await listener.hears(4), values)

    async def test_a_closed_channel_opens_with_a_subscription_token_alone(self):
        client, _ = await self.connected()
        refused, listener = await self.subscribing(client, "closed:1")
        with self.assertRaises(SubscriptionUnsubscribedError):
            await refused.ready(5)
        self.assertEqual((await listener.next("unsubscribed")).code, 103)
        await self.subscribed(client, "closed:2", token=token(sub="ann", channel="closed:2"))

    async def test_publishes_and_reads_who_is_there(self):
        ann, _ = await self.connected("ann", token=token(sub="ann", info={"name": "Ann"}))
        room, at_ann = await self.subscribed(ann, "room:python")
        bob, _ = await self.connected("bob")
        _, at_bob = await self.subscribed(bob, "room:python")
        while (await at_ann.next("join")).info.user != "bob":
            pass
        await room.publish(self.encode({"say": "你好"}))
        self.assertEqual(await at_bob.hears(1), [{"say": "你好"}])

        clients = (await room.presence()).clients.values()
        people = {(one.user, str(self.decode(one.conn_info))) for one in clients}
        self.assertEqual(people, {("ann", "{'name': 'Ann'}"), ("bob", "None")})
        stats = await room.presence_stats()
        self.assertEqual((stats.num_clients, stats.num_users), (2, 2))
        await bob.disconnect()
        self.assertEqual((await at_ann.next("leave")).info.user, "bob")

    async def test_reads_history_by_the_page(self):
        client, _ = await self.connected()
        news, _ = await self.subscribed(client, "news:history")
        await self.publish("news:history", *range(1, 11))
        first = await news.history(limit=4)
        self.assertEqual([self.decode(pub.data) for pub in first.publications], [1, 2, 3, 4])
        self.assertEqual(first.offset, 10)
        newest = await news.history(limit=2, reverse=True)
        self.assertEqual([pub.offset for pub in newest.publications], [10, 9])

    async def test_what_is_not_served_is_an_error(self):
        client, _ = await self.connected()
        with self.assertRaises(ReplyError) as refused:
            await client.rpc("list", self.encode({}))
        self.assertEqual(refused.exception.code, 108)
        open_, _ = await self.subscribed(client, "open:python")
        with self.assertRaises(ReplyError) as refused:
            await open_.publish(self.encode({}))
        self.assertEqual(refused.exception.code, 103)

    async def test_fifty_publications_during_a_cut_are_recovered(self):
        network = await self.network()
        client, events = await self.connected(url=network.websocket)
        _, listener = await self.subscribed(client, "news:cut")
        await self.publish("news:cut", *range(1, 6))
        await listener.hears(5)
        back = await self.broken(network, events, listener, self.publish("news:cut", *range(6, 56)))
        await self.publish("news:cut", 56)
        await listener.hears(56)
        self.assertEqual((back.was_recovering, back.recovered), (True, True))
        self.assertEqual(listener.heard, list(range(1, 57)))

    async def test_more_than_the_history_holds_is_told(self):
        network = await self.network()
        client, events = await self.connected(url=network.websocket)
        _, listener = await self.subscribed(client, "short:cut")
        await self.publish("short:cut", 1)
        await listener.hears(1)
        back = await self.broken(network, events, listener, self.publish("short:cut", *range(2, 14)))
        self.assertEqual((back.was_recovering, back.recovered), (True, False))
        await self.publish("short:cut", 14)
        self.assertEqual(await listener.hears(2), [1, 14])

    async def test_who_unsubscribes_or_closes_is_gone_for_the_others(self):
        ann, _ = await self.connected("ann")
        room, at_ann = await self.subscribed(ann, "room:exits")
        bob, _ = await self.connected("bob")
        in_room, _ = await self.subscribed(bob, "room:exits")

        async def bob_comes():
            while (await at_ann.next("join")).info.user != "bob":
                pass

        async def bob_goes_by(leaving):
            await leaving()
            self.assertEqual((await at_ann.next("leave")).info.user, "bob")
            self.assertEqual((await room.presence_stats()).num_clients, 1)

        await bob_comes()
        await bob_goes_by(in_room.unsubscribe)
        await in_room.subscribe()
        await bob_comes()
        await bob_goes_by(bob.disconnect)

    async def test_what_is_too_long_ends_the_connection(self):
        client, events = await self.connected()
        room, listener = await self.subscribed(client, "room:long")
        await room.publish(self.encode("x" * 65_000))
        await listener.hears(1)
        with self.assertRaises(CentrifugeError):
            await room.publish(self.encode("x" * 66_000))
        while (ends := await events.next("connecting")).code == 0:  # its own beginning
            pass
        # So the library calls WebSocket's 1009.
        self.assertEqual((ends.code, ends.reason), (3, "message size limit"))

    async def test_orders_of_the_backend_are_obeyed(self):
        client, events = await self.connected("carl")
        _, listener = await self.subscribed(client, "open:orders")
        await self.backend.unsubscribe(UnsubscribeRequest(user="carl", channel="open:orders"))
        self.assertEqual((await listener.next("unsubscribed")).code, 2000)
        await self.backend.disconnect(DisconnectRequest(user="carl"))
        self.assertEqual((await events.next("disconnected")).code, 3503)


class InProtobuf(InJson):
    protobuf = True


if __name__ == "__main__":
    unittest.main()
