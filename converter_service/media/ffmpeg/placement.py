"""The rule by which decoded audio is placed on the time line of its source.

Sound is placed at its timestamp, but never before the end of the sound that precedes it: nothing is dropped.
Time in between becomes silence. A timestamp that goes back by more than RESTART_S is a clock that was
restarted: the sound follows at once, and later timestamps count from there. So is one that leaps ahead by
more than can be filled. A shorter leap ahead is silence also where recordings may be joined, because bad
reception of some minutes is far more frequent than a recording whose clock begins minutes after the end of
another one's. Where packets have no timestamps, each follows the one before it.
"""

from collections.abc import Mapping

import msgspec

from converter_service.media.containers import WITHOUT_CLOCK
from converter_service.media.ffmpeg.silence_report import BEGUN
from converter_service.media.ffmpeg.window import FOREVER_S, Window
from converter_service.media.media_info import AudioTrack, MediaInfo

RESTART_S = 10.0
# ffmpeg's filter holds all of a silence in memory, in samples of up to four bytes.
LONGEST_SILENCE_S, SILENCE_BYTES = 300.0, 200_000_000
# Shorter than one frame of any codec at usual rates, longer than rounding to milliseconds.
LEAP_S = 0.015
# Lag that adds up from smaller steps: a clock that runs faster than the samples.
DRIFT_S = 0.1
# Both thresholds where timestamps are rough. AVI has none: libavformat derives them from byte counts, at any
# bit rate. Those of DHAV (surveillance recorders) are whole seconds whenever one begins. GXF counts fields of
# a picture, 20 ms each. MPEG-PS cuts frames anywhere, and libavformat may give one the timestamp of the next.
ROUGH_LEAPS_S: Mapping[str, tuple[float, float]] = {
    "avi": (0.25, FOREVER_S),
    "dhav": (1.0, FOREVER_S),
    "gxf": (0.05, DRIFT_S),
    "mpg": (0.05, DRIFT_S),
}
# MPEG-TS, MPEG-PS and Ogg: recordings may be joined without new timestamps (AVFMT_TS_DISCONT of libavformat).
JOINED = frozenset({"ts", "mpg", "ogg"})
# Sound that is placed by one ffmpeg for another: NUT, which it is sent in, has no timestamps before 0.
LATER_S = 10.0


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """`zero_s` is the timestamp of the source's zero; the rest are thresholds of the rule, in seconds."""

    zero_s: float = 0.0
    leap_s: float = LEAP_S
    drift_s: float = DRIFT_S
    restart_ahead_s: float = LONGEST_SILENCE_S

    @classmethod
    def of(cls, info: MediaInfo, track: AudioTrack) -> "Placement":
        fillable_s = SILENCE_BYTES / (4 * max(1, track.channels) * max(48_000, track.sample_rate))
        ahead_s = min(LONGEST_SILENCE_S, fillable_s)
        if info.container in WITHOUT_CLOCK:
            return cls(zero_s=info.start_s, leap_s=FOREVER_S, drift_s=FOREVER_S, restart_ahead_s=FOREVER_S)
        leap_s, drift_s = ROUGH_LEAPS_S.get(info.container, (LEAP_S, DRIFT_S))
        return cls(zero_s=info.start_s, leap_s=leap_s, drift_s=drift_s, restart_ahead_s=ahead_s)

    def is_restart(self, step_s: float) -> bool:
        """`step_s` is the time between the end of one packet and the start of the next."""
        return step_s < -RESTART_S or step_s > self.restart_ahead_s

    def silence_s(self, lag_s: float, step_s: float) -> float:
        """The silence before a packet whose time is `lag_s` after the end of what is placed."""
        return lag_s if lag_s > self.drift_s or min(lag_s, step_s) > self.leap_s else 0.0

    def expression(self, window: Window, *, of_packets: bool = False) -> str:
        """The same rule for ffmpeg's filter `asetpts`, which evaluates it for each frame and once at the end;
        `of_packets`: for its bitstream filter `setts`, in which all is placed LATER_S later.

        At its first frame it prints BEGUN and the time. It prints the silence within `window`, in seconds,
        each time after it has grown, one evaluation late: the timestamp at the end is not reliable. Silence
        up to the window's end may be the last thing that is evaluated, so that the sum is printed at once, as
        a negative number.

        Registers: 0 end of what is placed, 1 offset of a restarted clock, 2 expected timestamp, 3 sum of
        silence, 4 timestamp, 5 lag, 6 silence before this frame, 7 the part of it within the window.
        """
        length, unknown = ("DURATION", "eq(PTS,NOPTS)") if of_packets else ("round(S/SR/TB)", "isnan(PTS)")
        later = f"+round({LATER_S}/TB)" if of_packets else ""
        restarted = f"lt(ld(4)-ld(2),-{RESTART_S}/TB)+gt(ld(4)-ld(2),{self.restart_ahead_s}/TB)"
        silent = f"gt(ld(5),{self.drift_s}/TB)+gt(min(ld(5),ld(4)-ld(2)),{self.leap_s}/TB)"
        return ";".join(
            (
                "if(ld(7),print(st(3,ld(3)+ld(7)),16),0)",
                f"st(4,if({unknown},ld(2),round(PTS-({self.zero_s:.6f})/TB)))",
                *([self._corrected()] if of_packets else []),
                f"if(N,if({restarted},st(1,ld(0)-ld(4)),0),st(0,ld(4))+st(2,ld(4))+print({BEGUN:.0f}+ld(4)*TB,16))",
                "st(5,ld(4)+ld(1)-ld(0))",
                f"st(6,if({silent},ld(5),0))",
                f"st(7,max(0,min({window.end_s:.6f}/TB,ld(0)+ld(6))-max({window.start_s:.6f}/TB,ld(0)))*TB)",
                f"if(ld(7)*gte(ld(0)+ld(6),{window.end_s:.6f}/TB),print(-ld(3)-ld(7),16),0)",
                f"st(2,ld(4)+{length})",
                f"st(0,ld(0)+ld(6)+{length})-{length}{later}",
            )
        )

    def _corrected(self) -> str:
        """Takes the timestamp from the next packet if its neighbours show that it is wrong.

        Where the sample rate changes, ffmpeg 5.1 gives the first new frame a time in units of the old rate.
        """
        following = f"round(NEXT_PTS-({self.zero_s:.6f})/TB)-DURATION"
        is_off = f"gt(ld(4),{following}+{self.leap_s}/TB)+lt(ld(4),ld(2)-{self.leap_s}/TB)"
        # Otherwise the next timestamp is the wrong one, or the clock is restarted there.
        follows = f"gt({following},ld(2)-{self.leap_s}/TB)"
        return f"if(N*not(eq(NEXT_PTS,NOPTS))*({is_off})*{follows},st(4,{following}),0)"
