"""Numbers of conversions in MongoDB: the queue, and what became of the videos of each hour."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from pymongo import ASCENDING

from converter_service.conversions.identifiers import lowest_id
from converter_service.conversions.model import State
from shared.contracts.overview import Hour
from shared.mongo import Database, Document, mongo_errors

HOUR = timedelta(hours=1)
# The index of states and ids, which the planner would leave for that of ids.
BY_STATE = "status"
ACCEPTED = [state.value for state in State if state is not State.UPLOADING]


class MongoOverview:
    """Implements ConversionNumbers. Its queries read the index of states and ids only."""

    def __init__(self, database: Database) -> None:
        self._documents = database["conversions"]

    async def count(self, state: State) -> int:
        with mongo_errors():
            return await self._documents.count_documents({"status": state.value})

    async def oldest_queued_at(self) -> datetime | None:
        queued = {"status": State.QUEUED.value}
        with mongo_errors():
            found = await self._documents.find_one(queued, {"created_at": 1}, sort=[("_id", ASCENDING)])
        return found["created_at"] if found else None

    async def expired_leases(self, now: datetime) -> int:
        converting = {"status": State.CONVERTING.value, "lease.until": {"$lt": now}}
        with mongo_errors():
            return await self._documents.count_documents(converting)

    async def hours(self, until: datetime, count: int) -> Sequence[Hour]:
        begin = until.replace(minute=0, second=0, microsecond=0) - (count - 1) * HOUR
        moments = [begin + number * HOUR for number in range(count)]
        with mongo_errors():
            cursor = await self._documents.aggregate(
                hours_pipeline([*moments, moments[-1] + HOUR]), hint=BY_STATE
            )
            found = {each["_id"]: each for each in await cursor.to_list()}
        return [_hour(moment, found.get(lowest_id(moment), {})) for moment in moments]


def hours_pipeline(boundaries: Sequence[datetime]) -> list[Document]:
    """Aggregation by the hour of acceptance, which the ids tell."""
    ids = [lowest_id(each) for each in boundaries]
    return [
        {"$match": {"status": {"$in": ACCEPTED}, "_id": {"$gte": ids[0], "$lt": ids[-1]}}},
        {"$project": {"status": 1}},
        {
            "$bucket": {
                "groupBy": "$_id",
                "boundaries": ids,
                "output": {
                    "accepted": {"$sum": 1},
                    "completed": _number_of(State.COMPLETED),
                    "failed": _number_of(State.FAILED),
                },
            }
        },
    ]


def _number_of(state: State) -> Document:
    return {"$sum": {"$cond": [{"$eq": ["$status", state.value]}, 1, 0]}}


def _hour(at: datetime, found: Mapping[str, int]) -> Hour:
    return Hour(at, found.get("accepted", 0), found.get("completed", 0), found.get("failed", 0))
