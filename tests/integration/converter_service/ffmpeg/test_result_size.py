"""The size of a result is bounded by its source, and by the room on the disk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from converter_service.media.errors import Fault, MediaError
from converter_service.media.ffmpeg import runner
from tests.faults.disks import small_disk
from tests.support.audio_checks import TranscodingHarness
from tests.support.media import Media

MIB = 1024 * 1024
MINUTE = ["-t", "60"]
SILENCE = ["-f", "lavfi", "-i", "anullsrc=channel_layout=stereo:sample_rate=48000", *MINUTE]
SPEECH = ["-f", "lavfi", "-i", "sine=frequency=200:sample_rate=48000", *MINUTE]
COMPRESSED = {
    "flac": [*SILENCE, "-c:a", "flac"],
    "m4a": [*SILENCE, "-c:a", "alac"],
    "mka": [*SILENCE, "-c:a", "wavpack"],
}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", 8) as mounted:
        if mounted is None:
            pytest.skip("mounting is not permitted")
        yield mounted.path


@pytest.fixture
def low_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a minute of sound is much."""
    monkeypatch.setattr(runner, "LEAST_RESULT_BYTES", MIB // 4)
    monkeypatch.setattr(runner, "SPARE_BYTES", MIB)


@pytest.mark.usefixtures("low_bounds")
@pytest.mark.parametrize("container", COMPRESSED)
async def test_a_small_file_cannot_become_a_huge_result(
    harness: TranscodingHarness, media: Media, container: str
) -> None:
    bomb = media.made(COMPRESSED[container], container)
    with pytest.raises(MediaError) as refused:
        await harness.convert(bomb, format="wav")
    assert refused.value.code is Fault.TOO_LONG
    assert not harness.result.exists()


@pytest.mark.usefixtures("low_bounds")
async def test_speech_at_the_lowest_bit_rate_can_become_a_wav(
    harness: TranscodingHarness, media: Media
) -> None:
    speech = media.made([*SPEECH, "-c:a", "libopus", "-b:a", "6k"], "ogg")
    output = await harness.convert(speech, format="wav")
    assert output.size_bytes > 100 * speech.stat().st_size


@pytest.mark.usefixtures("low_bounds")
async def test_a_result_that_needs_more_room_than_the_disk_has_is_too_long(
    harness: TranscodingHarness, media: Media, disk: Path
) -> None:
    harness.scratch = disk
    with pytest.raises(MediaError) as refused:
        await harness.convert(media.made([*SPEECH, "-ac", "2", "-b:a", "64k"], "mp3"), format="wav")
    assert refused.value.code is Fault.TOO_LONG
