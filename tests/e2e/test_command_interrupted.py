"""`tonegate convert` in a terminal: forty files, killed, interrupted, a full disk, a file that changes."""

import asyncio
import hashlib
import random
from pathlib import Path

import pytest

from tests.faults.disks import small_disk
from tests.support.cable import cable
from tests.support.client import Person
from tests.support.media import Media
from tests.support.own_conversions import audio_of, conversions_of, padded
from tests.support.system import System
from tests.support.tonegate_command import TonegateCommand

KIB, MIB = 1024, 1024 * 1024
FILES, KILLS = 40, 10
COLOUR, CURSOR_UP = b"\x1b[3", b"\x1b[1A"


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


async def test_forty_files_are_converted_once_each_though_the_command_is_killed_ten_times(
    tonegate: TonegateCommand, person: Person, media: Media, folder: Path
) -> None:
    sources = {f"talk {n}.mp4": padded(media.video(seconds=1), 256 * KIB, seed=n) for n in range(FILES)}
    for name, content in sources.items():
        (folder / name).write_bytes(content)
    moments = random.Random(16)
    for _ in range(KILLS):
        async with tonegate.start_in_terminal("convert", ".", "--jobs", "8") as terminal:
            # At the start, within a file, and after several.
            await terminal.showed(moments.choice((0, 1, 2_000, 10_000, 20_000)))
            terminal.process.kill()
    async with tonegate.start_in_terminal("convert", ".", "--jobs", "8") as terminal:
        assert await terminal.ended() == 0
    assert b"Failed" not in terminal.screen

    listed = {each["source"]["filename"]: each for each in await conversions_of(person)}
    assert len(await conversions_of(person)) == FILES
    assert {name: each["source"]["sha256"] for name, each in listed.items()} == {
        name: hashlib.sha256(content).hexdigest() for name, content in sources.items()
    }
    made = [(folder / name).with_suffix(".mp3").read_bytes() for name in sources]
    assert made == await audio_of(person, [listed[name] for name in sources])
    assert list(folder.glob(".tonegate-*")) == []


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


async def test_a_file_that_changes_while_it_is_sent_is_not_converted_until_it_is_complete(
    system: System, person: Person, media: Media, folder: Path, tmp_path: Path
) -> None:
    video = folder / "growing.mp4"
    whole = padded(media.video(seconds=1), 8 * MIB)
    video.write_bytes(whole[: 6 * MIB])
    async with cable(system.address, 2 * MIB) as (line, url):
        tonegate = TonegateCommand(url, tmp_path, folder)
        await tonegate.sign_in(person.email, person.password)
        async with tonegate.start("convert", "growing.mp4") as process:
            await asyncio.wait_for(line.holds.wait(), 60)
            video.write_bytes(whole)
            await line.hold_nothing()
            _, errors = await asyncio.wait_for(process.communicate(), 90)
        assert process.returncode == 1
        assert errors.decode().startswith(
            "growing.mp4: The file changed while it was sent. Run the command again once it is complete.\n"
        )
        assert await conversions_of(person) == []
        await tonegate.done("convert", "growing.mp4")
    (found,) = await conversions_of(person)
    assert found["source"]["sha256"] == hashlib.sha256(whole).hexdigest()
