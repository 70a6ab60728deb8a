"""The cases of a parametrised test are distributed over the generations of ffmpeg."""

from itertools import product

import pytest

from tests.support.cases_in_turn import Case, distributed

GENERATIONS = 3


@pytest.mark.parametrize("sizes", [(3, 3), (9, 4), (4, 5), (3, 3, 6)])
def test_each_value_of_each_parameter_of_a_product_runs_on_each_generation(sizes: tuple[int, ...]) -> None:
    cases: list[Case] = [
        dict(zip("abc", map(str, values), strict=False)) for values in product(*map(range, sizes))
    ]
    ran = {
        (generation, value)
        for case, chosen in zip(cases, distributed(cases, GENERATIONS), strict=True)
        for generation in chosen
        for value in case.items()
    }
    wanted = {(name, str(place)) for name, size in zip("abc", sizes, strict=False) for place in range(size)}
    assert ran == {(generation, value) for generation in range(GENERATIONS) for value in wanted}


@pytest.mark.parametrize("many", [3, 4, 10])
def test_each_case_runs_once_and_each_generation_runs_as_many(many: int) -> None:
    chosen = distributed([{"a": str(place)} for place in range(many)], GENERATIONS)
    assert all(len(each) == 1 for each in chosen)
    number = [sum(generation in each for each in chosen) for generation in range(GENERATIONS)]
    assert max(number) - min(number) <= 1


@pytest.mark.parametrize("many", [1, 2])
def test_fewer_cases_than_generations_run_on_all(many: int) -> None:
    assert (
        distributed([{"a": str(place)} for place in range(many)], GENERATIONS)
        == [frozenset({0, 1, 2})] * many
    )


def test_with_one_generation_every_case_runs_on_it() -> None:
    assert distributed([{"a": str(place)} for place in range(5)], 1) == [frozenset({0})] * 5
