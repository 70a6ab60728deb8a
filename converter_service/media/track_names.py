"""What a track's name says about it, for files whose containers or programs set no flag, such as WebM."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from converter_service.media.media_info import TrackKind

# Words in English, German, French, Spanish, Italian, Portuguese and Dutch.
KINDS: Mapping[TrackKind, re.Pattern[str]] = MappingProxyType(
    {
        TrackKind.AUDIO_DESCRIPTION: re.compile(
            r"audio.?des[ck]ri|descripti(ve|on) (audio|track)|described video|audiovision|"
            r"hörfilm|audiodescri|visually impaired",
            re.IGNORECASE,
        ),
        TrackKind.HEARING_IMPAIRED: re.compile(
            r"hearing.?impaired|hard.of.hearing|\bSDH\b|"
            r"hörgeschädigt|malentendant|sordos|non udenti|slechthorend",
            re.IGNORECASE,
        ),
        TrackKind.DUB: re.compile(
            r"\bdubb(ed|ing)\b|\bdub (track|audio)\b|synchron(fassung|spur)|doublage|doblaje|doppiaggio|"
            r"dublagem|nasynchronis",
            re.IGNORECASE,
        ),
        TrackKind.COMMENTARY: re.compile(
            r"\b(commentar(y|ies)|commentaires?|(audio)?kommentar(e|spur)?|comentarios?|commento|commentaar)\b",
            re.IGNORECASE,
        ),
    }
)


def kind_of(name: str) -> TrackKind:
    """The kind that the name of a track tells; MAIN if it tells none."""
    return next((kind for kind, words in KINDS.items() if words.search(name)), TrackKind.MAIN)
