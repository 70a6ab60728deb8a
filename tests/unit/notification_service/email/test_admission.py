"""A mailbox whose reader has declined gets no mail about unverified accounts, whichever account causes it."""

import msgspec
import pytest

from notification_service.email.admission import EmailAdmission, RecipientLimits
from notification_service.email.templates import EmailEvent
from shared.mailbox import mailbox_digest
from tests.support.event_samples import (
    EMAIL_CHANGED,
    PASSWORD_CHANGED,
    PASSWORD_REMOVED,
    RESET,
    VERIFY,
    completed,
    failed,
    security_event,
)
from tests.support.in_memory.email import MemoryDeclined, admission

ABOUT_ACCOUNTS = (
    completed(),
    failed(),
    PASSWORD_CHANGED,
    PASSWORD_REMOVED,
    EMAIL_CHANGED,
    security_event("api_key_created"),
)


@pytest.fixture
async def declined() -> EmailAdmission:
    mailboxes = MemoryDeclined()
    await mailboxes.add(mailbox_digest("ann@example.org"))
    return admission(declined=mailboxes)


def about(event: EmailEvent, *, verified: bool | None, recipient: str = "Ann+two@example.org") -> EmailEvent:
    return msgspec.structs.replace(event, recipient=recipient, recipient_verified=verified)


@pytest.mark.parametrize("event", ABOUT_ACCOUNTS, ids=lambda event: event.type)
async def test_no_mail_about_an_unverified_account_is_sent(
    declined: EmailAdmission, event: EmailEvent
) -> None:
    assert await declined.refusal(about(event, verified=False), "event-1") == "declined"
    other = about(event, verified=False, recipient="bob@example.org")
    assert await declined.refusal(other, "event-2") is None


@pytest.mark.parametrize("verified", [True, None])
@pytest.mark.parametrize("event", ABOUT_ACCOUNTS, ids=lambda event: event.type)
async def test_mail_about_a_verified_account_is_sent(
    declined: EmailAdmission, event: EmailEvent, verified: bool | None
) -> None:
    assert await declined.refusal(about(event, verified=verified), "event-1") is None


async def test_who_wants_an_account_after_all_resets_its_password_once_a_day(
    declined: EmailAdmission,
) -> None:
    reset = about(RESET, verified=False, recipient="ann@example.org")
    assert await declined.refusal(VERIFY, "event-1") == "declined"
    assert await declined.refusal(reset, "event-2") is None
    assert await declined.refusal(reset, "event-2") is None, "the same event again"
    assert await declined.refusal(reset, "event-3") == "declined"
    assert await declined.refusal(about(RESET, verified=True), "event-4") is None


async def test_a_reset_for_a_tag_leaves_the_address_itself_its_own(declined: EmailAdmission) -> None:
    assert await declined.refusal(about(RESET, verified=False), "event-1") is None
    own = about(RESET, verified=False, recipient="ann@example.org")
    assert await declined.refusal(own, "event-2") is None


@pytest.fixture
def limited() -> EmailAdmission:
    return admission(RecipientLimits(per_day=1000, unverified_per_day=2, unverified_total=1000))


async def test_notices_about_unverified_accounts_of_a_mailbox_are_bounded_together(
    limited: EmailAdmission,
) -> None:
    """Whatever calls cause them, and under whichever tag."""
    events: tuple[EmailEvent, ...] = (PASSWORD_CHANGED, EMAIL_CHANGED, security_event("api_key_created"))
    answers = [
        await limited.refusal(about(event, verified=False, recipient=f"ann+{n}@example.org"), f"event-{n}")
        for n, event in enumerate(events)
    ]
    assert answers == [None, None, "unverified_limit"]
    others = about(PASSWORD_CHANGED, verified=False, recipient="bob@example.org")
    assert await limited.refusal(others, "event-8") is None


async def test_mails_with_links_are_bounded_for_an_address_and_for_a_mailbox(limited: EmailAdmission) -> None:
    def reset(tag: str) -> EmailEvent:
        return about(RESET, verified=False, recipient=f"ann{tag}@example.org")

    answers = [await limited.refusal(reset("+spam"), f"event-{number}") for number in range(3)]
    assert answers == [None, None, "unverified_limit"]
    assert await limited.refusal(reset(""), "own") is None, "the address itself has its own"
    many = [await limited.refusal(reset(f"+{number}"), f"many-{number}") for number in range(20)]
    assert many.count(None) == 9, "twelve for the mailbox"
    assert await limited.refusal(about(RESET, verified=True), "verified") is None
