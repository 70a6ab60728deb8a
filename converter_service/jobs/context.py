"""One attempt at a conversion, and the bounds that every attempt has."""

from datetime import timedelta

from msgspec import Struct

from converter_service.conversions.model import Conversion


class WorkLimits(Struct, frozen=True):
    """Of one worker. `longest` bounds a whole run, fetching and storing included.

    No more is taken of an account that has `per_account` running at all workers together; 0 is no bound.
    """

    worker: str
    lease: timedelta
    max_retries: int
    retention: timedelta
    longest: timedelta
    per_account: int = 0


class Run:
    """What it took, what proves that it still holds it, and how far it is."""

    def __init__(self, conversion: Conversion, token: str, blob_id: str) -> None:
        self.conversion = conversion
        self.id = conversion.id
        self.token = token
        self.blob_id = blob_id
        self.progress = 0.0

    async def report(self, share: float) -> None:
        """Only noted here; the heartbeat writes it."""
        self.progress = max(self.progress, share)
