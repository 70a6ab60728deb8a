"""Events of accounts: what other services do when an account ends or has a new owner or password."""

from datetime import datetime
from typing import ClassVar

from shared.contracts.event import Event


class AccountDeleted(Event, frozen=True, kw_only=True):
    """An account was deleted; other services delete its data."""

    type: ClassVar[str] = "account_deleted"

    user_id: str


class AccountClaimed(Event, frozen=True, kw_only=True):
    """The owner of an unverified account's address proved it, by resetting the password or with a provider.

    Webhooks that others may have created in the account before `claimed_at` are deleted. `ended` lists the
    sessions and API keys that the account had until then.
    """

    type: ClassVar[str] = "account_claimed"

    user_id: str
    claimed_at: datetime
    ended: tuple[str, ...] = ()


class AccountRecovered(Event, frozen=True, kw_only=True):
    """A password was reset by mail: webhooks of before `recovered_at` or made with `ended` are deleted."""

    type: ClassVar[str] = "account_recovered"

    user_id: str
    recovered_at: datetime
    ended: tuple[str, ...] = ()


class PasswordWasReset(Event, frozen=True, kw_only=True):
    """A password was reset by mail: links to audio that were made before are ended."""

    type: ClassVar[str] = "password_was_reset"

    user_id: str
    reset_at: datetime


class AccountDeclined(Event, frozen=True, kw_only=True):
    """The reader of an email says that the account is not theirs. auth_service closes it, unless its address
    has been verified or is no longer this mailbox (`mailbox_digest`).
    """

    type: ClassVar[str] = "account_declined"

    user_id: str
    mailbox: str
