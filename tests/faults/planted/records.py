"""Planted defects of records: no fencing, stale leases, ignored idempotency keys, wrong error codes."""

import secrets
from datetime import timedelta

from msgspec.structs import replace

from converter_service.conversions import state_machine
from converter_service.conversions.lease import Lease
from converter_service.conversions.model import Conversion, Failure, State
from converter_service.jobs.context import RunContext
from converter_service.jobs.outcome import JobOutcome
from converter_service.media.errors import Fault
from converter_service.storage.conversions import MongoConversions
from converter_service.uploads import service
from shared.messaging.envelope import Envelope
from shared.mongo import mongo_errors


def no_fencing() -> None:
    """Neither version nor lease token nor state is checked: a worker without a lease overwrites results."""
    save = MongoConversions.save

    async def over_anything(self: MongoConversions, conversion: Conversion, *events: Envelope) -> Conversion:
        with mongo_errors():
            await self._documents.update_one(
                {"_id": conversion.id}, {"$set": {"version": conversion.version}}
            )
        return await save(self, conversion, *events)

    def any_lease(conversion: Conversion, token: str) -> Lease:
        return conversion.lease or Lease(token, "a zombie", conversion.created_at)

    MongoConversions.save = over_anything  # type: ignore[method-assign]
    Conversion.lease_of = any_lease  # type: ignore[method-assign, assignment]
    state_machine.TRANSITIONS = dict.fromkeys(State, frozenset(State))  # type: ignore[misc]


def hold_on_to_the_lease() -> None:
    """Completed conversions keep a lease."""
    save = MongoConversions.save

    async def held(self: MongoConversions, conversion: Conversion, *events: Envelope) -> Conversion:
        if conversion.status is State.COMPLETED and conversion.finished_at:
            until = conversion.finished_at + timedelta(days=1)
            conversion = replace(conversion, lease=Lease("planted", "a dead worker", until))
        return await save(self, conversion, *events)

    MongoConversions.save = held  # type: ignore[method-assign]


def take_every_key_for_a_new_one() -> None:
    """Idempotency keys are ignored: a repeated upload creates a second conversion."""

    def another(owner_id: str, key: str, call: str = "") -> str:
        return f"{owner_id} {call} {key} {secrets.token_hex(4)}"

    service.key_of = another  # type: ignore[attr-defined]


def give_a_wrong_reason() -> None:
    """Failed conversions get another error code."""
    fail = JobOutcome.fail

    async def misled(self: JobOutcome, run: RunContext, failure: Failure) -> None:
        await fail(self, run, replace(failure, code=Fault.TOO_LONG.value))

    JobOutcome.fail = misled  # type: ignore[method-assign]
