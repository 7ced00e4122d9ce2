"""PyPI `cent`, unmodified, against the HTTP API of the built gateway."""

import unittest

from cent import (
    BatchRequest,
    BroadcastRequest,
    BoolValue,
    CentApiResponseError,
    CentTransportError,
    CentUnauthorizedError,
    ChannelOptionsOverride,
    ChannelsRequest,
    Client,
    Disconnect,
    DisconnectRequest,
    HistoryRemoveRequest,
    HistoryRequest,
    InfoRequest,
    PresenceRequest,
    PresenceStatsRequest,
    PublishRequest,
    RefreshRequest,
    StreamPosition,
    SubscribeRequest,
    UnsubscribeRequest,
)

from clients import StockClients
from gateway import API_KEY, Gateway, token


class TheStockLibrary(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gateway = Gateway()
        cls.addClassCleanup(cls.gateway.stop)
        cls.backend = Client(f"{cls.gateway.http}/api", API_KEY)

    def test_publishes_and_reads_history(self):
        for n in range(1, 4):
            result = self.backend.publish(PublishRequest(channel="news:cent", data={"n": n}, tags={"kind": "test"}))
            self.assertEqual(result.offset, n)
        history = self.backend.history(HistoryRequest(channel="news:cent", limit=10))
        self.assertEqual([pub.data for pub in history.publications], [{"n": 1}, {"n": 2}, {"n": 3}])
        self.assertEqual((history.offset, history.publications[0].tags), (3, {"kind": "test"}))
        since = StreamPosition(offset=1, epoch=history.epoch)
        page = self.backend.history(HistoryRequest(channel="news:cent", limit=1, since=since))
        self.assertEqual([pub.offset for pub in page.publications], [2])
        self.backend.history_remove(HistoryRemoveRequest(channel="news:cent"))
        self.assertEqual(self.backend.history(HistoryRequest(channel="news:cent", limit=10)).publications, [])

    def test_broadcasts_and_hears_about_each_channel(self):
        result = self.backend.broadcast(BroadcastRequest(channels=["news:b", "nowhere:b", "open:b"], data=1))
        self.assertEqual(result.responses[0].result.offset, 1)
        self.assertEqual(result.responses[1].error.code, 102)
        self.assertEqual(result.responses[2].result.offset, 0)

    def test_sends_a_publication_again_with_its_key(self):
        request = PublishRequest(channel="news:once", data={"bid": 100}, idempotency_key="bid-1")
        first = self.backend.publish(request)
        self.assertEqual((first.offset, self.backend.publish(request)), (1, first))

    def test_a_batch_is_answered_command_by_command(self):
        result = self.backend.batch(
            BatchRequest(
                requests=[
                    PublishRequest(channel="news:batch", data=1),
                    PresenceStatsRequest(channel="room:batch"),
                    HistoryRequest(channel="news:batch", limit=1),
                    HistoryRemoveRequest(channel="news:batch"),
                    ChannelsRequest(),
                ]
            )
        )
        self.assertEqual(result.replies[0].offset, 1)
        self.assertEqual(result.replies[1].num_clients, 0)
        self.assertEqual(result.replies[2].publications[0].data, 1)

    def test_errors_keep_their_codes(self):
        with self.assertRaises(CentApiResponseError) as refused:
            self.backend.publish(PublishRequest(channel="nowhere:1", data={}))
        self.assertEqual(refused.exception.code, 102)
        with self.assertRaises(CentUnauthorizedError):
            Client(f"{self.gateway.http}/api", "guessed").info(InfoRequest())


class ItsOrders(StockClients):
    """What they do to a client, through the asynchronous half of the library."""

    async def test_sees_who_is_connected(self):
        ann, _ = await self.connected(token=token(sub="ann", info={"name": "Ann"}))
        await self.subscribed(ann, "room:cent")
        (info,) = (await self.backend.presence(PresenceRequest(channel="room:cent"))).presence.values()
        self.assertEqual((info.user, info.conn_info), ("ann", {"name": "Ann"}))
        stats = await self.backend.presence_stats(PresenceStatsRequest(channel="room:cent"))
        self.assertEqual((stats.num_clients, stats.num_users), (1, 1))
        rooms = (await self.backend.channels(ChannelsRequest(pattern="room:c*"))).channels
        self.assertEqual({name: one.num_clients for name, one in rooms.items()}, {"room:cent": 1})
        (node,) = (await self.backend.info(InfoRequest())).nodes
        self.assertEqual((node.num_clients, node.num_users, node.num_subs), (1, 1, 1))

    async def test_subscribes_a_user_with_what_was_missed_and_ends_that(self):
        _, events = await self.connected("bob")
        first = await self.backend.publish(PublishRequest(channel="news:bob", data=1))
        await self.publish("news:bob", 2)
        subscribe = SubscribeRequest(
            user="bob",
            channel="news:bob",
            data={"hello": "bob"},
            recover_since=StreamPosition(offset=first.offset, epoch=first.epoch),
        )
        await self.backend.subscribe(subscribe)
        told = await events.next("subscribed")
        self.assertEqual((told.channel, told.recoverable, told.data), ("news:bob", True, {"hello": "bob"}))
        await self.publish("news:bob", 3)
        self.assertEqual(await events.hears(2), [("news:bob", 2), ("news:bob", 3)])
        await self.backend.unsubscribe(UnsubscribeRequest(user="bob", channel="news:bob"))
        self.assertEqual((await events.next("unsubscribed")).channel, "news:bob")
        brief = ChannelOptionsOverride(force_recovery=BoolValue(value=False))
        await self.backend.subscribe(SubscribeRequest(user="bob", channel="news:brief", override=brief))
        told = await events.next("subscribed")
        self.assertEqual((told.channel, told.recoverable), ("news:brief", False))

    async def test_unsubscribes_one_of_a_users_connections(self):
        leaving, staying = [await self.connected("eve") for _ in range(2)]
        listeners = [(await self.subscribed(client, "open:eve"))[1] for client, _ in (leaving, staying)]
        one = (await leaving[1].next("connected")).client
        await self.backend.unsubscribe(UnsubscribeRequest(user="eve", channel="open:eve", client=one))
        self.assertEqual((await listeners[0].next("unsubscribed")).code, 2000)
        await self.publish("open:eve", "still here")
        self.assertEqual(await listeners[1].hears(1), ["still here"])

    async def test_disconnects_a_user_but_for_whom_it_spares(self):
        going, spared = [await self.connected("carl") for _ in range(2)]
        keep = (await spared[1].next("connected")).client
        words = Disconnect(code=4501, reason="moved out")
        await self.backend.disconnect(DisconnectRequest(user="carl", whitelist=[keep], disconnect=words))
        gone = await going[1].next("disconnected")
        self.assertEqual((gone.code, gone.reason), (4501, "moved out"))
        await self.backend.disconnect(DisconnectRequest(user="carl"))
        self.assertEqual((await spared[1].next("disconnected")).code, 3503)

    async def test_prolongs_a_connection_and_ends_it(self):
        _, events = await self.connected("fay")
        await self.backend.refresh(RefreshRequest(user="fay", expire_at=2_000_000_000))
        await self.backend.refresh(RefreshRequest(user="fay", expired=True))
        await events.next("connected")
        self.assertEqual((await events.next("connecting")).code, 3005)


class ErrorsByStatus(StockClients):
    config = {"http_api": {"error_mode": "transport"}}

    async def test_errors_are_statuses(self):
        unknown, bad = PublishRequest(channel="nowhere:1", data={}), PublishRequest(channel="", data={})
        asked = [(unknown, 404), (bad, 400), (HistoryRequest(channel="open:1"), 400)]
        elsewhere = StreamPosition(offset=1, epoch="elsewhere")
        await self.publish("news:1", 1)
        asked.append((HistoryRequest(channel="news:1", since=elsewhere), 416))
        for request, status in asked:
            ask = self.backend.publish if isinstance(request, PublishRequest) else self.backend.history
            with self.assertRaises(CentTransportError) as refused:
                await ask(request)
            self.assertEqual(refused.exception.status_code, status)
        answer = await self.backend.broadcast(BroadcastRequest(channels=["news:1", "nowhere:1"], data=2))
        self.assertEqual((answer.responses[0].result.offset, answer.responses[1].error.code), (2, 102))


if __name__ == "__main__":
    unittest.main()
