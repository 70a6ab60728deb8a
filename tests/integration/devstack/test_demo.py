"""`make demo` from upload to mail, with any file name of the video."""

import subprocess
import sys
from pathlib import Path

from devstack.home import REPOSITORY
from tests.integration.devstack.processes import running
from tests.support.media import Media, duration_s

COMMAND = """
import sys
from pathlib import Path
from devstack.demo.run import Demo
from devstack.errors import StackError
try:
    Demo(Path(sys.argv[1]), {}).run(Path(sys.argv[2]), Path(sys.argv[3]))
except StackError as error:
    sys.exit(str(error))
"""
ODD_NAME = '-my $HOME\'s "best" film;\n#é🎵.mkv'


def demo(state: Path, video: Path, out: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", COMMAND, str(state), str(video), str(out)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


def test_a_video_becomes_an_mp3_and_a_mail(tmp_path: Path, media: Media) -> None:
    video = tmp_path / ODD_NAME
    video.write_bytes(media.video(3, container="mkv").read_bytes())
    state, mp3 = tmp_path / "state", tmp_path / "out.mp3"
    done = demo(state, video, mp3)
    assert done.returncode == 0, done.stderr
    assert abs(duration_s(mp3) - 3) < 0.1
    assert "Subject: " in done.stdout
    assert "The link in the mail gives the same MP3" in done.stdout
    assert len(list((state / "mail").glob("*.eml"))) == 1
    assert running(state / "demo") == []


def test_a_video_that_cannot_be_converted_fails_the_demo(tmp_path: Path, media: Media) -> None:
    done = demo(tmp_path / "state", media.silent_video(), tmp_path / "out.mp3")
    assert done.returncode == 1
    assert "the conversion failed: " in done.stderr
    assert "no audio track" in done.stderr
    assert "The conversion failed.\n" in done.stdout
    assert "failed 100 %" not in done.stdout
    assert "Subject: " in done.stdout
    assert not (tmp_path / "out.mp3").exists()
    assert running(tmp_path / "state" / "demo") == []


def test_make_passes_file_names_unchanged() -> None:
    name = '-my $HOME\'s $(film) $$ "best" #é 🎵.mkv'
    show = ["make", "--no-print-directory", "--eval=show: ; @printenv VIDEO", "show", f"VIDEO={name}"]
    done = subprocess.run(show, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout == f"{name}\n"
