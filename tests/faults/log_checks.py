"""Checks that the logs of a sample of uploads contain every step."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence

from pymongo import MongoClient

from tests.faults.faulty_system import FaultySystem
from tests.faults.traffic import Upload
from tests.support.request_log import Line, RequestLog
from tests.support.system import Document

SAMPLE = 3
CLAIMED = frozenset({"conversion claimed", "lease expired, conversion claimed again"})
# Each line of these explains one further claim. A run that failed is requeued, and logs both unless its
# process dies.
TAKEOVERS = frozenset({"lease expired, conversion claimed again", "dead run, queued again"})
REQUEUED = "conversion requeued"
FAILED_RUNS = frozenset({"run failed", "run failed unexpectedly"})
SENT = frozenset({"email sent", "email already sent"})


async def missing_log_lines(system: FaultySystem, uploads: Sequence[Upload], rng: random.Random) -> list[str]:
    """Returns a message for each step that is missing in the logs of some uploads."""
    accepted = [upload for upload in uploads if upload.id]
    sample = rng.sample(accepted, min(SAMPLE, len(accepted)))
    return [gap for upload in sample for gap in await asyncio.to_thread(_gaps, system, upload)]


def _gaps(system: FaultySystem, upload: Upload) -> list[str]:
    """Every line exists: a step whose process crashed before logging it is repeated."""
    with MongoClient[Document](system.mongo_url) as client:
        found = client["tonegate"]["conversions"].find_one({"_id": upload.id}, {"correlation_id": 1})
    log = RequestLog(system.stack, str(found and found["correlation_id"]), str(upload.id))
    events = {str(line["event"]) for line in log.lines}
    published = {line["type"] for line in log.lines if line["event"] == "published"}
    wanted = {
        "its upload published": "video_uploaded" in published,
        "it taken": not CLAIMED.isdisjoint(events),
        "its end published": f"conversion_{upload.ends_as}" in published,
        "its mail sent": not SENT.isdisjoint(events),
        "its webhook sent": "webhook sent" in events,
        "why it was taken again": is_explained(log.lines),
        "a request behind it": not log.strays,
    }
    return [
        f"{upload.id}: the logs do not contain {what}" for what, is_logged in wanted.items() if not is_logged
    ]


def is_explained(lines: Sequence[Line]) -> bool:
    """Returns True if there is a reason for each claim after the first.

    The order of the lines decides nothing: a process logs a step after it was done, so a process that was
    suspended in between logs its claim after the claim that replaced it.
    """
    count = Counter(str(line["event"]) for line in lines)
    claims = sum(count[event] for event in CLAIMED)
    failed_runs = sum(count[event] for event in FAILED_RUNS)
    reasons = sum(count[event] for event in TAKEOVERS) + max(count[REQUEUED], failed_runs)
    return claims - 1 <= reasons
