"""The composed MIME message of an email."""

import email
import email.policy
import re
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notification_service.email.errors import InvalidEmail
from notification_service.email.message import Mail, compose, parse_from_address
from notification_service.email.templates import EmailTemplates, RenderedEmail
from tests.support.event_samples import completed
from tests.support.in_memory.email import DECLINES, LINKS

WHEN = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
TEMPLATES = EmailTemplates("https://tonegate.example", DECLINES, LINKS)
SENDER = parse_from_address("Tonegate <no-reply@tonegate.example>")
HEADERS = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "X-Request-ID",
    "MIME-Version",
    "Content-Type",
]


def mail(
    email: RenderedEmail | None = None, *, event_id: str = "event-1", request_id: str = "request-1"
) -> Mail:
    return compose(
        email or TEMPLATES.render(completed()),
        SENDER,
        event_id=event_id,
        written_at=WHEN,
        request_id=request_id,
    )


def read(written: Mail) -> EmailMessage:
    return email.message_from_bytes(written.content, _class=EmailMessage, policy=email.policy.default)


def test_a_message_has_its_headers() -> None:
    message = read(mail())
    assert message["From"] == "Tonegate <no-reply@tonegate.example>"
    assert message["To"] == "ann@example.org"
    assert message["Subject"] == "Your MP3 is ready: talk.mp4"
    assert message["Date"].datetime == WHEN
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Request-ID"] == "request-1"


def test_a_mail_has_text_first_and_html_last() -> None:
    message = read(mail())
    assert message.get_content_type() == "multipart/alternative"
    text, page = message.iter_parts()
    assert (text.get_content_type(), page.get_content_type()) == ("text/plain", "text/html")
    email = TEMPLATES.render(completed())
    assert text.get_content().replace("\r\n", "\n").strip() == email.text
    assert page.get_content().replace("\r\n", "\n").strip() == email.html.strip()


def test_the_same_event_becomes_the_same_bytes() -> None:
    assert mail() == mail()


def test_another_event_has_another_message_id() -> None:
    assert mail(event_id="event-1").message_id != mail(event_id="event-2").message_id
    assert re.fullmatch(r"<[0-9a-f]{40}@tonegate\.example>", mail().message_id)


def test_no_line_is_longer_than_smtp_allows() -> None:
    email = TEMPLATES.render(completed(filename="ä🎧" * 300, audio_path="/" + "x" * 3000))
    assert max(map(len, mail(email).content.split(b"\r\n"))) <= 998
    assert b"\n" not in mail(email).content.replace(b"\r\n", b"")


@given(st.text(max_size=300) | st.text(st.sampled_from("a \r\n\t:=?_<>\"'é🎧\u200d\u202e"), max_size=1100))
@example("x\r\nBcc: victim@example.org\r\n\r\nbody")
@example("=?utf-8?q?=0D=0ABcc:_victim@example.org?=")
@example("=?utf-8?b?DQpCY2M6IHZpY3RpbUBleGFtcGxlLm9yZw==?= and =?us-ascii?q?more?=")
@example("é =?utf-8?q?=0D=0ABcc:_x?=")
@example("🎧" * 1000)
@example("a" * 1000)
@example("\x00\x1b[31m\x7f\u2028\u2029\u0085")
def test_no_file_name_adds_or_breaks_a_header(name: str) -> None:
    email = TEMPLATES.render(completed(filename=name))
    written = mail(email)
    head, _, body = written.content.partition(b"\r\n\r\n")
    message = read(written)
    assert message.keys() == HEADERS
    assert head.isascii()
    assert body.startswith(b"--=_")
    assert not message.defects
    assert message["Subject"] == email.subject
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ann",
        "ann@",
        "@example.org",
        "ann@example.org, bob@example.org",
        "ann@example.org\r\nBcc: bob@example.org",
        "Ann <ann@example.org>",
        "ann@example.org> SIZE=1",
        "ann bee@example.org",
        "ann\x00@example.org",
        "ann@exa mple.org",
        "=?utf-8?q?ann=0D=0ABcc=3A_bob?=@example.org",
        "a" * 300 + "@example.org",
        "ann@" + "é" * 80 + ".org",
    ],
)
def test_a_malformed_address_raises_invalid_email(address: str) -> None:
    with pytest.raises(InvalidEmail):
        mail(TEMPLATES.render(completed(recipient=address)))


@given(st.text(max_size=100))
@example("ann@example.org\n")
@example("ann@\N{ACUTE ACCENT}.example.org")
def test_any_address_yields_one_mailbox_or_an_error(address: str) -> None:
    try:
        written = mail(TEMPLATES.render(completed(recipient=address)))
    except InvalidEmail:
        return
    assert len(read(written)["To"].addresses) == 1
    assert re.fullmatch(r"[^\s<>]+@[^\s<>]+", written.recipient)
    assert written.recipient.isascii() or written.utf8


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example"),
        ("ann@straße.example", "ann@xn--strae-oqa.example"),
        (" ann@bücher.example ", "ann@xn--bcher-kva.example"),
    ],
)
def test_an_international_domain_is_sent_in_ascii(typed: str, sent: str) -> None:
    written = mail(TEMPLATES.render(completed(recipient=typed)))
    assert written.recipient == sent
    assert not written.utf8


def test_an_international_mailbox_needs_smtputf8() -> None:
    written = mail(TEMPLATES.render(completed(recipient="jörg@example.org")))
    assert written.utf8
    assert "To: jörg@example.org\r\n".encode() in written.content


@pytest.mark.parametrize("request_id", ["", "a b", "x\r\nBcc: y", "é", "x" * 200])
def test_a_malformed_request_id_is_left_out(request_id: str) -> None:
    assert "X-Request-ID" not in read(mail(request_id=request_id))


def test_a_sender_may_have_a_name_in_any_script() -> None:
    sender = parse_from_address('"Tönegate, Büro" <post@tonegate.example>')
    assert sender.domain == "tonegate.example"
    email = TEMPLATES.render(completed())
    written = compose(email, sender, event_id="e", written_at=WHEN)
    assert read(written)["From"].addresses[0].addr_spec == "post@tonegate.example"
    assert written.content.partition(b"\r\n\r\n")[0].isascii()


def test_a_sender_without_an_address_is_refused() -> None:
    with pytest.raises(InvalidEmail):
        parse_from_address("Tonegate")
