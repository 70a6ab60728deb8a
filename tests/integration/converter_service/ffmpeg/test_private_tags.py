"""Places and devices that phones write into their recordings."""

import pytest

from tests.support.audio_checks import TranscodingHarness
from tests.support.media import Media, probe

PHONE = {
    "location": "+52.5163+013.3777/",
    "com.apple.quicktime.location.ISO6709": "+52.5163+013.3777+034.000/",
    "com.apple.quicktime.make": "Fruit",
    "com.apple.quicktime.model": "Phone 17",
    "title": "A walk",
}
SECRETS = ("52.5163", "Fruit", "Phone 17")


@pytest.mark.parametrize("form", ["mp3", "m4a", "opus", "flac", "wav"])
@pytest.mark.parametrize("container", ["mov", "mkv"])
async def test_a_result_does_not_tell_where_and_with_what_its_source_was_recorded(
    harness: TranscodingHarness, media: Media, container: str, form: str
) -> None:
    tags = [word for name, value in PHONE.items() for word in ("-metadata", f"{name}={value}")]
    flags = ("-movflags", "use_metadata_tags") if container == "mov" else ()
    tone = ("-f", "lavfi", "-i", "sine=duration=1", "-c:a", "pcm_s16le")
    source = media.made([*tone, *tags, *flags], container)
    assert all(secret.encode() in source.read_bytes() for secret in SECRETS)
    await harness.convert(source, format=form)
    made = harness.result.read_bytes()
    assert not any(secret.encode() in made for secret in SECRETS)
    described = probe(harness.result)
    named = {**described["format"].get("tags", {}), **described["streams"][0].get("tags", {})}
    assert {name.lower(): value for name, value in named.items()}["title"] == "A walk"
