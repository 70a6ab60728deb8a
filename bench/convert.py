"""Time from the last byte of a 10-minute video to `completed`, against ffmpeg on a local file."""

import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from bench.system import MeasuredSystem, measured_system, pieces_of_file

SECONDS = 600
ROUNDS = 3
CONVERTING_S = 600.0


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="tonegate-bench-") as name, measured_system() as system:
        directory = Path(name)
        video = made(directory)
        converted(system, video)
        local, ours = [], []
        for _ in range(ROUNDS):  # alternating, so that both see the same load
            local.append(by_ffmpeg(video, directory / "local.mp3"))
            ours.append(converted(system, video))
    peer, system_s = statistics.median(local), statistics.median(ours)
    print(f"convert: {peer:.2f} s by ffmpeg alone, {system_s:.2f} s from the last byte to completed")
    print(f"convert: ratio {system_s / peer:.2f}")


def made(directory: Path) -> Path:
    """Writes a video with changing stereo noise, so that encoding takes realistic time."""
    path = directory / "talk.mp4"
    picture = f"testsrc=size=640x360:rate=10:duration={SECONDS}"
    sound = f"anoisesrc=color=pink:duration={SECONDS}:sample_rate=44100"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound]
    command += ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-ac", "2"]
    subprocess.run([*command, str(path)], check=True, timeout=600)
    return path


def by_ffmpeg(video: Path, target: Path) -> float:
    began = time.perf_counter()
    command = ["ffmpeg", "-v", "error", "-y", "-i", str(video), "-vn", "-c:a", "libmp3lame", "-b:a", "192k"]
    subprocess.run([*command, str(target)], check=True, timeout=600)
    return time.perf_counter() - began


def converted(system: MeasuredSystem, video: Path) -> float:
    conversion_id = system.upload(pieces_of_file(video), video.stat().st_size)
    began = time.perf_counter()
    conversion = system.finished(conversion_id, CONVERTING_S)
    taken = time.perf_counter() - began
    if conversion["status"] != "completed":
        raise RuntimeError(f"failed: {conversion['error']}")
    system.delete(conversion_id)
    return taken


if __name__ == "__main__":
    main()
