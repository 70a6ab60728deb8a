"""Each check of the source tree's structure reports a planted violation, and nothing else."""

from pathlib import Path

import pytest

from tests.unit.project.code_paths import problems_of
from tests.unit.project.structure import (
    MAX_90_PERCENT_LINES,
    MAX_FUNCTION_LINES,
    MAX_LINES,
    MAX_MEDIAN_LINES,
    MAX_ROOT_ENTRIES,
    activity_names,
    crowded_roots,
    definitions,
    files_of,
    long_functions,
    missing_nouns,
    modules_of,
    size_problems,
)


def written(root: Path, path: str, text: str = "") -> str:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)
    return path


def lines(count: int) -> str:
    return "x = 1\n" * count


def test_without_git_files_are_found_by_walking_the_tree(tmp_path: Path) -> None:
    for path in ("service/a.py", ".venv/b.py", "service/__pycache__/c.pyc"):
        written(tmp_path, path)
    assert files_of(tmp_path) == ["service/a.py"]


def test_modules_are_python_files_of_the_given_packages() -> None:
    files = ["service/a.py", "service/__init__.py", "service/b.txt", "tests/c.py"]
    assert modules_of(files, ["service"]) == ["service/a.py"]


def test_a_noun_is_missing_unless_its_own_service_has_a_path_of_it() -> None:
    files = ["one/jobs/retry_policy.py", "one/dead_letters/model.py", "two/Quota.py"]
    assert missing_nouns(files, {"retry": "one", "dead letter": "one", "quota": "two"}) == []
    assert missing_nouns(files, {"retry": "two", "lease": "one"}) == ["retry: two", "lease: one"]


@pytest.mark.parametrize(
    ("path", "noun", "is_named"),
    [
        ("one/range.py", "range", True),
        ("one/byte_ranges.py", "range", True),
        ("one/arrange.py", "range", False),
        ("one/tus/model.py", "tus", True),
        ("one/status.py", "tus", False),
        ("one/recovery.py", "cover", False),
        ("one/state_machine.py", "state machine", True),
    ],
)
def test_a_noun_is_compared_with_whole_words(path: str, noun: str, is_named: bool) -> None:
    assert missing_nouns([path], {noun: "one"}) == ([] if is_named else [f"{noun}: one"])


@pytest.mark.parametrize(
    ("counts", "problems"),
    [
        ([MAX_MEDIAN_LINES] * 9 + [MAX_LINES], []),
        ([10] * 19 + [MAX_LINES + 1], ["19.py: 251 lines"]),
        ([MAX_MEDIAN_LINES + 1] * 10, ["median: 71 lines"]),
        ([10] * 8 + [MAX_90_PERCENT_LINES + 1] * 2, ["only 80% of the files have at most 160 lines"]),
    ],
)
def test_long_files_are_reported(tmp_path: Path, counts: list[int], problems: list[str]) -> None:
    modules = [written(tmp_path, f"{n}.py", lines(count)) for n, count in enumerate(counts)]
    assert size_problems(tmp_path, modules) == problems


def test_long_functions_are_reported(tmp_path: Path) -> None:
    body = "    x = 1\n" * (MAX_FUNCTION_LINES - 1)
    module = written(tmp_path, "a.py", f"def fits():\n{body}\nclass A:\n    async def long(self):\n")
    (tmp_path / module).write_text((tmp_path / module).read_text() + "        x = 1\n" * MAX_FUNCTION_LINES)
    assert long_functions(tmp_path, [module]) == ["a.py:63 long (61)"]


def test_names_of_activities_are_reported() -> None:
    modules = [
        "a/logging.py",
        "a/key_ring.py",
        "a/messaging/ports.py",
        "a/settings.py",
        "a/telling.py",
        "a/file_joining/b.py",
    ]
    assert activity_names(modules) == ["a/telling.py", "a/file_joining/b.py"]


def test_a_crowded_root_is_reported() -> None:
    fits = [f"one/{n}.py" for n in range(MAX_ROOT_ENTRIES)] + ["one/__init__.py", "one/1/x.py"]
    crowded = [f"two/{n}.py" for n in range(MAX_ROOT_ENTRIES + 1)]
    assert crowded_roots([*fits[:-1], *crowded], ["one", "two"]) == [f"two: {MAX_ROOT_ENTRIES + 1}"]


def test_definitions_are_functions_classes_and_methods() -> None:
    source = "async def f(): ...\nclass A:\n    def m(self): ...\n    x = 1\n"
    assert list(definitions(source)) == ["f", "A", "A.m"]


PAGE = """
## One way
1. `a.py` `f` — reads the body
2. `a.py` `A.m` — writes it

## Bad way
1. `a.py` `g` — is not there
2. `b.py` `f` — is not there either
3. a.py f: of another form

## Empty way
Nothing.
"""


@pytest.mark.parametrize(
    ("heading", "problems"),
    [
        ("One way", []),
        (
            "Bad way",
            [
                "Bad way: a.py has no g",
                "Bad way: there is no file b.py",
                "Bad way: not of the form '1. `file.py` `function` — text': 3. a.py f: of another form",
            ],
        ),
        ("Empty way", ["Empty way: no list"]),
        ("No such way", ["No such way: no list"]),
    ],
)
def test_lists_of_functions_are_compared_with_the_source(
    tmp_path: Path, heading: str, problems: list[str]
) -> None:
    written(tmp_path, "a.py", "def f(): ...\nclass A:\n    def m(self): ...\n")
    assert list(problems_of(tmp_path, PAGE, heading)) == problems
