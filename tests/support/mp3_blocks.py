"""Encodes sound in blocks with real encoders, as the worker does, and as a whole with one encoder."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from converter_service.media.ffmpeg import pcm_commands
from converter_service.media.ffmpeg.pcm_stream import PcmSound, parse_header
from converter_service.media.ffmpeg.tools import Tools
from converter_service.media.mp3.block_encoding import OVERLAP, BlockEncoding
from converter_service.media.mp3.block_frames import BlockFrames
from converter_service.media.mp3.frame_joiner import FrameJoiner
from converter_service.media.mp3.frame_reader import Frame, FrameReader
from converter_service.media.mp3.info_frame import StreamTotals
from converter_service.media.mp3.pcm_blocks import BlockPlan, PcmBlock, PcmCutter

Encoder = Mapping[str, str | int]
PROGRAM_S = 120
PIECE_BYTES = 50_000


class Case(msgspec.Struct, frozen=True):
    """`kbits` is a constant bit rate; without one `quality` is that of LAME's varying one."""

    sound: PcmSound
    kbits: int | None = None
    quality: int = 2

    @property
    def encoder(self) -> Encoder:
        rate: Encoder = {"q:a": self.quality} if self.kbits is None else {"audio_bitrate": 1000 * self.kbits}
        return {"acodec": "libmp3lame", **rate}

    @property
    def encoding(self) -> BlockEncoding:
        return BlockEncoding(rate_hz=self.sound.rate_hz, channels=self.sound.channels, kbits=self.kbits)

    @property
    def frame_bytes(self) -> int:
        return self.encoding.plan(1).frame_bytes


def make_sound(tools: Tools, sound: PcmSound, samples: int, seed: int = 1) -> bytes:
    """Tones over noise that change several times a second, from full level to 60 dB below it: big-endian
    32-bit floats.
    """
    level = f"pow(10,-3*mod(floor(t*3+{seed})*7,5)/4)"
    tone = f"0.6*sin(2*PI*t*(180+70*mod(floor(t*5)*{seed},17)))"
    channels = "|".join(f"{level}*({tone}+0.2*(random({each})-0.5))" for each in range(sound.channels))
    source = f"aevalsrc=exprs='{channels}':s={sound.rate_hz}:d={samples / sound.rate_hz + 1}"
    command = [tools.ffmpeg, "-v", "error", "-f", "lavfi", "-i", source, "-af", f"atrim=end_sample={samples}"]
    made = _run([*command, "-c:a", "pcm_f32be", "-f", "au", "-map_metadata", "-1", "pipe:1"])
    header = parse_header(made)
    pcm = made[header[1] :] if header else b""
    if len(pcm) != 4 * samples * sound.channels:
        raise RuntimeError(f"{len(pcm)} bytes for {samples} samples")
    return pcm


def encode_whole(tools: Tools, case: Case, pcm: bytes) -> list[Frame]:
    """The frames of one encoder, with the same options as for blocks."""
    reader = FrameReader()
    frames = reader.feed(_run(pcm_commands.encode(tools, case.sound, case.encoder), pcm))
    reader.end()
    return frames


def encode_file(tools: Tools, case: Case, pcm: bytes, target: Path) -> None:
    """One run of ffmpeg, with the reservoir in use."""
    sound = ["-f", "f32be", "-ar", str(case.sound.rate_hz), "-ac", str(case.sound.channels), "-i", "pipe:0"]
    rate = ["-q:a", str(case.quality)] if case.kbits is None else ["-b:a", f"{case.kbits}k"]
    written = ["-c:a", "libmp3lame", *rate, "-id3v2_version", "0", "-f", "mp3", str(target)]
    _run([tools.ffmpeg, "-v", "error", "-y", *sound, *written], pcm)


class BlocksFile(msgspec.Struct, frozen=True):
    """An MP3 made of blocks: its first frame, the others, and at which of them blocks begin."""

    first: bytes
    stream: bytes
    frames: Sequence[Frame]
    seams: Sequence[int]


def encode_blocks(tools: Tools, case: Case, pcm: bytes, body: int, encoders: int) -> BlocksFile:
    """Encodes blocks of `body` frames in turn with several encoders, and joins them.

    Blocks that are shorter than the sound before them have an encoder each, because such a block may follow
    the first one, with too little sound before it for an encoder that is used again. The worker's are longer.
    """
    plan = case.encoding.plan(body)
    blocks = _cut(pcm, plan)
    encoders = len(blocks) if body < plan.lead else encoders
    encoded: dict[int, list[Frame]] = {}
    for turn in range(min(encoders, len(blocks))):
        sorter = BlockFrames(plan, OVERLAP)
        frames = _encoded(tools, case, sorter, blocks[turn::encoders])
        encoded |= zip(range(turn, len(blocks), encoders), frames, strict=True)
        shape = sorter.reader.shape
    if shape is None:
        raise RuntimeError("no frame was encoded")
    joiner = FrameJoiner(shape, case.kbits, OVERLAP)
    totals = StreamTotals(shape, case.kbits)
    parts = [*(joiner.add(encoded[number]) for number in range(len(blocks))), joiner.finish()]
    for part in parts:
        totals.add(part)
    stream = b"".join(part.data for part in parts)
    reader = FrameReader()
    seams = [body * number for number in range(1, len(blocks))]
    return BlocksFile(totals.frame(len(pcm) // 4 // case.sound.channels), stream, reader.feed(stream), seams)


def _cut(pcm: bytes, plan: BlockPlan) -> list[PcmBlock]:
    cutter = PcmCutter(plan)
    pieces = (pcm[at : at + PIECE_BYTES] for at in range(0, len(pcm), PIECE_BYTES))
    return [*(block for piece in pieces for block in cutter.feed(piece)), cutter.end()]


def _encoded(tools: Tools, case: Case, sorter: BlockFrames, blocks: Sequence[PcmBlock]) -> list[list[Frame]]:
    for block in blocks:
        sorter.expect(block)
    pcm = b"".join(block.pcm for block in blocks)
    stream = _run(pcm_commands.encode(tools, case.sound, case.encoder), pcm)
    pieces = (stream[at : at + PIECE_BYTES] for at in range(0, len(stream), PIECE_BYTES))
    return [*(block for piece in pieces for block in sorter.feed(piece)), *sorter.end()]


def _run(command: Sequence[str], given: bytes = b"") -> bytes:
    return subprocess.run(command, input=given, stdout=subprocess.PIPE, check=True, timeout=PROGRAM_S).stdout
