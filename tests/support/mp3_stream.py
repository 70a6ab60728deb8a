"""An independent reading of MP3 streams, bit by bit as ISO 11172-3 and 13818-3 lay them out, for tests."""

import msgspec

RATES_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
KBITS = {
    True: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}


class StreamFrame(msgspec.Struct, frozen=True):
    """`begin` and `end` of the main data are offsets into all main data of the stream; `mode` is the mode and
    its extension, `lengths` those of the granules, in bits, and `side` the rest of the side information.
    """

    kbits: int
    size: int
    mode: int
    back: int
    begin: int
    end: int
    lengths: tuple[int, ...]
    side: str
    audio: str


def read_stream(data: bytes) -> list[StreamFrame]:
    """Raises ValueError for a stream that refers to bytes that are not there, or that exceeds a limit."""
    rows: list[tuple[int, int, int, str, int]] = []
    main, at, is_mpeg_1, is_mono = bytearray(), 0, True, False
    while at < len(data):
        head = _bits(data[at : at + 4])
        if head[:11] != "1" * 11 or head[13:15] != "01":
            raise ValueError(f"no frame at {at}")
        version, kbits_at, rate_at = int(head[11:13], 2), int(head[16:20], 2), int(head[20:22], 2)
        is_mpeg_1, is_mono = version == 3, head[24:26] == "11"
        kbits = KBITS[is_mpeg_1][kbits_at - 1]
        samples = 1152 if is_mpeg_1 else 576
        size = samples // 8 * 1000 * kbits // RATES_HZ[version][rate_at] + int(head[22])
        side_bytes = {(True, True): 17, (True, False): 32, (False, True): 9, (False, False): 17}
        side_at = at + 4 + (0 if head[15] == "1" else 2)
        main_at = side_at + side_bytes[is_mpeg_1, is_mono]
        if at + size > len(data):
            raise ValueError("cut off")
        rows.append((kbits, size, int(head[24:28], 2), _bits(data[side_at:main_at]), len(main)))
        main += data[main_at : at + size]
        at += size
    return _placed(rows, main, is_mpeg_1, is_mono) if rows else []


def _placed(
    rows: list[tuple[int, int, int, str, int]], main: bytearray, is_mpeg_1: bool, is_mono: bool
) -> list[StreamFrame]:
    frames, used, all_bits = [], 0, _bits(bytes(main))
    for place, (kbits, size, mode, side, slot) in enumerate(rows):
        field = 9 if is_mpeg_1 else 8
        back, lengths = int(side[:field], 2), _lengths(side, is_mpeg_1, is_mono)
        begin = slot - back
        end = begin + (sum(lengths) + 7) // 8
        slot_end = rows[place + 1][4] if place + 1 < len(rows) else len(main)
        if begin < used or end > slot_end:
            raise ValueError(f"frame {place} refers to bytes of another frame, or to none")
        if back and back + size > (1920 if is_mpeg_1 else 960):
            raise ValueError(f"frame {place} needs a larger buffer")
        used = end
        audio = all_bits[8 * begin : 8 * begin + sum(lengths)]
        frames.append(StreamFrame(kbits, size, mode, back, begin, end, lengths, side[field:], audio))
    return frames


def _lengths(side: str, is_mpeg_1: bool, is_mono: bool) -> tuple[int, ...]:
    if is_mpeg_1:
        begin, step, fields = (18, 59, 2) if is_mono else (20, 59, 4)
    else:
        begin, step, fields = (9, 63, 1) if is_mono else (10, 63, 2)
    starts = [begin + step * each for each in range(fields)]
    return tuple(int(side[start : start + 12], 2) for start in starts)


def _bits(data: bytes) -> str:
    return f"{int.from_bytes(data, 'big'):0{8 * len(data)}b}" if data else ""
