"""Why results of Tonegate differ from those of a plain ffmpeg: the known reasons, as data."""

from collections.abc import Callable

import msgspec

from bench.audio_facts import AudioFacts
from bench.differential_sources import PRIVATE, SECONDS, Source
from converter_service.media.formats import M4A

DURATION_S, RMS_DB, PEAK_DB = 0.05, 0.5, 1.5
# What muxers write about themselves and about their containers.
TECHNICAL = frozenset(
    {
        "compatible_brands",
        "duration",
        "encoder",
        "handler_name",
        "major_brand",
        "minor_version",
        "software",
        "vendor_id",
    }
)


class Difference(msgspec.Struct, frozen=True):
    """`plain` is what ffmpeg made, `ours` what Tonegate made; for tags, `name` is the tag's."""

    source: Source
    form: str
    aspect: str
    plain: str
    ours: str
    facts: tuple[AudioFacts, AudioFacts]
    name: str = ""


class Reason(msgspec.Struct, frozen=True):
    aspects: frozenset[str]
    applies: Callable[[Difference], bool]
    words: str


def differences(source: Source, form: str, plain: AudioFacts | None, ours: AudioFacts) -> list[Difference]:
    """Every property in which results differ by more than encoders do; `plain` is None if ffmpeg failed."""
    if plain is None:
        return [Difference(source, form, "result", "fails", "converted", (ours, ours))]
    both = (plain, ours)
    found = [
        Difference(source, form, aspect, f"{before:.2f}", f"{after:.2f}", both)
        for aspect, before, after, most in (
            ("duration", plain.seconds, ours.seconds, DURATION_S),
            ("RMS", plain.rms_db, ours.rms_db, RMS_DB),
            ("peak", plain.peak_db, ours.peak_db, PEAK_DB),
            ("channels", plain.channels, ours.channels, 0),
            ("sample rate", plain.rate_hz, ours.rate_hz, 0),
        )
        if abs(before - after) > most
    ]
    for name in sorted({*plain.tags, *ours.tags}):
        before, after = plain.tags.get(name, "(none)"), ours.tags.get(name, "(none)")
        if before != after:
            found.append(Difference(source, form, "tags", before, after, both, name))
    return found


def reason_for(difference: Difference) -> Reason | None:
    fitting = (r for r in REASONS if difference.aspect in r.aspects and r.applies(difference))
    return next(fitting, None)


def _mixes(difference: Difference) -> bool:
    """Whether more than two channels become two in either result."""
    return difference.source.channels > 2 and any(each.channels <= 2 for each in difference.facts)


REASONS = (
    Reason(
        frozenset({"tags"}),
        lambda d: d.name in TECHNICAL,
        "Names of programs and properties of the source's container are no tags of the music.",
    ),
    Reason(
        frozenset({"tags"}),
        lambda d: any(d.name.startswith(name) for name in PRIVATE) and d.ours == "(none)",
        "Places and devices are left out unless the operator keeps them (`CONVERTER_KEEP_PRIVATE_TAGS`).",
    ),
    Reason(
        frozenset({"result"}),
        lambda d: d.form == "opus" and d.source.channels > 2,
        "libopus refuses layouts with side instead of back channels; they are mixed here.",
    ),
    Reason(
        frozenset({"channels"}),
        lambda d: _mixes(d) and d.facts[1].channels == 2,
        "MP3, M4A and Opus results have at most two channels; ffmpeg keeps more in M4A and Opus.",
    ),
    Reason(
        frozenset({"RMS", "peak"}),
        _mixes,
        "The mix is attenuated so that no sum of channels can clip; ffmpeg mixes louder, or keeps them.",
    ),
    Reason(
        frozenset({"duration", "RMS"}),
        lambda d: d.source.gap_s > 0 and abs(d.facts[1].seconds - SECONDS - d.source.gap_s) < 3 * DURATION_S,
        "Leaps in timestamps become silence, if no recordings were joined; ffmpeg joins the sound.",
    ),
    Reason(
        frozenset({"tags"}),
        lambda d: d.name == "language" and d.plain == "und",
        "`und` says that the language is unknown; it is left out.",
    ),
    Reason(
        frozenset({"tags"}),
        lambda d: d.source.suffix == "ogg" and d.plain == "(none)",
        "Ogg keeps the tags of the music with its track; they become those of the result.",
    ),
    Reason(
        frozenset({"sample rate"}),
        lambda d: d.form == "m4a" and d.facts[1].rate_hz == M4A.sample_rates_hz[-1] < d.facts[0].rate_hz,
        "M4A results have at most 48 kHz, which every player plays.",
    ),
)
