"""`tonegate convert` in a terminal: bars, Ctrl-C, a full disk."""

import asyncio
from pathlib import Path

import pytest

from tests.faults.disks import small_disk
from tests.support.cable import cable
from tests.support.client import Person
from tests.support.media import Media
from tests.support.own_conversions import audio_of, conversions_of, padded
from tests.support.system import System
from tests.support.tonegate_command import TonegateCommand

MIB = 1024 * 1024
COLOUR = b"\x1b[3"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "videos"
    path.mkdir()
    return path


@pytest.fixture
async def tonegate(system: System, person: Person, tmp_path: Path, folder: Path) -> TonegateCommand:
    """The command, signed in."""
    command = TonegateCommand(system.url, tmp_path, folder)
    await command.sign_in(person.email, person.password)
    return command


@pytest.mark.parametrize("is_colourful", [True, False])
async def test_bars_are_shown_at_a_terminal_and_have_no_colours_if_none_are_wanted(
    tonegate: TonegateCommand, media: Media, folder: Path, is_colourful: bool
) -> None:
    (folder / "talk.mp4").write_bytes(padded(media.video(seconds=1), MIB))
    environment = {} if is_colourful else {"NO_COLOR": "1"}
    async with tonegate.start_in_terminal("convert", "talk.mp4", **environment) as terminal:
        assert await terminal.ended() == 0
    assert b"talk.mp4" in terminal.screen
    assert b"1 converted." in terminal.screen
    assert (COLOUR in terminal.screen) is is_colourful


async def test_a_key_press_interrupts_and_the_same_command_goes_on(
    system: System, person: Person, media: Media, folder: Path, tmp_path: Path
) -> None:
    (folder / "long.mp4").write_bytes(padded(media.video(seconds=1), 8 * MIB))
    async with cable(system.address, 4 * MIB) as (line, url):
        tonegate = TonegateCommand(url, tmp_path, folder)
        await tonegate.sign_in(person.email, person.password)
        async with tonegate.start_in_terminal("convert", "long.mp4") as terminal:
            await asyncio.wait_for(line.holds.wait(), 60)
            terminal.press(b"\x03")
            assert await terminal.ended() == 130
        assert terminal.screen.decode().splitlines()[-1].endswith("Interrupted.")
        assert b"Traceback" not in terminal.screen
        await line.hold_nothing()
        await tonegate.done("convert", "long.mp4")
    assert len(await conversions_of(person)) == 1


async def test_a_full_disk_is_one_line_and_the_same_command_goes_on(
    tonegate: TonegateCommand, person: Person, media: Media, folder: Path, tmp_path: Path
) -> None:
    (folder / "talk.mp4").write_bytes(media.video(seconds=60).read_bytes())
    with small_disk(tmp_path / "disk", size_mib=1) as disk:
        if disk is None:
            pytest.skip("no right to mount")
        full = await tonegate.run("convert", "talk.mp4", "-o", str(disk.path))
        (line, summary) = full.stderr.splitlines()
        assert (full.code, summary) == (1, "1 failed.")
        assert line.startswith("talk.mp4: ")
        assert "No space left on device. Free some space and run the command again" in line
        assert not (disk.path / "talk.mp3").exists()
        bigger = tmp_path / "disk"
        assert disk.grow(8)
        await tonegate.done("convert", "talk.mp4", "-o", str(bigger))
        (found,) = await conversions_of(person)
        assert await audio_of(person, [found]) == [(bigger / "talk.mp3").read_bytes()]
