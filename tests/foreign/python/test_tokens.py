"""PyPI `centrifuge-python`, unmodified: whose keys its tokens may be signed with, and how they are renewed."""

import asyncio
import json
import pathlib
import subprocess
import tempfile
import time
import unittest

from backend import Backend
from clients import StockClients
from gateway import SECRET, encoded, token

PREVIOUS = "the key of last month, which some tokens are still signed with"
SUBSCRIPTIONS = "a key for subscriptions, which opens no door whatsoever"


def in_seconds(seconds):
    return int(time.time()) + seconds


class KeysOfItsOwn(StockClients):
    config = {
        "client": {
            "token": {"hmac_previous_secret_key": PREVIOUS},
            "subscription_token": {"enabled": True, "hmac_secret_key": SUBSCRIPTIONS},
            "expired_close_delay": "1s",
            "expired_sub_close_delay": "1s",
        }
    }

    async def test_the_key_before_still_opens_the_door(self):
        await self.connected(token=token(PREVIOUS, sub="ann"))

    async def test_subscriptions_have_a_key_that_is_good_for_nothing_else(self):
        client, _ = await self.connected()
        mine = {"sub": "ann", "channel": "closed:1"}
        await self.subscribed(client, "closed:1", token=token(SUBSCRIPTIONS, **mine))
        for secret in (SECRET, PREVIOUS):
            wrong = token(secret, sub="ann", channel="closed:2")
            refused, listener = await self.subscribing(client, "closed:2", token=wrong)
            self.assertEqual((await listener.next("unsubscribed")).code, 103)
            client.remove_subscription(refused)
        self.assertEqual(await self.refused(token=token(SUBSCRIPTIONS, sub="ann")), 3500)

    async def test_tokens_that_expire_are_renewed_where_they_are(self):
        renewed = asyncio.Queue()

        async def fetch():
            renewed.put_nowait("connection")
            return token(sub="ann", exp=in_seconds(60))

        async def fetch_for(channel):
            renewed.put_nowait(channel)
            return token(SUBSCRIPTIONS, sub="ann", channel=channel, exp=in_seconds(60))

        client, events = await self.connected(token=token(sub="ann", exp=in_seconds(2)), get_token=fetch)
        brief = token(SUBSCRIPTIONS, sub="ann", channel="closed:1", exp=in_seconds(2))
        _, listener = await self.subscribed(client, "closed:1", token=brief, get_token=fetch_for)
        async with asyncio.timeout(10):
            self.assertEqual({await renewed.get(), await renewed.get()}, {"connection", "closed:1"})
        await self.publish("closed:1", "still here")
        self.assertEqual(await listener.hears(1), ["still here"])
        self.assertEqual(events.so_far(), ["connecting", "connected"])
        self.assertEqual(listener.so_far(), ["subscribing", "subscribed"])

    async def test_who_has_no_new_token_ends(self):
        async def never(*_):
            await asyncio.Event().wait()

        client, _ = await self.connected()
        brief = token(SUBSCRIPTIONS, sub="ann", channel="closed:1", exp=in_seconds(2))
        _, listener = await self.subscribed(client, "closed:1", token=brief, get_token=never)
        _, idle = await self.connected(token=token(sub="ann", exp=in_seconds(2)), get_token=never)
        await listener.next("subscribed")
        self.assertEqual((await listener.next("subscribing")).code, 2501)
        await idle.next("connected")
        self.assertEqual((await idle.next("connecting")).code, 3005)


class KeysOfItsOwnInProtobuf(KeysOfItsOwn):
    protobuf = True


class PublishedKeys(StockClients):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="suona-")
        cls.addClassCleanup(folder.cleanup)
        cls.key = pathlib.Path(folder.name, "key.pem")
        openssl("genrsa", "-out", cls.key, "2048")
        modulus = openssl("rsa", "-in", cls.key, "-noout", "-modulus").decode().strip().removeprefix("Modulus=")
        jwk = {"kty": "RSA", "kid": "a", "use": "sig", "e": "AQAB", "n": encoded(bytes.fromhex(modulus))}
        cls.provider = Backend({"keys": lambda _: {"keys": [jwk]}})
        cls.addClassCleanup(cls.provider.stop)
        cls.config = {"client": {"token": {"jwks_public_endpoint": cls.provider.url("keys")}}}
        super().setUpClass()

    def signed(self, kid="a", **claims):
        """A token signed with the published key, which it calls `kid`."""
        head, body = (encoded(json.dumps(part).encode()) for part in ({"alg": "RS256", "kid": kid}, claims))
        signature = openssl("dgst", "-sha256", "-sign", self.key, text=f"{head}.{body}")
        return f"{head}.{body}.{encoded(signature)}"

    async def test_a_published_key_opens_the_door_and_subscriptions(self):
        client, _ = await self.connected(token=self.signed(sub="ann"))
        await self.subscribed(client, "closed:1", token=self.signed(sub="ann", channel="closed:1"))
        # Once, or once more for a client that came while they were being fetched.
        self.assertLessEqual(len(self.provider.questions("keys")), 2)

    async def test_no_other_key_does(self):
        self.assertEqual(await self.refused(token=token(sub="ann")), 3500)
        forged = self.signed(sub="ann").rsplit(".", 1)[0] + "." + encoded(bytes(256))
        self.assertEqual(await self.refused(token=forged), 3500)


def openssl(*args, text=""):
    return subprocess.run(["openssl", *args], input=text.encode(), capture_output=True, check=True).stdout


if __name__ == "__main__":
    unittest.main()
