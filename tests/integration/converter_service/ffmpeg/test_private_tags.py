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
PLACES = ("RECORDING_LOCATION", "GEOLOCATION", "GPSLatitude", "GPS_POSITION", "latitude", "location-eng")
RECORDER = {
    "originator": "ZOOM F8n",
    "originator_reference": "DEZOM0012345",
    "coding_history": "A=PCM,SN 0012345",
}
TONE = ("-f", "lavfi", "-i", "sine=duration=1", "-c:a", "pcm_s16le")


def tags_of(values: dict[str, str]) -> list[str]:
    return [word for name, value in values.items() for word in ("-metadata", f"{name}={value}")]


@pytest.mark.parametrize("form", ["mp3", "opus", "flac"])
@pytest.mark.parametrize("name", PLACES)
async def test_no_name_of_a_place_in_matroska_is_passed_on(
    harness: TranscodingHarness, media: Media, name: str, form: str
) -> None:
    source = media.made([*TONE, *tags_of({name: "Berlin 52.5163", "title": "A walk"})], "mka")
    await harness.convert(source, format=form)
    made = harness.result.read_bytes()
    assert (b"52.5163" in made, b"A walk" in made) == (False, True)


@pytest.mark.parametrize("container", ["wav", "w64"])
@pytest.mark.parametrize("form", ["mp3", "m4a", "wav"])
async def test_the_recorder_that_a_broadcast_wav_names_is_not_passed_on(
    harness: TranscodingHarness, media: Media, container: str, form: str
) -> None:
    bext = ("-write_bext", "1") if container == "wav" else ()
    source = media.made([*TONE, *tags_of({**RECORDER, "title": "A walk"}), *bext], container)
    await harness.convert(source, format=form)
    made = harness.result.read_bytes()
    assert not any(secret in made for secret in (b"ZOOM", b"0012345"))


@pytest.mark.parametrize("form", ["mp3", "opus", "flac"])
async def test_the_camera_that_an_mxf_file_names_is_not_passed_on(
    harness: TranscodingHarness, media: Media, form: str
) -> None:
    """Its package numbers are made of the camera's serial number or network address (SMPTE ST 330)."""
    picture = ("-f", "lavfi", "-i", "testsrc=size=64x36:rate=25:duration=1", "-c:v", "mpeg2video")
    tags = tags_of({"company_name": "ACME CAM", "product_name": "XF-9"})
    source = media.made([*picture, *TONE, "-ar", "48000", *tags], "mxf")
    found = probe(source)["format"]["tags"]
    secrets = [found[name] for name in ("company_name", "product_name", "uid", "material_package_umid")]
    await harness.convert(source, format=form)
    made = harness.result.read_bytes()
    assert [secret for secret in secrets if secret.encode() in made] == []
    assert b"product" not in made.lower()


@pytest.mark.parametrize("form", ["mp3", "m4a", "wav"])
async def test_the_camera_that_an_avi_file_names_as_software_is_not_passed_on(
    harness: TranscodingHarness, media: Media, form: str
) -> None:
    tags = tags_of({"ISFT": "NIKON D90", "title": "A walk"})
    source = media.made([*TONE, *tags, "-bitexact"], "avi")
    assert b"NIKON" in source.read_bytes()
    await harness.convert(source, format=form)
    made = harness.result.read_bytes()
    assert (b"NIKON" in made, b"A walk" in made) == (False, True)


@pytest.mark.parametrize("form", ["mp3", "m4a", "opus", "flac", "wav"])
@pytest.mark.parametrize("container", ["mov", "mkv"])
async def test_a_result_does_not_tell_where_and_with_what_its_source_was_recorded(
    harness: TranscodingHarness, media: Media, container: str, form: str
) -> None:
    tags = tags_of(PHONE)
    flags = ("-movflags", "use_metadata_tags") if container == "mov" else ()
    source = media.made([*TONE, *tags, *flags], container)
    assert all(secret.encode() in source.read_bytes() for secret in SECRETS)
    await harness.convert(source, format=form)
    made = harness.result.read_bytes()
    assert not any(secret.encode() in made for secret in SECRETS)
    described = probe(harness.result)
    named = {**described["format"].get("tags", {}), **described["streams"][0].get("tags", {})}
    assert {name.lower(): value for name, value in named.items()}["title"] == "A walk"
