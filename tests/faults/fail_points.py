"""Fail points: places before and after each external step of a process, where a test can send it a signal.

The steps are methods of adapters that are wrapped when a test starts the process (`tests.faults.launch`). The
product contains no fail points and no setting that could enable one.
"""

import functools
import importlib
import inspect
import os
import signal
from collections.abc import Awaitable, Callable, Iterable, Mapping
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
# Taken only while MongoDB is out of reach.
HAND_ON = {
    "mail-hand-on": "notification_service.email.sent_records:SentRecords._hand_on",
    "webhook-hand-on": "notification_service.webhooks.delivery_record:DeliveryRecorder._hand_on",
}
# Role → step → the method that takes it.
STEPS: Mapping[str, Mapping[str, str]] = {
    "gateway": {
        "introspect": "gateway.clients.introspection:IntrospectionClient.introspect",
        "sign-in": "gateway.clients.json_service:JsonService.forward",
        "relay": "gateway.proxy.relay:Relay._upload",
    },
    "auth": {
        "hash": "auth_service.passwords.hasher:HashSlot.matches",
        "bearer": "auth_service.introspection.repository:TokenHolderRepository.find_by_session",
        "outbox-claim": "auth_service.database.outbox:SqlOutbox.claim",
        "outbox-clear": "auth_service.database.outbox:SqlOutbox.clear",
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
        **BROKER,
        **HAND_ON,
        "ledger-claim": "notification_service.email.mongo_ledger:MongoLedger.claim",
        "ledger-sent": "notification_service.email.mongo_ledger:MongoLedger.record_sent",
        "ledger-postpone": "notification_service.email.mongo_ledger:MongoLedger.postpone",
        "ledger-refuse": "notification_service.email.mongo_ledger:MongoLedger.record_refusal",
        "send": "notification_service.email.smtp:SmtpMailer.send",
        "webhook-add": "notification_service.webhooks.mongo_deliveries:MongoDeliveries.add",
        "webhook-claim": "notification_service.webhooks.mongo_deliveries:MongoDeliveries.claim",
        "webhook-look-up": "notification_service.webhooks.mongo_endpoints:MongoEndpoints.get",
        "webhook-post": "notification_service.webhooks.outbound.http_client:WebhookHttpClient.post",
        "webhook-settle": "notification_service.webhooks.mongo_deliveries:MongoDeliveries.complete",
        "webhook-record": "notification_service.webhooks.mongo_deliveries:MongoDeliveries.record_delivered",
        "outbox-claim": "notification_service.webhooks.mongo_outbox:MongoWebhookOutbox.claim",
        "outbox-clear": "notification_service.webhooks.mongo_outbox:MongoWebhookOutbox.clear",
    },
}


def role_of(name: str) -> str:
    """Returns the role of a process: `worker` for `worker-2`."""
    return name.partition("-")[0]


def names(role: str) -> list[str]:
    """Returns all fail points of a role, such as `before-publish`."""
    return names_of(STEPS[role])


def names_of(steps: Iterable[str]) -> list[str]:
    """Returns the fail points of these steps."""
    return [f"{moment}-{step}" for step in steps for moment in ("before", "after")]


class FailPoints:
    """A point is armed by a file of its name in `folder`.

    The first process that reaches it deletes the file and sends itself the signal named in it: SIGKILL,
    SIGTERM or SIGSTOP.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def arm(self, point: str, signum: signal.Signals = signal.SIGKILL) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = self._folder / f"{point}.draft"
        draft.write_text(signum.name)
        draft.replace(self._folder / point)

    def disarm(self, point: str) -> bool:
        """Returns False if the point has been hit."""
        try:
            (self._folder / point).unlink()
        except FileNotFoundError:
            return False
        return True

    def is_hit(self, point: str) -> bool:
        return not (self._folder / point).exists()

    def reach(self, point: str) -> None:
        """Sends the armed signal, if any; called in the process under test."""
        try:
            signum = signal.Signals[(self._folder / point).read_text()]
        except FileNotFoundError:
            return
        if self.disarm(point):
            os.kill(os.getpid(), signum)

    def install(self, role: str) -> None:
        """Wraps every step of the role; raises if the method does not exist or is not a coroutine."""
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
