"""Differential run: what a plain ffmpeg and what Tonegate's media code make of the same sources.

`python -m bench.differential [PATH]` compares duration, level, channels, sample rate and tags in every result
format, and prints the page `docs/differences.md`, or writes it to PATH. A difference without a reason in
`differential_reasons` makes the exit code 1.
"""

import argparse
import asyncio
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from bench.audio_facts import AudioFacts, measured, run
from bench.differential_reasons import REASONS, Difference, Reason, differences, reason_for
from bench.differential_sources import SOURCES
from converter_service.media.ffmpeg.limits import TranscodingLimits
from converter_service.media.ffmpeg.tools import find_tools
from converter_service.media.ffmpeg.transcoder import FFmpegTranscoder
from converter_service.media.formats import FORMATS
from converter_service.media.option_parser import parse

PAGE = """# How results differ from those of a plain ffmpeg

`make differences` converts {sources} sources to {formats} formats, once with
`ffmpeg -i SOURCE -vn -c:a ENCODER -b:a 192k` and once with the converter ({version}), and compares
duration, RMS, peak, channels, sample rate and tags. {same} of {cells} pairs are alike in all but the first
row below. It fails if it finds a difference without a reason.

| Difference | Results | Example: ffmpeg → Tonegate | Reason |
|---|---|---|---|
"""


def main(page: Path | None) -> int:
    """Returns the exit code."""
    with tempfile.TemporaryDirectory(prefix="tonegate-differential-") as name:
        cells = asyncio.run(_compare_all(Path(name).resolve()))
    grouped: dict[Reason | None, list[Difference]] = defaultdict(list)
    for found in cells:
        for difference in found:
            grouped[reason_for(difference)].append(difference)
    text = _page(cells, grouped)
    if page is None:
        print(text)
    else:
        page.write_text(text)
    for difference in grouped[None]:
        print(f"no reason: {_cell(difference)}: {_example(difference)}", file=sys.stderr)
    return 1 if grouped[None] else 0


async def _compare_all(directory: Path) -> list[list[Difference]]:
    """The differences of each source in each format."""
    cells = []
    for source in SOURCES:
        file = source.write(directory)
        for form in FORMATS:
            plain, ours = _by_ffmpeg(file, form, directory), await _by_tonegate(file, form, directory)
            cells.append(differences(source, form, plain, ours))
    return cells


def _by_ffmpeg(source: Path, form: str, directory: Path) -> AudioFacts | None:
    """None if ffmpeg fails."""
    target = directory / f"plain.{form}"
    rate = ["-b:a", "192k"] if FORMATS[form].has_bitrate else []
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-i", f"file:{source}", "-vn", "-c:a"]
    try:
        run([*command, FORMATS[form].encoder, *rate, f"file:{target}"])
    except subprocess.CalledProcessError:
        return None
    return measured(target)


async def _by_tonegate(source: Path, form: str, directory: Path) -> AudioFacts:
    # A worker knows a source by no other name either.
    scratch = directory / "scratch"
    scratch.mkdir(exist_ok=True)
    file, target = scratch / "source", scratch / "result"
    await asyncio.to_thread(shutil.copyfile, source, file)
    transcoder = FFmpegTranscoder(find_tools(threads=1), TranscodingLimits())
    info = await transcoder.probe(file)
    await transcoder.convert(file, info, parse({"format": form}), target, _ignore)
    return measured(target)


async def _ignore(_done: float) -> None:
    """Progress is not compared."""


def _page(cells: list[list[Difference]], grouped: dict[Reason | None, list[Difference]]) -> str:
    same = sum(all(reason_for(each) is REASONS[0] for each in found) for found in cells)
    version = run(["ffmpeg", "-version"])[0]
    page = PAGE.format(
        sources=len(SOURCES),
        formats=len(FORMATS),
        cells=len(cells),
        same=same,
        version=" ".join(version.split()[:3]),
    )
    for reason in REASONS:
        if found := grouped.get(reason):
            results = len({(each.source.name, each.form) for each in found})
            aspects = ", ".join(sorted({each.aspect for each in found}))
            page += f"| {aspects} | {results} | {_cell(found[0])}: {_example(found[0])} | {reason.words} |\n"
    return page


def _cell(difference: Difference) -> str:
    return f"{difference.source.name} to {difference.form}"


def _example(difference: Difference) -> str:
    what = f"{difference.aspect} `{difference.name}`" if difference.name else difference.aspect
    return f"{what} {difference.plain} → {difference.ours}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.differential", description=__doc__)
    parser.add_argument("page", nargs="?", type=Path, metavar="PATH")
    sys.exit(main(parser.parse_args().page))
