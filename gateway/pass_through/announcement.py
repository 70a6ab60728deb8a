"""Announcements of pass-through routes that change webhooks."""

from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.clients.webhook_changes import WebhookAnnouncements
from gateway.identity.auth_guard import principal_of
from gateway.pass_through.upstream import AnyRequest
from shared.contracts.sessions import CurrentPassword
from shared.contracts.webhooks import ChangeOfWebhooks
from shared.errors import ServiceError
from shared.http import Injected
from shared.logs import get_logger


class Announcement(msgspec.Struct, frozen=True):
    """A change that is announced before the request is passed on; with `field` only if the body has it.

    `is_afterwards`: it needs no proof, and is announced once the service has made it.
    """

    change: ChangeOfWebhooks
    field: str | None = None
    is_afterwards: bool = False


def announcement_parameters(announcement: Announcement | None) -> dict[str, Any]:
    return {} if announcement is None else {"announcements": Injected[WebhookAnnouncements]}


async def announce(
    request: AnyRequest, announcement: Announcement | None, given: Mapping[str, Any], body: Any
) -> Any:
    """Announces the change; returns the body without its `current_password`, which no other service gets."""
    if announcement is None or announcement.is_afterwards:
        return body
    if announcement.field is None or getattr(body, announcement.field) is not msgspec.UNSET:
        announcements: WebhookAnnouncements = given["announcements"]
        password = getattr(body, "current_password", None)
        await announcements.announce(principal_of(request), announcement.change, password)
    if body is None or isinstance(body, CurrentPassword):
        return None
    return msgspec.structs.replace(body, current_password=None)


async def announce_made(
    request: AnyRequest, announcement: Announcement | None, given: Mapping[str, Any]
) -> None:
    """Announces a change that was made. A failure does not change the response: the change stays."""
    if announcement is None or not announcement.is_afterwards:
        return
    announcements: WebhookAnnouncements = given["announcements"]
    try:
        await announcements.announce(principal_of(request), announcement.change, None)
    except ServiceError as error:
        get_logger(__name__).error("change not recorded", change=announcement.change, reason=error.detail)
