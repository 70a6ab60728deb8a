"""Calls for administrators: accounts, the conversions of all accounts, dead letters, overview, audit log."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

from tonegate_client.admin_models import (
    AuditEntry,
    AuditPage,
    DeadLetter,
    DeadLetterPage,
    ManagedConversion,
    ManagedConversionPage,
    ManagedUser,
    Overview,
    UserPage,
    WholeDeadLetter,
)
from tonegate_client.pagination import Page, items_of
from tonegate_client.transport import Request, Transport

T = TypeVar("T")

PATH = "v1/admin"


class Admin:
    """Each call raises Problem, with the code `forbidden` for others, ServerUnreachable, NotSignedIn.

    Lists are newest first; `most` bounds them.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def overview(self) -> Overview:
        """The queue now, and the last 24 hours."""
        return await self._transport.fetch(Request("GET", f"{PATH}/overview"), Overview)

    def users(
        self, *, email: str | None = None, most: int | None = None
    ) -> AsyncGenerator[ManagedUser, None]:
        """Yields accounts; `email` is a part of the address."""
        return self._list("users", UserPage, {"email": email}, most)

    async def change_user(
        self, user_id: str, *, roles: Sequence[str] | None = None, disabled: bool | None = None
    ) -> ManagedUser:
        """Changes what is not None. A role less, or disabling, ends the account's sessions."""
        wanted = {"roles": None if roles is None else list(roles), "disabled": disabled}
        body = {name: value for name, value in wanted.items() if value is not None}
        request = Request("PATCH", f"{PATH}/users/{quote(user_id, safe='')}", body=body)
        return await self._transport.fetch(request, ManagedUser)

    def conversions(
        self, *, owner_id: str | None = None, status: str | None = None, most: int | None = None
    ) -> AsyncGenerator[ManagedConversion, None]:
        """Yields conversions of all accounts, or of one."""
        return self._list(
            "conversions", ManagedConversionPage, {"owner_id": owner_id, "status": status}, most
        )

    def dead_letters(
        self, *, status: str | None = None, most: int | None = None
    ) -> AsyncGenerator[DeadLetter, None]:
        """Yields messages that no consumer could handle."""
        return self._list("dead-letters", DeadLetterPage, {"status": status}, most)

    async def dead_letter(self, letter_id: str) -> WholeDeadLetter:
        return await self._transport.fetch(Request("GET", _letter(letter_id)), WholeDeadLetter)

    async def replay_dead_letter(self, letter_id: str) -> WholeDeadLetter:
        """Sends the message to its queue again, once."""
        return await self._transport.fetch(Request("POST", f"{_letter(letter_id)}/replay"), WholeDeadLetter)

    async def discard_dead_letter(self, letter_id: str) -> None:
        """Settles a dead letter without a replay."""
        await self._transport.send(Request("DELETE", _letter(letter_id)))

    def audit(self, *, most: int | None = None) -> AsyncGenerator[AuditEntry, None]:
        """Yields the actions of administrators."""
        return self._list("audit", AuditPage, {}, most)

    def _list(
        self, name: str, kind: type[Page[T]], query: Mapping[str, Any], most: int | None
    ) -> AsyncGenerator[T, None]:
        async def read(limit: int, cursor: str | None) -> Page[T]:
            request = Request("GET", f"{PATH}/{name}", query={**query, "limit": limit, "cursor": cursor})
            return await self._transport.fetch(request, kind)

        return items_of(read, most)


def _letter(letter_id: str) -> str:
    return f"{PATH}/dead-letters/{quote(letter_id, safe='')}"
