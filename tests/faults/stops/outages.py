"""Outages together with a stop, by links of each process to MongoDB and RabbitMQ."""

import asyncio
import random
from collections.abc import Callable, Mapping
from enum import Enum

from yarl import URL

from devstack.service import Service
from tests.faults.proxy import LinkState, Proxies

# Shorter than the wait for a record that was handed on (10 s).
AWAY_S = (1.0, 4.0)


class Outage(Enum):
    """What is out of reach, and when."""

    NONE = "none"
    RABBITMQ_RESET = "RabbitMQ's connection is reset at SIGTERM"
    MONGO_AWAY = "MongoDB is away from SIGTERM to the end"
    RABBITMQ_AWAY = "RabbitMQ is away when the successor starts"
    ONE_AFTER_THE_OTHER = "MongoDB is away from SIGTERM to the end, then RabbitMQ at the start"

    @property
    def is_without_mongo(self) -> bool:
        return self in {Outage.MONGO_AWAY, Outage.ONE_AFTER_THE_OTHER}

    @property
    def is_without_rabbitmq(self) -> bool:
        return self in {Outage.RABBITMQ_AWAY, Outage.ONE_AFTER_THE_OTHER}


FAULTS = tuple(each for each in Outage if each is not Outage.NONE)


class Links:
    """The links of each process to both servers."""

    def __init__(
        self, proxies: Proxies, port_of: Callable[[str], int], *, amqp_url: str, mongo_url: str
    ) -> None:
        self._proxies, self._port_of = proxies, port_of
        self._amqp, self._mongo = URL(amqp_url), URL(mongo_url)

    def settings(self, name: str) -> Mapping[str, str]:
        """Creates the links of one process; returns its settings."""
        amqp = self._amqp.with_port(self._open(f"{name}>rabbitmq", self._amqp))
        mongo = self._mongo.with_port(self._open(f"{name}>mongo", self._mongo))
        direct = mongo.update_query({"directConnection": "true"})
        return {"AMQP_URL": str(amqp), "NOTIFICATION_MONGO_URL": str(direct)}

    def _open(self, name: str, server: URL) -> int:
        assert server.port is not None
        return self._proxies.link(name, self._port_of(name), server.port).port

    async def strike(self, name: str, outage: Outage) -> None:
        """At SIGTERM."""
        if outage is Outage.RABBITMQ_RESET:
            await self._turn(f"{name}>rabbitmq", LinkState.CUT)
            await self._turn(f"{name}>rabbitmq", LinkState.FAIR)
        if outage.is_without_mongo:
            await self._turn(f"{name}>mongo", LinkState.CUT)

    async def start(self, service: Service, outage: Outage, rng: random.Random) -> None:
        """Starts the successor, and ends the outage while or before it does."""
        await self._turn(f"{service.name}>mongo", LinkState.FAIR)
        if not outage.is_without_rabbitmq:
            await asyncio.to_thread(service.start)
            return
        rabbitmq = f"{service.name}>rabbitmq"
        await self._turn(rabbitmq, LinkState.CUT)
        starting = asyncio.create_task(asyncio.to_thread(service.start))
        try:
            await asyncio.sleep(rng.uniform(*AWAY_S))
        finally:
            await self._turn(rabbitmq, LinkState.FAIR)
            await starting

    async def _turn(self, link: str, state: LinkState) -> None:
        await asyncio.to_thread(self._proxies.links[link].turn, state)
