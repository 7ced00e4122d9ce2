"""PyPI `centrifuge-python`, unmodified: channels of one's own, refreshes, and too much of everything."""

import time
import unittest

from centrifuge import ReplyError

from clients import StockClients
from gateway import token

AN_HOUR = {"enabled": True, "buckets": [{"interval": "1h", "rate": 3}]}


class APersonalChannel(StockClients):
    config = {
        "client": {
            "subscribe_to_user_personal_channel": {
                "enabled": True,
                "personal_channel_namespace": "news",
                "single_connection": True,
            }
        }
    }

    async def test_is_heard_from_the_start(self):
        _, events = await self.connected("ann")
        self.assertEqual((await events.next("subscribed")).channel, "news:#ann")
        await self.publish("news:#ann", 1)
        self.assertEqual(await events.hears(1), [("news:#ann", 1)])

    async def test_a_second_connection_of_the_user_ends_the_first(self):
        _, events = await self.connected("bob")
        await self.connected("bob")
        self.assertEqual((await events.next("disconnected")).code, 3504)

    async def test_other_channels_in_a_refreshed_token_make_it_come_back(self):
        async def fetch():
            return token(sub="carol", exp=int(time.time()) + 60, channels=["news:b"])

        first = token(sub="carol", exp=int(time.time()) + 2, channels=["news:a"])
        _, events = await self.connected(token=first, get_token=fetch)
        while (await events.next("connecting")).code != 3010:
            pass
        while (await events.next("subscribed")).channel != "news:b":
            pass


class APersonalChannelInProtobuf(APersonalChannel):
    protobuf = True


class NamedByTheChannel(StockClients):
    config = {
        "channel": {
            "namespaces": [
                {
                    "name": "mine",
                    "history_size": 100,
                    "history_ttl": "300s",
                    "force_recovery": True,
                    "allow_subscribe_for_client": True,
                    "allow_user_limited_channels": True,
                }
            ]
        }
    }

    async def code(self, client, channel, **options):
        """The code with which a channel is refused."""
        _, listener = await self.subscribing(client, channel, **options)
        return (await listener.next("unsubscribed")).code

    async def test_a_channel_that_names_its_users_is_theirs(self):
        ann, _ = await self.connected("ann")
        _, listener = await self.subscribed(ann, "mine:talk#ann,bob")
        await self.publish("mine:talk#ann,bob", 1)
        self.assertEqual(await listener.hears(1), [1])
        carl, _ = await self.connected("carl")
        self.assertEqual(await self.code(carl, "mine:talk#ann,bob"), 103)

    async def test_a_private_channel_needs_a_token(self):
        ann, _ = await self.connected("ann")
        self.assertEqual(await self.code(ann, "$mine:1"), 103)
        mine = token(sub="ann", channel="$mine:2")
        _, listener = await self.subscribing(ann, "$mine:2", token=mine)
        self.assertTrue((await listener.next("subscribed")).recoverable, "its namespace is the one behind the prefix")


class NamedByTheChannelInProtobuf(NamedByTheChannel):
    protobuf = True


class NamedByAProxy(StockClients):
    config = {
        "trusted_proxies": ["127.0.0.1"],
        "client": {
            "user_id_http_header": "X-User",
            "subscribe_to_user_personal_channel": {"enabled": True, "personal_channel_namespace": "news"},
        },
    }

    async def test_a_client_without_a_token_is_whom_the_proxy_says(self):
        _, events = await self.connected(token="", headers={"X-User": "dora"})
        self.assertEqual((await events.next("subscribed")).channel, "news:#dora")

    async def test_a_token_has_the_last_word(self):
        _, events = await self.connected("erik", headers={"X-User": "dora"})
        self.assertEqual((await events.next("subscribed")).channel, "news:#erik")


class Limits(StockClients):
    config = {
        "client": {
            "rate_limit": {"client_command": {"enabled": True, "total": AN_HOUR}},
            "channel_limit": 2,
            "user_connection_limit": 2,
        }
    }

    async def test_too_many_commands_are_a_temporary_error(self):
        client, _ = await self.connected()
        subscription, _ = await self.subscribed(client, "room:1")
        for _ in range(2):
            await subscription.presence_stats()
        with self.assertRaises(ReplyError) as refused:
            await subscription.presence_stats()
        self.assertEqual((refused.exception.code, refused.exception.temporary), (111, True))

    async def test_a_channel_too_many_is_refused(self):
        client, _ = await self.connected("bob")
        for number in (1, 2):
            await self.subscribed(client, f"open:{number}")
        _, listener = await self.subscribing(client, "open:3")
        self.assertEqual((await listener.next("unsubscribed")).code, 106)

    async def test_a_connection_of_a_user_too_many_is_sent_away(self):
        for _ in range(2):
            await self.connected("carl")
        self.assertEqual(await self.refused("carl"), 3504)


class LimitsInProtobuf(Limits):
    protobuf = True


if __name__ == "__main__":
    unittest.main()
