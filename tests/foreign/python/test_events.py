"""PyPI `centrifuge-python`, unmodified, and a backend that is told who comes and goes."""

import asyncio
import unittest

from backend import Backend
from clients import StockClients

LIFE = ["connected", "subscribed", "unsubscribed", "subscribed", "disconnected"]


class InJson(StockClients):
    @classmethod
    def setUpClass(cls):
        cls.office = Backend({"events": lambda _: {}})
        cls.addClassCleanup(cls.office.stop)
        cls.config = {"events": cls.office.webhook("events")}
        super().setUpClass()

    async def told(self, user, kind):
        """What the backend was told of a user, as soon as that is among it."""
        async with asyncio.timeout(10):
            while True:
                batches = self.office.questions("events")
                events = [event for batch in batches for event in batch["events"] if event["user"] == user]
                if kind in [event["kind"] for event in events]:
                    return events
                await asyncio.sleep(0.01)

    async def test_its_life_is_told_in_its_order(self):
        client, _ = await self.connected("ann")
        news, _ = await self.subscribed(client, "open:news")
        await news.unsubscribe()
        await news.subscribe()
        await news.ready(5)
        await client.disconnect()
        events = await self.told("ann", "disconnected")
        self.assertEqual([event["kind"] for event in events], LIFE)
        self.assertEqual(events[0]["protocol"], "protobuf" if self.protobuf else "json")
        self.assertEqual({event["channel"] for event in events[1:4]}, {"open:news"})
        self.assertEqual((events[-1]["code"], len({event["client"] for event in events})), (1000, 1))

    async def test_a_line_that_breaks_is_told_too(self):
        network = await self.network()
        _, events = await self.connected("bob", url=network.websocket)
        network.cut()
        await events.next("connecting")
        gone = (await self.told("bob", "disconnected"))[-1]
        self.assertEqual(gone["code"], 1006)


class InProtobuf(InJson):
    protobuf = True


if __name__ == "__main__":
    unittest.main()
