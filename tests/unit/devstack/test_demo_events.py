"""The demo's parser of event streams."""

from devstack.demo.events import Event, events

STREAM = b"""retry: 1500

: still there

id: 3
event: progress
data: {"progress": 0.5}

id: 4
event: completed
data: {"progress": 1.0}

id: 5
event: progress
data: {"progr"""


def test_events_are_read_and_nothing_else() -> None:
    assert list(events(STREAM.splitlines(keepends=True))) == [
        Event("progress", "3", {"progress": 0.5}),
        Event("completed", "4", {"progress": 1.0}),
    ]
