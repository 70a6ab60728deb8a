"""The demo itself: every step is checked, and the first that fails ends it."""

import re
import secrets
import shutil
import time
from collections.abc import Mapping
from email.message import EmailMessage
from hashlib import file_digest
from pathlib import Path
from textwrap import indent
from urllib.parse import urlsplit

from devstack.demo.client import Client, Json
from devstack.demo.files import checked_out, checked_video
from devstack.demo.media import make_sample, mp3_duration_s
from devstack.demo.terminal import Terminal
from devstack.errors import StackError
from devstack.home import Home
from devstack.lock import exclusive
from devstack.process import end_all
from devstack.stack import Stack
from devstack.waiting import wait_until

FINAL = {"completed", "failed", "cancelled", "expired"}
CONVERSION_TIMEOUT_S = 4 * 3600.0
MAIL_TIMEOUT_S = 60.0
ASK_EVERY_S = 0.3
TOLERANCE_S = 0.1


class Demo:
    """A stack of its own, apart from one that `make up` has started; only the mail directory is the same."""

    def __init__(self, state: Path, given: Mapping[str, str]) -> None:
        self._state = Home.at(state)
        self._given = given
        self._terminal = Terminal()

    def run(self, video: Path | None, out: Path | None) -> None:
        """Raises StackError at the first step that does not work; always stops what it started."""
        source = checked_video(video) if video is not None else Path("sample.mp4")
        mp3 = checked_out(out, source)
        home = Home.at(self._state.path / "demo")
        with exclusive(home):
            self._clear(home)
            if video is None:
                source = home.path / "sample.mp4"
                self._terminal.say("Making a sample video ...")
                make_sample(source)
            self._on_a_stack(home, source, mp3)
            self._clear(home)

    def _on_a_stack(self, home: Home, source: Path, mp3: Path) -> None:
        self._terminal.say("Starting PostgreSQL, MongoDB, RabbitMQ, a mail sink and the five services ...")
        with Stack(home.path, self._given, mail_directory=self._state.directory("mail")) as stack:
            try:
                stack.start()
                self._terminal.say(f"Ready at {stack.url}")
                self._whole_path(stack, source, mp3)
            except (StackError, OSError) as error:
                raise StackError(f"{error}\n(logs: {home.path / 'logs'})") from error
            finally:
                self._terminal.say("Stopping what was started ...")

    def _whole_path(self, stack: Stack, source: Path, mp3: Path) -> None:
        email = f"demo-{secrets.token_hex(4)}@example.com"
        client = Client(stack.url)
        client.register(email, secrets.token_urlsafe(24))
        self._terminal.say(f"Registered {email}; uploading {source.name!r} ({source.stat().st_size:,} bytes)")
        uploaded = client.upload(source, lambda share: self._terminal.progress("uploading", share))
        done = self._converted(client, uploaded["id"])
        draft = stack.home.path / "audio.mp3"
        client.download(done["result"]["url"], draft)
        self._check(draft, done)
        shutil.copyfile(draft, mp3)
        self._terminal.say(f"Wrote {str(mp3)!r}: {mp3.stat().st_size:,} bytes, {mp3_duration_s(mp3):.1f} s")
        if stack.mail in stack.servers:
            self._mail(stack, client, email, draft)
        else:
            self._terminal.say(
                "The mail went to the server in NOTIFICATION_SMTP_URL; it cannot be read from here."
            )

    def _converted(self, client: Client, conversion_id: str) -> Json:
        deadline = time.monotonic() + CONVERSION_TIMEOUT_S
        while (conversion := client.conversion(conversion_id))["status"] not in FINAL:
            if time.monotonic() > deadline:
                raise StackError(f"the conversion took longer than {CONVERSION_TIMEOUT_S:g} s")
            self._terminal.progress(conversion["status"], conversion["progress"] or 0.0)
            time.sleep(ASK_EVERY_S)
        if conversion["status"] != "completed":
            error = conversion["error"] or {}
            raise StackError(
                f"the conversion {conversion['status']}: {error.get('message', 'no reason given')}"
            )
        self._terminal.progress("converted", 1.0)
        return conversion

    def _check(self, mp3: Path, conversion: Json) -> None:
        found, announced = mp3_duration_s(mp3), conversion["result"]["duration"]
        if found <= 0 or abs(found - announced) > TOLERANCE_S:
            raise StackError(f"the MP3 lasts {found:.2f} s, not {announced:.2f} s as announced")

    def _mail(self, stack: Stack, client: Client, email: str, mp3: Path) -> None:
        wait_until(lambda: bool(stack.mail.messages(to=email)), MAIL_TIMEOUT_S, "the mail arrives")
        mail = stack.mail.messages(to=email)[0]
        text = _text(mail)
        heading = [f"{name}: {mail[name]}" for name in ("Subject", "From", "To")]
        self._terminal.say("\nA mail has arrived:\n")
        self._terminal.say(indent("\n".join([*heading, "", text]), "  ") + "\n")
        linked = stack.home.path / "linked.mp3"
        client.download(_link(text), linked, signed_in=False)
        if _digest(linked) != _digest(mp3):
            raise StackError("the mail's link gives something else than the MP3")
        self._terminal.say("The link in it gives the same MP3, without signing in.")

    def _clear(self, home: Home) -> None:
        """What an earlier demo left, running or not."""
        end_all(home)
        for entry in home.path.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry)
            elif entry.name != "lock":
                entry.unlink()


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    if body is None:
        raise StackError("the mail has no text part")
    return str(body.get_content()).strip()


def _link(text: str) -> str:
    """Path and query of the audio's link: asked of the gateway here, wherever its public name points."""
    found = re.search(r"https?://\S+/audio\?\S+", text)
    if found is None:
        raise StackError("the mail has no link to the audio")
    parts = urlsplit(found.group())
    return parts._replace(scheme="", netloc="").geturl()


def _digest(file: Path) -> bytes:
    with file.open("rb") as stream:
        return file_digest(stream, "sha256").digest()
