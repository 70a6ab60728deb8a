"""The same video again, with the same options, of the same account: its audio is copied, not made again."""

from converter_service.conversions.model import Conversion, Result
from converter_service.conversions.ports import BlobMissing, Blobs, ConversionStore
from converter_service.conversions.transitions.run import source_described
from converter_service.conversions.update import change
from converter_service.jobs.context import Run
from converter_service.jobs.persistence import persistently
from shared.logs import get_logger

log = get_logger(__name__)


class Reusing:
    """A copy, so that each conversion has bytes of its own: deleting one leaves the other whole."""

    def __init__(self, store: ConversionStore, blobs: Blobs) -> None:
        self._store = store
        self._blobs = blobs

    async def result(self, run: Run) -> Result | None:
        """What an earlier conversion has, stored for this run and checked; None when there is nothing of it.

        Raises LeaseLost, and Unavailable when the store stays away.
        """
        twin = await self._twin(run.conversion)
        if twin is None or twin.result is None or not await self._copied(twin, run.blob_id):
            return None
        known = twin.source
        run.conversion = await change(
            self._store,
            run.id,
            lambda newest: source_described(
                newest,
                run.token,
                duration=known.duration,
                container=known.container or "",
                audio_codec=known.audio_codec,
            ),
        )
        log.info("audio reused", conversion_id=run.id, made_by=twin.id)
        return twin.result

    async def _twin(self, conversion: Conversion) -> Conversion | None:
        if conversion.cache_key is None:
            return None
        return await self._store.by_result_cache_key(conversion.owner_id, conversion.cache_key)

    async def _copied(self, twin: Conversion, blob_id: str) -> bool:
        """False when its bytes have gone meanwhile, or are not what they were."""

        async def copy() -> bool:
            await self._blobs.delete(blob_id)
            stored = await self._blobs.write(blob_id, await self._blobs.open(str(twin.audio_blob)))
            return twin.result is not None and stored.sha256 == twin.result.sha256

        try:
            same = await persistently(copy)
        except BlobMissing:
            return False
        if not same:
            log.error("a stored audio has changed", conversion_id=twin.id)
        return same
