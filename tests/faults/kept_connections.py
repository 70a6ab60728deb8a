"""HTTP connections that are kept, and used again without a check whether the server has closed them."""

import asyncio
import contextlib
import random
import time
from dataclasses import dataclass, field

import h11
from yarl import URL

from tests.faults.stop_overlaps import StopOverlaps
from tests.support.client import Person

# A stop keeps idle connections open for 1.5 s (`QUIET_S` in shared/http/server.py).
IDLE_S = (0.0, 1.0)
PROMISED_S = 1.3
ANSWERED_WITHIN_S = 30.0
AGAIN_S = 0.2
PATHS = ("/v1/auth/me", "/v1/conversions?limit=1")
ALLOWED = frozenset({200, 503})


@dataclass
class KeptConnections:
    """Connections to one server; `broken` lists requests within the promised time that got no answer."""

    name: str
    url: str
    overlaps: StopOverlaps
    broken: list[str] = field(default_factory=list)
    rng: random.Random = field(default_factory=lambda: random.Random(1))

    async def use(self, person: Person) -> None:
        """Opens a connection and uses it until the server closes it, again and again."""
        while True:
            place = URL(self.url)
            try:
                reader, writer = await asyncio.open_connection(place.host, place.port)
            except OSError:
                await asyncio.sleep(AGAIN_S)
                continue
            try:
                await self._use_up(reader, writer, person)
            finally:
                writer.transport.abort()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()

    async def _use_up(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, person: Person
    ) -> None:
        connection, idle_since = h11.Connection(h11.CLIENT), 0.0
        while True:
            idle_s = time.monotonic() - idle_since if idle_since else 0.0
            try:
                async with asyncio.timeout(ANSWERED_WITHIN_S):
                    status = await self._ask(connection, reader, writer, person)
            except (OSError, TimeoutError) as error:
                if idle_since and idle_s <= PROMISED_S:
                    self.broken.append(f"{self.name}: no answer after {idle_s:.1f} s idle: {error!r}")
                await asyncio.sleep(AGAIN_S)
                return
            if status not in ALLOWED:
                self.broken.append(f"{self.name}: {status}")
            if idle_since:
                self.overlaps.note(self.name, idle_since)
            if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                return
            connection.start_next_cycle()
            idle_since = time.monotonic()
            await asyncio.sleep(self.rng.uniform(*IDLE_S))

    async def _ask(
        self,
        connection: h11.Connection,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        person: Person,
    ) -> int:
        """Returns the status of the response once its body has been read."""
        headers = [("Host", URL(self.url).authority), *person.headers.items()]
        request = h11.Request(method="GET", target=self.rng.choice(PATHS), headers=headers)
        writer.write((connection.send(request) or b"") + (connection.send(h11.EndOfMessage()) or b""))
        status = 0
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                if not (piece := await reader.read(65536)):
                    raise ConnectionResetError("closed")
                connection.receive_data(piece)
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.EndOfMessage):
                return status
