"""Invalid input is rejected immediately where possible; otherwise the conversion fails with a reason."""

import io
import socket
import zipfile
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.e2e.conftest import SMALL_UPLOAD_BYTES
from tests.support.client import Person, signed_in
from tests.support.mailbox import Mailbox, text_of
from tests.support.media import Media
from tests.support.system import System
from tests.support.wait import PATIENCE_S, until

PNG = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de")


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer x.y.z", "Basic dTpw", "Bearer a b", "x"])
async def test_a_missing_or_malformed_token_is_refused(http: httpx.AsyncClient, authorization: str) -> None:
    answer = await http.get(
        "/v1/conversions", headers={"Authorization": authorization} if authorization else {}
    )
    _is_unauthenticated(answer)


async def test_a_token_is_refused_right_after_signing_out(http: httpx.AsyncClient) -> None:
    for _ in range(10):
        person = await signed_in(http)
        assert (await person.get("/v1/conversions")).status_code == 200
        assert (await person.sign_out()).status_code == 204
        assert (await person.get("/v1/conversions")).status_code == 401


async def test_a_token_is_refused_right_after_its_refresh_token_was_reused(
    http: httpx.AsyncClient,
) -> None:
    for _ in range(10):
        person = await signed_in(http)
        spent = dict(person.tokens)
        assert (await person.refresh()).status_code == 200
        assert (await person.refresh()).status_code == 200  # ends the grace period for two tabs
        assert (await person.get("/v1/conversions")).status_code == 200
        current, person.tokens = person.tokens, spent
        answer = await person.refresh()
        assert answer.status_code == 401
        assert "x-revoked-session" not in answer.headers
        person.tokens = current
        assert (await person.get("/v1/conversions")).status_code == 401


async def test_a_revoked_token_is_refused(person: Person) -> None:
    assert (await person.get("/v1/conversions")).status_code == 200
    assert (await person.sign_out()).status_code == 204

    async def refused() -> bool:
        return (await person.get("/v1/conversions")).status_code == 401

    await until(refused, what="the signed-out token to be refused")
    _is_unauthenticated(await person.get("/v1/auth/me"))
    assert (await person.refresh()).status_code == 401


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("talk.mp4", b"no video")
    return buffer.getvalue()


@pytest.mark.parametrize(
    "body",
    [
        b"Dear diary, this is not a video.\n" * 100,
        _zip(),
        PNG + bytes(2000),
        b"\xff\xd8\xff\xe0" + bytes(2000),
    ],
    ids=["text", "zip", "png", "jpeg"],
)
async def test_other_files_are_refused_or_fail_with_a_mail(
    person: Person, mailbox: Mailbox, body: bytes
) -> None:
    answer = await person.upload_raw(body, "innocent.mp4")
    if answer.status_code == 202:
        await _fails_with_a_mail(person, mailbox, answer, {"unreadable_media", "unsupported_media"})
    else:
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
        assert (await person.get("/v1/conversions")).json()["items"] == []


async def test_zero_bytes_are_refused_at_once(person: Person) -> None:
    answer = await person.upload_raw(b"", "empty.mp4")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    form = await person.request("POST", "/v1/conversions", files={"file": ("empty.mp4", b"", "video/mp4")})
    assert (form.status_code, form.json()["code"]) == (400, "invalid_request")


async def test_a_form_without_a_file_is_refused(person: Person) -> None:
    answer = await person.request("POST", "/v1/conversions", files={"other": ("a.mp4", b"abc", "video/mp4")})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


async def test_another_media_type_is_refused(person: Person) -> None:
    answer = await person.request(
        "POST", "/v1/conversions", content=b"{}", headers={"Content-Type": "text/html"}
    )
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
async def test_a_truncated_video_fails_with_a_mail(
    person: Person, mailbox: Mailbox, media: Media, kept: float
) -> None:
    whole = media.video(seconds=20).read_bytes()
    answer = await person.upload_raw(whole[: int(len(whole) * kept)], "cut.mp4")
    await _fails_with_a_mail(person, mailbox, answer, {"unreadable_media"})


async def test_a_bad_file_is_tried_once(person: Person, mailbox: Mailbox, system: System) -> None:
    answer = await person.upload_raw(b"text, not video\n" * 200, "poison.mp4")
    await _fails_with_a_mail(person, mailbox, answer, {"unreadable_media", "unsupported_media"})
    assert system.document_of(answer.json()["id"])["attempts"] == 1


@pytest.fixture
def before(small_system: System) -> set[str]:
    """What other tests have stored."""
    return small_system.stored()


async def test_an_announced_size_over_the_limit_is_refused(
    small_system: System, small_person: Person, before: set[str]
) -> None:
    answer = await small_person.upload_raw(bytes(SMALL_UPLOAD_BYTES + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    await _nothing_stays_behind(small_system, before)


async def test_an_unannounced_size_over_the_limit_is_refused(
    small_system: System, small_person: Person, before: set[str]
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(SMALL_UPLOAD_BYTES // 65536 + 20):
            yield bytes(65536)

    answer = await small_person.upload_raw(endless())
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    await _nothing_stays_behind(small_system, before)


@pytest.mark.parametrize("announced", [True, False])
async def test_a_client_that_disconnects_midway_leaves_nothing(
    small_system: System, small_person: Person, before: set[str], announced: bool
) -> None:
    with socket.create_connection(small_system.address, timeout=PATIENCE_S) as connection:
        framing = "Content-Length: 900000" if announced else "Transfer-Encoding: chunked"
        head = (
            "POST /v1/conversions?filename=gone.mp4 HTTP/1.1\r\n"
            "Host: tonegate\r\nContent-Type: video/mp4\r\n"
            f"Authorization: {small_person.headers['Authorization']}\r\n{framing}\r\n\r\n"
        )
        piece = bytes(300_000)
        connection.sendall(head.encode() + (piece if announced else b"%x\r\n%s\r\n" % (len(piece), piece)))
        await until(small_system.has_an_upload, what="the upload to begin")
    await _nothing_stays_behind(small_system, before)
    assert (await small_person.get("/v1/conversions")).json()["items"] == []


@pytest.mark.parametrize(
    "filename",
    [
        "../../etc/passwd.mp4",
        'quote" and more.mp4',
        "C:\\videos\\talk.mp4",
        "new\r\nline: forged.mp4",
        "nul\x00byte.mp4",
        "-rf.mp4",
        "a" * 996 + ".mp4",
        "café 🎬 日本.mp4",
        "..",
        "%2e%2e%2f.mp4",
    ],
)
async def test_an_unusual_file_name_is_returned_safely(
    person: Person, media: Media, mailbox: Mailbox, filename: str
) -> None:
    answer = await person.upload_raw(media.video(seconds=1).read_bytes(), filename)
    assert answer.status_code == 202
    done = await person.finished(answer.json()["id"])
    assert done["status"] == "completed"
    kept = done["source"]["filename"]
    assert not any(ord(letter) < 32 for letter in kept)
    if "🎬" in filename or filename.startswith(("-", "quote")):
        assert kept == filename
    disposition = (await person.audio(done["id"])).headers["content-disposition"]
    assert disposition.isascii()
    assert disposition.startswith("attachment")
    [mail] = await mailbox.next_to(person.email)
    assert mail["forged"] is None
    assert len(mail.get_all("Subject", [])) == 1


@pytest.mark.parametrize("kind", ["playlist", "concat", "url"])
async def test_a_script_called_mp4_reads_nothing_and_fetches_nothing(
    person: Person, media: Media, kind: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        bait = media.audio(seconds=5)
        scripts = {
            "playlist": f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:5,\nfile://{bait}\n#EXT-X-ENDLIST\n",
            "concat": f"ffconcat version 1.0\nfile '{bait}'\n",
            "url": f"#EXTM3U\n#EXTINF:5,\nhttp://127.0.0.1:{listener.getsockname()[1]}/x.ts\n#EXT-X-ENDLIST\n",
        }
        answer = await person.upload_raw(scripts[kind].encode(), "evil.mp4")
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
        assert (await person.get("/v1/conversions")).json()["items"] == []
        with pytest.raises(TimeoutError):
            listener.accept()


def _is_unauthenticated(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"] == "application/problem+json"


async def _fails_with_a_mail(
    person: Person, mailbox: Mailbox, answer: httpx.Response, codes: set[str]
) -> None:
    assert answer.status_code == 202, answer.text
    failed = await person.finished(answer.json()["id"])
    assert failed["status"] == "failed"
    assert failed["error"]["code"] in codes
    [mail] = await mailbox.next_to(person.email)
    assert failed["source"]["filename"] in text_of(mail)
    assert "Traceback" not in text_of(mail)


async def _nothing_stays_behind(system: System, before: set[str]) -> None:
    await until(lambda: system.stored() <= before, what="every chunk and document to be gone")
