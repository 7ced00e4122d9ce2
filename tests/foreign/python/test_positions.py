"""PyPI `centrifuge-python` stands where the stream no longer is, and finds out although nothing is published."""

import asyncio
import unittest

from clients import StockClients
from gateway import token

KEPT = {"history_size": 10, "history_ttl": "300s", "force_recovery": True, "allow_subscribe_for_client": True}


class InJson(StockClients):
    config = {
        "client": {"channel_position_check_delay": "4s"},
        "channel": {
            "namespaces": [
                # Whatever nobody looks at for two seconds begins anew, so between two checks.
                KEPT | {"name": "brief", "history_ttl": "1s", "history_meta_ttl": "2s"},
                KEPT | {"name": "lasting"},
            ]
        },
    }

    async def test_a_lost_place_is_told_and_one_that_lasts_is_left_alone(self):
        # Side by side, since both wait for the same seconds.
        await asyncio.gather(self.a_subscription_begins_anew(), self.with_a_server_side_one_the_client_comes_back())

    async def a_subscription_begins_anew(self):
        client, events = await self.connected()
        _, lasting = await self.subscribed(client, "lasting:1")
        _, brief = await self.subscribed(client, "brief:1")
        for channel, listener in (("brief:1", brief), ("lasting:1", lasting)):
            await self.publish(channel, 1)
            await listener.hears(1)
        for log in (brief, lasting, events):
            log.so_far()
        ends = await brief.next("subscribing")
        self.assertEqual((ends.code, ends.reason), (2500, "insufficient state"))
        back = await brief.next("subscribed")
        self.assertEqual((back.was_recovering, back.recovered), (True, False))
        await self.publish("brief:1", 2)
        self.assertEqual(await brief.hears(2), [1, 2])
        self.assertEqual((lasting.so_far(), events.so_far()), ([], []))

    async def with_a_server_side_one_the_client_comes_back(self):
        _, events = await self.connected(token=token(sub="bob", channels=["brief:2"]))
        await events.next("subscribed")
        await self.publish("brief:2", 1)
        await events.hears(1)
        ends = await events.next("connecting")
        self.assertEqual((ends.code, ends.reason), (3010, "insufficient state"))
        back = await events.next("subscribed")
        self.assertEqual((back.was_recovering, back.recovered), (True, False))
        await self.publish("brief:2", 2)
        self.assertEqual(await events.hears(2), [("brief:2", 1), ("brief:2", 2)])


class InProtobuf(InJson):
    protobuf = True


if __name__ == "__main__":
    unittest.main()
