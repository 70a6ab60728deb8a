"""Extracts the examples of a documentation page as one program per language, with their documented output."""

import re
from dataclasses import dataclass
from itertools import pairwise

FENCE = re.compile(r"^```(.*)$")
SHOWN = ("text", "json")
# Line numbers of a program are those of the page, so that errors point to it. A marker is printed at the end
# of each block.
ENDS = {"bash": "echo '{}'", "python": "print('{}', flush=True)", "javascript": "console.log('{}');"}
MARK = "<end of line {}>"


@dataclass(frozen=True)
class Block:
    """A fenced code block; `first` and `last` are the line numbers of its content, from 1 on."""

    info: str
    first: int
    last: int
    text: str


@dataclass(frozen=True)
class Expected:
    """Documented output of a block: `…` matches any text, and on a line of its own any lines or none."""

    line: int
    kind: str
    text: str

    def fits(self, said: str) -> bool:
        if self.kind == "json":
            return _fits(_packed(self.text), _packed(said), anything=r"[^{}\[\],]*")
        lines = self.text.strip().replace("…\n", "…").replace("\n…", "…")
        return _fits(lines, said.strip(), anything=r".*")


def blocks(page: str) -> list[Block]:
    found: list[Block] = []
    lines = page.split("\n")
    fences = [(number, match[1]) for number, line in enumerate(lines, 1) if (match := FENCE.match(line))]
    for (first, info), (last, _) in zip(fences[::2], fences[1::2], strict=True):
        found.append(Block(info, first, last, "\n".join(lines[first : last - 1])))
    return found


def program(page: str, language: str) -> str:
    """Returns all blocks of a language as one program, in order."""
    lines = [""] * len(page.split("\n"))
    for block in blocks(page):
        if block.info == language:
            lines[block.first : block.last - 1] = block.text.split("\n")
            lines[block.last - 1] = ENDS[language].format(MARK.format(block.last))
    return "\n".join(lines)


def expected(page: str, language: str) -> list[Expected]:
    """Returns the documented output of each block: the output block that begins on the line after it."""
    found = blocks(page)
    return [
        Expected(block.last, after.info, after.text)
        for block, after in pairwise(found)
        if block.info == language and after.info in SHOWN and after.first == block.last + 1
    ]


def printed_by(output: str, page: str, language: str) -> dict[int, str]:
    """Returns the output of each block by its last line; fails if a block was not run."""
    said: dict[int, str] = {}
    for block in blocks(page):
        if block.info == language:
            said[block.last], reached, output = output.partition(MARK.format(block.last))
            assert reached, f"the block that ends at line {block.last} did not run to its end"
    return said


def _packed(text: str) -> str:
    return re.sub(r"\s", "", text)


def _fits(pattern: str, text: str, *, anything: str) -> bool:
    return bool(re.fullmatch(anything.join(map(re.escape, pattern.split("…"))), text, re.DOTALL))
