"""Signed tokens of the link "this was not me", and the mailboxes whose readers have followed it."""

import base64
import hashlib
import hmac
import re
from typing import Protocol

import msgspec

from shared.errors import InvalidRequest
from shared.mailbox import mailbox_digest
from shared.settings import Secret

FORMAT = re.compile(r"(?P<owner>[A-Za-z0-9_-]{1,64})\.(?P<mailbox>[0-9a-f]{64})\.(?P<tag>[A-Za-z0-9_-]{43})")
# Separates these signatures from other uses of the same key.
PURPOSE = b"tonegate: this was not me"


class Decline(msgspec.Struct, frozen=True):
    """The reader of a mailbox says that an account is not theirs."""

    owner_id: str
    mailbox: str


class DeclineTokens:
    """Makes and reads the tokens. They do not expire, because mail may be read late.

    `keys`: the first signs, all of them verify.
    """

    def __init__(self, keys: Secret) -> None:
        self._keys = [hmac.digest(key.reveal().encode(), PURPOSE, hashlib.sha256) for key in keys.split()]

    def token(self, owner_id: str, recipient: str) -> str:
        signed = f"{owner_id}.{mailbox_digest(recipient)}"
        return f"{signed}.{_tag(self._keys[0], signed)}"

    def read(self, token: str) -> Decline:
        """Raises InvalidRequest unless one of the keys signed the token."""
        match = FORMAT.fullmatch(token)
        if match is None or not self._is_signed(token.rpartition(".")[0], match["tag"]):
            raise InvalidRequest("This link is not valid. Open the link in the mail as it is.")
        return Decline(match["owner"], match["mailbox"])

    def _is_signed(self, signed: str, tag: str) -> bool:
        return sum(hmac.compare_digest(_tag(key, signed), tag) for key in self._keys) > 0


def _tag(key: bytes, signed: str) -> str:
    tag = hmac.digest(key, signed.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(tag).decode().rstrip("=")


class Declined(Protocol):
    """Store of mailboxes whose readers want no mail before they have verified their address."""

    async def add(self, mailbox: str) -> None:
        """Idempotent. Raises Unavailable."""

    async def contains(self, mailbox: str) -> bool:
        """Raises Unavailable."""
