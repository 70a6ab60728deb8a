"""The command lines of ffmpeg that decode to uncompressed sound, and that encode blocks of it."""

from collections.abc import Mapping

import ffmpeg

from converter_service.media.ffmpeg.command_line import MAX_DECODE_ERRORS, audio_input, compile_command
from converter_service.media.ffmpeg.filters import PassOptions, apply_filters
from converter_service.media.ffmpeg.job import TranscodeJob
from converter_service.media.ffmpeg.pcm_stream import CODEC, MUXER, PIPED, PcmSound
from converter_service.media.ffmpeg.tools import Tools

# Frames alone, given out as they are made.
FRAMES_ONLY: Mapping[str, int] = {"write_xing": 0, "id3v2_version": 0, "flush_packets": 1}


def decode(tools: Tools, job: TranscodeJob, options: PassOptions, *, at_most_s: float) -> list[str]:
    """Writes what an encoder would get to standard output, as `pcm_stream` describes it."""
    rates = "|".join(str(rate) for rate in job.form.sample_rates_hz)
    formats = {"sample_fmts": "flt", "sample_rates": rates, "channel_layouts": "mono|stereo"}
    sound = apply_filters(audio_input(tools, job), job, options).filter("aformat", **formats)
    settings = {"acodec": CODEC, "map_metadata": -1, "t": f"{at_most_s:.6f}", "threads": tools.threads}
    output = sound.output("pipe:1", format=MUXER, **settings)
    return compile_command(tools, output, MAX_DECODE_ERRORS, own_timestamps=True, reports_progress=False)


def encode(tools: Tools, sound: PcmSound, encoder: Mapping[str, str | int]) -> list[str]:
    """Encodes standard input to frames of MP3 on standard output, with the options of `encoder`."""
    source = ffmpeg.input("pipe:0", **PIPED, ar=sound.rate_hz, ac=sound.channels)["a:0"]
    settings = {**encoder, **FRAMES_ONLY, "threads": tools.threads}
    output = source.output("pipe:1", format="mp3", **settings)
    return compile_command(tools, output, 0.0, reports_progress=False)
