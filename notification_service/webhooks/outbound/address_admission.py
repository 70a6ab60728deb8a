"""Admission of the addresses that a request leads to: asked once the name is resolved, before the connection.

An owner may give many names to one address, and a name another address at each lookup.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from notification_service.webhooks.outbound.address_policy import IPAddress

# Raises AddressBusy, or Unavailable.
AddressAdmission = Callable[[Sequence[IPAddress]], Awaitable[None]]
ADMISSION: Final[ContextVar[AddressAdmission | None]] = ContextVar("address_admission", default=None)
# Of a name with more addresses the others are not used.
MOST_ADDRESSES = 4


class AddressBusy(OSError):
    """One of the addresses has had its messages for now."""


@contextmanager
def admitting(admission: AddressAdmission | None) -> Iterator[None]:
    """Within the block `admission` is asked about each request; None admits all."""
    token = ADMISSION.set(admission)
    try:
        yield
    finally:
        ADMISSION.reset(token)


async def admit(addresses: Sequence[IPAddress]) -> Sequence[IPAddress]:
    """Returns the addresses that may be called. Raises AddressBusy, and Unavailable."""
    admission = ADMISSION.get()
    if admission is None:
        return addresses
    used = addresses[:MOST_ADDRESSES]
    await admission(used)
    return used
