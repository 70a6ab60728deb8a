"""Pool of RabbitMQ virtual hosts, created ten at a time: one alone takes as long as ten."""

from devstack.servers.rabbitmq import RabbitMQ

BATCH = 10


class VhostPool:
    """Each URL is handed out once, so tests share no queues."""

    def __init__(self, rabbitmq: RabbitMQ) -> None:
        self._rabbitmq = rabbitmq
        self._ready: list[str] = []

    def take(self) -> str:
        if not self._ready:
            self._ready = self._rabbitmq.new_vhosts(BATCH)
        return self._ready.pop()
