"""A disk without room for the result is no fault of the source."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from converter_service.media.errors import TranscoderUnavailable
from tests.faults.disks import small_disk
from tests.support.audio_checks import TranscodingHarness
from tests.support.media import Media

KIB = 1024


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", 1) as mounted:
        if mounted is None:
            pytest.skip("mounting is not permitted")
        yield mounted.path


@pytest.mark.parametrize("fields", [{}, {"format": "m4a"}, {"format": "opus"}], ids=str)
async def test_a_full_disk_is_never_blamed_on_the_file(
    harness: TranscodingHarness, media: Media, disk: Path, fields: dict[str, str]
) -> None:
    harness.scratch = disk
    ended = []
    for free_kib in (*range(4, 24, 4), 200):
        for file in disk.iterdir():
            file.unlink()
        shutil.copyfile(media.video(1.0), harness.source)
        room = os.statvfs(disk)
        filling = room.f_bavail * room.f_frsize - free_kib * KIB
        (disk / "filling").write_bytes(bytes(filling))
        try:
            ended.append((await harness.convert(harness.source, **fields)).duration_s)
        except (TranscoderUnavailable, OSError):
            ended.append(0.0)
    assert ended[0] == 0.0, "the disk was not full"
    assert ended[-1] == pytest.approx(1.0, abs=0.1)
