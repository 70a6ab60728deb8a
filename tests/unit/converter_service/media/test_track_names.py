"""What names of tracks tell."""

import pytest

from converter_service.media.media_info import TrackKind
from converter_service.media.track_names import kind_of


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Commentary by the cast", TrackKind.COMMENTARY),
        ("Kommentarspur", TrackKind.COMMENTARY),
        ("Comentarios", TrackKind.COMMENTARY),
        ("Audio Description", TrackKind.AUDIO_DESCRIPTION),
        ("Audiodescrizione", TrackKind.AUDIO_DESCRIPTION),
        ("Audiodeskription (Deutsch)", TrackKind.AUDIO_DESCRIPTION),
        ("Narration", TrackKind.MAIN),
        ("English (SDH)", TrackKind.HEARING_IMPAIRED),
        ("For the hearing-impaired", TrackKind.HEARING_IMPAIRED),
        ("Version pour malentendants", TrackKind.HEARING_IMPAIRED),
        ("Dubbed", TrackKind.DUB),
        ("Synchronfassung", TrackKind.DUB),
        ("Doblaje latino", TrackKind.DUB),
        ("Dubstep mix", TrackKind.MAIN),
        ("In dub", TrackKind.MAIN),
        ("Surround 5.1", TrackKind.MAIN),
        ("Description", TrackKind.MAIN),
        ("Commenter's cut", TrackKind.MAIN),
        ("", TrackKind.MAIN),
    ],
)
def test_a_name_tells_the_kind_of_a_track(name: str, kind: TrackKind) -> None:
    assert kind_of(name) is kind
