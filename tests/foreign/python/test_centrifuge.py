"""PyPI `centrifuge-python`, unmodified, against the built gateway."""

import asyncio
import time
import unittest

from cent import AsyncClient, DisconnectRequest, PublishRequest, UnsubscribeRequest
from centrifuge import (
    Client,
    ClientEventHandler,
    ReplyError,
    SubscriptionEventHandler,
    SubscriptionUnsubscribedError,
)

from gateway import API_KEY, Gateway, Network, token


class Events(ClientEventHandler):
    """What happened to a client, by the name of the event."""

    def __init__(self):
        self.seen = asyncio.Queue()

    async def on_connecting(self, ctx):
        self.seen.put_nowait(("connecting", ctx))

    async def on_connected(self, ctx):
        self.seen.put_nowait(("connected", ctx))

    async def on_disconnected(self, ctx):
        self.seen.put_nowait(("disconnected", ctx))

    async def on_subscribed(self, ctx):
        self.seen.put_nowait(("subscribed", ctx))

    async def on_publication(self, ctx):
        self.seen.put_nowait(("publication", ctx))

    async def next(self, name):
        """The next event of that name."""
        async with asyncio.timeout(10):
            while True:
                event, ctx = await self.seen.get()
                if event == name:
                    return ctx


class Listener(Events, SubscriptionEventHandler):
    """The same for a subscription; what it heard is in `heard`."""

    def __init__(self):
        super().__init__()
        self.heard = []
        self._news = asyncio.Condition()

    async def on_subscribed(self, ctx):
        self.seen.put_nowait(("subscribed", ctx))

    async def on_unsubscribed(self, ctx):
        self.seen.put_nowait(("unsubscribed", ctx))

    async def on_join(self, ctx):
        self.seen.put_nowait(("join", ctx))

    async def on_leave(self, ctx):
        self.seen.put_nowait(("leave", ctx))

    async def on_publication(self, ctx):
        async with self._news:
            self.heard.append(ctx.pub.data)
            self._news.notify_all()

    async def hears(self, count):
        """Everything heard, as soon as it is that many."""
        async with asyncio.timeout(10), self._news:
            await self._news.wait_for(lambda: len(self.heard) >= count)
        return self.heard


class StockClients(unittest.IsolatedAsyncioTestCase):
    """Clients of a gateway whose section `client` has `settings` besides."""

    settings = {}

    @classmethod
    def setUpClass(cls):
        cls.gateway = Gateway({"client": cls.settings})
        cls.addClassCleanup(cls.gateway.stop)

    async def asyncSetUp(self):
        self.backend = AsyncClient(f"{self.gateway.http}/api", API_KEY)
        self.addAsyncCleanup(self.backend.close)

    def client(self, user="ann", url=None, **options):
        events = Events()
        options = {"token": token(sub=user)} | options
        made = Client(
            url or self.gateway.websocket, events=events, min_reconnect_delay=0.02, max_reconnect_delay=0.2, **options
        )
        self.addAsyncCleanup(made.disconnect)
        return made, events

    async def connected(self, *args, **options):
        made, events = self.client(*args, **options)
        await made.connect()
        await made.ready(5)
        return made, events

    async def subscribed(self, client, channel, **options):
        listener = Listener()
        made = client.new_subscription(channel, events=listener, **options)
        await made.subscribe()
        await made.ready(5)
        return made, listener

    async def publish(self, channel, *items):
        for data in items:
            await self.backend.publish(PublishRequest(channel=channel, data=data))

    async def network(self):
        made = await Network(self.gateway.port).listen()
        self.addCleanup(made.close)
        return made


class TheStockClient(StockClients):
    async def test_connects_with_a_token_and_learns_its_id(self):
        made, events = self.client()
        await made.connect()
        opened = await events.next("connected")
        self.assertRegex(opened.client, r"^[0-9a-f-]{36}$")
        self.assertRegex(opened.version, r"^Suona \d")

    async def test_a_forged_token_and_none_at_all_are_refused_for_good(self):
        for bad, code in ((token("guessed", sub="ann"), 3500), ("", 3501)):
            made, events = self.client(token=bad)
            await made.connect()
            self.assertEqual((await events.next("disconnected")).code, code)

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
        listener = Listener()
        refused = client.new_subscription("closed:1", events=listener)
        await refused.subscribe()
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
        await room.publish({"say": "你好"})
        self.assertEqual(await at_bob.hears(1), [{"say": "你好"}])

        clients = (await room.presence()).clients.values()
        self.assertEqual({(one.user, str(one.conn_info)) for one in clients}, {("ann", "{'name': 'Ann'}"), ("bob", "None")})
        stats = await room.presence_stats()
        self.assertEqual((stats.num_clients, stats.num_users), (2, 2))
        await bob.disconnect()
        self.assertEqual((await at_ann.next("leave")).info.user, "bob")

    async def test_reads_history_by_the_page(self):
        client, _ = await self.connected()
        news, _ = await self.subscribed(client, "news:history")
        await self.publish("news:history", *range(1, 11))
        first = await news.history(limit=4)
        self.assertEqual([pub.data for pub in first.publications], [1, 2, 3, 4])
        self.assertEqual(first.offset, 10)
        newest = await news.history(limit=2, reverse=True)
        self.assertEqual([pub.offset for pub in newest.publications], [10, 9])

    async def test_what_is_not_served_is_an_error(self):
        client, _ = await self.connected()
        with self.assertRaises(ReplyError) as refused:
            await client.rpc("list", {})
        self.assertEqual(refused.exception.code, 108)
        open_, _ = await self.subscribed(client, "open:python")
        with self.assertRaises(ReplyError) as refused:
            await open_.publish({})
        self.assertEqual(refused.exception.code, 103)

    async def test_fifty_publications_during_a_cut_are_recovered(self):
        network = await self.network()
        client, events = await self.connected(url=network.websocket)
        _, listener = await self.subscribed(client, "news:cut")
        await listener.next("subscribed")
        await self.publish("news:cut", *range(1, 6))
        await listener.hears(5)
        while not events.seen.empty():
            events.seen.get_nowait()
        network.cut()
        await events.next("connecting")
        await self.publish("news:cut", *range(6, 56))
        network.mend()
        back = await listener.next("subscribed")
        await self.publish("news:cut", 56)
        await listener.hears(56)
        self.assertEqual((back.was_recovering, back.recovered), (True, True))
        self.assertEqual(listener.heard, list(range(1, 57)))

    async def test_more_than_the_history_holds_is_told(self):
        network = await self.network()
        client, _ = await self.connected(url=network.websocket)
        _, listener = await self.subscribed(client, "short:cut")
        await listener.next("subscribed")
        await self.publish("short:cut", 1)
        await listener.hears(1)
        network.cut()
        await self.publish("short:cut", *range(2, 14))
        network.mend()
        back = await listener.next("subscribed")
        self.assertEqual((back.was_recovering, back.recovered), (True, False))
        await self.publish("short:cut", 14)
        self.assertEqual(await listener.hears(2), [1, 14])

    async def test_orders_of_the_backend_are_obeyed(self):
        client, events = await self.connected("carl")
        _, listener = await self.subscribed(client, "open:orders")
        await self.backend.unsubscribe(UnsubscribeRequest(user="carl", channel="open:orders"))
        self.assertEqual((await listener.next("unsubscribed")).code, 2000)
        await self.backend.disconnect(DisconnectRequest(user="carl"))
        self.assertEqual((await events.next("disconnected")).code, 3503)


if __name__ == "__main__":
    unittest.main()
