"""`python -m devstack.page_audit` looks up known vulnerabilities of the page's locked packages, those for
development included. It fails for a finding. Without access to the database of the registry it says so and
succeeds, because checks must also run offline.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from devstack.home import REPOSITORY
from devstack.node import NODE, NPM

WITHIN_S = 120
OPTIONS = ("--package-lock-only", "--json", "--fetch-timeout=15000", "--fetch-retries=1", "--loglevel=silent")


def audit(options: Sequence[str], web: Path = REPOSITORY / "web") -> int:
    """Prints what was found; returns the exit code."""
    command: list[str | Path] = [NODE, NPM, "audit", *OPTIONS, *options]
    try:
        done = subprocess.run(command, cwd=web, capture_output=True, text=True, timeout=WITHIN_S, check=False)
        report = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        return not_audited(str(error))
    if "vulnerabilities" not in report:
        return not_audited(
            report.get("message") or report.get("error", {}).get("summary") or "no reason given"
        )
    found = [line for name, each in sorted(report["vulnerabilities"].items()) for line in lines(name, each)]
    if not found:
        print("Found no known vulnerabilities in the packages of the page")
        return 0
    print("\n".join(["Known vulnerabilities in the packages of the page:", *found]), file=sys.stderr)
    return 1


def lines(name: str, found: dict[str, Any]) -> list[str]:
    """One for each advisory; packages that only depend on a vulnerable one have none of their own."""
    own = [each for each in found["via"] if isinstance(each, dict)]
    return [f"{name} {each['range']}: {each['title']} ({each['severity']}) {each['url']}" for each in own]


def not_audited(reason: str) -> int:
    print(f"NOT AUDITED for known vulnerabilities, the packages of the page: {reason}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(audit(sys.argv[1:]))
