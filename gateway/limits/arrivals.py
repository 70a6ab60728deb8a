"""Short request bodies that are still arriving: they hold no slot, and the oldest gives way."""

from collections import Counter, OrderedDict
from collections.abc import Callable

from gateway.limits.incoming_body import IncomingBody
from gateway.limits.slots import decrement
from shared.errors import RequestTimeout
from shared.http.application import JSON_BODY_BYTES

MAX_ARRIVALS = 1024


class Arrivals:
    """Bounds the bodies that are waited for, per address and in total. Above a bound the wait for the oldest
    one of the address, or of the address with most, ends: a body that a client does send takes a moment.
    """

    def __init__(self, per_address: int, refused: Callable[[str], None]) -> None:
        """`refused` counts refusals by reason."""
        self._per_address, self._refused = per_address, refused
        self._waiting: OrderedDict[IncomingBody, str] = OrderedDict()
        self._by_address: Counter[str] = Counter()

    async def receive(self, body: IncomingBody, address: str) -> None:
        """Receives the body up to its end, or to the size that is refused. Raises RequestTimeout and
        ClientDisconnected.
        """
        if self._by_address[address] >= self._per_address:
            self._end_oldest(address)
        elif len(self._waiting) >= MAX_ARRIVALS:
            self._end_oldest(self._by_address.most_common(1)[0][0])
        self._waiting[body] = address
        self._by_address[address] += 1
        try:
            await body.buffer(JSON_BODY_BYTES)
        except RequestTimeout:
            self._refused("slow")
            raise
        finally:
            self._discard(body)

    def _end_oldest(self, address: str) -> None:
        oldest = next(body for body, of in self._waiting.items() if of == address)
        self._discard(oldest)
        oldest.cut(RequestTimeout("The body did not arrive in time."))

    def _discard(self, body: IncomingBody) -> None:
        if (address := self._waiting.pop(body, None)) is not None:
            decrement(self._by_address, address)
