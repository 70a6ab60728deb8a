"""The command as people install it: by uv and pipx into folders of its own, then a conversion."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from devstack.home import REPOSITORY
from tests.support.client import Person
from tests.support.media import Media
from tests.support.own_conversions import audio_of, conversions_of
from tests.support.system import System
from tests.support.tonegate_command import TonegateCommand

CLIENT = REPOSITORY / "client"
UV = shutil.which("uv") or str(REPOSITORY / ".devstack/tools/bin/uv")
INSTALL_S = 300

pytestmark = pytest.mark.skipif(not Path(UV).exists(), reason="no uv on this machine")


def run(*command: str, **environment: str) -> None:
    done = subprocess.run(
        command,
        env={**clean_environment(), **environment},
        capture_output=True,
        text=True,
        timeout=INSTALL_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def clean_environment() -> Mapping[str, str]:
    """Without the modules and the virtual environment of the tests."""
    return {name: text for name, text in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}


def by_uv(folder: Path) -> Path:
    places = {"UV_TOOL_DIR": str(folder / "tools"), "UV_TOOL_BIN_DIR": str(folder / "bin")}
    run(UV, "tool", "install", "--python", sys.executable, str(CLIENT), **places)
    return folder / "bin/tonegate"


def by_pipx(folder: Path) -> Path:
    python = folder / "pipx/bin/python"
    run(UV, "venv", "--python", sys.executable, str(folder / "pipx"))
    run(UV, "pip", "install", "--python", str(python), "pipx")
    places = {"PIPX_HOME": str(folder / "home"), "PIPX_BIN_DIR": str(folder / "bin")}
    run(str(python), "-m", "pipx", "install", "--python", sys.executable, str(CLIENT), **places)
    return folder / "bin/tonegate"


@pytest.mark.parametrize("install", [by_uv, by_pipx])
async def test_the_installed_command_converts_a_video(
    system: System, person: Person, media: Media, tmp_path: Path, install: object
) -> None:
    assert callable(install)
    program = await asyncio.to_thread(install, tmp_path / "installed")
    (tmp_path / "talk.mp4").write_bytes(media.video(seconds=1).read_bytes())
    tonegate = TonegateCommand(system.url, tmp_path, tmp_path, program)
    await tonegate.sign_in(person.email, person.password)
    done = await tonegate.done("convert", "talk.mp4", "--only-sound")
    assert done.stdout.decode() == f"{tmp_path / 'talk.mp3'}\n"
    assert [(tmp_path / "talk.mp3").read_bytes()] == await audio_of(person, await conversions_of(person))
    assert (await tonegate.done("--version")).stdout.startswith(b"tonegate, version ")
