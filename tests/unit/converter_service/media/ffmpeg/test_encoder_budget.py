"""Shares of the worker's processors."""

import pytest

from converter_service.media.ffmpeg.encoder_budget import EncoderBudget


@pytest.mark.parametrize(
    ("processors", "shares"), [(1, [1, 1, 1]), (2, [2, 1, 1]), (4, [4, 2, 1]), (16, [16, 8, 5])]
)
def test_running_conversions_share_the_processors(processors: int, shares: list[int]) -> None:
    budget = EncoderBudget(processors)
    with budget.conversion():
        first = budget.share
        with budget.conversion():
            second = budget.share
            with budget.conversion():
                assert [first, second, budget.share] == shares
    with budget.conversion():
        assert budget.share == shares[0]


def test_a_conversion_that_fails_gives_its_share_back() -> None:
    budget = EncoderBudget(2)
    with pytest.raises(ValueError, match="broken"), budget.conversion():
        raise ValueError("broken")
    with budget.conversion():
        assert budget.share == 2
