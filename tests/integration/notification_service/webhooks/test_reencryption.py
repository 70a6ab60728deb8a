"""Secrets of webhooks are encrypted anew when their key is replaced."""

from collections.abc import AsyncIterator

import pytest

from notification_service.webhooks.mongo_endpoints import MongoEndpoints
from notification_service.webhooks.reencryption import Reencryption
from notification_service.webhooks.secret_cipher import SecretCipher
from notification_service.webhooks.signature import new_secret
from shared.mongo import connect, database_of
from shared.settings import Secret
from tests.support.webhooks import endpoint

OLD, NEW = "former key" * 4, "current key" * 4
BOTH = SecretCipher(Secret(f"{NEW},{OLD}"))


@pytest.fixture
async def endpoints(mongo_url: str) -> AsyncIterator[MongoEndpoints]:
    async with connect(Secret(mongo_url)) as client:
        yield MongoEndpoints(database_of(client))


async def test_every_secret_can_be_read_without_the_former_key_afterwards(endpoints: MongoEndpoints) -> None:
    secrets = [new_secret() for _ in range(205)]
    for number, secret in enumerate(secrets):
        hook = endpoint(f"owner-{number}", secret=SecretCipher(Secret(OLD)).encrypt(secret))
        await endpoints.add(hook, limit=1)
    assert await Reencryption(endpoints, BOTH).reencrypt() == len(secrets)
    stored = await endpoints.page("", 1000)
    assert sorted(SecretCipher(Secret(NEW)).decrypt(each.secret) for each in stored) == sorted(secrets)
    assert await Reencryption(endpoints, BOTH).reencrypt() == 0


async def test_a_secret_that_is_replaced_meanwhile_is_kept(endpoints: MongoEndpoints) -> None:
    hook = endpoint("owner", secret=SecretCipher(Secret(OLD)).encrypt(new_secret()))
    await endpoints.add(hook, limit=1)
    rotated = BOTH.encrypt(new_secret())
    await endpoints.rotate_secret("owner", hook.id, rotated, hook.created_at)
    assert not await endpoints.replace_secret(hook.id, hook.secret, BOTH.encrypt(new_secret()))
    assert [each.secret for each in await endpoints.page("", 10)] == [rotated]


async def test_a_secret_of_an_unknown_key_is_left_as_it_is(endpoints: MongoEndpoints) -> None:
    hook = endpoint("owner", secret=SecretCipher(Secret("lost key" * 4)).encrypt(new_secret()))
    await endpoints.add(hook, limit=1)
    assert await Reencryption(endpoints, BOTH).reencrypt() == 0
    assert [each.secret for each in await endpoints.page("", 10)] == [hook.secret]
