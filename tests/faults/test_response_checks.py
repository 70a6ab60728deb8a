"""Undocumented responses are reported; documented ones are not."""

import httpx
import pytest

from tests.faults.response_checks import PAGE, PROBLEM, Call, ResponseChecks, codes_by_status

AWAY = {"status": 503, "code": "unavailable"}
AGAIN = {"content-type": PROBLEM, "retry-after": "2"}


def test_the_page_lists_the_codes_of_every_status() -> None:
    codes = codes_by_status(PAGE.read_text())
    assert codes[503] == {"overloaded", "unavailable"}
    assert codes[408] == {"request_timeout"}
    assert "conflict" in codes[409]


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(202, json={}),
        httpx.Response(503, json=AWAY, headers=AGAIN),
        httpx.Response(409, json={"status": 409, "code": "conflict"}, headers={"content-type": PROBLEM}),
    ],
)
def test_documented_responses_are_accepted(answer: httpx.Response) -> None:
    assert not ResponseChecks().complaints(Call.UPLOAD, answer)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (httpx.Response(500, json={}), "upload: 500 "),
        (
            httpx.Response(503, json=AWAY, headers={"content-type": PROBLEM}),
            "upload: 503 without Retry-After",
        ),
        (httpx.Response(503, json=AWAY, headers={"retry-after": "2"}), "is no application/problem+json"),
        (httpx.Response(503, text="no", headers=AGAIN), "cannot be read"),
        (httpx.Response(503, json={**AWAY, "status": 500}, headers=AGAIN), "says that it is a 500"),
        (httpx.Response(503, json={**AWAY, "code": "gone"}, headers=AGAIN), "with the code gone"),
        (httpx.Response(503, json={"status": 503}, headers=AGAIN), "with the code None"),
    ],
)
def test_undocumented_responses_are_found(answer: httpx.Response, words: str) -> None:
    assert any(words in complaint for complaint in ResponseChecks().complaints(Call.UPLOAD, answer))
