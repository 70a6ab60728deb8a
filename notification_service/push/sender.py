"""Sender of one claimed push message: encrypt, post, store the outcome."""

import asyncio
import random
from datetime import timedelta

from prometheus_client import CollectorRegistry, Counter, Histogram

from notification_service.push.encryption import BrowserKeys, InvalidPushKeys, encrypt
from notification_service.push.ports import Subscriptions
from notification_service.push.subscription import Subscription
from notification_service.push.vapid import Vapid, topic_of
from notification_service.webhooks.delivery import Delivery
from notification_service.webhooks.delivery_record import DeliveryRecorder
from notification_service.webhooks.outbound.ports import AttemptResult, WebhookClient
from notification_service.webhooks.outbound.url_policy import InvalidWebhookUrl, UrlPolicy
from notification_service.webhooks.ports import Deliveries, Lane
from notification_service.webhooks.retry_policy import DispatchPolicy, Outcome, evaluate_attempt, is_used_up
from shared.clock import utc_now
from shared.contracts.webhooks import Attempt
from shared.logs import bind_correlation, get_logger
from shared.metrics import SHORT_BUCKETS

# How long a push service keeps a message for a browser that is away (RFC 8030 §5.2).
KEPT = timedelta(days=1)
SCHEDULE = (timedelta(seconds=5), timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))
# The subscription does not exist any more (RFC 8030 §7.3), or was made with another key of this server.
OVER = frozenset({401, 403, 404, 410})
# The message itself is refused: sending it again would not help.
REFUSED = frozenset({400, 413})

log = get_logger(__name__)


class PushSender:
    """Makes one attempt at a message and stores what follows for it and its subscription."""

    def __init__(
        self,
        subscriptions: Subscriptions,
        deliveries: Deliveries,
        recorder: DeliveryRecorder,
        *,
        client: WebhookClient,
        urls: UrlPolicy,
        vapid: Vapid,
        policy: DispatchPolicy,
        registry: CollectorRegistry,
    ) -> None:
        self._subscriptions, self._deliveries, self._recorder = subscriptions, deliveries, recorder
        self._client, self._urls, self._vapid, self._policy = client, urls, vapid, policy
        self._attempts = Counter("push_attempts", "Attempts by outcome", ("outcome",), registry=registry)
        self._attempts.labels("delivered")
        self._seconds = Histogram(
            "push_attempt_seconds", "Time of an attempt", buckets=SHORT_BUCKETS, registry=registry
        )

    async def send(self, lane: Lane, delivery: Delivery, claimed_at: float) -> None:
        """`claimed_at`: event loop time before the claim. Raises Unavailable if the store is unavailable."""
        retry = self._recorder.retry
        with bind_correlation(delivery.correlation_id, delivery.subject):
            found = await retry(lambda: self._subscriptions.get(delivery.endpoint_id))
            waited_s = asyncio.get_running_loop().time() - claimed_at
            if found is None or found.owner_id != delivery.owner_id:
                await retry(lambda: self._deliveries.delete_lane(lane))
            elif waited_s > self._policy.begin_within.total_seconds():
                log.warning("push attempt left to a later claim, too late after its own", message=delivery.id)
            elif is_used_up(delivery, SCHEDULE):
                await self._recorder.complete(delivery, None, Outcome(status="failed"))
            else:
                await self._attempt(found, lane, delivery)

    async def _attempt(self, subscription: Subscription, lane: Lane, delivery: Delivery) -> None:
        began = utc_now()
        result = await self._post(subscription, delivery)
        attempt = Attempt(
            at=began, status=result.status, duration=round(result.duration_s, 3), error=result.error
        )
        outcome = self._outcome(delivery, result)
        self._attempts.labels(result.error or "delivered").inc()
        self._seconds.observe(result.duration_s)
        log.info(
            "push message sent" if result.error is None else "push attempt failed",
            subscription=subscription.id,
            message=delivery.id,
            attempt=delivery.tries,
            status=result.status,
            error=result.error,
            outcome=outcome.status,
        )
        await self._recorder.record(delivery, attempt, outcome)
        if result.status in OVER:
            await self._unsubscribe(subscription, lane)

    async def _post(self, subscription: Subscription, delivery: Delivery) -> AttemptResult:
        """Checks the endpoint again, since the policy may have changed."""
        now = utc_now()
        try:
            target = self._urls.parse(subscription.endpoint)
            body = encrypt(delivery.payload.encode(), BrowserKeys(subscription.p256dh, subscription.auth))
        except InvalidWebhookUrl:
            return AttemptResult(duration_s=0, error="address_not_allowed")
        except (InvalidPushKeys, ValueError):
            return AttemptResult(duration_s=0, error="cannot_be_encrypted")
        headers = {
            "Authorization": self._vapid.authorization(target, now),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(int(KEPT.total_seconds())),
            "Topic": topic_of(delivery.id),
            "Urgency": "normal",
        }
        return await self._client.post(target, body, headers)

    def _outcome(self, delivery: Delivery, result: AttemptResult) -> Outcome:
        if result.status in OVER | REFUSED or result.error in {"address_not_allowed", "cannot_be_encrypted"}:
            return Outcome(status="failed")
        chance = random.random()  # noqa: S311, jitter
        found = evaluate_attempt(delivery, result, SCHEDULE, chance)
        return Outcome(status=found.status, wait=found.wait)

    async def _unsubscribe(self, subscription: Subscription, lane: Lane) -> None:
        log.info("push subscription is over, deleted", subscription=subscription.id)
        retry = self._recorder.retry
        await retry(lambda: self._subscriptions.delete(subscription.owner_id, subscription.id))
        await retry(lambda: self._deliveries.delete_lane(lane))
