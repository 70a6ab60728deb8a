"""Bodies: accounts as administrators see them, what they did, and the cursors between pages."""

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal, TypeVar
from uuid import UUID

import msgspec

from auth_service.errors import bad_field
from auth_service.models import AuditRecord, User
from shared.contracts.administration import AuditEntry, AuditPage, ManagedUser, UserPage
from shared.errors import InvalidRequest

T = TypeVar("T")

Role = Literal["user", "admin"]


class UserCursor(msgspec.Struct, frozen=True, array_like=True):
    place: tuple[Annotated[datetime, msgspec.Meta(tz=True)], UUID]


class AuditCursor(msgspec.Struct, frozen=True, array_like=True):
    place: Annotated[int, msgspec.Meta(ge=0, lt=2**63 - 1)]


class ChangeUser(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays as it is."""

    roles: Annotated[tuple[Role, ...], msgspec.Meta(min_length=1, max_length=10)] | msgspec.UnsetType = (
        msgspec.UNSET
    )
    disabled: bool | msgspec.UnsetType = msgspec.UNSET


class Acted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an administrator is about to do elsewhere in the system, and to what."""

    action: Annotated[str, msgspec.Meta(pattern=r"^[a-z_]{1,64}(?![\s\S])")]
    details: Annotated[dict[str, Annotated[str, msgspec.Meta(max_length=200)]], msgspec.Meta(max_length=10)]


def managed(user: User) -> ManagedUser:
    return ManagedUser(
        id=str(user.id),
        email=user.email,
        roles=tuple(user.roles),
        email_verified=user.email_verified_at is not None,
        created_at=user.created_at,
        disabled=user.disabled_at is not None,
        disabled_at=user.disabled_at,
    )


def user_page(users: Sequence[User], limit: int) -> UserPage:
    """From one more than `limit` was asked for, if there are so many: then there is a next page."""
    last = users[limit - 1] if len(users) > limit else None
    return UserPage(
        tuple(managed(user) for user in users[:limit]),
        _cursor(UserCursor((last.created_at, last.id))) if last else None,
    )


def audit_page(records: Sequence[AuditRecord], limit: int) -> AuditPage:
    last = records[limit - 1] if len(records) > limit else None
    return AuditPage(
        tuple(_entry(each) for each in records[:limit]), _cursor(AuditCursor(last.position)) if last else None
    )


def user_cursor(text: str | None) -> tuple[datetime, UUID] | None:
    """Raises InvalidRequest."""
    if text is None:
        return None
    moment, user_id = _read(text, UserCursor).place
    try:
        return moment.astimezone(UTC), user_id
    except OverflowError:
        raise _not_given_out() from None


def audit_cursor(text: str | None) -> int | None:
    """Raises InvalidRequest."""
    return _read(text, AuditCursor).place if text is not None else None


def _entry(record: AuditRecord) -> AuditEntry:
    return AuditEntry(
        id=str(record.position),
        at=record.at,
        actor_id=str(record.actor_id) if record.actor_id else None,
        action=record.action,
        subject_id=str(record.subject_id) if record.subject_id else None,
        address=record.address,
        request_id=record.request_id,
        details=record.details,
    )


def _cursor(place: object) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).rstrip(b"=").decode()


def _read(text: str, kind: type[T]) -> T:
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        return msgspec.json.decode(base64.urlsafe_b64decode(padded), type=kind)
    except (binascii.Error, UnicodeError, msgspec.MsgspecError, ValueError):
        raise _not_given_out() from None


def _not_given_out() -> InvalidRequest:
    return bad_field("cursor", "is not one that was given out")
