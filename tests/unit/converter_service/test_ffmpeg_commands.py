"""The command lines that strangers' files are given to."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from converter_service.adapters import ffmpeg_commands as commands
from converter_service.formats import FORMATS, Format
from converter_service.options import parse
from converter_service.transcoding import AudioTrack

TOOLS = commands.Tools(ffmpeg="/opt/ffmpeg", ffprobe="/opt/ffprobe", threads=3)
SOURCE, TARGET = Path("/scratch/source"), Path("/scratch/result")
TRACK = AudioTrack(index=2, stream=4, codec="aac", channels=6, sample_rate=44_100)


def converting(**fields: str) -> list[str]:
    return commands.convert(TOOLS, SOURCE, TRACK, parse(fields), TARGET, at_most_s=100.0, fill_gaps=False)


def value_of(words: list[str], name: str) -> str:
    return words[words.index(name) + 1]


@pytest.mark.parametrize(
    "words",
    [converting(), commands.probe(TOOLS, SOURCE), commands.packets(TOOLS, SOURCE)],
    ids=lambda w: w[0],
)
def test_every_reader_of_a_source_is_fenced_in_before_the_source_is_named(words: list[str]) -> None:
    fence = words[: words.index("-i")]
    assert value_of(fence, "-protocol_whitelist") == "file"
    assert "mov" in value_of(fence, "-format_whitelist").split(",")
    assert value_of(fence, "-max_streams") == "200"
    assert "-max_alloc" in fence
    assert value_of(words, "-i") == "file:/scratch/source"


def test_the_track_is_counted_among_audio_tracks() -> None:
    assert value_of(converting(), "-map") == "0:a:2"


def test_only_audio_decoders_may_be_opened() -> None:
    allowed = value_of(converting(), "-codec_whitelist").split(",")
    assert "aac" in allowed
    assert "h264" not in allowed


def test_what_a_client_wrote_is_never_an_option_or_a_name() -> None:
    words = converting(title="-i", artist="file:/etc/passwd", album="; rm -rf /")
    assert [word for word in words if word in {"-i", "file:/etc/passwd", "; rm -rf /"}] == ["-i"]
    assert "title=-i" in words
    assert words[-1] == "file:/scratch/result"


def test_more_than_two_channels_are_mixed_down_and_the_threads_are_bounded() -> None:
    words = converting()
    assert value_of(words, "-ac") == "2"
    assert [words[n + 1] for n, word in enumerate(words) if word == "-threads"] == ["3", "3"]


def test_a_part_is_cut_behind_the_decoder() -> None:
    words = converting(start="5", end="7.5")
    assert words.index("-ss") > words.index("-i")
    assert (value_of(words, "-ss"), value_of(words, "-t")) == ("5.000000", "2.500000")
    assert value_of(converting(end="500"), "-t") == "100.000000"


@pytest.mark.parametrize("form", FORMATS.values(), ids=lambda form: form.name)
def test_a_result_must_be_recognised_as_what_it_was_meant_to_be(form: Format) -> None:
    for words in (commands.count(TOOLS, form, TARGET), commands.decode(TOOLS, form, TARGET, 60.0)):
        assert value_of(words, "-format_whitelist") == form.demuxer


def test_one_channel_is_not_encoded_at_a_rate_that_only_two_can_have() -> None:
    mono, options = replace(TRACK, channels=1), parse({"format": "opus", "bitrate": "320k"})
    words = commands.convert(TOOLS, SOURCE, mono, options, TARGET, at_most_s=100.0, fill_gaps=False)
    assert value_of(words, "-b:a") == "256000"
    assert value_of(converting(format="opus", bitrate="320k"), "-b:a") == "320000"
