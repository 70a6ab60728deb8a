"""What a build of ffmpeg lacks is found out when the worker starts."""

import subprocess
from pathlib import Path

import pytest
from msgspec.structs import replace

from converter_service.media.errors import TranscoderUnavailable
from converter_service.media.ffmpeg.capabilities import LISTS
from tests.support.audio_checks import TranscodingHarness

# Prints a stored list. Builtins only: a program in the sandbox cannot start others.
PRINTING = """#!/bin/sh
while IFS= read -r line; do printf '%s\\n' "$line"; done <"$0$3"
"""


def lacking(harness: TranscodingHarness, folder: Path, name: str) -> None:
    """Replaces ffmpeg by one whose lists lack the entries with `name`."""
    program = folder / "ffmpeg"
    for kind in LISTS:
        command = [harness.tools.ffmpeg, "-v", "error", f"-{kind}"]
        listed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
        kept = [line for line in listed.splitlines() if f" {name} " not in line and line != name]
        (folder / f"ffmpeg-{kind}").write_text("\n".join([*kept, ""]))
    program.write_text(PRINTING)
    program.chmod(0o755)
    harness.tools = replace(harness.tools, ffmpeg=str(program))


async def test_every_tested_ffmpeg_reads_and_writes_all_that_is_accepted(harness: TranscodingHarness) -> None:
    transcoder = harness.transcoder
    await transcoder.check(harness.scratch)
    await transcoder.check_sources()


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("alac", "'codecs': ('alac',)"),
        ("matroska,webm", "'containers': ('mkv',)"),
        ("webp", "'pictures': ('webp',)"),
    ],
)
async def test_sources_that_cannot_be_read_are_named_and_the_rest_goes_on(
    harness: TranscodingHarness, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, named: str
) -> None:
    lacking(harness, tmp_path, name)
    transcoder = harness.transcoder
    await transcoder.check(harness.scratch)
    assert "ffmpeg cannot read all sources" in capsys.readouterr().out
    with pytest.raises(TranscoderUnavailable) as failed:
        await transcoder.check_sources()
    assert named in str(failed.value)


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("libopus", "formats: opus"),
        ("pan", "filters: pan"),
        ("setts", "filters: setts"),
        ("loudnorm", "filters: loudnorm"),
    ],
)
async def test_a_worker_does_not_start_when_it_lacks_what_every_conversion_needs(
    harness: TranscodingHarness, tmp_path: Path, name: str, named: str
) -> None:
    lacking(harness, tmp_path, name)
    with pytest.raises(TranscoderUnavailable, match=f"lacks {named}$"):
        await harness.transcoder.check(harness.scratch)
