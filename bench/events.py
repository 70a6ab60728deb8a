"""1,000 open event streams on one gateway: memory and CPU of gateway and converter, and latency of
progress.

All streams watch one conversion. This process plays its worker: it saves progress and publishes it.
"""

import asyncio
import resource
import statistics
import time
from datetime import timedelta

import psutil

from bench.system import MeasuredSystem, measured_system
from converter_service.conversions.identifiers import new_id
from converter_service.conversions.lease import Lease
from converter_service.conversions.model import Conversion, Source, State
from converter_service.conversions.public_paths import PublicPaths
from converter_service.conversions.transitions.run import claimed, renewed
from converter_service.conversions.transitions.upload import uploaded
from converter_service.event_streams.publisher import ProgressPublisher
from converter_service.storage.conversions import MongoConversions
from shared.clock import utc_now
from shared.messaging.rabbitmq.broker import RabbitMQ
from shared.messaging.subscriptions import SUBSCRIPTIONS
from shared.mongo import connect, database_of
from shared.settings import Secret

STREAMS = 1_000
STEPS = 20
IDLE_S = 20.0
SERVICES = ("gateway", "converter")
HOUR = timedelta(hours=1)


class Client:
    """One open stream, with the arrival time of each step."""

    def __init__(self) -> None:
        self.arrived: dict[int, float] = {}
        self.began = asyncio.Event()

    async def read(self, system: MeasuredSystem, path: str) -> None:
        host, port = "127.0.0.1", system.stack.service("gateway").port
        reader, writer = await asyncio.open_connection(host, port)
        fields = "".join(f"{name}: {value}\r\n" for name, value in system.headers.items())
        writer.write(f"GET {path} HTTP/1.1\r\nHost: bench\r\n{fields}\r\n".encode())
        async for line in reader:
            self._note(line)

    def _note(self, line: bytes) -> None:
        if line.startswith(b"HTTP/") and b" 200 " not in line:
            raise RuntimeError(f"refused: {line!r}")
        if line.startswith(b"id: "):
            self.began.set()
            self.arrived[int(line[4:])] = time.perf_counter()


def main() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with measured_system("auth", "converter", "gateway") as system:
        asyncio.run(measured(system))


async def measured(system: MeasuredSystem) -> None:
    url, amqp = Secret(system.stack.mongo.url()), system.stack.rabbitmq.url()
    async with connect(url) as client, RabbitMQ(amqp, "bench", SUBSCRIPTIONS) as broker:
        publisher = ProgressPublisher(broker, PublicPaths(system.stack.url))
        store = MongoConversions(database_of(client), utc_now, on_save=publisher.enqueue)
        running = claimed_by_us(system.call("GET", "/v1/auth/me")["id"])
        await store.add(running)
        before = memory(system)
        clients = [Client() for _ in range(STREAMS)]
        path = f"/v1/conversions/{running.id}/events"
        async with asyncio.TaskGroup() as tasks:
            beside = [tasks.create_task(each.read(system, path)) for each in clients]
            beside.append(tasks.create_task(publisher.run()))
            await asyncio.gather(*(each.began.wait() for each in clients))
            await idle(system, before)
            await busy(system, store, running, clients)
            for task in beside:
                task.cancel()


async def idle(system: MeasuredSystem, before: dict[str, float]) -> None:
    used = cpu_s(system)
    await asyncio.sleep(IDLE_S)
    for service, after in memory(system).items():
        taken = after - before[service]
        say(f"{service}: {STREAMS} streams take {taken:.0f} MiB, {taken * 1024 / STREAMS:.0f} KiB each")
    report_cpu(system, used, IDLE_S, "while nothing happens")


async def busy(
    system: MeasuredSystem, store: MongoConversions, running: Conversion, clients: list[Client]
) -> None:
    """Saves one step per second, as a worker does."""
    used, began, late = cpu_s(system), time.perf_counter(), list[list[float]]()
    for step in range(1, STEPS + 1):
        saved_at = time.perf_counter()
        running = await store.save(renewed(running, "bench", utc_now() + HOUR, step / (STEPS + 1)))
        await asyncio.sleep(1.0)
        late.append(sorted(each.arrived.get(running.revision, float("inf")) - saved_at for each in clients))
    report_cpu(system, used, time.perf_counter() - began, f"at {STREAMS} events a second")
    for what, place in (("first", 0), ("median", STREAMS // 2), ("last", -1)):
        after_s = statistics.median(each[place] for each in late)
        say(f"the {what} client receives it {after_s * 1000:.0f} ms after the worker began to save it")


def report_cpu(system: MeasuredSystem, before: dict[str, float], took_s: float, when: str) -> None:
    for service, after in cpu_s(system).items():
        say(f"{service}: {(after - before[service]) / took_s:.1%} of a core {when}")


def say(text: str) -> None:
    print(f"events: {text}")


def claimed_by_us(owner_id: str) -> Conversion:
    now = utc_now()
    begun = Conversion(
        id=new_id(),
        owner_id=owner_id,
        recipient="",
        status=State.UPLOADING,
        source=Source(filename="talk.mp4"),
        source_blob=new_id(),
        created_at=now,
        due_at=now + HOUR,
        options={},
        correlation_id="bench",
    )
    options = {"format": "mp3", "bitrate": "192k"}
    waiting = uploaded(begun, size=123_456_789, sha256="0" * 64, options=options, now=now)
    return claimed(waiting, Lease("bench", "bench", now + HOUR), new_id(), now)


def memory(system: MeasuredSystem) -> dict[str, float]:
    return {service: system.memory_mib(service, "VmRSS") for service in SERVICES}


def cpu_s(system: MeasuredSystem) -> dict[str, float]:
    """Returns the CPU seconds that each service has used so far."""
    found = {service: psutil.Process(system.stack.service(service).process.pid) for service in SERVICES}
    return {name: sum(process.cpu_times()[:2]) for name, process in found.items()}


if __name__ == "__main__":
    main()
