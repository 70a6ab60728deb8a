"""Push messages of the page: from the bell to a message that the browser decrypts and shows."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from playwright.async_api import Page

from tests.support.browser import executable
from tests.support.client import Person, signed_in
from tests.support.media import Media
from tests.support.page import sign_in, sign_out
from tests.support.push_service import BrowserOfTheTest, PushService, push_service, verified_claims
from tests.support.wait import until

pytestmark = pytest.mark.skipif(executable() is None, reason="no browser on this machine")

# Stands for the browser's push service, which is another company's.
SUBSCRIBED = """
  const made = { toJSON: () => (%s), options: {}, unsubscribe: async () => true };
  PushManager.prototype.subscribe = async (options) => { window.asked = options; return made; };
  PushManager.prototype.getSubscription = async () => (window.asked ? made : null);
"""


@pytest.fixture
async def there() -> AsyncIterator[PushService]:
    async with push_service() as service:
        yield service


@pytest.fixture
async def person(http: httpx.AsyncClient) -> Person:
    return await signed_in(http)


async def test_a_browser_that_has_asked_gets_a_message_when_a_video_is_ready(
    page: Page, person: Person, there: PushService, media: Media
) -> None:
    browser = BrowserOfTheTest(f"{there.url}/phone")
    await page.context.grant_permissions(["notifications"])
    await page.add_init_script(SUBSCRIBED % json.dumps(browser.subscription))
    first = await person.upload(media.silent_video(), "silent.mp4")
    await person.finished(first.json()["id"])
    await sign_in(page, person.email)
    await page.get_by_role("button", name="Notify me when a file is ready").click()

    async def is_subscribed() -> bool:
        listed = (await person.get("/v1/push-subscriptions")).json()["items"]
        return [each["host"] for each in listed] == ["127.0.0.1"]

    await until(is_subscribed, what="the server knows the browser")
    asked: dict[str, Any] = await page.evaluate("window.asked")
    assert asked["applicationServerKey"] == (await person.get("/v1/push-subscriptions/key")).json()["key"]

    accepted = await person.upload(media.video(seconds=1), "for-the-phone.mp4")
    await person.finished(accepted.json()["id"])
    await until(lambda: there.got, what="the message")
    [message] = there.got
    assert browser.decrypt(message.body) == {
        "type": "conversion.completed",
        "conversion_id": accepted.json()["id"],
        "filename": "for-the-phone.mp4",
        "code": None,
    }
    assert verified_claims(message.headers["Authorization"])["aud"] == there.url

    await sign_out(page)
    await until(lambda: nothing_left(person), what="the subscription ends with its session")


async def nothing_left(person: Person) -> bool:
    listed = await person.get("/v1/push-subscriptions")
    return listed.status_code == httpx.codes.OK and not listed.json()["items"]


SHOWN = """async () => {
  const registration = await navigator.serviceWorker.getRegistration();
  return (await registration.getNotifications()).map(({ title, body }) => [title, body]);
}"""


async def test_the_service_worker_shows_a_message_to_a_person_who_does_not_see_the_page(
    page: Page, person: Person, media: Media
) -> None:
    context, message = page.context, {"type": "conversion.failed", "filename": "a.mp4"}
    await context.grant_permissions(["notifications"])
    subscription = json.dumps(BrowserOfTheTest("https://push.example.com/1").subscription)
    await page.add_init_script(SUBSCRIBED % subscription)
    observer = await context.new_page()
    devtools = await context.new_cdp_session(observer)
    registrations: list[str] = []
    devtools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda update: registrations.extend(each["registrationId"] for each in update["registrations"]),
    )
    await devtools.send("ServiceWorker.enable")
    await person.finished((await person.upload(media.silent_video(), "silent.mp4")).json()["id"])
    await page.bring_to_front()
    await sign_in(page, person.email)
    await page.get_by_role("button", name="Notify me when a file is ready").click()
    await until(lambda: registrations, what="the service worker")
    await page.evaluate("navigator.serviceWorker.ready")
    origin = await page.evaluate("location.origin")

    async def deliver(conversion_id: str) -> None:
        pushed = {
            "origin": origin,
            "registrationId": registrations[-1],
            "data": json.dumps({**message, "conversion_id": conversion_id}),
        }
        await devtools.send("ServiceWorker.deliverPushMessage", pushed)

    await deliver("in view")
    await page.close()
    await deliver("out of view")
    await observer.goto(origin)
    # The first one came before: had it been shown, there would be two.
    await until(
        lambda: shown(observer, [["A video could not be converted", "a.mp4"]]), what="one notification"
    )


async def shown(page: Page, expected: list[list[str]]) -> bool:
    found: list[list[str]] = await page.evaluate(SHOWN)
    return found == expected


async def test_the_service_worker_is_a_file_of_this_server_that_loads_nothing(
    http: httpx.AsyncClient,
) -> None:
    answer = await http.get("/service-worker.js")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "importScripts" not in answer.text
    assert "fetch(" not in answer.text
