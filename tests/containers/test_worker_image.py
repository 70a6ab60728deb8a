"""The media tests pass inside the image of the worker, under the restrictions of compose.yaml."""

import pytest

from tests.containers.composed_system import ComposedSystem
from tests.containers.docker import BUILD_S, docker

# Images are built, and hundreds of files converted.
pytestmark = pytest.mark.timeout(2 * BUILD_S)
IMAGE = "tonegate/worker-tests:test"
RESTRICTED = ("--cap-drop", "ALL", "--security-opt", "no-new-privileges:true", "--network", "none")
# The tests write their own sources and results, and run programs from there.
ROOM = ("--read-only", "--tmpfs", "/tmp:size=4g,mode=1777,exec,nosuid,nodev")
MEDIA_TESTS = "tests/integration/converter_service/ffmpeg"


def test_the_media_tests_pass_inside_the_image_of_the_worker(composed: ComposedSystem) -> None:
    worker = f"WORKER={composed.image('worker')}"
    build = ("build", "--file", "tests/containers/Dockerfile", "--build-arg", worker, "--tag", IMAGE, ".")
    docker(*build, timeout_s=BUILD_S)
    printed = docker("run", "--rm", *RESTRICTED, *ROOM, IMAGE, MEDIA_TESTS, timeout_s=BUILD_S)
    assert " passed" in printed
    assert "ffmpeg 7" in printed, printed[:500]
