"""Subject and body of every letter, from the event it tells of. Pure but for reading its templates once."""

from pathlib import Path

import jinja2
import msgspec

from notification_service.email import text_format
from notification_service.email.failure_reasons import reason
from notification_service.email.links import BadLink, Link
from shared.contracts.events import (
    ConversionCompleted,
    ConversionFailed,
    EmailChanged,
    EmailVerificationRequested,
    PasswordChanged,
    PasswordResetRequested,
)

TEMPLATES = Path(__file__).parent / "template_files"
SUBJECT_NAME_LIMIT = 60
BODY_NAME_LIMIT = 160


class Unwritable(Exception):
    """The event cannot become a letter, now or later: it names no usable link or address."""


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """What a person gets to read, and where it goes. `subject` is one printable line."""

    to: str
    subject: str
    text: str
    html: str


class Letters:
    """Writes letters; `public_url` is what the links in them begin with.

    `verify` and `reset` lead to the pages where account secrets are handed in: this site's own unless given.
    """

    def __init__(self, public_url: str, verify: Link | None = None, reset: Link | None = None) -> None:
        self._public_url = public_url.rstrip("/")
        self._verify = verify or Link(f"{self._public_url}/verify-email#token={{token}}")
        self._reset = reset or Link(f"{self._public_url}/reset-password#token={{token}}")
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(TEMPLATES),
            autoescape=jinja2.select_autoescape(["html"]),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )

    def completed(self, event: ConversionCompleted) -> Letter:
        """Tells of finished audio. Raises Unwritable when the event's link would leave this site."""
        audio = text_format.audio(text_format.one_line(event.format, 12))
        return self._letter(
            "completed",
            to=event.recipient,
            subject=f"Your {audio} is ready: {_name(event.filename, SUBJECT_NAME_LIMIT)}",
            preview=f"Your link works until {text_format.moment(event.link_expires_at)}.",
            filename=_name(event.filename, BODY_NAME_LIMIT),
            format=audio,
            duration=text_format.duration(event.duration_s),
            size=text_format.size(event.size_bytes),
            link=self._link(event.audio_path),
            expires=text_format.moment(event.link_expires_at),
        )

    def failed(self, event: ConversionFailed) -> Letter:
        """Tells why there will be no audio, and what to do about it."""
        why = reason(event.code, text_format.one_line(event.message, 300))
        return self._letter(
            "failed",
            to=event.recipient,
            subject=f"Your video could not be converted: {_name(event.filename, SUBJECT_NAME_LIMIT)}",
            preview=why.what,
            filename=_name(event.filename, BODY_NAME_LIMIT),
            what=why.what,
            advice=why.advice,
            conversion_id=text_format.one_line(event.conversion_id, 100),
        )

    def verify(self, event: EmailVerificationRequested) -> Letter:
        """Asks whether an address is its reader's. Raises Unwritable for a secret that fits in no link."""
        return self._secret_letter("verify", "Confirm your address", self._verify, event)

    def reset(self, event: PasswordResetRequested) -> Letter:
        """Lets the reader choose a new password. Raises Unwritable for a secret that fits in no link."""
        return self._secret_letter("reset", "Choose a new password", self._reset, event)

    def password_changed(self, event: PasswordChanged) -> Letter:
        """Says so, without any link: this is the kind of letter that thieves write, too."""
        return self._notice("password_changed", "Your password was changed", event)

    def email_changed(self, event: EmailChanged) -> Letter:
        """To the old address, and without the new one: who reads this mail may not be the owner any more."""
        return self._notice("email_changed", "The address of your account was changed", event)

    def _notice(self, template: str, subject: str, event: PasswordChanged | EmailChanged) -> Letter:
        return self._letter(
            template,
            to=event.recipient,
            subject=subject,
            preview="If it was you, there is nothing to do.",
            address=text_format.one_line(event.recipient, 254),
            when=text_format.moment(event.changed_at),
        )

    def _secret_letter(
        self,
        template: str,
        subject: str,
        link: Link,
        event: EmailVerificationRequested | PasswordResetRequested,
    ) -> Letter:
        try:
            target = link.to(event.token)
        except BadLink as bad:
            raise Unwritable(str(bad)) from None
        return self._letter(
            template,
            to=event.recipient,
            subject=subject,
            preview=f"The link works once, until {text_format.moment(event.expires_at)}.",
            address=text_format.one_line(event.recipient, 254),
            link=target,
            token=event.token,
            expires=text_format.moment(event.expires_at),
        )

    def _letter(self, template: str, *, to: str, subject: str, **words: str) -> Letter:
        html = self._templates.get_template(f"{template}.html").render(subject=subject, **words)
        text = self._templates.get_template(f"{template}.txt").render(**words)
        return Letter(to=to, subject=subject, text=text, html=html)

    def _link(self, path: str) -> str:
        """Only a path of this site: `@elsewhere` or `.evil` behind the host would be another site."""
        if not path.startswith("/") or not path.isascii() or not path.isprintable() or " " in path:
            raise Unwritable("the event's audio path is not a path on this site")
        return self._public_url + path


def _name(filename: str, limit: int) -> str:
    return text_format.one_line(filename, limit) or "untitled"
