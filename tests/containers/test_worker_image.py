"""The media tests pass inside the image of the worker, under the restrictions of compose.yaml."""

import re

import pytest

from tests.containers.composed_system import ComposedSystem
from tests.containers.docker import BUILD_S, docker

# Images are built, and hundreds of files converted.
pytestmark = pytest.mark.timeout(2 * BUILD_S)
IMAGE = "tonegate/worker-tests:test"
RESTRICTED = ("--cap-drop", "ALL", "--security-opt", "no-new-privileges:true", "--network", "none")
# The tests write their own sources and results, and run programs from there.
ROOM = ("--read-only", "--tmpfs", "/tmp:size=4g,mode=1777,exec,nosuid,nodev")
OUTCOME = re.compile(r"(\d+) ([a-z]+)")
# Fewer would be a part of them.
LEAST_TESTS = 1000
MUST_RUN = ("test_conversion.py", "test_matrix.py", "test_sandbox.py", "test_hostile_files.py")
# What the restrictions of a container take away.
MAY_BE_SKIPPED = ("mounting is not permitted", "this machine does not offer")
MEDIA_TESTS = "tests/integration/converter_service/ffmpeg"


def test_the_media_tests_pass_inside_the_image_of_the_worker(composed: ComposedSystem) -> None:
    worker = f"WORKER={composed.image('worker')}"
    build = ("build", "--file", "tests/containers/Dockerfile", "--build-arg", worker, "--tag", IMAGE, ".")
    docker(*build, timeout_s=BUILD_S)
    run = ("run", "--rm", *RESTRICTED, *ROOM, IMAGE, MEDIA_TESTS)
    listed = docker(*run, "--collect-only", "-qq", "-n", "0")
    # The image's own `-q` would hide which ffmpeg the tests ran with.
    printed = docker(*run, "-v", "-rs", timeout_s=BUILD_S)
    assert re.search(r"^ffmpeg 7\.\d+ \(this machine\)$", printed, re.MULTILINE), printed[:500]
    ended = printed.strip().splitlines()[-1]
    counts = {outcome: int(number) for number, outcome in OUTCOME.findall(ended)}
    # None is left out for other generations of ffmpeg: the image has but one.
    assert counts.keys() <= {"passed", "skipped", "warnings", "warning"}, ended
    assert counts["passed"] >= LEAST_TESTS, ended
    assert all(any(each in line for each in MAY_BE_SKIPPED) for line in _skipped(printed)), printed[-2000:]
    for file in MUST_RUN:
        assert re.search(rf"^{MEDIA_TESTS}/{file}: \d+$", listed, re.MULTILINE), listed[-2000:]


def _skipped(printed: str) -> list[str]:
    """The lines that give the reasons for tests that were skipped."""
    return [line for line in printed.splitlines() if line.startswith("SKIPPED")]
