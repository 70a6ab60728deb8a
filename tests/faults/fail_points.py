"""Where a process can be told to die: before and after each step that it takes outside itself.

The steps are methods of its adapters, wrapped when a test starts the process (`tests.faults.launch`). The
product itself has no fail points in it and no setting that could open one.
"""

import functools
import importlib
import inspect
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

BROKER = {
    "publish": "shared.messaging.rabbitmq.broker:RabbitMQ.publish",
    "take-message": "shared.messaging.rabbitmq.work_queue:WorkQueue.handle",
}
CONVERSIONS = {
    "store-save": "converter_service.storage.conversions:MongoConversions.save",
    "blob-write": "converter_service.storage.gridfs:GridFSBlobs.write",
    "blob-finish": "converter_service.storage.gridfs:GridFSBlobs._finish",
    "outbox-claim": "converter_service.storage.outbox:MongoOutbox._claim_one",
    "outbox-clear": "converter_service.storage.outbox:MongoOutbox.clear",
}
# Role → step → the method that takes it.
STEPS: Mapping[str, Mapping[str, str]] = {
    "gateway": {
        "introspect": "gateway.clients.introspection:IntrospectionClient.introspect",
        "sign-in": "gateway.clients.json_service:JsonService.forward",
        "relay": "gateway.proxy.relay:Relay._upload",
    },
    "auth": {
        "hash": "auth_service.passwords.hasher:Place.matches",
        "bearer": "auth_service.repository:Store.session_bearer",
        "outbox-claim": "auth_service.outbox.repository:SqlOutbox.claim",
        "outbox-clear": "auth_service.outbox.repository:SqlOutbox.clear",
        **BROKER,
    },
    "converter": {
        **CONVERSIONS,
        "store-add": "converter_service.storage.conversions:MongoConversions.add",
        "publish": BROKER["publish"],
    },
    "worker": {
        **CONVERSIONS,
        **BROKER,
        "probe": "converter_service.media.ffmpeg.transcoder:FFmpegTranscoder.probe",
        "convert": "converter_service.media.ffmpeg.transcoder:FFmpegTranscoder.convert",
        "blob-delete": "converter_service.storage.gridfs:GridFSBlobs.delete",
    },
    "notification": {
        "take-message": BROKER["take-message"],
        "ledger-claim": "notification_service.email.mongo_ledger:MongoLedger.claim",
        "ledger-sent": "notification_service.email.mongo_ledger:MongoLedger.record_sent",
        "send": "notification_service.email.smtp:SmtpMailer.send",
        "webhook-add": "notification_service.webhooks.mongo_deliveries:MongoDeliveries.add",
        "webhook-post": "notification_service.webhooks.outbound.http_client:WebhookHttpClient.post",
        "webhook-settle": "notification_service.webhooks.mongo_deliveries:MongoDeliveries.complete",
    },
}


def role_of(name: str) -> str:
    """Of a process: `worker-2` is a worker."""
    return name.partition("-")[0]


def names(role: str) -> list[str]:
    """Every fail point of a role, such as `before-publish`."""
    return [f"{moment}-{step}" for step in STEPS[role] for moment in ("before", "after")]


class FailPoints:
    """Armed by a file of the point's name in `folder`. The process that finds it first sends itself the
    signal that it names, once: it dies of it, stops in good order, or sleeps there until somebody wakes it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def arm(self, point: str, signum: signal.Signals = signal.SIGKILL) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = self._folder / f"{point}.draft"
        draft.write_text(signum.name)
        draft.replace(self._folder / point)

    def disarm(self, point: str) -> bool:
        """False when it has been hit."""
        try:
            (self._folder / point).unlink()
        except FileNotFoundError:
            return False
        return True

    def is_hit(self, point: str) -> bool:
        return not (self._folder / point).exists()

    def reach(self, point: str) -> None:
        """In the process under test."""
        try:
            signum = signal.Signals[(self._folder / point).read_text()]
        except FileNotFoundError:
            return
        if self.disarm(point):
            os.kill(os.getpid(), signum)

    def install(self, role: str) -> None:
        """Wraps every step of the role. Raises when there is no such method any more."""
        for step, place in STEPS[role].items():
            module, _, path = place.partition(":")
            name, _, method = path.partition(".")
            owner = getattr(importlib.import_module(module), name)
            original = getattr(owner, method)
            if not inspect.iscoroutinefunction(original):
                raise TypeError(f"{place} is not a coroutine function")
            setattr(owner, method, self._around(original, step))

    def _around(self, original: Callable[P, Awaitable[T]], step: str) -> Callable[P, Awaitable[T]]:
        @functools.wraps(original)
        async def watched(*args: P.args, **kwargs: P.kwargs) -> T:
            self.reach(f"before-{step}")
            result = await original(*args, **kwargs)
            self.reach(f"after-{step}")
            return result

        return watched
