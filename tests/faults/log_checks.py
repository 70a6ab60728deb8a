"""Whether the logs tell the log of an upload: a sample of each scenario's."""

import asyncio
import random
from collections.abc import Sequence

from pymongo import MongoClient

from tests.faults.faulty_system import FaultySystem
from tests.faults.traffic import Upload
from tests.support.request_log import Line, RequestLog
from tests.support.system import Document

SAMPLE = 3
TAKEN = frozenset({"conversion claimed", "lease expired, conversion claimed again"})
# Why a conversion may be taken once more.
REASONS = frozenset(
    {
        "dead run, queued again",
        "lease expired, conversion claimed again",
        "conversion requeued",
        "run failed",
        "run failed unexpectedly",
    }
)
TOLD = frozenset({"email sent", "email already sent"})


async def untold(system: FaultySystem, uploads: Sequence[Upload], rng: random.Random) -> list[str]:
    """What is missing in the stories of some of them."""
    accepted = [upload for upload in uploads if upload.id]
    sample = rng.sample(accepted, min(SAMPLE, len(accepted)))
    return [gap for upload in sample for gap in await asyncio.to_thread(_gaps, system, upload)]


def _gaps(system: FaultySystem, upload: Upload) -> list[str]:
    """Whoever dies between a step and its line has the step done again, so these lines are always there."""
    with MongoClient[Document](system.mongo_url) as client:
        found = client["tonegate"]["conversions"].find_one({"_id": upload.id}, {"correlation_id": 1})
    log = RequestLog(system.stack, str(found and found["correlation_id"]), str(upload.id))
    events = {str(line["event"]) for line in log.lines}
    published = {line["type"] for line in log.lines if line["event"] == "published"}
    wanted = {
        "its upload published": "video_uploaded" in published,
        "it taken": not TAKEN.isdisjoint(events),
        "its end published": f"conversion_{upload.ends_as}" in published,
        "its mail sent": not TOLD.isdisjoint(events),
        "its webhook sent": "webhook sent" in events,
        "why it was taken again": _is_explained(log.lines),
        "a request behind it": not log.strays,
    }
    return [f"{upload.id}: the logs do not tell {what}" for what, is_told in wanted.items() if not is_told]


def _is_explained(lines: Sequence[Line]) -> bool:
    """Between two takings stands why the first came to nothing; one that takes over says so itself."""
    has_reason = True
    for line in lines:
        if line["event"] in TAKEN:
            if not has_reason and line["event"] not in REASONS:
                return False
            has_reason = False
        elif line["event"] in REASONS:
            has_reason = True
    return True
