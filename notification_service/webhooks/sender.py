"""Sender of one claimed delivery: sign, post, store the outcome."""

import asyncio
import random
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Histogram

from notification_service.webhooks.delivery import Delivery
from notification_service.webhooks.delivery_record import DeliveryRecorder
from notification_service.webhooks.endpoint import Endpoint
from notification_service.webhooks.outbound.address_admission import admitting
from notification_service.webhooks.outbound.ports import RATE_LIMITED, AttemptResult, WebhookClient
from notification_service.webhooks.outbound.url_policy import InvalidWebhookUrl, UrlPolicy
from notification_service.webhooks.ports import Deliveries, Endpoints, Lane
from notification_service.webhooks.retry_policy import DispatchPolicy, Outcome, evaluate_attempt, is_used_up
from notification_service.webhooks.secret_cipher import SecretCipher, UndecryptableSecret
from notification_service.webhooks.signature import sign_message
from notification_service.webhooks.test_limit import TestLimit
from shared.clock import utc_now
from shared.contracts.webhooks import Attempt
from shared.logs import bind_correlation, get_logger
from shared.metrics import SHORT_BUCKETS

log = get_logger(__name__)


class WebhookSender:
    """Makes one attempt at a delivery and stores what follows for the delivery and its endpoint."""

    def __init__(
        self,
        endpoints: Endpoints,
        deliveries: Deliveries,
        recorder: DeliveryRecorder,
        *,
        client: WebhookClient,
        urls: UrlPolicy,
        cipher: SecretCipher,
        tests: TestLimit,
        policy: DispatchPolicy,
        registry: CollectorRegistry,
    ) -> None:
        self._endpoints, self._deliveries, self._client = endpoints, deliveries, client
        self._recorder = recorder
        self._urls, self._cipher, self._tests, self._policy = urls, cipher, tests, policy
        self._attempts = Counter("webhook_attempts", "Attempts by outcome", ("outcome",), registry=registry)
        self._attempts.labels("delivered")
        self._seconds = Histogram(
            "webhook_attempt_seconds", "Time of an attempt", buckets=SHORT_BUCKETS, registry=registry
        )

    async def send(self, lane: Lane, delivery: Delivery, claimed_at: float) -> None:
        """`claimed_at`: event loop time before the claim. Raises Unavailable if the store is unavailable."""
        retry = self._recorder.retry
        with bind_correlation(delivery.correlation_id, delivery.subject):
            endpoint = await retry(lambda: self._endpoints.get(delivery.endpoint_id))
            late_s = (
                asyncio.get_running_loop().time() - claimed_at - self._policy.begin_within.total_seconds()
            )
            if endpoint is None:
                await retry(lambda: self._deliveries.delete_lane(lane))
            elif late_s > 0:  # the lease could expire during the attempt, and another process send, too
                log.warning(
                    "webhook attempt left to a later claim, too late after its own", message=delivery.id
                )
            elif endpoint.disabled_reason is not None or is_used_up(delivery, self._policy.schedule):
                await self._recorder.complete(delivery, None, Outcome(status="failed"))
            else:
                await self._attempt(endpoint, delivery)

    async def _attempt(self, endpoint: Endpoint, delivery: Delivery) -> None:
        began = utc_now()
        with admitting(self._tests.admit if delivery.by_hand else None):
            result = await self._post(endpoint, delivery, began)
        attempt = Attempt(
            at=began, status=result.status, duration=round(result.duration_s, 3), error=result.error
        )
        outcome = evaluate_attempt(delivery, result, self._policy.schedule, random.random())  # noqa: S311, jitter
        self._attempts.labels(result.error or "delivered").inc()
        self._seconds.observe(result.duration_s)
        log.info(
            "webhook sent" if result.error is None else "webhook attempt failed",
            webhook=endpoint.id,
            message=delivery.id,
            attempt=delivery.tries,
            status=result.status,
            error=result.error,
            outcome=outcome.status,
        )
        await self._recorder.record(delivery, attempt, outcome)
        if result.error != RATE_LIMITED:
            await self._recorder.retry(lambda: self._update_endpoint(endpoint, delivery, attempt, outcome))

    async def _post(self, endpoint: Endpoint, delivery: Delivery, began: datetime) -> AttemptResult:
        """Checks the URL again, since the policy may have changed after creation, then signs and posts."""
        body = delivery.payload.encode()
        try:
            target = self._urls.parse(endpoint.url)
            keys = [self._cipher.decrypt(encrypted) for encrypted in endpoint.signing_secrets(began)]
        except InvalidWebhookUrl:
            return AttemptResult(duration_s=0, error="address_not_allowed")
        except UndecryptableSecret:
            log.warning("webhook secret cannot be decrypted with this key", webhook=endpoint.id)
            return AttemptResult(duration_s=0, error="cannot_be_signed")
        return await self._client.post(target, body, sign_message(delivery.id, began, body, keys))

    async def _update_endpoint(
        self, endpoint: Endpoint, delivery: Delivery, attempt: Attempt, outcome: Outcome
    ) -> None:
        """Stores success or failure at the endpoint; writes only if its state changes."""
        if outcome.status == "delivered":
            if endpoint.failing_since is not None:
                await self._endpoints.clear_failing(endpoint.id)
            return
        if endpoint.failing_since is None:
            await self._endpoints.mark_failing(endpoint.id, attempt.at)
        if (reason := outcome.disable) is None:
            return
        since = (delivery.begun_at or attempt.at) if reason == "failing" else None
        if await self._endpoints.disable(endpoint.id, reason, utc_now(), since):
            log.warning("webhook disabled", webhook=endpoint.id, reason=reason)
