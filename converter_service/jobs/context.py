"""The state of one run of a conversion, and the limits of a worker's jobs."""

from datetime import timedelta

from msgspec import Struct

from converter_service.conversions.model import Conversion


class JobLimits(Struct, frozen=True):
    """Limits of one worker. `run_timeout` bounds a whole run, including fetching and storing.

    `per_account` is the number of conversions of one account that may run at once on all workers,
    `account_bytes` the stored bytes of one account; 0 is unlimited.
    """

    worker: str
    lease: timedelta
    max_retries: int
    retention: timedelta
    run_timeout: timedelta
    per_account: int = 0
    account_bytes: int = 0


class RunContext:
    """The claimed conversion, its lease token, the blob ids for its audio and for its result's details, its
    progress (0 to 1), and the processor time that it is expected to use, once that is known.

    `details_blob` is `details_id` once that is stored; `unwritten` is `details_id` until its writing begins.
    """

    def __init__(self, conversion: Conversion, token: str, blob_id: str, details_id: str) -> None:
        self.conversion = conversion
        self.id = conversion.id
        self.token = token
        self.blob_id = blob_id
        self.details_id = details_id
        self.details_blob: str | None = None
        self.unwritten: str | None = details_id
        self.progress = 0.0
        self.expected_processor_s = 0.0

    async def report(self, share: float) -> None:
        """Records progress; the heartbeat saves it."""
        self.progress = max(self.progress, share)
