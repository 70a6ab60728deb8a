"""What telling people needs from outside: a way to send mail, and a memory of what was sent."""

from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from notification_service.email.message import Mail


class Refused(Exception):
    """The mail will never be taken as it is: the recipient or the content was refused for good (SMTP 5xx)."""


class TryLater(Exception):
    """The mail was not taken now, or nobody can tell whether it was. Sending it again may help."""


class Mailer(Protocol):
    """Hands mail to the next server."""

    async def send(self, mail: Mail) -> None:
        """Returns once the server took responsibility for the mail (250 after DATA, RFC 5321 §4.2.5).

        Raises Refused or TryLater, within a bounded time. After TryLater the mail may still have been taken:
        a connection that ends between the last byte and the answer leaves that open.
        """

    async def ping(self) -> None:
        """Raises TryLater when no server answers."""


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """The right to send the mail of one event, until the lease ends. `token` proves it.

    `attempts` were made before; `since` is when the first of them began.
    """

    token: str
    attempts: int
    since: datetime


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody is sending it at this moment, and their lease goes on for `remaining`."""

    remaining: timedelta


class Settled(msgspec.Struct, frozen=True):
    """It was sent: nothing is left to do."""


Claim = Granted | Held | Settled


class SentLedger(Protocol):
    """Which events were told, one entry an event. Whoever is granted one is alone in sending its mail.

    Entries outlive every way an event can be delivered again, then go by themselves. All calls raise
    LedgerUnavailable while the ledger cannot be asked; a call that raised may or may not have taken effect.
    """

    async def claim(self, event_id: str, lease: timedelta) -> Claim:
        """Granted to one caller at a time: for a new event, one postponed or refused, or a lapsed lease."""

    async def sent(self, event_id: str, token: str) -> None:
        """From now on every claim is Settled, also when the lease had lapsed meanwhile: the mail is out."""

    async def postpone(self, event_id: str, token: str) -> None:
        """Counts an attempt and gives the event back. Without effect when the token is not the holder's."""

    async def refuse(self, event_id: str, token: str, reason: str) -> None:
        """Records why no mail went out, and starts its count of attempts anew.

        A later claim is granted: only an operator who replays the dead letter brings one.
        """


class LedgerUnavailable(Exception):
    """The ledger cannot be asked now."""
