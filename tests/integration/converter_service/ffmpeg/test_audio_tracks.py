"""Audio tracks of a source: their description, and those without sound."""

import pytest

from converter_service.jobs.source_tracks import describe_tracks
from converter_service.media.errors import Fault, MediaError
from tests.support.audio_checks import TranscodingHarness, pitch_hz
from tests.support.media import Media

VIDEO = ("-f", "lavfi", "-i", "testsrc=size=64x36:duration=3")
TONES = ("-f", "lavfi", "-i", "sine=f=440:d=3", "-f", "lavfi", "-i", "sine=f=1000:d=3")
MAPPED = ("-map", "0", "-map", "1", "-map", "2", "-c:v", "mpeg4")
# The first track without a packet, and the second with a tone.
FIRST_EMPTY = (*VIDEO, *TONES, "-filter_complex", "[1:a]atrim=end=0[none]")
EMPTY = (*FIRST_EMPTY, "-map", "0", "-map", "[none]", "-map", "2", "-c:v", "mpeg4")
# Packets in the first track that no decoder accepts.
NOISE = ("-c:a", "flac", "-bsf:a:0", "noise=amount=1")
FRAGMENTED = ("-movflags", "empty_moov+frag_keyframe")


@pytest.mark.parametrize("container", ["mkv", "mp4", "mov"])
async def test_tracks_are_described_for_the_choice(
    harness: TranscodingHarness, media: Media, container: str
) -> None:
    field = "title" if container == "mkv" else "handler_name"
    named = ["-metadata:s:a:0", f"{field}=Surround\tsound", "-metadata:s:a:0", "language=eng"]
    flags = ["-disposition:a:0", "default", "-disposition:a:1", "0", "-c:a:0", "aac", "-ac:a:1", "2"]
    source = media.made([*VIDEO, *TONES, *MAPPED, *named, *flags, "-c:a:1", "ac3"], container)
    first, second = describe_tracks(await harness.probe(source))
    assert (first.index, first.language, first.codec, first.channels) == (0, "eng", "aac", 1)
    assert (first.title, first.default, first.kind) == ("Surround sound", True, "main")
    assert (second.index, second.language, second.title) == (1, None, None)
    assert (second.codec, second.channels, second.default) == ("ac3", 2, False)


@pytest.mark.parametrize(
    ("container", "codec", "name"),
    [
        ("mkv", "aac", "Director's Commentary"),
        ("mp4", "aac", "Audiokommentar"),
        ("webm", "libopus", "Commentaires du réalisateur"),
        ("mkv", "ac3", "Audiodeskription"),
        ("mp4", "libmp3lame", "English (Audio Description)"),
    ],
)
async def test_a_track_that_only_its_name_tells_apart_is_not_the_programme(
    harness: TranscodingHarness, media: Media, container: str, codec: str, name: str
) -> None:
    names = ["-metadata:s:a:0", f"title={name}", "-metadata:s:a:1", "title=Main"]
    flags = ["-disposition:a:0", "default", "-disposition:a:1", "0"]
    picture = ["-c:v", "libvpx"] if container == "webm" else []
    source = media.made([*VIDEO, *TONES, *MAPPED, *picture, "-c:a", codec, *names, *flags], container)
    await harness.convert(source, cover="none")
    assert pitch_hz(harness.result) == pytest.approx(1000, rel=0.02)
    await harness.convert(source, audio_track="0", cover="none")
    assert pitch_hz(harness.result) == pytest.approx(440, rel=0.02)


@pytest.mark.parametrize("container", ["mp4", "mov"])
@pytest.mark.parametrize("arguments", [(), FRAGMENTED], ids=["whole", "fragmented"])
async def test_names_that_only_the_user_data_of_tracks_has_are_shown(
    harness: TranscodingHarness, media: Media, container: str, arguments: tuple[str, ...]
) -> None:
    names = ["-metadata:s:a:0", "title=Hauptton", "-metadata:s:a:1", "title=Kommentar der Regie"]
    source = media.made([*VIDEO, *TONES, *MAPPED, "-c:a", "aac", *names, *arguments], container)
    described = describe_tracks(await harness.probe(source))
    assert [track.title for track in described] == ["Hauptton", "Kommentar der Regie"]


@pytest.mark.parametrize(
    ("container", "disposition", "kind"),
    [
        ("mkv", "comment", "commentary"),
        ("mp4", "comment", "commentary"),
        ("mkv", "visual_impaired", "audio_description"),
        ("ts", "visual_impaired", "audio_description"),
        ("mkv", "hearing_impaired", "hearing_impaired"),
        ("ts", "hearing_impaired", "hearing_impaired"),
        ("mp4", "dub", "dub"),
        ("ts", "clean_effects", "dub"),
    ],
)
async def test_the_kind_of_a_track_is_what_its_container_says(
    harness: TranscodingHarness, media: Media, container: str, disposition: str, kind: str
) -> None:
    flags = ["-c:a", "mp2", "-disposition:a:0", "0", "-disposition:a:1", disposition]
    source = media.made([*VIDEO, *TONES, *MAPPED, *flags], container)
    assert [track.kind for track in describe_tracks(await harness.probe(source))] == ["main", kind]


async def test_a_song_title_in_ogg_names_no_track(harness: TranscodingHarness, media: Media) -> None:
    source = media.made([*TONES[:4], "-c:a", "libvorbis", "-metadata:s:a", "title=Song"], "ogg")
    (track,) = describe_tracks(await harness.probe(source))
    assert track.title is None


@pytest.mark.parametrize(
    ("container", "arguments"),
    [
        pytest.param("mkv", (*EMPTY, "-c:a", "aac"), id="no packets in mkv"),
        pytest.param("mp4", (*EMPTY, "-c:a", "aac", *FRAGMENTED), id="no packets in mp4"),
        pytest.param("avi", (*EMPTY, "-c:a", "libmp3lame"), id="no packets in avi"),
        pytest.param("mkv", (*EMPTY, "-c:a", "ac3", "-disposition:a:0", "default"), id="the default one"),
        pytest.param("mkv", (*VIDEO, *TONES, *MAPPED, *NOISE), id="noise in mkv"),
        pytest.param("mp4", (*VIDEO, *TONES, *MAPPED, *NOISE, "-strict", "-2"), id="noise in mp4"),
    ],
)
async def test_a_track_without_sound_is_chosen_only_on_request(
    harness: TranscodingHarness, media: Media, container: str, arguments: tuple[str, ...]
) -> None:
    source = media.made(arguments, container)
    await harness.convert(source, cover="none")
    assert pitch_hz(harness.result) == pytest.approx(1000, rel=0.02)
    with pytest.raises(MediaError) as refused:
        await harness.convert(source, audio_track="0", cover="none")
    has_packets = NOISE[-1] in arguments
    due = Fault.UNREADABLE_MEDIA if has_packets else Fault.NO_AUDIO_TRACK
    assert (refused.value.code, "empty" in refused.value.message) == (due, not has_packets)
    assert not harness.result.exists()


async def test_commentary_is_chosen_where_the_programme_has_no_sound(
    harness: TranscodingHarness, media: Media
) -> None:
    source = media.made([*EMPTY, "-c:a", "aac", "-disposition:a:1", "comment"], "mkv")
    await harness.convert(source, cover="none")
    assert pitch_hz(harness.result) == pytest.approx(1000, rel=0.02)
