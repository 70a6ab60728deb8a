"""Edit lists of MP4 files with several edits: cuts, repeated parts, and time without sound."""

from pathlib import Path

import pytest

from tests.support.audio_checks import TranscodingHarness
from tests.support.changing_sound import misheard
from tests.support.edit_lists import Edit, with_edits
from tests.support.media import Media

# 300, 500 and 700 Hz for two seconds each.
STEPS = ("-f", "lavfi", "-i", "aevalsrc=exprs='0.4*sin(2*PI*(300+200*floor(t/2))*t)':s=48000:d=6")
# Samples that the encoder puts before the sound.
CODECS = [("mp4", "aac", 1024), ("mov", "pcm_s16le", 0), ("m4a", "alac", 0)]


def edited(media: Media, target: Path, carrier: tuple[str, str, int], *edits: Edit) -> Path:
    container, codec, delay = carrier
    plain = media.made([*STEPS, "-c:a", codec], container)
    return with_edits(plain, target / f"edited.{container}", edits, delay=delay)


@pytest.mark.parametrize("form", ["mp3", "m4a", "flac"])
@pytest.mark.parametrize("carrier", CODECS)
async def test_an_empty_edit_in_the_middle_is_silence(
    harness: TranscodingHarness, media: Media, tmp_path: Path, carrier: tuple[str, str, int], form: str
) -> None:
    source = edited(media, tmp_path, carrier, Edit(2.0, 0.0), Edit(1.5), Edit(4.0, 2.0))
    output = await harness.convert(source, format=form)
    assert output.duration_s == pytest.approx(7.5, abs=0.1)
    assert output.gaps_s == pytest.approx(1.5, abs=0.1)
    assert misheard(harness.result, (300, 0, 2), (500, 3.5, 5.5), (700, 5.5, 7.5)) == []


@pytest.mark.parametrize("carrier", CODECS)
async def test_empty_edits_at_the_beginning_and_behind_a_cut_count_on_one_time_line(
    harness: TranscodingHarness, media: Media, tmp_path: Path, carrier: tuple[str, str, int]
) -> None:
    edits = (Edit(0.7), Edit(2.0, 0.0), Edit(1.5), Edit(2.0, 4.0), Edit(0.5), Edit(1.0, 2.0))
    source = edited(media, tmp_path, carrier, *edits)
    output = await harness.convert(source, format="wav")
    assert misheard(harness.result, (300, 0, 2), (700, 3.5, 5.5), (500, 6, 7)) == []
    assert output.gaps_s == pytest.approx(2.0, abs=0.15)


@pytest.mark.parametrize("carrier", CODECS)
async def test_edits_are_heard_in_their_order(
    harness: TranscodingHarness, media: Media, tmp_path: Path, carrier: tuple[str, str, int]
) -> None:
    source = edited(media, tmp_path, carrier, Edit(2.0, 4.0), Edit(2.0, 0.0), Edit(2.0, 2.0))
    output = await harness.convert(source, format="flac")
    assert output.gaps_s == 0
    assert misheard(harness.result, (700, 0, 2), (300, 2, 4), (500, 4, 6)) == []
