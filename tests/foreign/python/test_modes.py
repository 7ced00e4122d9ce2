"""PyPI `centrifuge-python`, unmodified, in channels where not everyone gets everything, or only the latest counts."""

import asyncio
import unittest

import aiohttp
from centrifuge import DeltaType, Filter, StreamPosition

from clients import StockClients
from gateway import API_KEY, token

KEPT = {"history_size": 100, "history_ttl": "300s", "force_recovery": True, "allow_subscribe_for_client": True}
CACHE = KEPT | {"history_size": 1, "force_recovery_mode": "cache"}


def lot(number):
    """Enough around a number that a delta pays."""
    return {"lot": "A-17 竞价", "about": "thirty pallets of paper, 三十托盘纸 — “dry”", "n": number}


class InJson(StockClients):
    config = {
        "channel": {
            "namespaces": [
                KEPT | {"name": "delta", "delta_publish": True, "allowed_delta_types": ["fossil"]},
                KEPT | {"name": "tagged", "allow_tags_filter": True},
                KEPT | {"name": "tick", "conflate": "300ms"},
                KEPT | {"name": "open"},
                CACHE | {"name": "rate"},
                CACHE | {"name": "auto", "auto_cache_recover": True},
            ]
        }
    }

    async def test_the_latest_comes_to_who_asks_for_it(self):
        async def from_nothing(_channel):
            return StreamPosition(offset=0, epoch="")

        await self.publish("rate:usd", *range(1, 6))
        client, _ = await self.connected()
        _, listener = await self.subscribed(client, "rate:usd", get_state=from_nothing)
        self.assertTrue((await listener.next("subscribed")).recovered)
        await self.publish("rate:usd", 6)
        self.assertEqual(await listener.hears(2), [5, 6])

    async def test_the_latest_comes_unasked_where_the_namespace_says_so(self):
        await self.publish("auto:usd", 1, 2)
        await self.publish("auto:eur", 7)
        client, events = await self.connected(token=token(sub="ann", channels=["auto:eur"]))
        self.assertEqual(await events.hears(1), [("auto:eur", 7)])
        _, listener = await self.subscribed(client, "auto:usd")
        self.assertEqual(await listener.hears(1), [2])

    async def test_after_a_break_the_latest_is_heard_once(self):
        network = await self.network()
        client, events = await self.connected(url=network.websocket)
        _, listener = await self.subscribed(client, "rate:break")
        await self.publish("rate:break", 1)
        await listener.hears(1)
        back = await self.broken(network, events, listener, self.publish("rate:break", *range(2, 31)))
        self.assertTrue(back.recovered)
        await listener.hears(2)
        self.assertTrue((await self.broken(network, events, listener)).recovered)
        await self.publish("rate:break", 31)
        self.assertEqual(await listener.hears(3), [1, 30, 31])

    async def test_deltas_are_heard_as_what_they_lead_to(self):
        network = await self.network()
        client, events = await self.connected(url=network.websocket)
        subscription, listener = await self.subscribed(client, "delta:1", delta=DeltaType.FOSSIL)
        deltas = []
        hear = listener.on_publication

        async def count(ctx):
            deltas.append(ctx.pub.delta)
            await hear(ctx)

        listener.on_publication = count
        await self.publish("delta:1", *map(lot, range(1, 11)))
        await listener.hears(10)
        back = await self.broken(network, events, listener, self.publish("delta:1", *map(lot, range(11, 21))))
        self.assertTrue(back.recovered)
        await self.publish("delta:1", *map(lot, range(21, 26)))
        self.assertEqual(await listener.hears(25), [lot(number) for number in range(1, 26)])
        # The first after each subscribing is whole; in a recovery it is the first one missed.
        self.assertEqual([index for index, delta in enumerate(deltas) if not delta], [0, 10])

    async def test_a_tag_filter_holds_live_and_in_a_recovery(self):
        network = await self.network()
        client, events = await self.connected(url=network.websocket)
        bids = Filter.all(Filter.is_in("kind", ["bid", "close"]), Filter.negate(Filter.lt("price", "1000.50")))
        _, listener = await self.subscribed(client, "tagged:1", tags_filter=bids)

        async def put(first):
            prices = [("bid", "999.9"), ("bid", "1000.5"), ("chat", "2000"), ("close", "1e")]
            for number, (kind, price) in enumerate(prices, first):
                await self.publish("tagged:1", number, tags={"kind": kind, "price": price})

        await put(1)
        await listener.hears(2)
        self.assertTrue((await self.broken(network, events, listener, put(5))).recovered)
        await put(9)
        self.assertEqual(await listener.hears(6), [2, 4, 6, 8, 10, 12])

    async def test_what_the_backend_keeps_from_a_user_is_no_gap(self):
        network = await self.network()
        ann, events = await self.connected("ann", url=network.websocket)
        _, at_ann = await self.subscribed(ann, "open:kept")
        bob, _ = await self.connected("bob")
        _, at_bob = await self.subscribed(bob, "open:kept")

        async def put(first):
            await self.publish("open:kept", first)
            await self.publish_but_for("ann", "open:kept", first + 1)

        await put(1)
        await at_ann.hears(1)
        self.assertTrue((await self.broken(network, events, at_ann, put(3))).recovered)
        await self.publish("open:kept", 5)
        self.assertEqual((await at_ann.hears(3), await at_bob.hears(5)), ([1, 3, 5], [1, 2, 3, 4, 5]))
        self.assertNotIn("subscribing", at_ann.so_far())

    async def publish_but_for(self, user, channel, data):
        """A field of ours, which no library has."""
        order = {"channel": channel, "data": data, "exclude": {"user": user}}
        async with aiohttp.ClientSession() as session:
            url, headers = f"{self.gateway.http}/api/publish", {"X-API-Key": API_KEY}
            answer = await (await session.post(url, json=order, headers=headers)).json()
        self.assertIn("result", answer)

    async def test_of_a_fast_channel_it_hears_the_first_and_the_latest(self):
        client, _ = await self.connected()
        _, listener = await self.subscribed(client, "tick:1")
        await asyncio.gather(*(self.publish("tick:1", number) for number in range(1, 31)))
        await self.publish("tick:1", "last")
        while (await listener.hears(len(listener.heard) + 1))[-1] != "last":
            pass
        self.assertLess(len(listener.heard), 15)


class InProtobuf(InJson):
    protobuf = True


if __name__ == "__main__":
    unittest.main()
