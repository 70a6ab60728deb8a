"""Mixing channels: by ffmpeg's rules for layouts that have them, by coefficients of our own for others."""

from collections.abc import Mapping

from converter_service.media.media_info import AudioTrack
from converter_service.media.options import Options

# ffmpeg's default: centre and surrounds at -3 dB, no LFE (ITU-R BS.775-4, annex 4). With this value it scales
# coefficients that add up to more than 1 down alike, so that nothing clips (ATSC A/52, 7.8.2).
MIXING: Mapping[str, str] = {"rematrix_maxval": "1.0"}
# Names of layouts that ffmpeg mixes without losing a channel other than the LFE.
_RULED = (
    "mono stereo downmix 2.1 3.0 3.0(back) 3.1 4.0 4.1 quad quad(side) 5.0 5.0(side) 5.1 5.1(side) 6.0 "
    "6.0(front) 6.1 6.1(back) 6.1(front) 7.0 7.0(front) 7.1 7.1(wide) 7.1(wide-side) hexagonal octagonal"
)
RULED = frozenset(_RULED.split())
# As many channels without positions get a usual layout from ffmpeg.
MOST_GUESSED = 8
BY_COUNT: Mapping[int, str] = {
    1: "mono",
    2: "stereo",
    3: "3.0",
    4: "quad",
    5: "5.0",
    6: "5.1",
    7: "6.1",
    8: "7.1",
}
# Cardioid microphones 45 degrees left and right of the front, from W, Y, Z and X of the first order (ACN),
# scaled so that the coefficients add up to 1.
CARDIOIDS = ("0.414*c0+0.293*c1+0.293*c3", "0.414*c0-0.293*c1+0.293*c3")
AMBISONIC_MONO = "c0"
# What ffprobe prints where neither file nor decoder names a layout.
UNNAMED = ("", "unknown")


def layouts_for(track: AudioTrack, options: Options, *, is_one: bool = False) -> str | None:
    """The layouts that the result may have; None if any will do. The decoder may give more channels than the
    header says, so a format of two channels always has one named. Only where the header says fewer is it left
    to ffmpeg, which may choose mono for more than two. `is_one`: filters follow that need one layout, which
    not every decoder names (that of Speex, for one).
    """
    if options.channels is not None:
        return BY_COUNT[options.channels]
    if is_one and track.layout in UNNAMED and track.channels in BY_COUNT:
        return BY_COUNT[min(track.channels, options.target.max_channels)]
    if options.target.max_channels != 2:
        return None
    return BY_COUNT[2] if track.channels >= 2 else f"{BY_COUNT[1]}|{BY_COUNT[2]}"


def mix_expression(track: AudioTrack, options: Options) -> str | None:
    """The argument of the filter `pan` for a layout that ffmpeg cannot mix; None for one that it can."""
    if has_rule(track):
        return None
    wanted = options.channels or min(track.channels, options.target.max_channels)
    if track.layout.startswith("ambisonic"):
        wanted = min(wanted, 2)
        outputs = list(CARDIOIDS) if wanted == 2 else [AMBISONIC_MONO]
    elif wanted == track.channels:
        outputs = [f"c{n}" for n in range(wanted)]
    else:
        wanted = min(wanted, 2)
        outputs = ["+".join(f"{1 / track.channels:.6f}*c{n}" for n in range(track.channels))] * wanted
    return "|".join((BY_COUNT[wanted], *(f"c{n}={mix}" for n, mix in enumerate(outputs))))


def has_rule(track: AudioTrack) -> bool:
    """Whether ffmpeg can mix the track's layout."""
    if track.channels <= 2 or track.layout in RULED:
        return True
    return track.layout in UNNAMED and track.channels <= MOST_GUESSED
