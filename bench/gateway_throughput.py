"""Requests per second of `GET /v1/auth/me` on one core: auth_service alone, and behind three gateways.

The gateways are ours and one written with Nest 11, on Express and on Fastify. Each checks the token by
introspection (cached for 5 s), counts the request for its account and forwards it over persistent
connections. Each is measured twice: in front of the real auth_service on the same core, and in front of a
stub on the other core, which shows the cost of the gateway alone.
"""

import os
import statistics
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import msgspec

from bench.cores import on, two_cores
from bench.gateway_targets import ME, Target, account_service, gateway, memory_of, signed_in
from bench.load import Load, check_wrk, load

ROUNDS = 4
SECONDS = 3
OURS, NESTS = "tonegate", ("express", "fastify")

Key = tuple[str, str]
"""Upstream, and the server in front of it."""


class Measurement(msgspec.Struct, frozen=True):
    """One measurement.

    `work_us` and `behind_us`: CPU microseconds per request of the measured process and of its upstream, which
    are meaningful even on a machine that is otherwise busy.
    """

    load: Load
    work_us: float
    behind_us: float


def main() -> None:
    check_wrk()
    measured, measuring = two_cores()
    with ExitStack() as running:
        stack = running.enter_context(account_service(measured, measuring))
        token = signed_in(stack)
        service = stack.service("auth")
        upstreams = {
            "account service": Target(service.url, service.process.pid or 0),
            "memory": running.enter_context(memory_of(stack, token, measuring)),
        }
        targets: dict[Key, Target] = {(name, "alone"): upstream for name, upstream in upstreams.items()}
        for name, upstream in upstreams.items():
            for kind in (OURS, *NESTS):
                started = gateway(kind, stack, upstream.url, measured)
                targets[name, kind] = running.enter_context(started)
        report(in_turns(targets, token, measuring))


def in_turns(targets: Mapping[Key, Target], token: str, core: int) -> dict[Key, list[Measurement]]:
    """Measures every target once per round, so that all see the same load; the first round is a warm-up."""
    seen: dict[Key, list[Measurement]] = {key: [] for key in targets}
    for number in range(ROUNDS + 1):
        for key, target in targets.items():
            seconds = SECONDS if number else 2
            pids = (target.pid, targets[key[0], "alone"].pid)
            before = [processor_s(pid) for pid in pids]
            with on(core):
                answered = load(f"{target.url}{ME}", token, seconds)
            spent_s = [processor_s(pid) - since for pid, since in zip(pids, before, strict=True)]
            if number:
                work_us, behind_us = (each / (answered.rate * seconds) * 1e6 for each in spent_s)
                seen[key].append(Measurement(answered, work_us, behind_us))
    return seen


def report(seen: Mapping[Key, list[Measurement]]) -> None:
    rates = {key: statistics.median(each.load.rate for each in rounds) for key, rounds in seen.items()}
    for (upstream, name), rounds in seen.items():
        p50 = statistics.median(each.load.p50_ms for each in rounds)
        p99 = statistics.median(each.load.p99_ms for each in rounds)
        work = statistics.median(each.work_us for each in rounds)
        rate = rates[upstream, name]
        behind = statistics.median(each.behind_us for each in rounds)
        times = f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, {work:.0f} us of CPU each"
        times += "" if name == "alone" else f", {behind:.0f} us of the upstream"
        print(f"door: {upstream}, {name}: {rate:.0f}/s, {times}")
    for upstream in dict.fromkeys(upstream for upstream, _ in seen):
        ours = rates[upstream, OURS]
        ratios = (f"{ours / rates[upstream, peer]:.2f} of {peer}" for peer in ("alone", *NESTS))
        print(f"door: {upstream}: ratio {', '.join(ratios)}")


def processor_s(pid: int) -> float:
    """Returns the CPU seconds of all threads of a process (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
