"""Tokens of the link "this was not me"."""

import pytest

from notification_service.email.declines import Decline, DeclineTokens
from shared.errors import InvalidRequest
from shared.mailbox import mailbox_digest
from shared.settings import Secret

OLD, NEW = "former " * 5, "current " * 4
OWNER, MAILBOX = "owner-1", "ann@example.org"


def test_a_token_of_a_former_key_is_read_while_the_key_is_in_the_list() -> None:
    """Mails may be read long after the key was replaced."""
    former = DeclineTokens(Secret(OLD)).token(OWNER, MAILBOX)
    both = DeclineTokens(Secret(f"{NEW},{OLD}"))
    assert both.read(former) == Decline(OWNER, mailbox_digest(MAILBOX))
    assert DeclineTokens(Secret(NEW)).read(both.token(OWNER, MAILBOX)).owner_id == OWNER
    with pytest.raises(InvalidRequest):
        DeclineTokens(Secret(NEW)).read(former)
