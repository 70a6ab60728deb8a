"""The lease of a conversion run: worker, fencing token, expiry."""

from datetime import datetime

from msgspec import Struct


class Lease(Struct, frozen=True):
    """The exclusive right of one worker to run a conversion, until `until`.

    `token` is new with every claim; it fences off earlier holders.
    """

    token: str
    worker: str
    until: datetime


class LeaseLost(Exception):
    """The lease was taken over, or the conversion ended or was deleted: the holder discards its work."""
