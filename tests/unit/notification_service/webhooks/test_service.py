"""Webhooks tell nothing about names that only the internal network knows."""

from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest

from notification_service.webhooks.outbound.address_policy import AddressPolicy
from notification_service.webhooks.outbound.url_policy import UrlPolicy
from notification_service.webhooks.service import WebhookService
from shared.contracts.webhooks import NewWebhook


def service() -> WebhookService:
    """A service whose endpoints are stored nowhere."""
    parts: dict[str, Any] = dict.fromkeys(WebhookService.__dataclass_fields__, Mock())
    parts |= {"endpoints": AsyncMock(), "urls": UrlPolicy(AddressPolicy()), "limit": 3}
    parts["cipher"] = Mock(encrypt=str)
    return WebhookService(**parts)


async def test_no_name_is_resolved_when_a_webhook_is_created(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal of names that lead to private addresses would tell which of them exist."""
    monkeypatch.setattr("socket.getaddrinfo", Mock(side_effect=AssertionError))
    made = await service().create("ann", NewWebhook("https://mongodb.tonegate_default/x"), "s1")
    assert made.url == "https://mongodb.tonegate_default/x"
