"""The whole system with a certificate at each service: a conversion, its events, audio and mail."""

from collections.abc import AsyncIterator, Iterator

import aiohttp
import httpx
import pytest

from devstack.servers.mail import MailSink
from devstack.servers.mongo import Mongo
from devstack.servers.postgres import Postgres
from devstack.stack import Stack
from tests.support.authority import Authority
from tests.support.client import Person, signed_in
from tests.support.mailbox import Mailbox, link_in
from tests.support.media import Media
from tests.support.sse import event_stream
from tests.support.system import SETTINGS
from tests.support.vhosts import VhostPool
from tests.support.wait import PATIENCE_S

ROLES = ("auth", "converter", "worker", "notification", "gateway")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def stack(
    tmp_path_factory: pytest.TempPathFactory,
    authority: Authority,
    postgres: Postgres,
    mongo: Mongo,
    vhosts: VhostPool,
    mail_sink: MailSink,
) -> Iterator[Stack]:
    issued = authority.issue("127.0.0.1")
    given = {
        **SETTINGS,
        "TLS_CERTIFICATE": str(issued.certificate),
        "TLS_KEY": str(issued.key),
        "TLS_CA": str(authority.certificate),
        "AUTH_DATABASE_URL": postgres.new_database(),
        "CONVERTER_MONGO_URL": mongo.new_database(),
        "AMQP_URL": vhosts.take(),
        "NOTIFICATION_SMTP_URL": mail_sink.url,
    }
    with Stack(tmp_path_factory.mktemp("encrypted"), given) as stack:
        stack.start()
        yield stack


@pytest.fixture
async def person(stack: Stack, authority: Authority) -> AsyncIterator[Person]:
    async with httpx.AsyncClient(base_url=stack.url, verify=authority.trust(), timeout=PATIENCE_S) as http:
        yield await signed_in(http)


async def test_a_video_becomes_audio_and_a_mail(
    stack: Stack, authority: Authority, person: Person, media: Media, mail_sink: MailSink
) -> None:
    assert stack.url.startswith("https://")
    made = (await person.upload(media.video(seconds=1))).json()["id"]
    connector = aiohttp.TCPConnector(ssl=authority.trust())
    async with aiohttp.ClientSession(connector=connector) as http:
        url = f"{stack.url}/v1/conversions/{made}/events"
        async with event_stream(http, url, person.headers) as stream:
            assert (await stream.rest())[-1].name == "completed"
    [mail] = await Mailbox(mail_sink.directory).next_to(person.email)
    assert (await person.http.get(link_in(mail))).content == (await person.audio(made)).content
    assert (await person.get("/v1/webhooks")).status_code == 200


@pytest.mark.parametrize("role", ROLES)
async def test_no_service_answers_plain_http(stack: Stack, role: str) -> None:
    async with httpx.AsyncClient() as http:
        with pytest.raises(httpx.TransportError):
            await http.get(f"http://127.0.0.1:{stack.service(role).port}/readyz")
