"""The stock Python client: what happens to it, and test cases that are full of it."""

import asyncio
import json
import unittest

from cent import AsyncClient, PublishRequest
from centrifuge import Client, ClientEventHandler, SubscriptionEventHandler

from gateway import API_KEY, Gateway, Network, token


def wire(protobuf):
    """How values become payloads and payloads values."""
    if protobuf:
        return lambda value: json.dumps(value).encode(), lambda data: data and json.loads(data)
    return (lambda value: value,) * 2


class Log:
    """What happened, by the name of the event, and what was heard."""

    def __init__(self, protobuf=False):
        self.seen = asyncio.Queue()
        self.heard = []
        self._news = asyncio.Condition()
        _, self._decode = wire(protobuf)

    async def next(self, name):
        """The next event of that name."""
        async with asyncio.timeout(10):
            while True:
                event, ctx = await self.seen.get()
                if event == name:
                    return ctx

    def so_far(self):
        """The names of all events that nobody waited for."""
        return [self.seen.get_nowait()[0] for _ in range(self.seen.qsize())]

    async def hears(self, count):
        """Everything heard, as soon as it is that many."""
        async with asyncio.timeout(10), self._news:
            await self._news.wait_for(lambda: len(self.heard) >= count)
        return self.heard

    async def _hear(self, item):
        async with self._news:
            self.heard.append(item)
            self._news.notify_all()


def noted(event):
    async def note(self, ctx):
        self.seen.put_nowait((event, ctx))

    return note


# A publication is heard, by each kind of listener in its way.
for event in "connecting connected disconnected subscribing subscribed unsubscribed join leave".split():
    setattr(Log, f"on_{event}", noted(event))


class Events(Log, ClientEventHandler):
    """What happens to a client; it hears its server-side subscriptions, each publication with its channel."""

    async def on_publication(self, ctx):
        await self._hear((ctx.channel, self._decode(ctx.pub.data)))


class Listener(Log, SubscriptionEventHandler):
    """What happens to a subscription."""

    async def on_publication(self, ctx):
        await self._hear(self._decode(ctx.pub.data))


class StockClients(unittest.IsolatedAsyncioTestCase):
    """Clients of a gateway that has `config` besides."""

    config = {}
    protobuf = False

    @classmethod
    def setUpClass(cls):
        cls.gateway = Gateway(cls.config)
        cls.addClassCleanup(cls.gateway.stop)

    async def asyncSetUp(self):
        self.encode, self.decode = wire(self.protobuf)
        self.backend = AsyncClient(f"{self.gateway.http}/api", API_KEY)
        self.addAsyncCleanup(self.backend.close)

    def client(self, user="ann", url=None, data=None, **options):
        events = Events(self.protobuf)
        made = Client(
            url or self.gateway.websocket,
            events=events,
            use_protobuf=self.protobuf,
            data=data and self.encode(data),
            min_reconnect_delay=0.02,
            max_reconnect_delay=0.2,
            **({"token": token(sub=user)} | options),
        )
        self.addAsyncCleanup(made.disconnect)
        return made, events

    async def connected(self, *args, **options):
        made, events = self.client(*args, **options)
        await made.connect()
        await made.ready(5)
        return made, events

    async def refused(self, *args, **options):
        """The code with which a client is sent away for good."""
        made, events = self.client(*args, **options)
        await made.connect()
        return (await events.next("disconnected")).code

    async def subscribing(self, client, channel, **options):
        listener = Listener(self.protobuf)
        delays = {"min_resubscribe_delay": 0.02, "max_resubscribe_delay": 0.2}
        made = client.new_subscription(channel, events=listener, **(delays | options))
        await made.subscribe()
        return made, listener

    async def subscribed(self, client, channel, **options):
        made, listener = await self.subscribing(client, channel, **options)
        await made.ready(5)
        return made, listener

    async def publish(self, channel, *items, **options):
        for data in items:
            await self.backend.publish(PublishRequest(channel=channel, data=data, **options))

    async def network(self):
        made = await Network(self.gateway.port).listen()
        self.addCleanup(made.close)
        return made

    async def broken(self, network, events, listener, *meanwhile):
        """Cuts the line while something happens; what the listener is told when it is subscribed again."""
        events.so_far(), listener.so_far()
        network.cut()
        await events.next("connecting")
        for one in meanwhile:
            await one
        network.mend()
        return await listener.next("subscribed")
