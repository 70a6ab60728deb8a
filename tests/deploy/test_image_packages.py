"""The image of each service has every package that its code imports."""

import re
import subprocess
import sys
from importlib.metadata import packages_distributions

import pytest

from devstack.home import REPOSITORY
from tests.deploy.locked_packages import locked_packages

SERVICES = {
    "gateway": "gateway",
    "auth_service": "auth",
    "converter_service": "converter",
    "notification_service": "notification",
    "backup": "auth",
}
# Extras beside these.
FURTHER = {"backup": "backup"}
# Programs for the sandbox, and Alembic's environment, which run as files of their own.
PROGRAMS = re.compile(
    r"converter_service\.media\.(tags\.(cleaner|reader|writer)|sandbox\.launcher)|auth_service\.migrations\.env"
)
# Imports all modules of a service while the packages in the first argument are hidden.
IMPORT_ALL = """
import importlib, sys

class Sighted:
    def __init__(self, finder, hidden):
        self.finder, self.hidden = finder, hidden
    def __getattr__(self, name):
        return getattr(self.finder, name)
    def find_spec(self, name, path=None, target=None):
        return None if name in self.hidden else self.finder.find_spec(name, path, target)

hidden = frozenset(sys.argv[1].split(","))
sys.meta_path[:] = [Sighted(finder, hidden) for finder in sys.meta_path]
for name in sys.argv[2].split(","):
    importlib.import_module(name)
"""


def modules(service: str) -> list[str]:
    """Names of all modules of a service."""
    files = sorted((REPOSITORY / service).rglob("*.py"))
    names = [".".join(file.relative_to(REPOSITORY).with_suffix("").parts) for file in files]
    return [name for name in names if not PROGRAMS.fullmatch(name) and not name.endswith("__main__")]


@pytest.mark.parametrize("service", SERVICES)
def test_the_image_of_a_service_has_every_package_that_its_code_imports(service: str) -> None:
    extras = [SERVICES[service], *([FURTHER[service]] if service in FURTHER else [])]
    installed = set[str]().union(
        *(locked_packages(REPOSITORY / "uv.lock", "tonegate", each) for each in extras)
    )
    hidden = [
        module
        for module, distributions in packages_distributions().items()
        if not any(re.sub(r"[-_.]+", "-", each).lower() in installed for each in distributions)
    ]
    command = [sys.executable, "-c", IMPORT_ALL, ",".join(hidden), ",".join(modules(service))]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120, cwd=REPOSITORY)
    assert done.returncode == 0, done.stderr[-2000:]
