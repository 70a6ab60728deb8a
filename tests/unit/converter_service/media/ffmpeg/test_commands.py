"""The command lines of ffmpeg and ffprobe for untrusted files."""

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from converter_service.media.audio_format import Format
from converter_service.media.ffmpeg import commands, cover_command, measure_commands, probe_commands
from converter_service.media.ffmpeg.capabilities import FILTERS
from converter_service.media.ffmpeg.cover import CoverSource
from converter_service.media.ffmpeg.filters import PassOptions
from converter_service.media.ffmpeg.job import TranscodeJob
from converter_service.media.ffmpeg.tools import Tools
from converter_service.media.formats import FORMATS
from converter_service.media.media_info import AudioTrack, MediaInfo, Picture
from converter_service.media.option_parser import parse

TOOLS = Tools(ffmpeg="/opt/ffmpeg", ffprobe="/opt/ffprobe", threads=3)
SOURCE, TARGET = Path("/scratch/source"), Path("/scratch/result")
TRACK = AudioTrack(index=2, stream=4, codec="aac", channels=6, sample_rate=44_100, language="deu")
PICTURE = CoverSource(Picture(stream=7, codec="h264"), 12.0)
ENCODED = PassOptions()
# In a chain such as `[0:a:2]pan=…`; ffmpeg-python escapes what is in arguments.
FILTER_NAME = re.compile(r"\]([a-z0-9]+)=")


def job(track: AudioTrack = TRACK, **fields: str) -> TranscodeJob:
    info = MediaInfo(container="mkv", duration_s=60.0, audio_tracks=(track,))
    return TranscodeJob(source=SOURCE, info=info, track=track, options=parse(fields), target=TARGET)


def converting(track: AudioTrack = TRACK, options: PassOptions = ENCODED, **fields: str) -> list[str]:
    return commands.convert(TOOLS, job(track, **fields), options, has_cover=False, at_most_s=100.0)


def value_of(words: list[str], name: str) -> str:
    return words[words.index(name) + 1]


@pytest.mark.parametrize(
    "words",
    [
        converting(),
        probe_commands.probe(TOOLS, SOURCE),
        probe_commands.probe(TOOLS, SOURCE, with_tags=False),
        probe_commands.packets(TOOLS, SOURCE),
        measure_commands.measure(TOOLS, job(), PassOptions(), at_most_s=100.0),
        cover_command.cover(TOOLS, SOURCE, PICTURE, TARGET),
    ],
    ids=["convert", "probe", "probe briefly", "packets", "measure", "cover"],
)
def test_protocol_restrictions_precede_the_input(words: list[str]) -> None:
    fence = words[: words.index("-i")]
    assert value_of(fence, "-protocol_whitelist") == "file"
    assert "mov" in value_of(fence, "-format_whitelist").split(",")
    assert value_of(fence, "-max_streams") == "200"
    assert "-max_alloc" in fence
    assert value_of(words, "-i") == "file:/scratch/source"


@pytest.mark.parametrize(
    "words",
    [
        converting(format="opus", start="1", end="2", channels="1", sample_rate="16000"),
        converting(replace(TRACK, layout="ambisonic 1", channels=4)),
        converting(options=PassOptions(gain={"I": -16})),
        measure_commands.measure(TOOLS, job(), PassOptions(), at_most_s=100.0),
        measure_commands.measure_result(TOOLS, FORMATS["mp3"], TARGET),
        measure_commands.decode(TOOLS, FORMATS["mp3"], TARGET, None),
        cover_command.cover(TOOLS, SOURCE, PICTURE, TARGET),
    ],
    ids=["options", "mix", "loudness", "measure", "measure result", "decode", "cover"],
)
def test_every_filter_of_a_command_is_checked_for_at_start(words: list[str]) -> None:
    named = set(FILTER_NAME.findall(value_of(words, "-filter_complex")))
    assert named
    assert named <= FILTERS


def test_the_track_is_counted_among_audio_tracks() -> None:
    assert value_of(converting(), "-filter_complex").startswith("[0:a:2]")
    assert value_of(converting(options=PassOptions(is_copy=True)), "-map") == "0:a:2"


def test_only_audio_decoders_may_be_opened() -> None:
    allowed = value_of(converting(), "-codec_whitelist").split(",")
    assert "aac" in allowed
    assert "h264" not in allowed


def test_only_decoders_of_pictures_may_be_opened_for_a_cover_and_none_for_a_huge_one() -> None:
    words = cover_command.cover(TOOLS, SOURCE, PICTURE, TARGET)
    allowed = value_of(words, "-codec_whitelist").split(",")
    assert ("h264" in allowed, "aac" in allowed) == (True, False)
    assert words.index("-max_pixels") < words.index("-i")
    assert value_of(words, "-ss") == "12.000000"
    assert "[0:7]scale" in value_of(words, "-filter_complex")


def test_no_client_text_is_on_a_command_line() -> None:
    words = converting(title="-i", artist="file:/etc/passwd", album="; rm -rf /")
    assert words.count("-i") == 2
    assert not [word for word in words if "passwd" in word or "rm -rf" in word]
    assert words[-1] == "file:/scratch/result"


def test_tags_and_chapters_come_from_the_file_beside_the_result() -> None:
    words = converting()
    read = words[: len(words) - words[::-1].index("-i") + 1]
    assert read[-8:] == [*commands.METADATA_INPUT, "-i", "file:/scratch/result.metadata"]
    assert (value_of(words, "-map_metadata"), value_of(words, "-map_chapters")) == ("1", "1")
    assert value_of(words, "-map_metadata:s:a") == "-1"
    assert value_of(words, "-metadata:s:a:0") == "language=deu"
    assert value_of(converting(format="wav"), "-map_chapters") == "-1"


def test_more_than_two_channels_are_mixed_down_and_the_threads_are_bounded() -> None:
    words = converting()
    assert "aresample=rematrix_maxval=1.0" in value_of(words, "-filter_complex")
    assert "aformat=channel_layouts=stereo" in value_of(words, "-filter_complex")
    assert [words[n + 1] for n, word in enumerate(words) if word == "-threads"] == ["3", "3"]


def test_a_part_is_cut_after_the_decoder_and_starts_at_zero() -> None:
    words = converting(start="5", end="7.5")
    assert "-ss" not in words
    filters = value_of(words, "-filter_complex")
    assert filters.index("atrim=end=7.500000:start=5.000000") < filters.index("PTS-round(5.000000/TB)")
    assert "-copyts" in words
    assert value_of(words, "-t") == "100.000000"


def test_loudness_is_set_last_and_the_sample_rate_restored() -> None:
    filters = value_of(converting(options=PassOptions(gain={"I": -16.0})), "-filter_complex")
    assert filters.split("loudnorm")[1].count("aresample=sample_rate=44100") == 1
    assert filters.index("aformat") < filters.index("loudnorm")


def test_a_copy_uses_neither_filter_nor_encoder() -> None:
    words = converting(options=PassOptions(is_copy=True))
    assert value_of(words, "-acodec") == "copy"
    assert not {"-filter_complex", "-b:a", "-ac", "-ar"} & set(words)


@pytest.mark.parametrize("form", FORMATS.values(), ids=lambda form: form.name)
def test_a_result_must_be_of_the_requested_format(form: Format) -> None:
    for words in (
        probe_commands.count(TOOLS, form, TARGET),
        measure_commands.decode(TOOLS, form, TARGET, 60.0),
    ):
        assert value_of(words, "-format_whitelist") == form.demuxer


def test_mono_is_not_encoded_at_a_rate_for_stereo_only() -> None:
    mono = replace(TRACK, channels=1)
    assert value_of(converting(mono, format="opus", bitrate="320k"), "-b:a") == "256000"
    assert value_of(converting(format="opus", bitrate="320k"), "-b:a") == "320000"
