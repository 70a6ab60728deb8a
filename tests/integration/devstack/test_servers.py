"""Private servers keep data and port across restarts, and are isolated from each other."""

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import aio_pika
import aio_pika.exceptions
import pytest
from pymongo import MongoClient

from devstack.daemon import Daemon
from devstack.stack import Stack
from tests.support.wait import until


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with Stack(tmp_path) as stack:
        yield stack


def named(stack: Stack, name: str) -> Daemon:
    return next(server for server in stack.servers if server.name == name)


def connected(stack: Stack) -> MongoClient[dict[str, int]]:
    return MongoClient(stack.mongo.url(), serverSelectionTimeoutMS=60_000)


@pytest.mark.parametrize("name", ["mongo", "mail"])
def test_a_killed_server_restarts_on_the_same_port(stack: Stack, name: str) -> None:
    server = named(stack, name)
    server.start()
    server.kill()
    assert not server.is_ready()
    server.start()
    assert server.is_ready()


def test_postgres_keeps_what_was_committed_before_a_crash(stack: Stack) -> None:
    stack.postgres.start()
    stack.postgres.sql("CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
    stack.postgres.kill()
    stack.postgres.start()
    assert stack.postgres.sql("SELECT n FROM kept") == "7"


def test_mongo_may_move_to_another_port(tmp_path: Path) -> None:
    with Stack(tmp_path) as first:
        first.mongo.start()
        with connected(first) as client:
            client["tonegate"]["kept"].insert_one({"n": 7})
    (tmp_path / "ports.json").unlink()
    with Stack(tmp_path) as second:
        assert second.mongo.port != first.mongo.port
        second.mongo.start()
        with connected(second) as client:
            assert client["tonegate"]["kept"].count_documents({"n": 7}) == 1


async def test_rabbitmq_keeps_durable_messages_over_a_crash(stack: Stack) -> None:
    stack.rabbitmq.start()
    async with await aio_pika.connect(stack.rabbitmq.url()) as connection:
        channel = await connection.channel()
        await channel.declare_queue("kept", durable=True, arguments={"x-queue-type": "quorum"})
    # A node killed within a second of declaring a quorum queue loses the record of its members.
    stack.rabbitmq.restart()
    async with await aio_pika.connect(stack.rabbitmq.url()) as connection:
        channel = await connection.channel()
        message = aio_pika.Message(b"7", delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, "kept")
    stack.rabbitmq.kill()
    stack.rabbitmq.start()
    async with await aio_pika.connect(stack.rabbitmq.url()) as connection:
        channel = await connection.channel()
        queue = await channel.get_queue("kept")

        async def received() -> bytes | None:
            message = await queue.get(no_ack=True, fail=False)
            return message.body if message is not None else None

        assert await until(received, what="the message is there again") == b"7"


async def test_two_stacks_are_isolated(tmp_path: Path) -> None:
    with Stack(tmp_path / "one") as one, Stack(tmp_path / "other") as other:
        one.start("rabbitmq")
        other.start("rabbitmq")
        crossed = one.rabbitmq.url().replace(f":{one.rabbitmq.port}/", f":{other.rabbitmq.port}/")
        with pytest.raises(aio_pika.exceptions.ProbableAuthenticationError):
            await aio_pika.connect(crossed)
        one.rabbitmq.control("add_vhost", "mine")
        assert "mine" not in other.rabbitmq.control("list_vhosts")


def test_the_mail_sink_keeps_each_message_as_a_file(stack: Stack) -> None:
    stack.mail.start()
    letter = EmailMessage()
    letter["Subject"], letter["From"], letter["To"] = "Grüße", "a@example.com", "b@example.com"
    letter.set_content("Hello\n.\nworld")
    with smtplib.SMTP("127.0.0.1", stack.mail.port, timeout=60) as client:
        client.send_message(letter)
    (arrived,) = stack.mail.messages(to="b@example.com")
    assert arrived["Subject"] == "Grüße"
    assert arrived.get_content() == "Hello\n.\nworld\n"
    assert stack.mail.messages(to="c@example.com") == []
    assert len(list((stack.home.path / "mail").glob("*.eml"))) == 1
