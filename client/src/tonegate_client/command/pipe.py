"""Conversion between standard input or a file and standard output."""

import asyncio
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

import click

from tonegate_client.client import Client
from tonegate_client.command.session import Session
from tonegate_client.models import Options
from tonegate_client.problems import ConversionFailed
from tonegate_client.source_file import PIECE_BYTES, source_file


async def convert_to_pipe(session: Session, source: Path | None, name: str, options: Options) -> None:
    """Sends a file, or standard input under a name, and writes the audio to standard output.

    The audio is complete and checked before its first byte is written. An interrupted conversion is not
    continued by a later one.
    """
    if sys.stdout.isatty():
        raise click.UsageError("The audio would be written to the terminal: redirect standard output.")
    async with session.open_client() as client:
        conversion_id = await _send(client, source, name, options)
        conversion = await client.conversions.wait(conversion_id)
        if conversion.result is None:
            raise ConversionFailed(conversion)
        with tempfile.TemporaryDirectory(prefix="tonegate-") as folder:
            audio = Path(folder) / "audio"
            await client.downloads.save(conversion_id, conversion.result, audio)
            await asyncio.to_thread(_copy, audio, sys.stdout.buffer)


async def _send(client: Client, source: Path | None, name: str, options: Options) -> str:
    key = str(uuid.uuid4())
    if source is None:
        return await client.transfer.send_stream(name.encode(), options, _pieces(sys.stdin.buffer), key)
    file = source_file(source)
    upload = await client.uploads.create(file.name, options, file.size, key)
    return await client.transfer.send_file(upload.id, file)


async def _pieces(stream: BinaryIO) -> AsyncIterator[bytes]:
    while piece := await asyncio.to_thread(stream.read, PIECE_BYTES):
        yield piece


def _copy(path: Path, stream: BinaryIO) -> None:
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            stream.write(piece)
    stream.flush()
