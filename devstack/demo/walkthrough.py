"""One conversion from registration to the link in the mail; every step is checked."""

import re
import secrets
import shutil
import time
from email.message import EmailMessage
from hashlib import file_digest
from pathlib import Path
from textwrap import indent

from devstack.demo.client import Client
from devstack.demo.events import Json
from devstack.demo.media import mp3_duration_s
from devstack.demo.terminal import Terminal
from devstack.errors import StackError
from devstack.stack import Stack
from devstack.wait import wait_until

COMPLETED = "completed"
ENDINGS = {
    COMPLETED: "is completed",
    "failed": "failed",
    "cancelled": "was cancelled",
    "expired": "has expired",
}
CONVERSION_TIMEOUT_S = 4 * 3600.0
MAIL_TIMEOUT_S = 60.0
TOLERANCE_S = 0.1


class Walkthrough:
    """Registers, uploads, waits, downloads, reads the mail and follows its link."""

    def __init__(self, stack: Stack, terminal: Terminal) -> None:
        self._stack = stack
        self._terminal = terminal
        self._client = Client(stack.url)
        self._email = f"demo-{secrets.token_hex(4)}@example.com"

    def walk(self, video: Path, mp3: Path) -> None:
        """Runs all steps; raises StackError at the first that fails."""
        conversion = self._converted(video)
        mail = self._mail()
        if conversion["status"] != COMPLETED:
            reason = (conversion["error"] or {}).get("message", "no reason given")
            raise StackError(f"the conversion {ENDINGS[conversion['status']]}: {reason}")
        self._save(conversion, mp3)
        if mail is not None:
            self._follow_link(mail, mp3)

    def _converted(self, video: Path) -> Json:
        self._client.register(self._email, secrets.token_urlsafe(24))
        size = f"{video.stat().st_size:,} bytes"
        self._terminal.say(f"Registered {self._email}; uploading {video.name!r} ({size})")
        uploaded = self._client.upload(video, lambda share: self._terminal.progress("uploading", share))
        deadline = time.monotonic() + CONVERSION_TIMEOUT_S
        conversion = uploaded
        for conversion in self._client.watch(uploaded["id"], deadline):
            if conversion["status"] not in ENDINGS:
                self._terminal.progress(conversion["status"], conversion["progress"])
        if conversion["status"] == COMPLETED:
            self._terminal.progress(COMPLETED, 1.0)
        else:
            self._terminal.say(f"The conversion {ENDINGS[conversion['status']]}.")
        return conversion

    def _save(self, conversion: Json, mp3: Path) -> None:
        draft = self._stack.home.path / "audio.mp3"
        self._client.download(conversion["result"]["url"], draft)
        found, announced = mp3_duration_s(draft), conversion["result"]["duration"]
        if found <= 0 or abs(found - announced) > TOLERANCE_S:
            raise StackError(f"the MP3 lasts {found:.2f} s, not {announced:.2f} s as announced")
        shutil.copyfile(draft, mp3)
        self._terminal.say(f"Wrote {str(mp3)!r}: {mp3.stat().st_size:,} bytes, {found:.1f} s")

    def _mail(self) -> EmailMessage | None:
        """Waits for the mail and prints it; None if it went to a mail server other than the sink."""
        sink = self._stack.mail
        if sink not in self._stack.servers:
            self._terminal.say("The mail went to the server in NOTIFICATION_SMTP_URL.")
            return None
        wait_until(lambda: bool(sink.messages(to=self._email)), MAIL_TIMEOUT_S, "the mail arrives")
        mail = sink.messages(to=self._email)[0]
        heading = [f"{name}: {mail[name]}" for name in ("Subject", "From", "To")]
        self._terminal.say("\nA mail has arrived:\n")
        self._terminal.say(indent("\n".join([*heading, "", _text(mail)]), "  ") + "\n")
        return mail

    def _follow_link(self, mail: EmailMessage, mp3: Path) -> None:
        # Only path and query are used: the public URL may not point to this gateway.
        found = re.search(r"https?://\S*?(/v1/conversions/\S+/audio\?\S+)", _text(mail))
        if found is None:
            raise StackError("the mail has no link to the audio")
        linked = self._stack.home.path / "linked.mp3"
        self._client.download(found[1], linked, signed_in=False)
        if _digest(linked) != _digest(mp3):
            raise StackError("the mail's link gives something else than the MP3")
        self._terminal.say("The link in the mail gives the same MP3, without signing in.")


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    if body is None:
        raise StackError("the mail has no text part")
    return str(body.get_content()).strip()


def _digest(file: Path) -> bytes:
    with file.open("rb") as stream:
        return file_digest(stream, "sha256").digest()
