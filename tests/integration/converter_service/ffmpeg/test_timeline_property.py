"""Generated time lines: whatever a source's timestamps do, its sound is heard where the rule puts it.

`TIMELINE_EXAMPLES` sets the number of examples for a long run, `TIMELINE_SEED` another sequence of them.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.support.audio_checks import TranscodingHarness
from tests.support.edit_lists import Edit
from tests.support.media import Media
from tests.support.timeline import Changing, Edited, Joined, Leap, Timeline
from tests.support.timeline_faults import Source, misplaced

EXAMPLES = int(os.environ.get("TIMELINE_EXAMPLES", "14"))
SEED = int(os.environ.get("TIMELINE_SEED", "1"))
# An example takes two to five seconds; on a busy machine several times as long.
MOST_S = 25
CARRIERS = [
    ("mp4", "aac"),
    ("mp4", "libmp3lame"),
    ("mov", "aac"),
    ("3gp", "aac"),
    ("mkv", "aac"),
    ("mkv", "libmp3lame"),
    ("mkv", "libopus"),
    ("mkv", "ac3"),
    ("mkv", "flac"),
    ("mkv", "pcm_s16le"),
    ("webm", "libopus"),
    ("webm", "libvorbis"),
    ("ts", "mp2"),
    ("ts", "aac"),
    ("ts", "ac3"),
    ("mpg", "mp2"),
    ("mpg", "ac3"),
    ("mov", "pcm_s16le"),
    ("wmv", "wmav2"),
    ("flv", "libmp3lame"),
    ("flv", "aac"),
]
FORMATS = ["mp3", "m4a", "opus", "flac", "wav"]
# These muxers write no leap, or several frames behind one timestamp.
UNLEAPING = [("mpg", "mp2"), ("mpg", "ac3"), ("mov", "pcm_s16le"), ("wmv", "wmav2")]
# Only these muxers write timestamps that go back.
BACKWARD = frozenset({"mkv", "webm"})
# Files of these can be put one behind the other.
JOINABLE = frozenset({"mkv", "mpg", "ts", "webm"})
# Only these write edit lists. Those of 3GP and of other codecs hold the same.
EDITED = [("mp4", "aac"), ("mov", "aac"), ("mp4", "libmp3lame")]
# In one track of these the channels and the sample rate may change.
CHANGEABLE = [("ts", "mp2"), ("ts", "aac"), ("ts", "ac3"), ("mkv", "ac3")]
RATES = {"mp2": [48_000, 44_100, 32_000], "aac": [48_000, 44_100, 24_000], "ac3": [48_000, 44_100, 32_000]}
# Whose muxers keep the offset of a clock.
CLOCKED = frozenset({"mkv", "webm", "wmv", "flv", "ts"})
CLOCKS_S = [0.0, 0.0, 3.0, 100.0]
# One audio track only, or not the same one for every player.
SINGLE = frozenset({"flv", "wmv"})
LATE_S = [0.0, 0.04, 0.3, 2.0, 6.5]


@st.composite
def timelines(draw: st.DrawFn, carrier: tuple[str, str]) -> Timeline:
    """Up to three leaps, at least a second apart, in four to seven seconds of sound; also a second track, and
    an edit list that trims what does not leap.
    """
    container = carrier[0]
    sound_s = draw(st.integers(4, 7))
    most = 0 if carrier in UNLEAPING else 3
    places = draw(st.lists(st.integers(1, sound_s - 1), max_size=most, unique=True))
    forward = st.sampled_from([0.03, 0.08, 0.25, 0.7, 1.5, 3.0])
    sizes = st.one_of(forward, st.sampled_from([-0.2, -0.6])) if container in BACKWARD else forward
    return Timeline(
        float(sound_s),
        late_s=draw(st.sampled_from(LATE_S)),
        leaps=tuple(Leap(float(at_s), draw(sizes)) for at_s in sorted(places)),
        trim_s=draw(st.sampled_from([0.0, 0.7, 1.3])) if carrier in EDITED and not places else 0.0,
        other_late_s=None if container in SINGLE else draw(st.sampled_from([None, 0.0, 1.1])),
        clock_s=draw(st.sampled_from(CLOCKS_S)) if container in CLOCKED else 0.0,
    )


@st.composite
def joined(draw: st.DrawFn, carrier: tuple[str, str]) -> Joined:
    """Two recordings in one file, the clock of the second one being behind by more than ten seconds."""
    first = Timeline(float(draw(st.integers(12, 14))), late_s=draw(st.sampled_from([0.0, 0.3, 1.5])))
    gap = Leap(2.0, draw(st.sampled_from([0.08, 0.7])))
    return Joined(first, Timeline(5.0, leaps=() if carrier in UNLEAPING else (gap,), seed=2))


@st.composite
def changing(draw: st.DrawFn, codec: str) -> Changing:
    """Two parts with a leap in one of them; between them the channels, the sample rate or both change."""
    layouts = st.sampled_from(["mono", "stereo"] + (["5.1"] if codec != "mp2" else []))
    leap = Leap(2.0, draw(st.sampled_from([0.08, 0.7, 1.5])))
    is_early = draw(st.booleans())
    return Changing(
        Timeline(
            4.0, leaps=(leap,) if is_early else (), has_video=False, clock_s=draw(st.sampled_from(CLOCKS_S))
        ),
        Timeline(4.0, leaps=() if is_early else (leap,), has_video=False, seed=2),
        draw(st.sampled_from([0.0, 0.25, 1.5])),
        (draw(layouts), draw(layouts)),
        (draw(st.sampled_from(RATES[codec])), draw(st.sampled_from(RATES[codec]))),
    )


@st.composite
def edited(draw: st.DrawFn) -> Edited:
    """Two to four parts of eight seconds of sound, in any order, with time without sound before some."""
    edits: list[Edit] = []
    for _ in range(draw(st.integers(2, 4))):
        if draw(st.booleans()):
            edits.append(Edit(draw(st.sampled_from([0.4, 1.5]))))
        edits.append(Edit(draw(st.sampled_from([1.0, 1.7, 2.5])), float(draw(st.integers(0, 5)))))
    return Edited(8.0, tuple(edits))


@st.composite
def sources(draw: st.DrawFn, carrier: tuple[str, str]) -> Source:
    """Mostly one recording; where the container can have them, also the other kinds."""
    kinds: list[st.SearchStrategy[Source]] = [timelines(carrier)] * 2
    if carrier[0] in JOINABLE:
        kinds.append(joined(carrier))
    if carrier in CHANGEABLE:
        kinds += [changing(carrier[1])] * 2
    if carrier in EDITED and carrier[1] == "aac":
        kinds += [edited()] * 2
    return draw(st.one_of(kinds))


@st.composite
def parts(draw: st.DrawFn, source: Source) -> dict[str, str]:
    """The options for a part of the source with at least half a second of its time line, or for all of it."""
    if draw(st.booleans()):
        return {}
    placed = source.pieces()
    begin_s, end_s = placed[0].start_s, placed[-1].end_s
    start = draw(st.floats(0.0, end_s - 1.0).map(lambda s: round(s, 2)))
    end = round(draw(st.floats(max(start, begin_s) + 0.5, end_s + 1.0)), 2)
    return draw(
        st.sampled_from([{"start": str(start), "end": str(end)}, {"start": str(start)}, {"end": str(end)}])
    )


@pytest.mark.timeout(MOST_S * EXAMPLES)
@seed(SEED)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    # An example takes seconds: shrinking one would take many minutes.
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data(), carrier=st.sampled_from(CARRIERS), form=st.sampled_from(FORMATS))
async def test_the_sound_of_a_result_is_that_of_its_source_on_the_same_time_line(
    harness: TranscodingHarness,
    media: Media,
    data: st.DataObject,
    carrier: tuple[str, str],
    form: str,
) -> None:
    source = data.draw(sources(carrier))
    fields = data.draw(parts(source))
    if isinstance(source, Timeline) and source.other_late_s is not None:
        # In MPEG-PS, which has no list of its tracks, the one that is heard first is the first one.
        is_first = carrier[0] == "mpg" and source.late_s < source.other_late_s
        fields["audio_track"] = "0" if is_first else "1"
    found = await misplaced(harness, media, source, *carrier, format=form, **fields)
    assert (carrier, form, found) == (carrier, form, [])
