"""One action on several conversions: each has its own outcome, as the single call would have it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from msgspec import Struct

from converter_service.conversions.commands import ConversionCommands
from converter_service.conversions.model import Conversion
from converter_service.conversions.service import Conversions
from shared.contracts.conversions import BulkAction
from shared.errors import ServiceError, Unavailable
from shared.identity.principal import Principal

AT_ONCE = 8
# The gateway waits eight seconds for a response.
TIMEOUT_S = 5.0

Act = Callable[[Principal, str], Awaitable[Conversion | None]]


class Outcome(Struct, frozen=True):
    """`status` is that of the single call; `conversion` is None after a deletion and with an `error`."""

    conversion_id: str
    status: int
    conversion: Conversion | None = None
    error: ServiceError | None = None


@dataclass(frozen=True, slots=True)
class BulkCommands:
    conversions: Conversions
    commands: ConversionCommands

    async def perform(self, owner: Principal, ids: Sequence[str], action: BulkAction) -> Sequence[Outcome]:
        """The outcomes in the order of the ids, of which each is acted on once.

        After TIMEOUT_S those that have not begun are `unavailable`: they may be tried again.
        """
        deadline = asyncio.get_running_loop().time() + TIMEOUT_S
        slots, (act, status) = asyncio.Semaphore(AT_ONCE), self._acts()[action]

        async def one(conversion_id: str) -> Outcome:
            async with slots:
                try:
                    if asyncio.get_running_loop().time() > deadline:
                        raise Unavailable
                    return Outcome(conversion_id, status, await act(owner, conversion_id))
                except ServiceError as error:
                    return Outcome(conversion_id, error.status, error=error)

        return await asyncio.gather(*(one(each) for each in dict.fromkeys(ids)))

    def _acts(self) -> dict[BulkAction, tuple[Act, int]]:
        return {
            "delete": (self._delete, 204),
            "retry": (self.commands.retry, 202),
            "cancel": (self.commands.cancel, 200),
        }

    async def _delete(self, owner: Principal, conversion_id: str) -> None:
        await self.conversions.delete_later(owner, conversion_id)
