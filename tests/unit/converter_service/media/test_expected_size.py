"""The expected size of results."""

import pytest

from converter_service.media.expected_size import expected_bytes
from converter_service.media.media_info import AudioTrack, MediaInfo
from converter_service.media.options import Options


@pytest.mark.parametrize(
    ("form", "bits", "size"), [("wav", 16, 1_920_000), ("wav", 24, 2_880_000), ("wav", 0, 1_920_000)]
)
def test_the_precision_of_the_source_counts(form: str, bits: int, size: int) -> None:
    track = AudioTrack(index=0, stream=0, codec="flac", channels=2, sample_rate=48_000, bits=bits)
    info = MediaInfo(container="flac", duration_s=10.0, audio_tracks=(track,))
    assert expected_bytes(info, track, Options(format=form)) == size
