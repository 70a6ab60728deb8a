"""Chooses decoders by name where ffmpeg's own choice is faulty in some of its versions."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from converter_service.media.ffmpeg.capabilities import list_names
from converter_service.media.ffmpeg.runner import ProgramRunner

# The decoder that is used instead of ffmpeg's first choice, if the build has it. In ffmpeg 7.1 the native
# decoder of Speex makes noise of twice the length from sound above 8 kHz.
PREFERRED: Mapping[str, str] = MappingProxyType({"speex": "libspeex"})


class DecoderChoice:
    """Reads the list of decoders when it is first needed, because such codecs are rare."""

    def __init__(self, programs: ProgramRunner) -> None:
        self._programs = programs
        self._decoders: frozenset[str] | None = None

    async def decoder_for(self, codec: str, scratch: Path) -> str | None:
        """None for ffmpeg's own choice. Raises TranscoderUnavailable if ffmpeg does not run."""
        preferred = PREFERRED.get(codec)
        if preferred is None:
            return None
        if self._decoders is None:
            self._decoders = await list_names(self._programs, "decoders", scratch)
        return preferred if preferred in self._decoders else None
