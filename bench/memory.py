"""Peak resident memory of gateway, converter api and worker above idle, during an upload of 1 GiB."""

import subprocess
import tempfile
from pathlib import Path

from bench.system import measured_system, pieces_of_file

SERVICES = ("gateway", "converter", "worker")
# Uncompressed 1280x720 at 25 frames per second: 34.6 MB per second.
SECONDS = 31
CONVERTING_S = 600.0


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="tonegate-bench-") as directory, measured_system() as system:
        large = made(Path(directory), SECONDS)
        idle = {service: system.memory_mib(service, "VmRSS") for service in SERVICES}
        size = large.stat().st_size
        conversion = system.finished(system.upload(pieces_of_file(large), size), CONVERTING_S)
        peak = {service: system.memory_mib(service, "VmHWM") for service in SERVICES}
    print(f"memory: a video of {size / 2**20:.0f} MiB, {conversion['status']}")
    for service in SERVICES:
        above = peak[service] - idle[service]
        print(
            f"memory: {service} {idle[service]:.0f} MiB idle, {peak[service]:.0f} at most, {above:+.0f} MiB"
        )


def made(directory: Path, seconds: int) -> Path:
    path = directory / f"{seconds}.mkv"
    picture, tone = f"testsrc=size=1280x720:rate=25:duration={seconds}", f"sine=duration={seconds}"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", tone]
    command += ["-c:v", "rawvideo", "-pix_fmt", "yuv420p", "-c:a", "aac", str(path)]
    subprocess.run(command, check=True, timeout=300)
    return path


if __name__ == "__main__":
    main()
