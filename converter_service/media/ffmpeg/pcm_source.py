"""Reads the uncompressed sound that a decoder writes, and detects a stalled decoder."""

import asyncio
from collections.abc import AsyncIterator

from converter_service.media.ffmpeg.pcm_stream import BadHeader, PcmSound, parse_header
from converter_service.media.ffmpeg.progress import Stalled
from converter_service.media.sandbox.process import SandboxedProcess


class PcmSource:
    """`stall_s`: after as many seconds without output the decoder has stalled; `skipped_s` seconds of sound
    before the first output are decoded at playing speed at least.
    """

    def __init__(self, decoder: SandboxedProcess, stall_s: float, skipped_s: float) -> None:
        self._pieces = decoder.chunks()
        self._stall_s, self._first_s = stall_s, stall_s + skipped_s
        self._rest = b""

    async def begin(self) -> PcmSound:
        """Returns the kind of sound. Raises BadHeader, also if there is none, and Stalled."""
        begun = b""
        while (header := parse_header(begun)) is None:
            if not (piece := await self._next(self._first_s)):
                raise BadHeader("no sound")
            begun += piece
        sound, place = header
        self._rest = begun[place:]
        return sound

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yields the sound behind the header. Raises Stalled."""
        yield self._rest
        limit_s = self._first_s
        while piece := await self._next(limit_s):
            yield piece
            limit_s = self._stall_s

    async def _next(self, limit_s: float) -> bytes:
        try:
            async with asyncio.timeout(limit_s):
                return await anext(self._pieces, b"")
        except TimeoutError:
            raise Stalled from None
