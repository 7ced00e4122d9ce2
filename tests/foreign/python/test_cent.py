"""PyPI `cent`, unmodified, against the HTTP API of the built gateway."""

import asyncio
import unittest

from cent import (
    BatchRequest,
    BroadcastRequest,
    CentApiResponseError,
    CentUnauthorizedError,
    ChannelsRequest,
    Client,
    HistoryRemoveRequest,
    HistoryRequest,
    InfoRequest,
    PresenceRequest,
    PresenceStatsRequest,
    PublishRequest,
    StreamPosition,
)
import centrifuge

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

    def test_sees_who_is_connected(self):
        async def with_a_client():
            ann = centrifuge.Client(self.gateway.websocket, token=token(sub="ann", info={"name": "Ann"}))
            await ann.connect()
            room = ann.new_subscription("room:cent")
            await room.subscribe()
            await room.ready(5)
            await asyncio.to_thread(look)
            await ann.disconnect()

        def look():
            (info,) = self.backend.presence(PresenceRequest(channel="room:cent")).presence.values()
            self.assertEqual((info.user, info.conn_info), ("ann", {"name": "Ann"}))
            self.assertEqual(self.backend.channels(ChannelsRequest(pattern="room:*")).channels["room:cent"].num_clients, 1)
            (node,) = self.backend.info(InfoRequest()).nodes
            self.assertEqual((node.num_clients, node.num_users, node.num_subs), (1, 1, 1))

        asyncio.run(with_a_client())

    def test_errors_keep_their_codes(self):
        with self.assertRaises(CentApiResponseError) as refused:
            self.backend.publish(PublishRequest(channel="nowhere:1", data={}))
        self.assertEqual(refused.exception.code, 102)
        with self.assertRaises(CentUnauthorizedError):
            Client(f"{self.gateway.http}/api", "guessed").info(InfoRequest())


if __name__ == "__main__":
    unittest.main()
