"""Attacks on the running system, mostly with default limits, each beside an ordinary use that goes on.

Further attacks are in the modules about credentials, ports, unwanted mail and providers; docs/decisions/0054
lists where each one is.
"""

import asyncio
import secrets
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest

from devstack.errors import StackError
from tests.support.client import PASSWORD, Person, from_address, signed_in, visiting
from tests.support.mailbox import link_in
from tests.support.media import Media
from tests.support.older_kernel import LACKS
from tests.support.system import System
from tests.support.wait import until

HOOK = "https://hooks.example.com/x"


@pytest.fixture
async def http(small_system: System) -> AsyncIterator[httpx.AsyncClient]:
    async with visiting(small_system.url) as client:
        client.headers.update(from_address())
        yield client


@pytest.fixture
async def mallory(http: httpx.AsyncClient) -> Person:
    """The attacker, who has an account whose address is not verified."""
    return await signed_in(http)


@contextmanager
def held_sockets(system: System, count: int, request: str) -> Iterator[list[socket.socket]]:
    """Connections that send the beginning of a request and nothing more."""
    with ExitStack() as stack:
        opened = [stack.enter_context(socket.create_connection(system.address, 5)) for _ in range(count)]
        for each in opened:
            each.sendall(request.encode())
        yield opened


async def test_1_bodies_that_never_arrive_keep_nobody_from_calling(
    mallory: Person, small_system: System, http: httpx.AsyncClient
) -> None:
    announced = (
        "POST /v1/auth/refresh HTTP/1.1\r\nHost: x\r\n"
        "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n"
    )
    with held_sockets(small_system, 270, announced):
        for _ in range(3):
            assert (await mallory.get("/v1/auth/me")).status_code == 200
            assert (await mallory.refresh()).status_code == 200


async def test_2_the_attacker_s_account_does_not_become_the_administrator(
    mallory: Person, small_system: System
) -> None:
    def promote(email: str) -> None:
        small_system.command("auth", "create-admin", email, AUTH_ADMIN_PASSWORD="an operator's password 7")

    with pytest.raises(subprocess.CalledProcessError) as refused:
        await asyncio.to_thread(promote, mallory.email)
    assert "not verified" in refused.value.stderr + refused.value.stdout
    assert (await mallory.sign_in()).status_code == 200
    assert (await mallory.get("/v1/auth/me")).json()["roles"] == ["user"]
    free = Person(mallory.http, password="an operator's password 7")
    await asyncio.to_thread(promote, free.email)
    assert (await free.sign_in()).status_code == 200
    assert "admin" in (await free.get("/v1/auth/me")).json()["roles"]


async def test_3_confirming_an_address_does_not_hand_the_account_to_who_registered_it(
    mallory: Person, small_system: System
) -> None:
    await mallory.post("/v1/auth/email/resend")
    mail = await small_system.mailbox.next_about_account(mallory.email, "Confirm your address")
    confirm = {"token": link_in(mail).partition("token=")[2]}
    victim = await mallory.http.post("/v1/auth/email/verify", json=confirm)
    assert (victim.status_code, victim.json()["code"]) == (401, "unauthenticated")
    assert (await mallory.get("/v1/auth/me")).json()["email_verified"] is False
    owner = await mallory.http.post("/v1/auth/email/verify", json={**confirm, "password": PASSWORD})
    assert owner.status_code == 204, "the account's password proves that the reader made it"


async def test_4_the_same_failure_is_mailed_once_however_often_it_is_repeated(
    mallory: Person, small_system: System, media: Media
) -> None:
    failing = (await mallory.upload_raw(b"\x00\x00\x00\x18ftypmp42" + bytes(1000), "win a prize.mp4")).json()[
        "id"
    ]
    await mallory.finished(failing)
    for _ in range(5):
        assert (await mallory.post(f"/v1/conversions/{failing}/retry")).status_code == 202
        await mallory.finished(failing)
    done = (await mallory.upload(media.video(seconds=1))).json()["id"]
    assert (await mallory.finished(done))["status"] == "completed"
    mails = await small_system.mailbox.next_to(mallory.email, count=2)
    assert len(mails) == 2, "one of the failure, one of the result"
    assert not [mail for mail in mails if "prize" in str(mail["Subject"])]


async def test_5_slow_uploads_keep_nobody_from_uploading_and_downloading(
    mallory: Person, small_system: System, http: httpx.AsyncClient, media: Media
) -> None:
    done = (await mallory.upload(media.video(seconds=1))).json()["id"]
    await mallory.finished(done)
    link = (await mallory.post(f"/v1/conversions/{done}/link")).json()["url"]
    slow = (
        "POST /v1/conversions?filename=a.mp4 HTTP/1.1\r\nHost: x\r\nContent-Type: video/mp4\r\n"
        f"Authorization: {mallory.headers['Authorization']}\r\nX-Forwarded-For: %s\r\n"
        "Content-Length: 900000\r\n\r\nhello"
    )
    with ExitStack() as stack:
        for number in range(4):
            request = slow % f"203.0.113.{number}"
            stack.enter_context(held_sockets(small_system, 70, request))
        bystander = await signed_in(http)
        assert (await bystander.http.get(link)).status_code == 200
        assert (await mallory.audio(done)).status_code == 200

        async def is_accepted() -> bool:
            return (await bystander.upload(media.video(seconds=1))).status_code == 202

        await until(is_accepted, what="an upload among the slow ones")
    await until(lambda: not small_system.has_an_upload(), what="the end of the slow ones")


def silence(media: Media, hours: int) -> bytes:
    """A FLAC of some 100 kB whose WAV has 57 MB an hour."""
    made = ["-f", "lavfi", "-i", f"anullsrc=r=8000:cl=mono:d={hours * 3600}", "-c:a", "flac"]
    return media.made(made, "flac").read_bytes()


async def test_6_a_small_file_does_not_become_audio_above_the_quota(mallory: Person, media: Media) -> None:
    file = silence(media, hours=1)
    for _ in range(2):
        answer = await mallory.upload_raw(file, "tiny.flac", format="wav")
        ended = await mallory.finished(answer.json()["id"])
        assert (ended["status"], ended["error"]["code"]) == ("failed", "too_long")
        assert "storage quota" in ended["error"]["message"]
    small = await mallory.upload_raw(file, "tiny.flac", format="opus", bitrate="64k", end="60")
    assert (await mallory.finished(small.json()["id"]))["status"] == "completed"


async def test_11_test_messages_are_refused_after_a_few_for_the_account_and_the_host(
    mallory: Person, http: httpx.AsyncClient
) -> None:
    async def statuses(person: Person, host: str, count: int) -> list[int]:
        url = f"https://{host}/x"
        made = (await person.post("/v1/webhooks", url=url)).raise_for_status().json()
        return [(await person.post(f"/v1/webhooks/{made['id']}/test")).status_code for _ in range(count)]

    host = f"{secrets.token_hex(4)}.example.com"
    assert await statuses(mallory, host, 20) == [202] * 5 + [429] * 15
    answers = []
    for _ in range(2):
        answers += await statuses(await signed_in(http), host, 5)
    assert answers == [202] * 5 + [429] * 5, "ten a minute to one host"


@pytest.mark.parametrize("weak", ["P@ssw0rd!", "Welcome2024!", "qwerty2024", "{local}1"])
async def test_12_guessable_passwords_are_refused(http: httpx.AsyncClient, weak: str) -> None:
    person = Person(http)
    person.password = weak.format(local=person.email.partition("@")[0])
    refused = await person.register()
    assert (refused.status_code, refused.json()["code"]) == (422, "weak_password")
    person.password = PASSWORD
    assert (await person.register()).status_code == 201


async def test_15_contradicting_proxy_fields_do_not_change_the_address_that_counts(
    mallory: Person, http: httpx.AsyncClient
) -> None:
    address = from_address()["X-Forwarded-For"]

    async def login(forged: str) -> int:
        headers = {"Forwarded": f"for={forged}", "X-Forwarded-For": f"{forged}, {address}"}
        body = {"email": mallory.email, "password": "a guess"}
        return (await http.post("/v1/auth/login", json=body, headers=headers)).status_code

    answers = [await login(f"192.0.2.{number}") for number in range(12)]
    assert answers[:10] == [401] * 10
    assert answers[10:] == [429] * 2
    assert (await mallory.sign_in()).status_code in {200, 429}, (
        "another address; the account's own wait may hold"
    )


@pytest.mark.parametrize("host", ["mongodb", "localhost", "rabbitmq.internal", "127.0.0.1", "127.1", "[::1]"])
async def test_16_webhooks_to_internal_names_are_refused_alike(mallory: Person, host: str) -> None:
    refused = await mallory.post("/v1/webhooks", url=f"https://{host}/x")
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_request")
    assert (await mallory.post("/v1/webhooks", url=HOOK)).status_code == 201


async def test_18_a_worker_does_not_start_without_seccomp_where_it_is_required(small_system: System) -> None:
    worker = small_system.stack.service("worker-2").launched_by("tests.support.older_kernel")
    worker.configure({LACKS: "seccomp", "CONVERTER_SANDBOX_REQUIRES": "seccomp"})
    with pytest.raises(StackError, match="does not offer seccomp"):
        await asyncio.to_thread(worker.start)
    worker.configure({LACKS: "landlock", "CONVERTER_SANDBOX_REQUIRES": "seccomp"})
    try:
        await asyncio.to_thread(worker.start)
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"{worker.url}/readyz")
        assert (answer.status_code, answer.json()["checks"]["sandbox"]) == (200, "down")
        assert "landlock" in worker.process.log_tail(1000)
    finally:
        await asyncio.to_thread(worker.stop)


async def test_19_a_conversion_that_would_use_the_processors_for_long_is_not_begun(
    mallory: Person, media: Media
) -> None:
    file = silence(media, hours=1)
    normalised = {"loudness": "-16", "format": "opus", "bitrate": "64k"}
    long = await mallory.upload_raw(file, "long.flac", **normalised, end="2000")
    ended = await mallory.finished(long.json()["id"])
    assert (ended["status"], ended["error"]["code"]) == ("failed", "too_long")
    assert "processor seconds" in ended["error"]["message"]
    short = await mallory.upload_raw(file, "long.flac", **normalised, end="60")
    assert (await mallory.finished(short.json()["id"]))["status"] == "completed"
