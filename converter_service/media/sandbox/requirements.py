"""The sandbox's restrictions that an operator requires, and those that hold on this machine."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType

from converter_service.media.errors import MachineUnfit
from converter_service.media.sandbox.process import check_restrictions
from shared.logs import get_logger
from shared.settings import SettingsError

# Names of the kernel's mechanisms, by those of the launcher's restrictions.
MECHANISMS = MappingProxyType(
    {"privileges": "no_new_privs", "death": "pdeathsig", "files": "landlock", "calls": "seccomp"}
)
NONE = "none"


class SandboxRequirements:
    """`required` are mechanisms such as `seccomp`, or `none`. Raises SettingsError for others."""

    def __init__(
        self,
        required: Sequence[str],
        read_restrictions: Callable[[], Awaitable[Mapping[str, bool]]] = check_restrictions,
    ) -> None:
        self._read_restrictions = read_restrictions
        self._required = frozenset(required) - {NONE}
        if unknown := self._required - set(MECHANISMS.values()):
            raise SettingsError(f"CONVERTER_SANDBOX_REQUIRES: {', '.join(sorted(unknown))} is not known")
        self._missing: tuple[str, ...] = ()

    async def enforce(self) -> None:
        """Logs mechanisms that this machine does not offer. Raises MachineUnfit if one is required."""
        held = await self._read_restrictions()
        self._missing = tuple(MECHANISMS[name] for name, holds in held.items() if not holds)
        if self._missing:
            get_logger(__name__).warning("sandbox restrictions not available", missing=self._missing)
        if lacking := sorted(self._required.intersection(self._missing)):
            raise MachineUnfit(
                f"CONVERTER_SANDBOX_REQUIRES: this machine or container does not offer {', '.join(lacking)}"
            )

    async def check(self) -> None:
        """Raises MachineUnfit if a mechanism is missing."""
        if self._missing:
            raise MachineUnfit(f"the sandbox lacks {', '.join(self._missing)}")
