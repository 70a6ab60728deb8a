"""The time that the packets of a source cover, summed up from ffprobe's packet list."""

from collections.abc import Iterable

import msgspec

from converter_service.media.ffmpeg.placement import Placement
from converter_service.media.ffmpeg.probe_values import parse_number
from converter_service.media.ffmpeg.window import FOREVER_S, Window
from converter_service.media.media_info import AudioTrack

# Codecs whose packets are all of one length. MP4 declares the time to the next packet, with any gap between.
# Not so in containers of joined recordings: there a packet is shorter where a recording ends.
REGULAR = frozenset(["aac", "ac3", "alac", "amr_nb", "amr_wb", "eac3", "flac", "mp1", "mp2", "mp3", "opus"])
# Packets without a duration are as long as the shortest so far, which is within these bounds.
SHORTEST_PACKET_S, LONGEST_PACKET_S = 0.002, 0.6
# By how much a packet may be longer at another sample rate: from 44.1 to 24 kHz 1.8 times.
LARGEST_CHANGE = 2.5
# How ffprobe writes a time of whole milliseconds, as Matroska has them: 1.33 ms of PCM become 1 ms.
WHOLE_MS, TICK_S = b"000", 0.001
# So many shorter ones in a row are no jitter: those of TrueHD are 0.8 ms long, rounded to 0 or 1 by Matroska.
SHORT_RUN = 8
# Sound that takes the place of other sound may begin so long before that ends: if tables say so, or else.
CHANGE_S, TOUCH_S = 2.0, 0.2


class SourceExtent(msgspec.Struct, frozen=True):
    """Seconds from the file's start: where the chosen audio track begins and ends when it is placed, its
    sound within the window, and where the last packet of any track ends.

    `is_timed`: every packet of the track has a duration, except perhaps the last one. Otherwise (Shorten,
    WavPack in Matroska) their sum is an estimate.
    `rounding_s`: by how much `audio_s` may be too small because all times are whole milliseconds.
    `strays_s`: sound within the window that other tracks have in place of the chosen one, behind its end.
    `packet_s`: the length of a packet; `skipped_s`: what decoders skip at both ends of a track without
    timestamps; `size`: the bytes of the track's packets.
    """

    audio_start_s: float
    audio_end_s: float
    audio_s: float
    file_end_s: float
    is_timed: bool = True
    rounding_s: float = 0.0
    strays_s: float = 0.0
    packet_s: float = 0.0
    skipped_s: float = 0.0
    size: int = 0


class Successors:
    """Sound of other tracks that begin where the chosen one ends."""

    def __init__(self, overlap_s: float) -> None:
        """`overlap_s`: how much of it may stand before that end."""
        self._overlap_s = overlap_s
        self._sums: dict[bytes, float] = {}
        self._before: dict[bytes, float] = {}
        # Where the packets so far of the chosen track begin and end.
        self._begin_s = self._end_s = 0.0

    def add(self, stream: bytes, start_s: float | None, length_s: float, *, is_chosen: bool) -> None:
        """Adds a packet, in the file's order."""
        if is_chosen:
            self._before.update(self._sums)
            if start_s is not None:
                self._begin_s, self._end_s = min(self._begin_s, start_s), start_s + length_s
            return
        self._sums[stream] = self._sums.get(stream, 0.0) + length_s
        before_s = self._before.get(stream, 0.0)
        if before_s and start_s is not None and self._begin_s <= start_s < self._end_s:
            # Heard together with the chosen track, though the file has it later.
            self._before[stream] = before_s + length_s

    @property
    def seconds(self) -> float:
        """Of the longest one, behind the last packet of the chosen track."""
        before = self._before
        rests = [
            sum_s - before.get(stream, 0.0)
            for stream, sum_s in self._sums.items()
            if before.get(stream, 0.0) < self._overlap_s
        ]
        return max(rests, default=0.0)


class PacketTotals:
    """Adds up ffprobe's packet lines, which may be millions, in constant memory."""

    def __init__(
        self,
        track: AudioTrack,
        placement: Placement,
        window: Window,
        *,
        are_joined: bool = False,
        is_changing: bool = False,
        has_durations: bool = True,
        has_strays: bool = False,
    ) -> None:
        """`are_joined`: the container is one of those whose files may be joined recordings. `has_strays`: the
        track may go on as another one.

        `is_changing`: the track's sample rate may change. Declared durations, computed with the first rate,
        may be wrong then.

        `has_durations`: those of packets are not the same made-up one each.
        """
        self._has_durations = has_durations
        self._is_changing = is_changing
        self._stream = str(track.stream).encode()
        self._is_regular = track.codec in REGULAR and not are_joined
        self._placement = placement
        self._window = window
        self._start_s: float | None = None
        self._end_s = self._sound_s = self._file_end_s = 0.0
        self._expected_s = self._offset_s = 0.0
        self._usual_s = LONGEST_PACKET_S
        self._short = 0
        self._count = self._undated = self._size = self._skipped = 0
        self._sample_rate = track.sample_rate
        self._is_rounded = True
        self._waiting: tuple[float, float | None] | None = None
        self._successors = Successors(CHANGE_S if has_strays else TOUCH_S) if are_joined else None

    def add(self, lines: Iterable[bytes]) -> None:
        """Adds lines of `probe_commands.packets`; packets flagged D are skipped."""
        for line in lines:
            kind, stream, start, length, size, flags, *skipped = (*line.split(b","), *[b""] * 5)
            if b"D" in flags:
                continue
            start_s = parse_number(start)
            length_s = parse_number(length) if self._has_durations else None
            if start_s is not None:
                start_s -= self._placement.zero_s
                self._file_end_s = max(self._file_end_s, start_s + (length_s or 0.0))
            if kind == b"audio" and self._successors is not None:
                self._successors.add(stream, start_s, length_s or 0.0, is_chosen=stream == self._stream)
            if stream == self._stream:
                self._count += 1
                self._size += int(parse_number(size) or 0)
                self._skipped += sum(int(parse_number(each) or 0) for each in skipped[:2])
                self._undated += length_s is None
                self._is_rounded &= start.endswith(WHOLE_MS)
                self._take(start_s, length_s)

    @property
    def extent(self) -> SourceExtent:
        """The totals, once all packets are added."""
        self._place_waiting(None)
        start_s = FOREVER_S if self._start_s is None else self._start_s
        # The last packet may have no duration of its own.
        file_end_s = max(self._file_end_s, self._end_s)
        begin_s = min(start_s, self._end_s)
        rounding_s = TICK_S * self._count if self._is_rounded else 0.0
        strays_s = 0.0 if self._successors is None else self._successors.seconds
        return SourceExtent(
            begin_s,
            self._end_s,
            self._sound_s,
            file_end_s,
            is_timed=self._undated <= 1,
            rounding_s=rounding_s,
            strays_s=self._window.overlap_s(self._end_s, self._end_s + strays_s),
            packet_s=self._usual_s if self._usual_s < LONGEST_PACKET_S else 0.0,
            skipped_s=self._skipped / self._sample_rate if self._sample_rate else 0.0,
            size=self._size,
        )

    def _take(self, start_s: float | None, length_s: float | None) -> None:
        """Keeps one packet until the next one shows how long it is."""
        self._place_waiting(start_s)
        if start_s is not None:
            self._waiting = (start_s, length_s)
        elif length_s:
            self._waiting = (self._expected_s, length_s)

    def _place_waiting(self, next_s: float | None) -> None:
        if self._waiting is None:
            return
        (start_s, length_s), self._waiting = self._waiting, None
        length_s = self._sound_of(length_s, None if next_s is None else next_s - start_s)
        if self._start_s is None:
            self._start_s = self._end_s = self._expected_s = start_s
        step_s = start_s - self._expected_s
        if self._placement.is_restart(step_s):
            self._offset_s = self._end_s - start_s
        placed_s = self._end_s + self._placement.silence_s(start_s + self._offset_s - self._end_s, step_s)
        self._end_s, self._expected_s = placed_s + length_s, start_s + length_s
        self._sound_s += self._window.overlap_s(placed_s, self._end_s)

    def _sound_of(self, length_s: float | None, step_s: float | None) -> float:
        """The length of a packet's sound, from its declared length and the time to the next packet."""
        seen_s = step_s if length_s is None else length_s
        if seen_s is not None and SHORTEST_PACKET_S < seen_s < self._usual_s:
            self._usual_s = seen_s
        if length_s is None and step_s is not None and 0 <= step_s <= SHORTEST_PACKET_S:
            self._short += 1
            if self._short >= SHORT_RUN:
                self._usual_s = SHORTEST_PACKET_S
            return step_s
        self._short = 0
        if self._is_changing and length_s and step_s is not None and 0 < step_s < LARGEST_CHANGE * length_s:
            return step_s
        if length_s is None or (self._is_regular and length_s > 1.5 * self._usual_s):
            return self._usual_s
        return length_s
