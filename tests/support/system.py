"""The five processes and their servers as one thing under test, with a look behind the scenes."""

import subprocess
from collections.abc import Mapping
from typing import Any

import aio_pika
from pymongo import MongoClient

from devstack.daemon import Daemon
from devstack.stack import Stack
from tests.support.mailbox import Mailbox

Document = dict[str, Any]

# Tests go faster than any person: the limits have tests of their own. A dead worker is noticed soon.
SETTINGS: Mapping[str, str] = {
    "GATEWAY_RATE_LIMIT_DEFAULT": "100000/minute",
    "GATEWAY_RATE_LIMIT_LOGIN": "10000/minute",
    "GATEWAY_RATE_LIMIT_REGISTER": "10000/hour",
    "GATEWAY_RATE_LIMIT_UPLOAD": "10000/hour",
    "CONVERTER_LEASE": "3s",
}


class System:
    """Parts by name: `postgres mongo rabbitmq mail auth converter worker notification gateway`."""

    def __init__(self, stack: Stack, mailbox: Mailbox, mongo_url: str, amqp_url: str) -> None:
        self.stack = stack
        self.mailbox = mailbox
        self._mongo_url = mongo_url
        self._amqp_url = amqp_url

    @property
    def url(self) -> str:
        return self.stack.url

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.stack.service("gateway").port

    def kill(self, name: str) -> None:
        """As a crash would: no part of it gets a word in."""
        self._part(name).kill()

    def stop(self, name: str) -> None:
        self._part(name).stop()

    def start(self, *names: str) -> None:
        """Together; returns when all are ready for work."""
        self.stack.start(*names)

    def freeze(self, name: str) -> None:
        self._part(name).pause()

    def thaw(self, name: str) -> None:
        self._part(name).resume()

    def _part(self, name: str) -> Daemon:
        servers = {server.name: server for server in self.stack.servers}
        return servers.get(name) or self.stack.service(name)

    def command(self, name: str, *arguments: str, **environment: str) -> str:
        """What an operator runs on the machine of a service; gives what it prints. Raises when it fails."""
        service = self.stack.service(name)
        done = subprocess.run(
            [*service.command(), *arguments],
            env={**service.environment(), **environment},
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.stdout

    def document_of(self, conversion_id: str) -> Document:
        with MongoClient[Document](self._mongo_url) as client:
            found = client.get_default_database()["conversions"].find_one({"_id": conversion_id})
        assert found is not None, f"no conversion {conversion_id}"
        return found

    def has_conversion(self, conversion_id: str) -> bool:
        with MongoClient[Document](self._mongo_url) as client:
            return client.get_default_database()["conversions"].count_documents({"_id": conversion_id}) > 0

    def status_of(self, conversion_id: str) -> str:
        return str(self.document_of(conversion_id)["status"])

    def stored_files_of(self, conversion_id: str) -> int:
        """How many blobs of this conversion exist, whole or in part."""
        document = self.document_of(conversion_id)
        blobs = [document["source_blob"], document["audio_blob"], *document["debris"]]
        with MongoClient[Document](self._mongo_url) as client:
            chunks = client.get_default_database()["fs.chunks"]
            return len(chunks.distinct("files_id", {"files_id": {"$in": blobs}}))

    def is_empty(self) -> bool:
        """No conversion, no file, no chunk."""
        with MongoClient[Document](self._mongo_url) as client:
            database = client.get_default_database()
            names = ("conversions", "fs.files", "fs.chunks")
            return not any(database[name].count_documents({}) for name in names)

    def has_an_upload(self) -> bool:
        with MongoClient[Document](self._mongo_url) as client:
            return client.get_default_database()["conversions"].count_documents({"status": "uploading"}) > 0

    async def is_quiet(self, conversion_id: str) -> bool:
        """Nothing is left to be published or delivered: what has not happened by now never will."""
        if self.document_of(conversion_id).get("outbox"):
            return False
        connection = await aio_pika.connect(self._amqp_url)
        async with connection:
            channel = await connection.channel()
            for name in ("converter.worker", "converter.accounts", "notification.mail"):
                queue = await channel.declare_queue(name, passive=True)
                if queue.declaration_result.message_count:
                    return False
        return True

    def letters(self, state: str) -> int:
        """How many entries of the mail ledger are in this state."""
        with MongoClient[Document](self.stack.mongo.url()) as client:
            return client["tonegate_notification"]["letters"].count_documents({"state": state})
