"""Renders the subject, text and HTML of each email from its event, with Jinja templates."""

import re
from pathlib import Path

import jinja2
import msgspec

from notification_service.email.declines import DeclineTokens
from notification_service.email.errors import InvalidEmail
from notification_service.email.failure_reasons import explain_failure
from notification_service.email.links import LinkTemplate
from notification_service.email.security_events import describe_event
from notification_service.email.text_format import (
    format_audio_name,
    format_duration,
    format_size,
    format_time,
    to_single_line,
)
from shared.contracts.events import (
    ConversionCompleted,
    ConversionFailed,
    EmailChanged,
    EmailVerificationRequested,
    PasswordChanged,
    PasswordRemoved,
    PasswordResetRequested,
    SecurityEventOccurred,
)
from shared.signed_links import LinkSigner

EmailEvent = (
    ConversionCompleted
    | ConversionFailed
    | EmailVerificationRequested
    | PasswordResetRequested
    | PasswordChanged
    | PasswordRemoved
    | EmailChanged
    | SecurityEventOccurred
)
# Notices contain no link but that to decline, so that a forged one is easier to recognise. That of a changed
# address goes to the old address, without the new one: its reader may not own the account any more.
NOTICE_SUBJECTS = {
    PasswordChanged.type: "Your password was changed",
    PasswordRemoved.type: "The password of your account was removed",
    EmailChanged.type: "The address of your account was changed",
}
# Names that no mail program turns into a link: no dot but that of an extension which is no top-level domain.
PLAIN_NAME = re.compile(
    r"[\w ()+,'-]{1,60}\.(?:mp4|m4v|mkv|webm|avi|mpe?g|3gp|ogv|ts|flv|wmv|mp3|m4a|wav|flac|ogg)"
)
TEMPLATE_FILES = Path(__file__).parent / "template_files"
SUBJECT_NAME_LIMIT = 60
BODY_NAME_LIMIT = 160


class RenderedEmail(msgspec.Struct, frozen=True, kw_only=True):
    """Recipient and content of one email. `subject` is one printable line."""

    to: str
    subject: str
    text: str
    html: str


class EmailTemplates:
    """Renders emails. `public_url` is the base of their links; `links` signs those to audio.

    `verify` and `reset` are the link templates of the account emails; the default is a page of `public_url`.
    """

    def __init__(
        self,
        public_url: str,
        declines: DeclineTokens,
        links: LinkSigner,
        verify: LinkTemplate | None = None,
        reset: LinkTemplate | None = None,
    ) -> None:
        self._public_url = public_url.rstrip("/")
        self._declines = declines
        self._links = links
        self._verify = verify or LinkTemplate(f"{self._public_url}/verify-email#token={{token}}")
        self._reset = reset or LinkTemplate(f"{self._public_url}/reset-password#token={{token}}")
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(TEMPLATE_FILES),
            autoescape=jinja2.select_autoescape(["html"]),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )

    def render(self, event: EmailEvent) -> RenderedEmail:
        """Raises InvalidEmail for a malformed audio path or token."""
        match event:
            case ConversionCompleted():
                return self._render_completed(event)
            case ConversionFailed():
                return self._render_failed(event)
            case EmailVerificationRequested():
                return self._render_token_email("verify", "Confirm your address", self._verify, event)
            case PasswordResetRequested():
                return self._render_token_email("reset", "Choose a new password", self._reset, event)
            case SecurityEventOccurred():
                return self._render_security_event(event)
            case PasswordChanged() | PasswordRemoved() | EmailChanged():
                return self._render_notice(event)

    def _render_completed(self, event: ConversionCompleted) -> RenderedEmail:
        audio = format_audio_name(to_single_line(event.format, 12))
        return self._render(
            "completed",
            to=event.recipient,
            subject=_with_name(f"Your {audio} is ready", event),
            preview=f"Your link works until {format_time(event.link_expires_at)}.",
            filename=_body_name(event),
            not_me=self._decline_link(event, event.owner_id),
            format=audio,
            duration=format_duration(event.duration_s),
            size=format_size(event.size_bytes),
            link=self._link(self._links.link_of(event)),
            expires=format_time(event.link_expires_at),
        )

    def _render_failed(self, event: ConversionFailed) -> RenderedEmail:
        message = "" if event.recipient_verified is False else event.message
        reason = explain_failure(event.code, to_single_line(message, 300))
        return self._render(
            "failed",
            to=event.recipient,
            subject=_with_name("Your video could not be converted", event),
            preview=reason.what,
            filename=_body_name(event),
            not_me=self._decline_link(event, event.owner_id),
            what=reason.what,
            advice=reason.advice,
            conversion_id=to_single_line(event.conversion_id, 100),
        )

    def _render_notice(self, event: PasswordChanged | PasswordRemoved | EmailChanged) -> RenderedEmail:
        return self._render(
            event.type,
            to=event.recipient,
            subject=NOTICE_SUBJECTS[event.type],
            preview="If it was you, there is nothing to do.",
            not_me=self._decline_link(event, event.user_id),
            address=to_single_line(event.recipient, 254),
            when=format_time(event.changed_at),
        )

    def _render_security_event(self, event: SecurityEventOccurred) -> RenderedEmail:
        words = describe_event(event.event)
        return self._render(
            words.template,
            to=event.recipient,
            subject=words.subject,
            preview=words.preview,
            not_me=self._decline_link(event, event.user_id),
            what=words.what,
            address=to_single_line(event.recipient, 254),
            when=format_time(event.occurred_at),
        )

    def _render_token_email(
        self,
        template: str,
        subject: str,
        link: LinkTemplate,
        event: EmailVerificationRequested | PasswordResetRequested,
    ) -> RenderedEmail:
        return self._render(
            template,
            to=event.recipient,
            subject=subject,
            preview=f"The link works once, until {format_time(event.expires_at)}.",
            not_me=self._decline_link(event, event.user_id),
            address=to_single_line(event.recipient, 254),
            link=link.expand(event.token),
            token=event.token,
            expires=format_time(event.expires_at),
        )

    def _render(self, template: str, *, to: str, subject: str, **fields: str) -> RenderedEmail:
        fields.setdefault("not_me", "")
        html = self._templates.get_template(f"{template}.html").render(subject=subject, **fields)
        text = self._templates.get_template(f"{template}.txt").render(subject=subject, **fields)
        return RenderedEmail(to=to, subject=subject, text=text, html=html)

    def _decline_link(self, event: EmailEvent, account_id: str) -> str:
        """The link "this was not me" for unverified addresses; empty for others."""
        if event.recipient_verified is not False:
            return ""
        return f"{self._public_url}/not-me?token={self._declines.token(account_id, event.recipient)}"

    def _link(self, path: str) -> str:
        """Returns the URL of an absolute path. Rejects `@host` and `.suffix`, which would change the host."""
        if not path.startswith("/") or not path.isascii() or not path.isprintable() or " " in path:
            raise InvalidEmail("the event's audio path is not a path on this site")
        return self._public_url + path


def _with_name(subject: str, event: ConversionCompleted | ConversionFailed) -> str:
    """The reader of an unverified address may not know the sender, whose words are left out: file names have
    carried advertisements and links.
    """
    if event.recipient_verified is False:
        return subject
    return f"{subject}: {_shorten(event.filename, SUBJECT_NAME_LIMIT)}"


def _body_name(event: ConversionCompleted | ConversionFailed) -> str:
    """Empty for a name that is not to be shown to the reader of an unverified address."""
    name = _shorten(event.filename, BODY_NAME_LIMIT)
    return "" if event.recipient_verified is False and PLAIN_NAME.fullmatch(name) is None else name


def _shorten(filename: str, limit: int) -> str:
    return to_single_line(filename, limit) or "untitled"
