"""Traffic during faults: accounts that upload, sign in, list and download, and honour Retry-After."""

import asyncio
import contextlib
import random
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

import httpx

from tests.faults.crashing_ffmpeg import TITLE
from tests.faults.response_checks import Call, ResponseChecks
from tests.faults.webhook_receiver import Receiver
from tests.support.client import FINAL, Person, signed_in
from tests.support.wait import until

# Client timeout for a whole response; reaching it is a finding.
HANG_S = 30.0
TRY_AGAIN_S = 0.3
# Shorter pauses load the machine with calls that reach no fail point sooner: most wait for a conversion.
HURRIED_S = 0.25
ACCEPTED_WITHIN_S = 120.0
LONGEST_PAUSE_S = 2.0
# Unfinished uploads per account: all must end before the checks.
OPEN_AT_MOST = 4
SILENT_SHARE = 0.15
# A stopping process closes connections that were idle for 1.5 s. A request on such a connection can cross its
# close (RFC 9112 §9.5), which clients have to expect; `tests.faults.rolling_restarts` counts those.
REUSED_WITHIN_S = 1.0


class Kind(Enum):
    """Kind of video, with the error code that its conversion must end with."""

    GOOD = None
    SILENT = "no_audio_track"
    POISON = "unreadable_media"


@dataclass
class Upload:
    """One video, sent with the same idempotency key until it is accepted."""

    person: Person
    kind: Kind
    filename: str
    key: str = field(default_factory=lambda: secrets.token_hex(12))
    id: str | None = None
    last: str = "no answer"
    is_over: bool = False

    @property
    def ends_as(self) -> str:
        return "completed" if self.kind is Kind.GOOD else "failed"


@dataclass
class Traffic:
    """Accounts and their uploads; collects invalid responses and broken connections."""

    urls: Sequence[str]
    good: Path
    silent: Path
    rng: random.Random
    receiver: Receiver
    uploads: list[Upload] = field(default_factory=list)
    wrong_answers: list[str] = field(default_factory=list)
    broken_off: list[str] = field(default_factory=list)
    answers: ResponseChecks = field(default_factory=ResponseChecks)
    _people: list[Person] = field(default_factory=list)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _hurry: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def accepted(self) -> list[Upload]:
        return [upload for upload in self.uploads if upload.id]

    @asynccontextmanager
    async def flowing(
        self, people: int, pause_s: float, *, one_at_a_time: bool = False
    ) -> AsyncIterator[None]:
        """Generates traffic while the block runs; on exit waits until all started uploads are accepted.

        With `one_at_a_time` an account waits for its audio before the next upload.
        """
        self._stopping.clear()
        limits = httpx.Limits(max_keepalive_connections=people, keepalive_expiry=REUSED_WITHIN_S)
        async with httpx.AsyncClient(base_url=self.urls[0], timeout=HANG_S, limits=limits) as http:
            while len(self._people) < people:
                self._people.append(await self._with_a_webhook(http))
            for person in self._people:
                person.http = http
            async with asyncio.TaskGroup() as tasks:
                for person in self._people:
                    busy = self._patient(person) if one_at_a_time else self._busy(person, pause_s)
                    tasks.create_task(busy)
                try:
                    yield
                finally:
                    self._stopping.set()

    async def _with_a_webhook(self, http: httpx.AsyncClient) -> Person:
        person = await signed_in(http)
        (await person.post("/v1/webhooks", url=self.receiver.url)).raise_for_status()
        return person

    async def _busy(self, person: Person, pause_s: float) -> None:
        """Performs random actions, half of them uploads."""
        while not self._stopping.is_set():
            await self._random_action(person)
            await self._pause(pause_s * self.rng.uniform(0.5, 1.5))

    async def _pause(self, pause_s: float) -> None:
        """Ends early when the traffic stops or has to hurry."""
        was_hurried = self._hurry.is_set()

        def is_over() -> bool:
            return self._stopping.is_set() or (self._hurry.is_set() and not was_hurried)

        with contextlib.suppress(AssertionError):
            await until(is_over, timeout_s=HURRIED_S if was_hurried else pause_s)

    @contextlib.contextmanager
    def hurried(self) -> Iterator[None]:
        """Accounts hardly pause between actions for the duration of the block."""
        self._hurry.set()
        try:
            yield
        finally:
            self._hurry.clear()

    async def _random_action(self, person: Person) -> None:
        match self.rng.randrange(4):
            case 0:
                await self._list_and_view(person)
            case 1:
                await self._sign_in(person)
            case _:
                open_ones = [each for each in self.uploads if each.person is person and not each.is_over]
                if len(open_ones) < OPEN_AT_MOST:
                    await self._upload(person)
                elif open_ones[0].id:
                    await self._view(open_ones[0])

    async def _patient(self, person: Person) -> None:
        while not self._stopping.is_set():
            upload = await self._upload(person)
            done = await person.finished(str(upload.id), timeout_s=120)
            if done["status"] == "completed":
                await self._request(person, Call.DOWNLOAD, "GET", f"/v1/conversions/{upload.id}/audio")

    async def one(self, kind: Kind) -> Upload:
        """Uploads one video of the given kind from a random account."""
        return await self._upload(self.rng.choice(self._people), kind)

    async def _upload(self, person: Person, kind: Kind | None = None) -> Upload:
        if kind is None:
            kind = Kind.SILENT if self.rng.random() < SILENT_SHARE else Kind.GOOD
        name = f"clip-{len(self.uploads):05d}-{secrets.token_hex(3)}.mp4"
        upload = Upload(person, kind, f"{TITLE}-{name}" if kind is Kind.POISON else name)
        self.uploads.append(upload)
        with contextlib.suppress(AssertionError):  # then it is found not to have been accepted
            await until(lambda: self._sent(upload), timeout_s=ACCEPTED_WITHIN_S)
        return upload

    async def _sent(self, upload: Upload) -> bool:
        # Each has another title, so that no result is taken from the cache.
        query = {"filename": upload.filename, "title": upload.filename}
        headers = {"Content-Type": "video/mp4", "Idempotency-Key": f'"{upload.key}"'}
        body = (self.silent if upload.kind is Kind.SILENT else self.good).read_bytes()
        answer = await self._request(
            upload.person, Call.UPLOAD, "POST", "/v1/conversions", params=query, headers=headers, content=body
        )
        if answer is None:
            return False
        upload.last = f"{answer.status_code} {answer.text[:300]}"
        if answer.status_code != httpx.codes.ACCEPTED:
            return False
        upload.id = str(answer.json()["id"])
        return True

    async def _list_and_view(self, person: Person) -> None:
        await self._request(person, Call.LIST, "GET", "/v1/conversions?limit=5")
        await self._request(person, Call.WEBHOOKS, "GET", "/v1/webhooks")
        own = [upload for upload in self.accepted if upload.person is person]
        if own:
            await self._view(self.rng.choice(own))

    async def _view(self, upload: Upload) -> None:
        """Gets the conversion and, if completed, downloads its audio."""
        person, path = upload.person, f"/v1/conversions/{upload.id}"
        answer = await self._request(person, Call.LOOK, "GET", path)
        if answer is None or not answer.is_success:
            return
        status = answer.json()["status"]
        upload.is_over = status in FINAL
        if status == "completed":
            await self._request(person, Call.DOWNLOAD, "GET", f"{path}/audio")

    async def _sign_in(self, person: Person) -> None:
        """Signs in and out again, so that the number of sessions stays below the limit."""
        again = Person(person.http, person.email)
        secret = {"email": person.email, "password": person.password}
        answer = await self._request(again, Call.LOGIN, "POST", "/v1/auth/login", json=secret)
        if answer is not None and answer.is_success:
            again.tokens = answer.json()
            await self._request(again, Call.LOGOUT, "POST", "/v1/auth/logout")

    async def _request(
        self,
        person: Person,
        call: Call,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        json: Mapping[str, str] | None = None,
    ) -> httpx.Response | None:
        """Sends a request; returns None if the connection broke, because a process may have been killed."""
        url = self.rng.choice(self.urls)
        sent = person.http.build_request(
            method,
            f"{url}{path}",
            headers={**person.headers, **(headers or {})},
            params=params,
            content=content,
            json=json,
        )
        try:
            async with asyncio.timeout(HANG_S):
                answer = await person.http.send(sent)
        except (TimeoutError, httpx.TimeoutException):
            self.wrong_answers.append(f"{call.label}: no answer within {HANG_S:g} s")
            return None
        except httpx.ConnectError:
            await asyncio.sleep(TRY_AGAIN_S)
            return None
        except httpx.TransportError as broken:
            self.broken_off.append(f"{call.label}: {broken!r}")
            await asyncio.sleep(TRY_AGAIN_S)
            return None
        self.wrong_answers += self.answers.complaints(call, answer)
        if answer.is_error:
            await self._honour_retry_after(answer)
        return answer

    async def _honour_retry_after(self, answer: httpx.Response) -> None:
        """Waits for the duration in Retry-After, at most LONGEST_PAUSE_S."""
        after = answer.headers.get("retry-after", "")
        await asyncio.sleep(min(float(after) if after.isdecimal() else TRY_AGAIN_S, LONGEST_PAUSE_S))
