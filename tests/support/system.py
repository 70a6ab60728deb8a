"""The whole system under test: control of its parts and direct access to its databases."""

import asyncio
import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import psutil
from pymongo import MongoClient

from devstack.daemon import Daemon
from devstack.process_tree import process_tree
from devstack.stack import Stack
from shared.messaging.rabbitmq.topology import tier_name
from shared.messaging.subscriptions import SUBSCRIPTIONS
from tests.support.mailbox import Mailbox
from tests.support.wait import PATIENCE_S

Document = dict[str, Any]

# Size of the upload that is interrupted repeatedly.
RESUMED_BYTES = int(os.environ.get("TONEGATE_RESUMED_BYTES", str(48 * 1024**2)))

# High rate limits and short leases, because tests are faster than people. Webhook receivers are on loopback.
# The token cache outlasts any test, so that revocation cannot be confused with expiry of the cache.
SETTINGS: Mapping[str, str] = {
    "GATEWAY_RATE_LIMIT_DEFAULT": "100000/minute",
    "GATEWAY_RATE_LIMIT_LOGIN": "10000/minute",
    "GATEWAY_RATE_LIMIT_REGISTER": "10000/hour",
    "GATEWAY_RATE_LIMIT_UPLOAD": "10000/hour",
    "GATEWAY_RATE_LIMIT_WEBHOOK_TEST": "10000/hour",
    "GATEWAY_TOKEN_CACHE_TTL": "300s",
    "CONVERTER_LEASE": "3s",
    "CONVERTER_MAX_UPLOAD_BYTES": str(max(1024**3, RESUMED_BYTES)),
    "NOTIFICATION_PER_DAY": "100000",
    "NOTIFICATION_UNVERIFIED_PER_DAY": "10000",
    "NOTIFICATION_UNVERIFIED_TOTAL": "10000",
    "NOTIFICATION_WEBHOOK_TESTS_PER_HOST": "10000",
    "NOTIFICATION_WEBHOOK_HTTP": "true",
    "NOTIFICATION_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
    "NOTIFICATION_PUSH_HTTP": "true",
    "NOTIFICATION_PUSH_ALLOWED_NETWORKS": "127.0.0.0/8",
    "NOTIFICATION_WEBHOOK_RETRIES": "0.2s,0.2s,0.2s,1s,1s,1s",
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
        """Simulates a crash by SIGKILL."""
        self._part(name).kill()

    def stop(self, name: str) -> None:
        self._part(name).stop()

    def start(self, *names: str) -> None:
        """Starts the named parts together; returns when all are ready."""
        self.stack.start(*names)

    def freeze(self, name: str) -> None:
        self._part(name).pause()

    def thaw(self, name: str) -> None:
        self._part(name).resume()

    def _part(self, name: str) -> Daemon:
        servers = {server.name: server for server in self.stack.servers}
        return servers.get(name) or self.stack.service(name)

    def command(self, name: str, *arguments: str, **environment: str) -> str:
        """Runs the service's command with arguments, as an operator does; returns its output, raises if
        it fails.
        """
        return self._ran(name, [*self.stack.service(name).command(), *arguments], environment)

    def operate(self, name: str, *arguments: str) -> str:
        """Runs another command of the package, such as `auth_service admin`; returns its output."""
        return self._ran(name, [sys.executable, "-m", *arguments], {})

    def _ran(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> str:
        done = subprocess.run(
            command,
            env={**self.stack.service(name).environment(), **environment},
            check=True,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        return done.stdout

    def document_of(self, conversion_id: str) -> Document:
        with MongoClient[Document](self._mongo_url) as client:
            found = client.get_default_database()["conversions"].find_one({"_id": conversion_id})
        assert found is not None, f"no conversion {conversion_id}"
        return found

    def add_copies(self, conversion_id: str, count: int) -> None:
        """Adds older records like that of a conversion, named `copy 1.mp4` and so on, without its files."""
        document = self.document_of(conversion_id) | {
            **dict.fromkeys(("source_blob", "audio_blob", "due_at", "upload")),
            "blobs": [],
            "debris": [],
            "held_bytes": 0,
        }
        newest, made = int(conversion_id, 16), document["created_at"]
        copies = [
            document
            | {
                "_id": f"{newest - number:032x}",
                "created_at": made - timedelta(minutes=number),
                "source": document["source"] | {"filename": f"copy {number}.mp4"},
                "search_text": f"\ncopy {number}.mp4",
            }
            for number in range(1, count + 1)
        ]
        with MongoClient[Document](self._mongo_url) as client:
            client.get_default_database()["conversions"].insert_many(copies)

    def has_conversion(self, conversion_id: str) -> bool:
        with MongoClient[Document](self._mongo_url) as client:
            return client.get_default_database()["conversions"].count_documents({"_id": conversion_id}) > 0

    def status_of(self, conversion_id: str) -> str:
        return str(self.document_of(conversion_id)["status"])

    def stored_files_of(self, conversion_id: str) -> int:
        """Number of blobs of a conversion, complete or not."""
        document = self.document_of(conversion_id)
        upload = document.get("upload") or {"segments": []}
        pieces = [segment["blob"] for segment in upload["segments"]]
        blobs = [document["source_blob"], *pieces, document["audio_blob"], *document["debris"]]
        blobs.append(document.get("details_blob"))
        with MongoClient[Document](self._mongo_url) as client:
            chunks = client.get_default_database()["fs.chunks"]
            return len(chunks.distinct("files_id", {"files_id": {"$in": blobs}}))

    def stored(self) -> set[str]:
        """Ids of all conversions, files and chunks."""
        with MongoClient[Document](self._mongo_url) as client:
            database = client.get_default_database()
            names = ("conversions", "fs.files", "fs.chunks")
            return {str(each) for name in names for each in database[name].distinct("_id")}

    def chunks(self) -> int:
        """Estimated number of chunks, which are of 1 MiB."""
        with MongoClient[Document](self._mongo_url) as client:
            return client.get_default_database()["fs.chunks"].estimated_document_count()

    def is_running(self, name: str) -> bool:
        return self._part(name).alive

    def has_an_upload(self) -> bool:
        with MongoClient[Document](self._mongo_url) as client:
            return client.get_default_database()["conversions"].count_documents({"status": "uploading"}) > 0

    async def is_quiet(self, conversion_id: str) -> bool:
        """Returns True if no event of a finished conversion is left in the outbox or a queue."""
        if self.document_of(conversion_id).get("outbox"):
            return False
        return await asyncio.to_thread(self.messages) == 0

    def messages(self) -> int:
        """Number of messages about conversions in queues and retry tiers, unacknowledged ones included.

        Messages about deleted accounts are excluded: they are repeated after minutes. The queues are queried
        directly, because `rabbitmqctl list_queues` is seconds behind.
        """
        inboxes = [inbox for inbox in SUBSCRIPTIONS if not inbox.queue.endswith(".accounts")]
        names = [inbox.queue for inbox in inboxes]
        names += [tier_name(inbox.queue, tier) for inbox in inboxes for tier in inbox.retry_tiers]
        ours = ",".join(f'<<"{name}">>' for name in names)
        counted = self.stack.rabbitmq.control(
            "eval",
            "Counts = [begin {ok, {_, Count}, _} = "
            "ra:leader_query(amqqueue:get_pid(Queue), fun rabbit_fifo:query_messages_total/1), Count end"
            " || Queue <- rabbit_amqqueue:list(),"
            f" lists:member(element(4, amqqueue:get_name(Queue)), [{ours}])],"
            " {length(Counts), lists:sum(Counts)}.",
        )
        queues, messages = (int(number) for number in re.findall(r"\d+", counted))
        assert queues == len(names), f"{queues} of {len(names)} queues are there"
        return messages

    def state_of_letter(self, mail: EmailMessage) -> str:
        """Returns the state of a mail's ledger entry, found by its Message-ID, which derives from the
        event's id.
        """
        with MongoClient[Document](self.stack.mongo.url()) as client:
            entries = client["tonegate_notification"]["letters"].find({}, {"state": 1}).to_list()
        wanted = str(mail["Message-ID"]).strip("<>").partition("@")[0]
        for entry in entries:
            if hashlib.sha256(entry["_id"].encode()).hexdigest().startswith(wanted):
                return str(entry["state"])
        return "unknown"

    def freeze_ffmpeg(self) -> bool:
        """Sends SIGSTOP to the worker's ffmpeg; returns False if none runs."""
        found = self._ffmpegs()
        for process in found:
            process.suspend()
        return bool(found)

    def thaw_ffmpeg(self) -> None:
        for process in self._ffmpegs():
            process.resume()

    def _ffmpegs(self) -> list[psutil.Process]:
        own = process_tree(self.stack.service("worker").process.pid)
        return [process for process in own if _is_ffmpeg(process)]

    def letters(self, state: str) -> int:
        """Number of entries of the mail ledger in this state."""
        with MongoClient[Document](self.stack.mongo.url()) as client:
            return client["tonegate_notification"]["letters"].count_documents({"state": state})


def _is_ffmpeg(process: psutil.Process) -> bool:
    try:
        return process.name() == "ffmpeg"
    except psutil.NoSuchProcess:
        return False
