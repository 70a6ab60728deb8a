"""Upload to MP3 and mail for one account; others have no access."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.client import Person, signed_in
from tests.support.mailbox import Mailbox, html_of, link_in, text_of
from tests.support.media import Media
from tests.support.mp3 import facts_of


async def test_an_uploaded_form_becomes_an_mp3_and_a_mail(
    person: Person, mailbox: Mailbox, media: Media, tmp_path: Path
) -> None:
    video = media.video(seconds=4)
    answer = await person.upload(video, "My Talk.mp4")
    assert answer.status_code == 202
    conversion = answer.json()
    assert answer.headers["location"] == f"/v1/conversions/{conversion['id']}"
    assert conversion["status"] in {"queued", "converting"}

    done = await person.finished(conversion["id"])
    assert done["status"] == "completed"
    assert done["progress"] == 1.0
    assert done["source"]["filename"] == "My Talk.mp4"
    assert done["source"]["size"] == video.stat().st_size

    audio = await person.audio(done["id"])
    assert audio.headers["content-type"] == "audio/mpeg"
    assert re.search(r"My(%20| )Talk\.mp3", audio.headers["content-disposition"])
    await _check_mp3(audio.content, done, tmp_path)

    [mail] = await mailbox.next_to(person.email)
    assert "My Talk.mp4" in text_of(mail)
    assert link_in(mail) in html_of(mail).replace("&amp;", "&")


async def test_raw_bytes_become_an_mp3_and_a_mail(
    person: Person, mailbox: Mailbox, media: Media, tmp_path: Path
) -> None:
    video = media.video(seconds=3, faststart=False)
    answer = await person.upload_raw(video.read_bytes(), "notes.mp4", bitrate="128k")
    assert answer.status_code == 202

    done = await person.finished(answer.json()["id"])
    assert done["status"] == "completed", done
    assert done["options"]["bitrate"] == "128k"
    await _check_mp3((await person.audio(done["id"])).content, done, tmp_path, bitrate_bps=128_000)
    [mail] = await mailbox.next_to(person.email)
    assert "notes.mp4" in text_of(mail)


async def test_the_mailed_link_gives_the_audio_without_a_token(
    person: Person, mailbox: Mailbox, media: Media, http: httpx.AsyncClient
) -> None:
    done = await _completed(person, media)
    [mail] = await mailbox.next_to(person.email)
    by_link = await http.get(link_in(mail))
    assert by_link.status_code == 200
    assert by_link.content == (await person.audio(done["id"])).content


@pytest.mark.parametrize(
    "change", [("signature=", "signature=A"), ("expires=", "expires=9"), ("/audio", "/audio/x")]
)
async def test_a_modified_link_is_refused(
    person: Person, mailbox: Mailbox, media: Media, http: httpx.AsyncClient, change: tuple[str, str]
) -> None:
    await _completed(person, media)
    [mail] = await mailbox.next_to(person.email)
    assert (await http.get(link_in(mail).replace(*change))).status_code in {401, 404}


async def test_a_video_without_sound_fails_with_a_mail(
    person: Person, mailbox: Mailbox, media: Media
) -> None:
    answer = await person.upload(media.silent_video(seconds=2), "mute.mp4")
    failed = await person.finished(answer.json()["id"])
    assert failed["status"] == "failed"
    assert failed["error"]["code"] == "no_audio_track"
    assert failed["result"] is None

    [mail] = await mailbox.next_to(person.email)
    assert "mute.mp4" in text_of(mail)
    assert "no audio" in text_of(mail).lower() or "no sound" in text_of(mail).lower()
    assert (await person.audio(failed["id"])).status_code == 409


async def test_progress_only_ever_grows(person: Person, media: Media) -> None:
    answer = await person.upload(media.video(seconds=90))
    seen: list[float] = []
    while (now := await person.conversion(answer.json()["id"]))["status"] not in {"completed", "failed"}:
        seen.append(now["progress"])
    assert now["status"] == "completed"
    assert seen == sorted(seen)
    assert all(0 <= value <= 1 for value in seen)


@pytest.mark.parametrize(
    ("method", "suffix"),
    [("GET", ""), ("DELETE", ""), ("GET", "/audio"), ("HEAD", "/audio")],
)
async def test_conversions_of_other_accounts_are_not_found(
    person: Person, http: httpx.AsyncClient, media: Media, method: str, suffix: str
) -> None:
    done = await _completed(person, media)
    stranger = await signed_in(http)
    answer = await stranger.request(method, f"/v1/conversions/{done['id']}{suffix}")
    unknown = await stranger.request(method, f"/v1/conversions/01890000000070008000000000000000{suffix}")
    assert answer.status_code == unknown.status_code == 404
    assert (await stranger.get("/v1/conversions")).json()["items"] == []
    assert (await person.conversion(done["id"]))["status"] == "completed"


async def test_audio_can_be_downloaded_in_ranges(person: Person, media: Media) -> None:
    done = await _completed(person, media)
    whole = await person.audio(done["id"])
    part = await person.audio(done["id"], Range="bytes=10-19")
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(whole.content)}"
    assert (await person.audio(done["id"], Range="bytes=-5")).content == whole.content[-5:]
    assert (await person.audio(done["id"], Range=f"bytes={len(whole.content)}-")).status_code == 416
    unchanged = await person.audio(done["id"], **{"If-None-Match": whole.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")


async def test_a_deleted_conversion_leaves_nothing(
    person: Person, mailbox: Mailbox, media: Media, http: httpx.AsyncClient
) -> None:
    done = await _completed(person, media)
    [mail] = await mailbox.next_to(person.email)
    assert (await person.request("DELETE", f"/v1/conversions/{done['id']}")).status_code == 204
    assert (await person.get(f"/v1/conversions/{done['id']}")).status_code == 404
    assert (await person.audio(done["id"])).status_code in {404, 410}
    assert (await http.get(link_in(mail))).status_code in {404, 410}


async def test_the_newest_conversion_is_listed_first(person: Person, media: Media) -> None:
    video = media.video(seconds=1)
    identities = [(await person.upload(video)).json()["id"] for _ in range(3)]
    first = (await person.get("/v1/conversions", params={"limit": 2})).json()
    rest = (await person.get("/v1/conversions", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == identities[::-1]
    assert rest["next_cursor"] is None


async def test_one_correlation_id_is_logged_from_gateway_to_mail(
    person: Person, mailbox: Mailbox, media: Media
) -> None:
    answer = await person.request(
        "POST",
        "/v1/conversions",
        params={"filename": "traced.mp4"},
        content=media.video(seconds=1).read_bytes(),
        headers={"Content-Type": "video/mp4", "X-Request-ID": "trace-me-7"},
    )
    assert answer.headers["x-request-id"] == "trace-me-7"
    [mail] = await mailbox.next_to(person.email)
    assert mail["X-Request-ID"] == "trace-me-7"


async def _completed(person: Person, media: Media) -> dict[str, Any]:
    answer = await person.upload(media.video(seconds=1))
    done = await person.finished(answer.json()["id"])
    assert done["status"] == "completed", done
    return done


async def _check_mp3(content: bytes, done: dict[str, Any], folder: Path, bitrate_bps: int = 192_000) -> None:
    path = folder / "result.mp3"
    path.write_bytes(content)
    facts = facts_of(path)
    assert facts.codec == "mp3"
    assert facts.bitrate_bps == pytest.approx(bitrate_bps, rel=0.02)
    source, result = done["source"], done["result"]
    assert isinstance(source, dict)
    assert isinstance(result, dict)
    assert facts.duration_s == pytest.approx(source["duration"], abs=0.1)
    assert result["size"] == len(content)
