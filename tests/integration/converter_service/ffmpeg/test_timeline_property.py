"""Generated time lines: whatever a source's timestamps do, its sound is heard where the rule puts it.

`TIMELINE_EXAMPLES` sets the number of examples for a long run.
"""

import os

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support.audio_checks import TranscodingHarness
from tests.support.media import Media
from tests.support.timeline import Leap, Timeline

EXAMPLES = int(os.environ.get("TIMELINE_EXAMPLES", "12"))
CARRIERS = [
    ("mp4", "aac"),
    ("mov", "aac"),
    ("mkv", "aac"),
    ("mkv", "libmp3lame"),
    ("mkv", "libopus"),
    ("mkv", "ac3"),
    ("webm", "libopus"),
    ("webm", "libvorbis"),
    ("ts", "mp2"),
    ("ts", "aac"),
    ("mpg", "mp2"),
    ("flv", "libmp3lame"),
]
FORMATS = ["mp3", "m4a", "opus", "flac", "wav"]
# The muxer packs several frames behind one timestamp.
PACKED = frozenset({"mpg"})
# Not in the list: PCM in MOV, which cannot leap, and FLAC, whose frames of 96 ms blur a leap.
# Only these muxers write timestamps that go back.
BACKWARD = frozenset({"mkv", "webm"})


@st.composite
def timelines(draw: st.DrawFn, container: str) -> Timeline:
    """Up to three leaps, at least a second apart, in four to seven seconds of sound."""
    sound_s = draw(st.integers(4, 7))
    places = draw(
        st.lists(st.integers(1, sound_s - 1), max_size=0 if container in PACKED else 3, unique=True)
    )
    forward = st.sampled_from([0.03, 0.08, 0.25, 0.7, 1.5, 3.0])
    sizes = st.one_of(forward, st.sampled_from([-0.2, -0.6])) if container in BACKWARD else forward
    leaps = tuple(Leap(float(at_s), draw(sizes)) for at_s in sorted(places))
    return Timeline(float(sound_s), late_s=draw(st.sampled_from([0.0, 0.04, 0.3, 2.0, 6.5])), leaps=leaps)


@st.composite
def parts(draw: st.DrawFn, timeline: Timeline) -> tuple[float, float] | None:
    """A part of the source with at least half a second of its time line, or all of it."""
    if draw(st.booleans()):
        return None
    placed = timeline.pieces()
    begin_s, end_s = placed[0].start_s, placed[-1].end_s
    start = draw(st.floats(0.0, end_s - 1.0).map(lambda s: round(s, 2)))
    return start, round(draw(st.floats(max(start, begin_s) + 0.5, end_s + 1.0)), 2)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES < 20,
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
    container, codec = carrier
    timeline = data.draw(timelines(container))
    part = data.draw(parts(timeline))
    source = timeline.write(media, container, codec)
    fields = {} if part is None else {"start": str(part[0]), "end": str(part[1])}
    output = await harness.convert(source, format=form, **fields)
    assert timeline.faults(harness.result, output, *(part or ())) == []
