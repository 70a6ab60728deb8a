"""Request and response bodies of accounts and the audit log, for administrators."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from shared.contracts.accounts import Account

Role = Literal["user", "admin"]


class ChangeUser(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Changes of an account. Fields that are left out stay as they are."""

    roles: Annotated[list[Role], msgspec.Meta(min_length=1, max_length=10)] | msgspec.UnsetType = (
        msgspec.UNSET
    )
    disabled: bool | msgspec.UnsetType = msgspec.UNSET


class ManagedUser(Account, frozen=True):
    """An account as administrators see it."""

    disabled: bool
    disabled_at: datetime | None


class UserPage(msgspec.Struct, frozen=True):
    """Accounts, newest first. `next_cursor` is null on the last page."""

    items: tuple[ManagedUser, ...]
    next_cursor: str | None


class AuditedAction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an administrator is about to do in another service, and to what; recorded before it is done."""

    action: Annotated[str, msgspec.Meta(pattern=r"^[a-z_]{1,64}(?![\s\S])")]
    details: Annotated[dict[str, Annotated[str, msgspec.Meta(max_length=200)]], msgspec.Meta(max_length=10)]


class AuditEntry(msgspec.Struct, frozen=True):
    """One entry of the audit log. `actor_id` is null for actions at the command line."""

    id: str
    at: datetime
    actor_id: str | None
    action: str
    subject_id: str | None
    address: str | None
    request_id: str
    details: dict[str, Any]


class AuditPage(msgspec.Struct, frozen=True):
    """Audit entries, newest first. `next_cursor` is null on the last page."""

    items: tuple[AuditEntry, ...]
    next_cursor: str | None
