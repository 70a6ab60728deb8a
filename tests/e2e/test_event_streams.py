"""A conversion watched by event stream, cancelled, retried and shared by link."""

import aiohttp

from tests.support.client import Person
from tests.support.mailbox import Mailbox
from tests.support.media import Media
from tests.support.sse import event_stream
from tests.support.system import System
from tests.support.wait import until

LONG_S = 300


async def converting(system: System, person: Person, media: Media) -> str:
    """A conversion whose ffmpeg is frozen."""
    accepted = (await person.upload(media.video(seconds=LONG_S))).raise_for_status()
    await until(system.freeze_ffmpeg, what="ffmpeg at work")
    return str(accepted.json()["id"])


async def test_a_watched_conversion_is_cancelled_retried_and_shared(
    system: System, person: Person, mailbox: Mailbox, media: Media
) -> None:
    identity = await converting(system, person, media)
    path = f"/v1/conversions/{identity}"
    async with aiohttp.ClientSession() as http:
        async with event_stream(http, f"{system.url}{path}/events", person.headers) as stream:
            first = await stream.next()
            assert first is not None
            assert (first.name, first.data["status"]) == ("progress", "converting")
            assert (await person.post(f"{path}/cancel")).json()["status"] == "cancelled"
            *_, last = await stream.rest()
        assert (last.name, last.data) == ("cancelled", await person.conversion(identity))
        await until(lambda: not system.freeze_ffmpeg(), what="ffmpeg has ended")
        await until(lambda: system.stored_files_of(identity) == 1, what="only the video is left")

        assert (await person.post(f"{path}/retry")).status_code == 202
        async with event_stream(http, f"{system.url}{path}/events", person.headers, last.identity) as stream:
            events = await stream.rest()
    assert (events[-1].name, events[-1].data) == ("completed", await person.conversion(identity))
    assert any(event.data["status"] == "converting" and event.data["source"]["duration"] for event in events)
    shares = [event.data["progress"] for event in events]
    assert shares == sorted(shares)
    assert len(await mailbox.next_to(person.email)) == 1

    link = (await person.post(f"{path}/link", expires_in=60)).json()["url"]
    assert (await person.http.get(link)).content == (await person.audio(identity)).content
    await person.request("DELETE", path)
    assert (await person.http.get(link)).status_code == 404


async def test_a_run_whose_conversion_is_deleted_stops_and_leaves_nothing(
    system: System, person: Person, media: Media
) -> None:
    identity = await converting(system, person, media)
    async with aiohttp.ClientSession() as http:
        url = f"{system.url}/v1/conversions/{identity}/events"
        async with event_stream(http, url, person.headers) as stream:
            await stream.next()
            assert (await person.request("DELETE", f"/v1/conversions/{identity}")).status_code == 204
            assert await stream.rest() == []
    await until(lambda: not system.freeze_ffmpeg(), what="ffmpeg has ended")
    await until(lambda: not system.has_conversion(identity), what="the record goes when its run has ended")
