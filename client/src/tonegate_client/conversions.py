"""Calls of conversions: list, get, rename, cancel, retry, delete, links, convert again, follow, wait, and the
waveform and chapters of a result.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from urllib.parse import quote

import msgspec

from tonegate_client.bulk_models import BulkAnswer, BulkResult
from tonegate_client.event_stream import ConversionEvent, follow
from tonegate_client.models import (
    Conversion,
    ConversionPage,
    Link,
    Options,
)
from tonegate_client.pagination import items_of
from tonegate_client.result_models import Chapter, ChapterList, Waveform
from tonegate_client.transport import Request, Transport, keyed_post

# Of the ids in one request.
MOST_AT_ONCE = 100


class Conversions:
    """The account's conversions. Each call raises Problem, ServerUnreachable, NotSignedIn."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def get(self, conversion_id: str) -> Conversion:
        return await self._transport.fetch(Request("GET", path_of(conversion_id)), Conversion)

    async def page(
        self,
        *,
        status: str | None = None,
        query: str | None = None,
        limit: int = 20,
        cursor: str | None = None,
    ) -> ConversionPage:
        """One page, newest first; `query` is a part of the title or file name."""
        wanted = {"status": status, "q": query, "limit": limit, "cursor": cursor}
        return await self._transport.fetch(Request("GET", "v1/conversions", query=wanted), ConversionPage)

    def list(
        self, *, status: str | None = None, query: str | None = None, most: int | None = None
    ) -> AsyncGenerator[Conversion, None]:
        """Yields all conversions or the `most` newest, page by page."""

        async def read(limit: int, cursor: str | None) -> ConversionPage:
            return await self.page(status=status, query=query, limit=limit, cursor=cursor)

        return items_of(read, most)

    async def rename(self, conversion_id: str, title: str | None) -> Conversion:
        """Sets the name in place of the file's; None removes it."""
        request = Request("PATCH", path_of(conversion_id), body={"title": title})
        return await self._transport.fetch(request, Conversion)

    async def convert_again(self, conversion_id: str, options: Options) -> Conversion:
        """Converts the stored video of another conversion with other options, without an upload."""
        body = {"source": conversion_id, **msgspec.to_builtins(options)}
        return await self._transport.fetch(keyed_post("v1/conversions", body), Conversion)

    async def cancel(self, conversion_id: str) -> Conversion:
        request = Request("POST", f"{path_of(conversion_id)}/cancel")
        return await self._transport.fetch(request, Conversion)

    async def retry(self, conversion_id: str) -> Conversion:
        return await self._transport.fetch(keyed_post(f"{path_of(conversion_id)}/retry"), Conversion)

    async def delete(self, conversion_id: str) -> None:
        await self._transport.send(Request("DELETE", path_of(conversion_id)))

    async def bulk(self, conversion_ids: Sequence[str], action: str) -> Sequence[BulkResult]:
        """Performs `delete`, `retry` or `cancel` on each: the outcomes, in the order of the ids."""
        results: Sequence[BulkResult] = ()
        once = tuple(dict.fromkeys(conversion_ids))
        for start in range(0, len(once), MOST_AT_ONCE):
            body = {"ids": once[start : start + MOST_AT_ONCE], "action": action}
            request = keyed_post("v1/conversions/bulk", body)
            results = (*results, *(await self._transport.fetch(request, BulkAnswer)).items)
        return results

    async def link(self, conversion_id: str, expires_in_s: float = 3600.0) -> Link:
        """A link to the audio that needs no token."""
        body = {"expires_in": expires_in_s}
        return await self._transport.fetch(keyed_post(f"{path_of(conversion_id)}/link", body), Link)

    async def end_links(self, conversion_id: str) -> None:
        """Ends all links to the audio that were made so far, those in mails and webhooks too."""
        await self._transport.send(Request("DELETE", f"{path_of(conversion_id)}/link"))

    async def waveform(self, conversion_id: str) -> Waveform:
        """Raises Problem `not_found` for a result without a waveform, such as one of an earlier version."""
        return await self._transport.fetch(Request("GET", f"{path_of(conversion_id)}/waveform"), Waveform)

    async def chapters(self, conversion_id: str) -> Sequence[Chapter]:
        request = Request("GET", f"{path_of(conversion_id)}/chapters")
        return (await self._transport.fetch(request, ChapterList)).items

    def follow(self, conversion_id: str, last_event_id: str = "") -> AsyncGenerator[ConversionEvent, None]:
        """Yields each change until the conversion has ended; broken connections are resumed."""
        return follow(self._transport, conversion_id, last_event_id)

    async def wait(self, conversion_id: str) -> Conversion:
        """Returns the conversion once it has ended."""
        async with aclosing(self.follow(conversion_id)) as events:
            async for event in events:
                if event.conversion.is_final:
                    return event.conversion
        return await self.get(conversion_id)


def path_of(conversion_id: str) -> str:
    return f"v1/conversions/{quote(conversion_id, safe='')}"
