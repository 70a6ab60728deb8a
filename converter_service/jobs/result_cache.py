"""Result cache: copies the audio of an earlier conversion of the same video, options and account."""

from dataclasses import dataclass

from converter_service.conversions.blobs import BlobMissing, Blobs
from converter_service.conversions.model import Conversion, Result
from converter_service.conversions.ports import ConversionStore
from converter_service.conversions.transitions.run import source_described
from converter_service.conversions.update import change
from converter_service.jobs.context import RunContext
from converter_service.jobs.result_details import DetailsWriter
from converter_service.jobs.retry_policy import retry_unavailable
from shared.logs import get_logger

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ResultCache:
    """Finds earlier results by cache key and copies them, so that each can be deleted on its own."""

    store: ConversionStore
    blobs: Blobs

    async def copy_for(self, run: RunContext) -> Result | None:
        """Copies an earlier result to the run's blob and checks its digest; None if there is none.

        Raises LeaseLost, and Unavailable if the store stays unavailable.
        """
        earlier = await self._find(run.conversion)
        if earlier is None or earlier.result is None or not await self._copy(earlier, run.blob_id):
            return None
        await DetailsWriter(self.blobs).copy(run, earlier)
        source = earlier.source
        run.conversion = await change(
            self.store,
            run.id,
            lambda newest: source_described(
                newest,
                run.token,
                duration=source.duration,
                container=source.container or "",
                audio_codec=source.audio_codec,
                audio_tracks=source.audio_tracks,
            ),
        )
        log.info("audio copied from earlier conversion", conversion_id=run.id, earlier_id=earlier.id)
        return earlier.result

    async def _find(self, conversion: Conversion) -> Conversion | None:
        if conversion.cache_key is None:
            return None
        return await self.store.by_result_cache_key(conversion.owner_id, conversion.cache_key)

    @retry_unavailable
    async def _copy(self, earlier: Conversion, blob_id: str) -> bool:
        """False if the earlier audio was deleted meanwhile or no longer has its recorded digest."""
        await self.blobs.delete(blob_id)
        try:
            stored = await self.blobs.write(blob_id, await self.blobs.open(str(earlier.audio_blob)))
        except BlobMissing:
            return False
        if earlier.result is not None and stored.sha256 == earlier.result.sha256:
            return True
        log.error("stored audio does not match its digest", conversion_id=earlier.id)
        return False
