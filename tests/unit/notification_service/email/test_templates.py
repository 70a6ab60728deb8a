"""Rendered emails."""

import html
import re
from collections.abc import Callable

import msgspec
import pytest

from notification_service.email.declines import Decline
from notification_service.email.errors import InvalidEmail
from notification_service.email.failure_reasons import CODES_WITH_OWN_MESSAGE, REASONS
from notification_service.email.links import InvalidLink, LinkTemplate
from notification_service.email.security_events import EVENTS, OTHER
from notification_service.email.templates import EmailEvent, EmailTemplates
from shared.mailbox import mailbox_digest
from tests.support.event_samples import (
    CONVERSION,
    EMAIL_CHANGED,
    PASSWORD_CHANGED,
    PASSWORD_REMOVED,
    RESET,
    TOKEN,
    VERIFY,
    completed,
    failed,
    reset,
    security_event,
    verify,
)
from tests.support.in_memory.email import DECLINES, LINKS

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
    return EmailTemplates(PUBLIC + "/", DECLINES, LINKS)


def test_a_completed_email_has_the_link_and_its_expiry(templates: EmailTemplates) -> None:
    email = templates.render(completed())
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
def test_the_email_names_the_audio_format(templates: EmailTemplates, form: str, words: str) -> None:
    email = templates.render(completed(format=form))
    assert email.subject == f"Your {words} is ready: talk.mp4"
    assert f"Download the {words}" in email.html


@pytest.mark.parametrize("code", ["too_long", "bad_options"])
def test_a_specific_message_of_the_event_replaces_the_reason(templates: EmailTemplates, code: str) -> None:
    email = templates.render(failed(code=code, message="The audio is longer than 5 seconds."))
    for body in (email.text, html.unescape(email.html)):
        assert "The audio is longer than 5 seconds." in body
        assert REASONS[code].advice in body


@pytest.mark.parametrize("code", CODES)
def test_every_failure_code_has_its_explanation(templates: EmailTemplates, code: str) -> None:
    email = templates.render(
        failed(code=code, message="" if code in CODES_WITH_OWN_MESSAGE else "raw message")
    )
    assert email.subject == "Your video could not be converted: silent.mp4"
    for body in (email.text, html.unescape(email.html)):
        assert REASONS[code].what in body
        assert REASONS[code].advice in body
        assert code not in body
        assert "raw message" not in body
        assert CONVERSION in body


def test_all_failure_explanations_differ() -> None:
    assert set(REASONS) == set(CODES)
    assert len({reason.what for reason in REASONS.values()}) == len(CODES)


def test_an_unknown_failure_code_shows_the_message_of_the_event(templates: EmailTemplates) -> None:
    email = templates.render(failed(code="too_loud", message="The video is\ntoo <loud>."))
    assert "The video is too <loud>." in email.text
    assert "The video is too &lt;loud&gt;." in email.html


def test_an_unknown_failure_without_a_message_has_a_default(templates: EmailTemplates) -> None:
    assert REASONS["internal_error"].what in templates.render(failed(code="x", message="")).text


def test_the_verification_email_has_a_link_and_a_code(templates: EmailTemplates) -> None:
    email = templates.render(verify())
    link = f"{PUBLIC}/verify-email#token={TOKEN}"
    assert (email.to, email.subject) == ("ann@example.org", "Confirm your address")
    assert f"\n{link}\n" in email.text
    assert f"\n{TOKEN}\n" in email.text
    assert f'href="{link}"' in email.html
    assert email.html.count(TOKEN) == 4, "button, address and its text, code"
    for body in (email.text, email.html):
        assert "21 November 2126, 10:00 UTC" in body
        assert "this conversion" not in body


def test_the_password_reset_email_has_a_link_and_a_code(templates: EmailTemplates) -> None:
    email = templates.render(reset())
    link = f"{PUBLIC}/reset-password#token={TOKEN}"
    assert (email.to, email.subject) == ("ann@example.org", "Choose a new password")
    assert f"\n{link}\n" in email.text
    assert f'href="{link}"' in email.html
    assert TOKEN not in email.subject
    assert "your password stays as it is" in " ".join(email.text.split())


def test_notices_of_changes_have_no_link(templates: EmailTemplates) -> None:
    for email, subject in (
        (templates.render(PASSWORD_CHANGED), "Your password was changed"),
        (templates.render(PASSWORD_REMOVED), "The password of your account was removed"),
        (templates.render(EMAIL_CHANGED), "The address of your account was changed"),
        *((templates.render(security_event(name)), words.subject) for name, words in EVENTS.items()),
        (templates.render(security_event("of a later version")), OTHER.subject),
    ):
        assert (email.to, email.subject) == ("ann@example.org", subject)
        for body in (email.text, email.html):
            assert subject in body
            assert "ann@example.org" in body
            assert "20 November 2026, 10:00 UTC" in body
            assert "If it was not you" in body
        assert "http" not in email.text
        assert "href" not in email.html


def test_the_notice_of_a_factor_says_what_a_new_password_does_not_do(templates: EmailTemplates) -> None:
    """A reset removes no factor: the sign-in would ask for a stranger's code."""
    for name, is_told in (("factor_added", True), ("api_key_created", False)):
        email = templates.render(security_event(name))
        for body in (email.text, html.unescape(email.html)):
            words = " ".join(body.split())
            assert ("ask the operator of this service to remove the factor" in words) is is_told
            assert "ends all sessions, API keys, webhooks and links to audio" in words


@pytest.mark.parametrize("event", [completed, failed])
def test_an_email_to_an_unverified_address_has_no_words_of_its_sender_and_a_way_to_decline(
    templates: EmailTemplates, event: Callable[..., EmailEvent]
) -> None:
    words = "WIN a PRIZE at www.evil.example"
    more = {"message": words, "code": "bad_options"} if event is failed else {}
    email = templates.render(event(filename=f"{words}.mp4", recipient_verified=False, **more))
    for part in (email.subject, email.text, html.unescape(email.html)):
        assert "PRIZE" not in part
        assert "evil" not in part
    [token] = set(re.findall(rf"{PUBLIC}/not-me\?token=([A-Za-z0-9._-]+)", email.text + email.html))
    assert DECLINES.read(token) == Decline(completed().owner_id, mailbox_digest("ann@example.org"))


@pytest.mark.parametrize(
    "event",
    [VERIFY, RESET, PASSWORD_CHANGED, PASSWORD_REMOVED, EMAIL_CHANGED, security_event("api_key_created")],
    ids=lambda event: event.type,
)
def test_a_mail_about_an_unverified_account_has_a_way_to_decline(
    templates: EmailTemplates, event: EmailEvent
) -> None:
    email = templates.render(msgspec.structs.replace(event, recipient_verified=False))
    for part in (email.text, email.html):
        [token] = set(re.findall(rf"{PUBLIC}/not-me\?token=([A-Za-z0-9._-]+)", part))
        assert DECLINES.read(token) == Decline(VERIFY.user_id, mailbox_digest("ann@example.org"))
    for verified in (True, None):
        email = templates.render(msgspec.structs.replace(event, recipient_verified=verified))
        assert "not-me" not in email.text + email.html


@pytest.mark.parametrize(
    ("filename", "shown"),
    [("My talk (2).mp4", True), ("evil.example.mp4", False), ("evil.mov", False), ("a@b", False)],
)
def test_a_name_that_could_become_a_link_is_not_shown_to_an_unverified_address(
    templates: EmailTemplates, filename: str, shown: bool
) -> None:
    email = templates.render(completed(filename=filename, recipient_verified=False))
    assert email.subject == "Your MP3 is ready"
    assert (filename in email.text, filename in email.html) == (shown, shown)


@pytest.mark.parametrize("verified", [True, None])
def test_an_email_to_a_verified_address_or_of_an_older_event_names_the_file(
    templates: EmailTemplates, verified: bool | None
) -> None:
    email = templates.render(completed(recipient_verified=verified))
    assert email.subject.endswith("talk.mp4")
    assert "not-me" not in email.text + email.html


def test_configured_link_templates_replace_the_default_pages() -> None:
    own = EmailTemplates(
        PUBLIC,
        DECLINES,
        LINKS,
        LinkTemplate("https://app.example/v?t={token}&x=1"),
        LinkTemplate("https://app.example/r/{token}"),
    )
    assert f"\nhttps://app.example/v?t={TOKEN}&x=1\n" in own.render(verify()).text
    assert f'href="https://app.example/v?t={TOKEN}&amp;x=1"' in own.render(verify()).html
    assert f"\nhttps://app.example/r/{TOKEN}\n" in own.render(reset()).text


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
def test_a_malformed_link_template_is_refused(template: str) -> None:
    with pytest.raises(InvalidLink):
        LinkTemplate(template)


@pytest.mark.parametrize("token", ["", "short", "x" * 300, "a b" * 10, "<script>alert(1)</script>", "ü" * 43])
def test_a_malformed_token_raises_invalid_email(templates: EmailTemplates, token: str) -> None:
    with pytest.raises(InvalidEmail):
        templates.render(verify(token=token))
    with pytest.raises(InvalidEmail):
        templates.render(reset(token=token))


def test_markup_in_an_address_is_escaped(templates: EmailTemplates) -> None:
    email = templates.render(reset(recipient="<img/src=x>@example.org"))
    assert "<img" not in email.html


def test_markup_in_a_file_name_is_escaped(templates: EmailTemplates) -> None:
    name = '"><img src=x onerror=alert(1)>{{ 7*7 }}.mp4'
    for email in (
        templates.render(completed(filename=name)),
        templates.render(failed(filename=name)),
    ):
        assert "<img" not in email.html
        assert name in html.unescape(email.html)
        assert name in email.text


def test_a_file_without_a_name_is_untitled(templates: EmailTemplates) -> None:
    assert templates.render(completed(filename="\n")).subject == "Your MP3 is ready: untitled"


def test_a_long_file_name_is_shortened_in_the_subject(templates: EmailTemplates) -> None:
    assert len(templates.render(completed(filename="ä" * 1000 + ".mkv")).subject) < 90


@pytest.mark.parametrize(
    "path", ["v1/x", "@evil.example/x", ".evil.example", "https://evil.example/", "/a b", "/a\nb", "/ä"]
)
def test_an_audio_path_off_this_site_raises_invalid_email(templates: EmailTemplates, path: str) -> None:
    with pytest.raises(InvalidEmail):
        templates.render(completed(audio_path=path))


def test_the_html_loads_no_external_resources(templates: EmailTemplates) -> None:
    notices = (
        templates.render(PASSWORD_CHANGED),
        templates.render(PASSWORD_REMOVED),
        templates.render(EMAIL_CHANGED),
        *(templates.render(security_event(name)) for name in EVENTS),
    )
    account = (templates.render(verify()), templates.render(reset()), *notices)
    for email in (templates.render(completed()), templates.render(failed()), *account):
        assert not re.search(r"<(img|script|link|iframe|object|svg)\b|url\(|@import|src=", email.html)
        assert set(re.findall(r"https?://[^/\"<\s]+", email.html)) <= {PUBLIC}


def test_the_html_supports_dark_mode(templates: EmailTemplates) -> None:
    email = templates.render(completed())
    assert '<meta name="color-scheme" content="light dark">' in email.html
    assert "prefers-color-scheme: dark" in email.html


def test_the_link_to_the_audio_is_signed_here(templates: EmailTemplates) -> None:
    event = completed(audio_path="")
    assert (
        f"\n{PUBLIC}{LINKS.sign(event.conversion_id, event.link_expires_at)}\n"
        in templates.render(event).text
    )


def test_an_event_of_an_earlier_version_brings_its_link(templates: EmailTemplates) -> None:
    path = "/v1/conversions/c1/audio?expires=1&signature=x"
    assert f"\n{PUBLIC}{path}\n" in templates.render(completed(audio_path=path)).text
