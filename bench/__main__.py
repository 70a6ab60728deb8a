"""Command line: `python -m bench [NAME …]` runs all benchmarks or the named ones, one after the other."""

import argparse

from bench import (
    account_enumeration,
    conversion_pages,
    convert,
    events,
    gateway_throughput,
    login_burst,
    memory,
    page,
    relay,
    store,
)
from bench.load import Missing

MEASUREMENTS = {
    "relay": relay.main,
    "store": store.main,
    "convert": convert.main,
    "memory": memory.main,
    "events": events.main,
    "listing": conversion_pages.main,
    "door": gateway_throughput.main,
    "sign-ins": login_burst.main,
    "enumeration": account_enumeration.main,
    "page": page.main,
}


def main(names: list[str]) -> None:
    """Runs benchmarks; one whose requirements are missing is reported and skipped."""
    for name in names or MEASUREMENTS:
        try:
            MEASUREMENTS[name]()
        except Missing as missing:
            print(f"{name}: skipped, {missing}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", choices=[[], *MEASUREMENTS], metavar="NAME", help=", ".join(MEASUREMENTS)
    )
    main(parser.parse_args().names)
