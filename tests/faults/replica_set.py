"""MongoDB replica set of three members whose primary can step down or be killed."""

from pathlib import Path

from pymongo.errors import AutoReconnect, OperationFailure, PyMongoError

from devstack.home import Home
from devstack.orphan_reaper import OrphanReaper
from devstack.ports import Ports
from devstack.servers.mongo import REPLICA_SET, Mongo
from devstack.wait import wait_until

SIZE = 3
ELECTED_WITHIN_S = 60.0
STEPPED_DOWN_S = 20
CATCH_UP_S = 10
NOBODY_CAUGHT_UP = 262


class Member(Mongo):
    """A member; the set is initiated once for all members."""

    def initialize(self) -> None:
        """Does nothing: the other members may not be running yet."""


class ReplicaSet:
    """Three members; `url` names all of them, so that drivers find the primary."""

    def __init__(self, folder: Path) -> None:
        home = Home.at(folder)
        ports = Ports(home.path / "ports.json")
        self._orphan_reaper = OrphanReaper(home)
        names = [f"mongo-{number}" for number in range(SIZE)]
        self.members = {name: Member(home, ports[name], name) for name in names}

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{member.port}" for member in self.members.values())
        return f"mongodb://{hosts}/tonegate?replicaSet={REPLICA_SET}"

    def start(self) -> None:
        """Starts and initiates the set; returns when a primary accepts writes."""
        self._orphan_reaper.watch()
        for member in self.members.values():
            member.launch()
        for member in self.members.values():
            member.wait_ready()
        first = next(iter(self.members.values()))
        hosts = [
            {"_id": number, "host": f"127.0.0.1:{member.port}"}
            for number, member in enumerate(self.members.values())
        ]
        with first.client() as client:
            client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": hosts})
        self.wait_for_primary()

    def wait_for_primary(self) -> None:
        wait_until(lambda: self.primary() is not None, ELECTED_WITHIN_S, "a primary to be elected")

    def primary(self) -> Member | None:
        """Returns the member that reports to be primary; None during an election."""
        for member in self.members.values():
            try:
                with member.client() as client:
                    if client.admin.command("hello")["isWritablePrimary"]:
                        return member
            except PyMongoError:
                continue
        return None

    def step_down(self) -> None:
        """Makes the primary step down once a secondary has caught up."""
        wait_until(self._stepped_down, ELECTED_WITHIN_S, "the primary to step down")

    def _stepped_down(self) -> bool:
        member = self.primary()
        if member is None:
            return True
        try:
            with member.client() as client:
                client.admin.command("replSetStepDown", STEPPED_DOWN_S, secondaryCatchUpPeriodSecs=CATCH_UP_S)
        except AutoReconnect:
            return True  # stepping down closes all connections
        except OperationFailure as refused:
            if refused.code != NOBODY_CAUGHT_UP:
                raise
            return False
        return True

    def revive(self) -> None:
        for member in self.members.values():
            if not member.alive:
                member.start()
        self.wait_for_primary()

    def stop(self) -> None:
        for member in self.members.values():
            member.stop()
        self._orphan_reaper.dismiss()
