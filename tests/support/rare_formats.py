"""Small files of formats for which neither ffmpeg nor Debian has an encoder, with a tone or with silence.

Each function returns the bytes of a file. Sources: EA IFF 85 with the 8SVX form (Electronic Arts, 1985),
DSDIFF 1.5 (Philips, 2004), RFC 3625 (QCP), and what the demuxers of ffmpeg expect of the other formats.
"""

from collections.abc import Iterable
from math import pi, sin
from struct import pack

DSD_HZ, DSF_BLOCK = 2_822_400, 4096
EA3_HEADER, CLEAR, EA3_MP3 = 96, 0xFFFF, 3
AEA_HEADER = 2048
# Long blocks, and no sound; ffmpeg recognises the format by the repetition of the first two bytes at the end.
AEA_FRAME = b"\xac\x20" + bytes(208) + b"\x20\xac"
QCELP_GUID = bytes.fromhex("416d7f5e15b1d011ba9100805fb4b97e")
QCELP_RATES = ((34, 4), (16, 3), (7, 2), (3, 1))
DSS_BLOCK = 512
APE_VERSION, APE_FAST, APE_IS_SILENT = 3990, 1000, 3


def tone(hz: int, frequency: float, count: int, amplitude: float) -> list[int]:
    """`count` samples of a sine."""
    return [round(amplitude * sin(2 * pi * frequency * n / hz)) for n in range(count)]


def one_bit_tone(frequency: float, seconds: float) -> list[bool]:
    """DSD at 2.8224 MHz: a sine at half of full scale, by a first-order delta-sigma modulator."""
    error, bits = 0.0, []
    for n in range(round(DSD_HZ * seconds) // 8 * 8):
        wanted = 0.5 * sin(2 * pi * frequency * n / DSD_HZ) + error
        bits.append(wanted >= 0)
        error = wanted - (1 if bits[-1] else -1)
    return bits


def dsf(bits: list[bool]) -> bytes:
    """A DSF file of one channel, of whole blocks; the first bit of a byte is its lowest."""
    count = len(bits) // (8 * DSF_BLOCK) * (8 * DSF_BLOCK)
    packed = bytes(sum(bit << at for at, bit in enumerate(bits[n : n + 8])) for n in range(0, count, 8))
    form = pack("<4sQIIIIIIQII", b"fmt ", 52, 1, 0, 1, 1, DSD_HZ, 1, count, DSF_BLOCK, 0)
    data = pack("<4sQ", b"data", 12 + len(packed)) + packed
    return pack("<4sQQQ", b"DSD ", 28, 28 + len(form) + len(data), 0) + form + data


def dsdiff(bits: list[bool]) -> bytes:
    """A DSDIFF file of one channel; the first bit of a byte is its highest."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return name + pack(">Q", len(content)) + content + bytes(len(content) % 2)

    packed = bytes(
        sum(bit << (7 - at) for at, bit in enumerate(bits[n : n + 8])) for n in range(0, len(bits), 8)
    )
    uncompressed = b"not compressed"
    sound = (
        b"SND "
        + chunk(b"FS  ", pack(">I", DSD_HZ))
        + chunk(b"CHNL", pack(">H4s", 1, b"C   "))
        + chunk(b"CMPR", b"DSD " + bytes([len(uncompressed)]) + uncompressed + bytes(1))
    )
    parts = chunk(b"FVER", pack(">I", 0x0105_0000)) + chunk(b"PROP", sound) + chunk(b"DSD ", packed)
    return chunk(b"FRM8", b"DSD " + parts)


def eight_svx(hz: int, samples: Iterable[int]) -> bytes:
    """An 8SVX file of one channel, uncompressed; `samples` from -128 to 127."""
    body = b"".join(pack("b", sample) for sample in samples)
    header = pack(">IIIHBBI", len(body), 0, 0, hz, 1, 0, 0x10000)
    parts = pack(">4sI", b"VHDR", len(header)) + header + pack(">4sI", b"BODY", len(body)) + body
    return pack(">4sI4s", b"FORM", 4 + len(parts), b"8SVX") + parts


def oma_mp3(frames: bytes) -> bytes:
    """An OMA file whose sound is MP3."""
    header = pack(">3sBHH", b"EA3", 1, EA3_HEADER, CLEAR).ljust(32, b"\0") + bytes([EA3_MP3])
    return header.ljust(EA3_HEADER, b"\0") + frames


def aea_silence(frames: int) -> bytes:
    """An AEA file (ATRAC1, one channel, 44.1 kHz): each frame is 512 samples of silence."""
    header = pack("<I", 0x800).ljust(264, b"\0") + b"\1"
    return header.ljust(AEA_HEADER, b"\0") + AEA_FRAME * frames


def qcp_noise(packets: int) -> bytes:
    """A QCP file (QCELP-13): each packet of the lowest rate is 20 ms of quiet noise."""
    rates = b"".join(pack("<BB", size, mode) for size, mode in QCELP_RATES).ljust(16, b"\0")
    form = pack("<BB16sH80sHHHHHI", 1, 0, QCELP_GUID, 2, b"QCELP-13K", 13_000, 35, 160, 8_000, 16, 4)
    sound = (b"\1" + bytes.fromhex("b12a50")) * packets
    form = form + rates + bytes(20)
    parts = pack("<4sI", b"fmt ", len(form)) + form
    parts += pack("<4sIII", b"vrat", 8, 1, packets)
    parts += pack("<4sI", b"data", len(sound)) + sound + bytes(len(sound) % 2)
    return pack("<4sI4s", b"RIFF", 4 + len(parts), b"QLCM") + parts


def ape_silence(hz: int, count: int) -> bytes:
    """A Monkey's Audio file of two channels: one frame that is marked as silent."""
    frame = pack("<IIII", 0x8000_0000, APE_IS_SILENT, 0, 0)
    descriptor = pack("<4sHHIIIIIII16s", b"MAC ", APE_VERSION, 0, 52, 24, 4, 0, len(frame), 0, 0, bytes(16))
    header = pack("<HHIIIHHI", APE_FAST, 0, 73_728, count, 1, 16, 2, hz)
    return descriptor + header + pack("<I", 52 + 24 + 4) + frame


def dhav_pcm(hz: int, samples: list[int], leap_s: int = 0) -> bytes:
    """A DHAV recording of surveillance: frames of 40 ms with 16 bits a sample, and a leap of the clock in the
    middle.
    """
    frames, size = [], hz // 25
    for number, at in enumerate(range(0, len(samples), size)):
        now_ms = 1000 * at // hz + (1000 * leap_s if at >= len(samples) // 2 else 0)
        body = bytes([0x83, 1, 0x10, 2]) + b"".join(pack("<h", each) for each in samples[at : at + size])
        length = 24 + len(body) + 8
        date = 24 << 26 | 5 << 22 | 17 << 17 | 12 << 12 | now_ms // 60_000 << 6 | now_ms // 1000 % 60
        head = pack("<4sBBBBIIIHBB", b"DHAV", 0xF0, 0, 0, 0, number, length, date, now_ms & 0xFFFF, 4, 0)
        frames.append(head + body + pack("<4sI", b"dhav", length))
    return b"".join(frames)


def dss(codec: int, frames: bytes) -> bytes:
    """A dictation (DSS): two blocks of header, then frames in blocks with six bytes of their own."""
    header = bytearray(2 * DSS_BLOCK)
    header[:4], header[0x26:0x32], header[0x32:0x3E] = b"\2dss", b"240517120000", b"240517120003"
    header[0x2A4] = codec
    room = DSS_BLOCK - 6
    blocks = (bytes(6) + frames[at : at + room] for at in range(0, len(frames), room))
    return bytes(header) + b"".join(block.ljust(DSS_BLOCK, b"\xff") for block in blocks)


def mace(kind: bytes, packet_bytes: int, packets: int) -> bytes:
    """An AIFF-C file at 22,254 Hz of packets of six samples, all zeros."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return name + pack(">I", len(content)) + content + bytes(len(content) % 2)

    rate = pack(">HQ", 16383 + 14, 22_254 << 49)
    form = chunk(b"COMM", pack(">hIh", 1, packets, 8) + rate + kind + b"\4MACE\0")
    sound = chunk(b"SSND", bytes(8 + packet_bytes * packets))
    parts = b"AIFC" + chunk(b"FVER", pack(">I", 0xA280_5140)) + form + sound
    return b"FORM" + pack(">I", len(parts)) + parts


class ShortenWriter:
    """Writes Shorten 2 (T. Robinson, 1994): Golomb-Rice codes, here with first differences only."""

    COMMAND, ENERGY, LENGTH, BYTE, NUMBER = 2, 3, 5, 8, 2
    DIFFERENCES, QUIT, VERBATIM = 1, 4, 9
    LITTLE_ENDIAN_16 = 5
    BLOCK, RESIDUAL_BITS = 256, 11

    def __init__(self) -> None:
        self._bits: list[str] = []

    def write(self, wav_header: bytes, samples: list[int]) -> bytes:
        """Return a file of one channel; whole blocks of `samples` only."""
        for number in (self.LITTLE_ENDIAN_16, 1, self.BLOCK, 0, 0, 0):
            self._number(number)
        self._code(self.VERBATIM, self.COMMAND)
        self._code(len(wav_header), self.LENGTH)
        for byte in wav_header:
            self._code(byte, self.BYTE)
        before = 0
        for start in range(0, len(samples) - self.BLOCK + 1, self.BLOCK):
            self._code(self.DIFFERENCES, self.COMMAND)
            self._code(self.RESIDUAL_BITS, self.ENERGY)
            for sample in samples[start : start + self.BLOCK]:
                self._signed(sample - before, self.RESIDUAL_BITS)
                before = sample
        self._code(self.QUIT, self.COMMAND)
        bits = "".join(self._bits)
        bits += "0" * (-len(bits) % 32)
        return b"ajkg\x02" + int(bits, 2).to_bytes(len(bits) // 8, "big")

    def _code(self, number: int, low: int) -> None:
        self._bits.append("0" * (number >> low) + "1" + format(number & ((1 << low) - 1), f"0{low}b"))

    def _signed(self, number: int, low: int) -> None:
        self._code(number << 1 if number >= 0 else (~number << 1) | 1, low + 1)

    def _number(self, number: int) -> None:
        low = number.bit_length()
        self._code(low, self.NUMBER)
        self._code(number, low) if low else self._bits.append("1")
