"""The examples of docs/api.md run on the whole system with the documented output, in each language."""

import asyncio
import secrets
import shutil
import sys
from asyncio.subprocess import PIPE
from itertools import pairwise
from pathlib import Path

import pytest

from devstack.node import NODE
from devstack.ports import free_port
from devstack.servers.environment import plain_environment
from tests.support.examples import ENDS, SHOWN, blocks, expected, printed_by, program
from tests.support.media import Media
from tests.support.npm import installed
from tests.support.system import System
from tests.support.webhooks import receiver

PAGE = (Path(__file__).parents[2] / "docs/api.md").read_text()
PACKAGES = Path(__file__).parents[1] / "support/examples_js"
WITHIN_S = 280
LECTURE_S = 300


@pytest.fixture
def folder(media: Media, tmp_path: Path) -> Path:
    """A working directory with the two videos of the examples."""
    shutil.copy(media.video(seconds=4), tmp_path / "talk.mp4")
    shutil.copy(media.video(seconds=LECTURE_S), tmp_path / "lecture.mp4")
    return tmp_path


def prepared(language: str, folder: Path, text: str) -> list[str]:
    """Returns the command that runs a program in that directory."""
    if language == "bash":
        return ["bash", "-euo", "pipefail", "-c", text]
    if language == "python":
        (folder / "api.py").write_text(text)
        return [sys.executable, "api.py"]
    (folder / "api.mjs").write_text(text)
    (folder / "node_modules").symlink_to(installed(PACKAGES) / "node_modules")
    return [str(NODE), "api.mjs"]


async def output_of(command: list[str], folder: Path) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=plain_environment(), stdout=PIPE, stderr=PIPE
    )
    try:
        said, wrong = await asyncio.wait_for(process.communicate(), WITHIN_S)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, f"{said.decode()[-2000:]}\n{wrong.decode()[-2000:]}"
    return said.decode()


@pytest.mark.parametrize("language", ENDS)
async def test_the_examples_run_and_print_what_is_shown(system: System, folder: Path, language: str) -> None:
    async with receiver() as there:
        page = PAGE
        for written, here in {
            "http://127.0.0.1:8000": system.url,
            "me@example.org": f"{secrets.token_hex(6)}@example.org",
            "https://example.com/hooks/tonegate": there.url,
            "9876": str(free_port()),
        }.items():
            assert written in page
            page = page.replace(written, here)
        command = await asyncio.to_thread(prepared, language, folder, program(page, language))
        said = printed_by(await output_of(command, folder), page, language)
    shown = expected(page, language)
    assert shown
    for each in shown:
        assert each.fits(said[each.line]), f"line {each.line}: {said[each.line]}"


def test_every_block_is_run_or_shows_what_the_one_before_it_prints() -> None:
    for before, block in pairwise(blocks(PAGE)):
        assert block.info in ENDS or (block.info in SHOWN and before.last == block.first - 1), block.first
