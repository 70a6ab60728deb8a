"""Upload throughput into GridFS through the whole system, against PyMongo writing to GridFS directly."""

import os
import statistics
import time
from collections.abc import Callable

import gridfs
from pymongo import MongoClient

from bench.system import MeasuredSystem, measured_system, pieces_of

SIZE = 512 * 1024 * 1024
ROUNDS = 5


def main() -> None:
    # Random bytes, because MongoDB would compress others, unlike video.
    piece = os.urandom(1024 * 1024)
    with measured_system("auth", "converter", "gateway") as system:
        direct, through = [], []
        through_system(system, piece, SIZE // 8)
        directly(system, piece, SIZE // 8)
        for _ in range(ROUNDS):  # alternating, so that both see the same load
            direct.append(rate(lambda: directly(system, piece, SIZE)))
            through.append(rate(lambda: through_system(system, piece, SIZE)))
    peer, ours = statistics.median(direct), statistics.median(through)
    print(f"store: {peer / 1e6:.0f} MB/s by PyMongo directly, {ours / 1e6:.0f} MB/s through the system")
    print(f"store: ratio {ours / peer:.2f}")


def rate(work: Callable[[], Callable[[], object]]) -> float:
    """Returns bytes per second of `work`; the clean-up that it returns is not timed."""
    began = time.perf_counter()
    tidy = work()
    taken = time.perf_counter() - began
    tidy()
    return SIZE / taken


def through_system(system: MeasuredSystem, piece: bytes, size: int) -> Callable[[], object]:
    conversion_id = system.upload(pieces_of(piece, size), size)
    return lambda: system.delete(conversion_id)


def directly(system: MeasuredSystem, piece: bytes, size: int) -> Callable[[], object]:
    """Uploads by PyMongo's GridFSBucket to the same server, with write concern majority."""
    client: MongoClient[dict[str, object]] = MongoClient(system.stack.mongo.url())
    bucket = gridfs.GridFSBucket(client["bench_direct"])
    with bucket.open_upload_stream("direct") as stream:
        for part in pieces_of(piece, size):
            stream.write(part)

    def tidy() -> None:
        client.drop_database("bench_direct")
        client.close()

    return tidy


if __name__ == "__main__":
    main()
