"""Writes `rabbitmq/topology.json`: `python -m deploy.broker_topology`, after a change of events or queues.

The file is what the container `secrets` completes with users and their passwords, and what an operator
imports into another RabbitMQ server.
"""

import json
from pathlib import Path

from shared.messaging.processes import PROCESSES
from shared.messaging.rabbitmq.definitions import topology
from shared.messaging.rabbitmq.topology import Names

FILE = Path(__file__).parent / "rabbitmq" / "topology.json"
VHOST = "tonegate"


def rendered() -> str:
    """The topology as JSON, with a line for each definition."""
    kinds = topology(VHOST, PROCESSES, Names())
    return json.dumps(kinds, indent=1).replace("\n   ", " ").replace("\n  }", " }") + "\n"


if __name__ == "__main__":
    FILE.write_text(rendered(), encoding="utf-8")
