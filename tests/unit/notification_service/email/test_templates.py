"""What people get to read."""

import html
import re

import pytest

from notification_service.email.errors import InvalidEmail
from notification_service.email.failure_reasons import CODES_WITH_OWN_MESSAGE, REASONS
from notification_service.email.links import InvalidLink, LinkTemplate
from notification_service.email.templates import EmailTemplates
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
def templates() -> EmailTemplates:
    return EmailTemplates(PUBLIC + "/")


def test_a_finished_conversion_is_told_with_a_link_and_until_when_it_works(templates: EmailTemplates) -> None:
    email = templates.render_completed(completed())
    link = f"{PUBLIC}/v1/conversions/{CONVERSION}/audio?expires=1795773600&signature=abc-_123"
    assert email.to == "ann@example.org"
    assert email.subject == "Your MP3 is ready: talk.mp4"
    assert f"\n{link}\n" in email.text
    assert f'href="{html.escape(link)}"' in email.html
    for body in (email.text, email.html):
        assert "27 November 2026, 10:00 UTC" in body
        assert "1 min 1 s, 1.5 MB" in body


@pytest.mark.parametrize(
    ("form", "words"),
    [("opus", "Opus file"), ("m4a", "M4A file"), ("flac", "FLAC file"), ("wav", "WAV file")],
)
def test_the_letter_names_the_audio_as_people_call_it(
    templates: EmailTemplates, form: str, words: str
) -> None:
    email = templates.render_completed(completed(format=form))
    assert email.subject == f"Your {words} is ready: talk.mp4"
    assert f"Download the {words}" in email.html


@pytest.mark.parametrize("code", ["too_long", "bad_options"])
def test_what_the_event_knows_better_is_told_in_its_words(templates: EmailTemplates, code: str) -> None:
    email = templates.render_failed(failed(code=code, message="The audio is longer than 5 seconds."))
    for body in (email.text, html.unescape(email.html)):
        assert "The audio is longer than 5 seconds." in body
        assert REASONS[code].advice in body


@pytest.mark.parametrize("code", CODES)
def test_every_failure_is_told_in_plain_words_of_its_own(templates: EmailTemplates, code: str) -> None:
    email = templates.render_failed(
        failed(code=code, message="" if code in CODES_WITH_OWN_MESSAGE else "raw message")
    )
    assert email.subject == "Your video could not be converted: silent.mp4"
    for body in (email.text, html.unescape(email.html)):
        assert REASONS[code].what in body
        assert REASONS[code].advice in body
        assert code not in body
        assert "raw message" not in body
        assert CONVERSION in body


def test_no_two_failures_sound_alike() -> None:
    assert set(REASONS) == set(CODES)
    assert len({reason.what for reason in REASONS.values()}) == len(CODES)


def test_a_failure_of_a_kind_not_known_yet_is_told_in_the_events_words(templates: EmailTemplates) -> None:
    email = templates.render_failed(failed(code="too_loud", message="The video is\ntoo <loud>."))
    assert "The video is too <loud>." in email.text
    assert "The video is too &lt;loud&gt;." in email.html


def test_a_failure_without_any_words_is_still_told(templates: EmailTemplates) -> None:
    assert REASONS["internal_error"].what in templates.render_failed(failed(code="x", message="")).text


def test_an_address_is_confirmed_by_a_link_or_by_its_code(templates: EmailTemplates) -> None:
    email = templates.render_verify(verify())
    link = f"{PUBLIC}/verify-email#token={TOKEN}"
    assert (email.to, email.subject) == ("ann@example.org", "Confirm your address")
    assert f"\n{link}\n" in email.text
    assert f"\n{TOKEN}\n" in email.text
    assert f'href="{link}"' in email.html
    assert email.html.count(TOKEN) == 4, "button, address and its text, code"
    for body in (email.text, email.html):
        assert "21 November 2126, 10:00 UTC" in body
        assert "this conversion" not in body


def test_a_forgotten_password_is_replaced_by_a_link_or_by_its_code(templates: EmailTemplates) -> None:
    email = templates.render_reset(reset())
    link = f"{PUBLIC}/reset-password#token={TOKEN}"
    assert (email.to, email.subject) == ("ann@example.org", "Choose a new password")
    assert f"\n{link}\n" in email.text
    assert f'href="{link}"' in email.html
    assert TOKEN not in email.subject
    assert "your password stays as it is" in " ".join(email.text.split())


def test_a_change_is_told_without_a_link_that_a_thief_could_imitate(templates: EmailTemplates) -> None:
    for email, subject in (
        (templates.render_password_changed(PASSWORD_CHANGED), "Your password was changed"),
        (templates.render_email_changed(EMAIL_CHANGED), "The address of your account was changed"),
    ):
        assert (email.to, email.subject) == ("ann@example.org", subject)
        for body in (email.text, email.html):
            assert subject in body
            assert "ann@example.org" in body
            assert "20 November 2026, 10:00 UTC" in body
            assert "If it was not you" in body
        assert "http" not in email.text
        assert "href" not in email.html


def test_links_lead_to_the_operators_own_pages_when_there_are_some() -> None:
    own = EmailTemplates(
        PUBLIC,
        LinkTemplate("https://app.example/v?t={token}&x=1"),
        LinkTemplate("https://app.example/r/{token}"),
    )
    assert f"\nhttps://app.example/v?t={TOKEN}&x=1\n" in own.render_verify(verify()).text
    assert f'href="https://app.example/v?t={TOKEN}&amp;x=1"' in own.render_verify(verify()).html
    assert f"\nhttps://app.example/r/{TOKEN}\n" in own.render_reset(reset()).text


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
    with pytest.raises(InvalidLink):
        LinkTemplate(template)


@pytest.mark.parametrize("token", ["", "short", "x" * 300, "a b" * 10, "<script>alert(1)</script>", "ü" * 43])
def test_a_secret_that_could_be_something_else_is_in_no_letter(templates: EmailTemplates, token: str) -> None:
    with pytest.raises(InvalidEmail):
        templates.render_verify(verify(token=token))
    with pytest.raises(InvalidEmail):
        templates.render_reset(reset(token=token))


def test_markup_in_an_address_is_shown_and_not_obeyed(templates: EmailTemplates) -> None:
    email = templates.render_reset(reset(recipient="<img/src=x>@example.org"))
    assert "<img" not in email.html


def test_markup_in_a_file_name_is_shown_and_not_obeyed(templates: EmailTemplates) -> None:
    name = '"><img src=x onerror=alert(1)>{{ 7*7 }}.mp4'
    for email in (
        templates.render_completed(completed(filename=name)),
        templates.render_failed(failed(filename=name)),
    ):
        assert "<img" not in email.html
        assert name in html.unescape(email.html)
        assert name in email.text


def test_a_nameless_file_still_has_something_to_be_called(templates: EmailTemplates) -> None:
    assert templates.render_completed(completed(filename="\n")).subject == "Your MP3 is ready: untitled"


def test_a_name_of_a_thousand_characters_leaves_the_subject_readable(templates: EmailTemplates) -> None:
    assert len(templates.render_completed(completed(filename="ä" * 1000 + ".mkv")).subject) < 90


@pytest.mark.parametrize(
    "path", ["", "v1/x", "@evil.example/x", ".evil.example", "https://evil.example/", "/a b", "/a\nb", "/ä"]
)
def test_no_letter_carries_a_link_that_is_not_a_path_on_this_site(
    templates: EmailTemplates, path: str
) -> None:
    with pytest.raises(InvalidEmail):
        templates.render_completed(completed(audio_path=path))


def test_the_html_loads_nothing_from_anywhere(templates: EmailTemplates) -> None:
    notices = (
        templates.render_password_changed(PASSWORD_CHANGED),
        templates.render_email_changed(EMAIL_CHANGED),
    )
    account = (templates.render_verify(verify()), templates.render_reset(reset()), *notices)
    for email in (templates.render_completed(completed()), templates.render_failed(failed()), *account):
        assert not re.search(r"<(img|script|link|iframe|object|svg)\b|url\(|@import|src=", email.html)
        assert set(re.findall(r"https?://[^/\"<\s]+", email.html)) <= {PUBLIC}


def test_the_html_says_that_it_can_be_dark(templates: EmailTemplates) -> None:
    email = templates.render_completed(completed())
    assert '<meta name="color-scheme" content="light dark">' in email.html
    assert "prefers-color-scheme: dark" in email.html
