"""What people get to read."""

import html
import re

import pytest

from notification_service.email.failure_reasons import REASONS, TOLD_BY_THE_EVENT
from notification_service.email.links import BadLink, Link
from notification_service.email.templates import Letters, Unwritable
from tests.support.event_samples import (
    CONVERSION,
    EMAIL_CHANGED,
    PASSWORD_CHANGED,
    TOKEN,
    completed,
    failed,
    reset,
    verify,
)

PUBLIC = "https://tonegate.example"
CODES = (
    "no_audio_track",
    "unreadable_media",
    "unsupported_media",
    "too_long",
    "timed_out",
    "bad_options",
    "internal_error",
)


@pytest.fixture
def letters() -> Letters:
    return Letters(PUBLIC + "/")


def test_a_finished_conversion_is_told_with_a_link_and_until_when_it_works(letters: Letters) -> None:
    letter = letters.completed(completed())
    link = f"{PUBLIC}/v1/conversions/{CONVERSION}/audio?expires=1795773600&signature=abc-_123"
    assert letter.to == "ann@example.org"
    assert letter.subject == "Your MP3 is ready: talk.mp4"
    assert f"\n{link}\n" in letter.text
    assert f'href="{html.escape(link)}"' in letter.html
    for body in (letter.text, letter.html):
        assert "27 November 2026, 10:00 UTC" in body
        assert "1 min 1 s, 1.5 MB" in body


@pytest.mark.parametrize(
    ("form", "words"),
    [("opus", "Opus file"), ("m4a", "M4A file"), ("flac", "FLAC file"), ("wav", "WAV file")],
)
def test_the_letter_names_the_audio_as_people_call_it(letters: Letters, form: str, words: str) -> None:
    letter = letters.completed(completed(format=form))
    assert letter.subject == f"Your {words} is ready: talk.mp4"
    assert f"Download the {words}" in letter.html


@pytest.mark.parametrize("code", ["too_long", "bad_options"])
def test_what_the_event_knows_better_is_told_in_its_words(letters: Letters, code: str) -> None:
    letter = letters.failed(failed(code=code, message="The audio is longer than 5 seconds."))
    for body in (letter.text, html.unescape(letter.html)):
        assert "The audio is longer than 5 seconds." in body
        assert REASONS[code].advice in body


@pytest.mark.parametrize("code", CODES)
def test_every_failure_is_told_in_plain_words_of_its_own(letters: Letters, code: str) -> None:
    letter = letters.failed(failed(code=code, message="" if code in TOLD_BY_THE_EVENT else "raw message"))
    assert letter.subject == "Your video could not be converted: silent.mp4"
    for body in (letter.text, html.unescape(letter.html)):
        assert REASONS[code].what in body
        assert REASONS[code].advice in body
        assert code not in body
        assert "raw message" not in body
        assert CONVERSION in body


def test_no_two_failures_sound_alike() -> None:
    assert set(REASONS) == set(CODES)
    assert len({reason.what for reason in REASONS.values()}) == len(CODES)


def test_a_failure_of_a_kind_not_known_yet_is_told_in_the_events_words(letters: Letters) -> None:
    letter = letters.failed(failed(code="too_loud", message="The video is\ntoo <loud>."))
    assert "The video is too <loud>." in letter.text
    assert "The video is too &lt;loud&gt;." in letter.html


def test_a_failure_without_any_words_is_still_told(letters: Letters) -> None:
    assert REASONS["internal_error"].what in letters.failed(failed(code="x", message="")).text


def test_an_address_is_confirmed_by_a_link_or_by_its_code(letters: Letters) -> None:
    letter = letters.verify(verify())
    link = f"{PUBLIC}/verify-email#token={TOKEN}"
    assert (letter.to, letter.subject) == ("ann@example.org", "Confirm your address")
    assert f"\n{link}\n" in letter.text
    assert f"\n{TOKEN}\n" in letter.text
    assert f'href="{link}"' in letter.html
    assert letter.html.count(TOKEN) == 4, "button, address and its text, code"
    for body in (letter.text, letter.html):
        assert "21 November 2126, 10:00 UTC" in body
        assert "this conversion" not in body


def test_a_forgotten_password_is_replaced_by_a_link_or_by_its_code(letters: Letters) -> None:
    letter = letters.reset(reset())
    link = f"{PUBLIC}/reset-password#token={TOKEN}"
    assert (letter.to, letter.subject) == ("ann@example.org", "Choose a new password")
    assert f"\n{link}\n" in letter.text
    assert f'href="{link}"' in letter.html
    assert TOKEN not in letter.subject
    assert "your password stays as it is" in " ".join(letter.text.split())


def test_a_change_is_told_without_a_link_that_a_thief_could_imitate(letters: Letters) -> None:
    for letter, subject in (
        (letters.password_changed(PASSWORD_CHANGED), "Your password was changed"),
        (letters.email_changed(EMAIL_CHANGED), "The address of your account was changed"),
    ):
        assert (letter.to, letter.subject) == ("ann@example.org", subject)
        for body in (letter.text, letter.html):
            assert subject in body
            assert "ann@example.org" in body
            assert "20 November 2026, 10:00 UTC" in body
            assert "If it was not you" in body
        assert "http" not in letter.text
        assert "href" not in letter.html


def test_links_lead_to_the_operators_own_pages_when_there_are_some() -> None:
    own = Letters(PUBLIC, Link("https://app.example/v?t={token}&x=1"), Link("https://app.example/r/{token}"))
    assert f"\nhttps://app.example/v?t={TOKEN}&x=1\n" in own.verify(verify()).text
    assert f'href="https://app.example/v?t={TOKEN}&amp;x=1"' in own.verify(verify()).html
    assert f"\nhttps://app.example/r/{TOKEN}\n" in own.reset(reset()).text


@pytest.mark.parametrize(
    "template",
    [
        "",
        "https://app.example/",
        "app.example/{token}",
        "javascript:alert('{token}')",
        "https://app.example/{token}/{token}",
        "https://app.example/{token} x",
        "https://app.example/{secret}",
        'https://app.example/"{token}',
        "https://app.example/{token}\n",
    ],
)
def test_a_page_that_could_be_none_is_refused(template: str) -> None:
    with pytest.raises(BadLink):
        Link(template)


@pytest.mark.parametrize("token", ["", "short", "x" * 300, "a b" * 10, "<script>alert(1)</script>", "ü" * 43])
def test_a_secret_that_could_be_something_else_is_in_no_letter(letters: Letters, token: str) -> None:
    with pytest.raises(Unwritable):
        letters.verify(verify(token=token))
    with pytest.raises(Unwritable):
        letters.reset(reset(token=token))


def test_markup_in_an_address_is_shown_and_not_obeyed(letters: Letters) -> None:
    letter = letters.reset(reset(recipient="<img/src=x>@example.org"))
    assert "<img" not in letter.html


def test_markup_in_a_file_name_is_shown_and_not_obeyed(letters: Letters) -> None:
    name = '"><img src=x onerror=alert(1)>{{ 7*7 }}.mp4'
    for letter in (letters.completed(completed(filename=name)), letters.failed(failed(filename=name))):
        assert "<img" not in letter.html
        assert name in html.unescape(letter.html)
        assert name in letter.text


def test_a_nameless_file_still_has_something_to_be_called(letters: Letters) -> None:
    assert letters.completed(completed(filename="\n")).subject == "Your MP3 is ready: untitled"


def test_a_name_of_a_thousand_characters_leaves_the_subject_readable(letters: Letters) -> None:
    assert len(letters.completed(completed(filename="ä" * 1000 + ".mkv")).subject) < 90


@pytest.mark.parametrize(
    "path", ["", "v1/x", "@evil.example/x", ".evil.example", "https://evil.example/", "/a b", "/a\nb", "/ä"]
)
def test_no_letter_carries_a_link_that_is_not_a_path_on_this_site(letters: Letters, path: str) -> None:
    with pytest.raises(Unwritable):
        letters.completed(completed(audio_path=path))


def test_the_html_loads_nothing_from_anywhere(letters: Letters) -> None:
    notices = (letters.password_changed(PASSWORD_CHANGED), letters.email_changed(EMAIL_CHANGED))
    account = (letters.verify(verify()), letters.reset(reset()), *notices)
    for letter in (letters.completed(completed()), letters.failed(failed()), *account):
        assert not re.search(r"<(img|script|link|iframe|object|svg)\b|url\(|@import|src=", letter.html)
        assert set(re.findall(r"https?://[^/\"<\s]+", letter.html)) <= {PUBLIC}


def test_the_html_says_that_it_can_be_dark(letters: Letters) -> None:
    letter = letters.completed(completed())
    assert '<meta name="color-scheme" content="light dark">' in letter.html
    assert "prefers-color-scheme: dark" in letter.html
