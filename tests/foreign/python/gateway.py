"""Starts the built gateway with a configuration of its own, and a TCP proxy that cuts its connections."""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import pathlib
import re
import socket
import struct
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
BINARY = os.environ.get("SUONA_BIN", str(ROOT / "target" / "debug" / "suona"))
SECRET = "a secret of these tests, long enough for any check"
API_KEY = "the-backend-only"

# The environment without what would configure the gateway.
UNCONFIGURED = {name: value for name, value in os.environ.items() if not name.startswith(("SUONA_", "CENTRIFUGO_"))}

CONFIG = {
    "http_server": {"address": "127.0.0.1", "port": 0},
    "http_api": {"key": API_KEY},
    "client": {"token": {"hmac_secret_key": SECRET}},
    "channel": {
        "namespaces": [
            {"name": "open", "allow_subscribe_for_client": True},
            {"name": "closed"},
            {
                "name": "news",
                "history_size": 100,
                "history_ttl": "300s",
                "force_recovery": True,
                "allow_subscribe_for_client": True,
                "allow_history_for_subscriber": True,
            },
            {
                "name": "short",
                "history_size": 10,
                "history_ttl": "300s",
                "force_recovery": True,
                "allow_subscribe_for_client": True,
            },
            {
                "name": "room",
                "presence": True,
                "join_leave": True,
                "force_push_join_leave": True,
                "allow_subscribe_for_client": True,
                "allow_publish_for_subscriber": True,
                "allow_presence_for_subscriber": True,
            },
        ]
    },
}


class Gateway:
    """One process of the gateway, listening on a port of its own, with `more` in its configuration."""

    def __init__(self, more=None):
        self._folder = tempfile.TemporaryDirectory(prefix="suona-")
        config = pathlib.Path(self._folder.name, "suona.json")
        config.write_text(json.dumps(merged(CONFIG, more or {})))
        log = pathlib.Path(self._folder.name, "log")
        with log.open("wb") as errors:
            command = [BINARY, "serve", "-c", str(config)]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=errors, env=UNCONFIGURED)
        self.port = self._listens_on(log)
        self.http = f"http://127.0.0.1:{self.port}"
        self.websocket = f"ws://127.0.0.1:{self.port}/connection/websocket"

    def _listens_on(self, log):
        while True:
            if announced := re.search(r"listening on http://\S+:(\d+)", log.read_text()):
                return int(announced[1])
            try:
                code = self._process.wait(0.01)
            except subprocess.TimeoutExpired:
                continue
            raise RuntimeError(f"the gateway ended with {code}:\n{log.read_text()}")

    def stop(self):
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()


def merged(base, over):
    """Tables are merged, everything else is replaced."""
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return over
    return base | {key: merged(base[key], value) if key in base else value for key, value in over.items()}


class Network:
    """A TCP proxy in front of the gateway that can cut the line, hard."""

    def __init__(self, port):
        self._target = port
        self._writers = set()
        self._refusing = False

    async def listen(self):
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.websocket = f"ws://127.0.0.1:{port}/connection/websocket"
        return self

    def cut(self):
        """Resets every connection on both sides, and each new one until `mend`."""
        self._refusing = True
        for writer in self._writers:
            reset(writer)

    def mend(self):
        self._refusing = False

    def close(self):
        self.cut()
        self._server.close()

    async def _accept(self, reader, writer):
        if self._refusing:
            return reset(writer)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        both = {writer, far_writer}
        self._writers |= both
        await asyncio.gather(carry(reader, far_writer), carry(far_reader, writer))
        self._writers -= both


async def carry(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


def reset(writer):
    if connection := writer.get_extra_info("socket"):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def token(secret=SECRET, **claims):
    """A JSON Web Token, HS256."""
    head, body = (encoded(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    signature = hmac.new(secret.encode(), f"{head}.{body}".encode(), hashlib.sha256).digest()
    return f"{head}.{body}.{encoded(signature)}"


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
