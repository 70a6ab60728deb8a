"""A result with more sound than its source is refused, whatever command made it."""

import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from converter_service.media.errors import TranscoderUnavailable
from converter_service.media.ffmpeg.tools import find_tools
from tests.support.audio_checks import TranscodingHarness
from tests.support.audio_signals import chirp
from tests.support.media import Media

# Reads the source twice.
DOUBLING = """#!/bin/sh
case "$*" in
  *"-i file:"*"/source "*) exec {program} -stream_loop 1 "$@" ;;
esac
exec {program} "$@"
"""


@pytest.mark.parametrize(
    ("container", "codec"),
    [("mkv", "aac"), ("mp4", "aac"), ("ogg", "libvorbis"), ("wav", "pcm_s16le"), ("ts", "mp2")],
)
@pytest.mark.parametrize("form", ["mp3", "flac"])
async def test_a_command_that_doubles_the_sound_is_noticed(
    tmp_path: Path, media: Media, container: str, codec: str, form: str
) -> None:
    source = media.made([*chirp(4.0), "-c:a", codec], container)
    scratch, program = tmp_path / "scratch", tmp_path / "programs" / "ffmpeg"
    for folder in (scratch, program.parent):
        folder.mkdir()
    real = shutil.which("ffmpeg")
    program.write_text(DOUBLING.format(program=real))
    program.chmod(0o755)
    harness = TranscodingHarness(scratch, replace(find_tools(threads=1), ffmpeg=str(program)))
    with pytest.raises(TranscoderUnavailable, match="more than its source"):
        await harness.convert(source, format=form)
