"""Encrypts the secrets of webhooks with the first of NOTIFICATION_WEBHOOK_KEY, in the background."""

import asyncio
import random
from typing import Protocol

from notification_service.webhooks.endpoint import Endpoint
from notification_service.webhooks.secret_cipher import SecretCipher, UndecryptableSecret
from shared.errors import Unavailable
from shared.logs import get_logger

INTERVAL_S = 300.0
BATCH = 100

log = get_logger(__name__)


class EndpointSecrets(Protocol):
    """Store of endpoints, as far as their secrets are concerned."""

    async def page(self, after: str, limit: int) -> list[Endpoint]:
        """Endpoints with ids after `after`, by id. Raises Unavailable."""

    async def replace_secret(self, endpoint_id: str, former: str, secret: str) -> bool:
        """Replaces the encrypted secret if it is still `former`. Raises Unavailable."""


class Reencryption:
    """Repeats while there are former keys: other replicas may still encrypt with one of them."""

    def __init__(self, endpoints: EndpointSecrets, cipher: SecretCipher) -> None:
        self._endpoints, self._cipher = endpoints, cipher

    async def run(self) -> None:
        """Runs until cancelled; returns at once where one key only is set."""
        while self._cipher.has_former_keys:
            try:
                if changed := await self.reencrypt():
                    log.info("secrets encrypted with the first of NOTIFICATION_WEBHOOK_KEY", count=changed)
            except Unavailable:
                log.warning("secrets not encrypted anew: store unavailable")
            await asyncio.sleep(INTERVAL_S * random.uniform(0.5, 1.5))  # noqa: S311, jitter

    async def reencrypt(self) -> int:
        """Returns the number of changed secrets. Raises Unavailable."""
        changed, after = 0, ""
        while page := await self._endpoints.page(after, BATCH):
            for endpoint in page:
                changed += await self._renew(endpoint)
            after = page[-1].id
        return changed

    async def _renew(self, endpoint: Endpoint) -> bool:
        try:
            secret = self._cipher.renewed(endpoint.secret)
        except UndecryptableSecret:
            return False  # its deliveries log it
        return secret is not None and await self._endpoints.replace_secret(
            endpoint.id, endpoint.secret, secret
        )
