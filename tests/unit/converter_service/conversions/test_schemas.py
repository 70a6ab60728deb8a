"""The representation of conversions."""

import json

import msgspec
from msgspec.structs import replace

from converter_service.conversions.schemas import to_view
from tests.support.conversions import PATHS, RESULT, done


def test_gaps_are_shown_only_where_there_are_any() -> None:
    whole = done()
    shown = json.loads(msgspec.json.encode(to_view(whole, PATHS)))["result"]
    assert "gaps" not in shown
    holed = json.loads(msgspec.json.encode(to_view(replace(whole, result=replace(RESULT, gaps=1.25)), PATHS)))
    assert holed["result"]["gaps"] == 1.25
