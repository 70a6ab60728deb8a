"""Validation of the arguments VIDEO and OUT, before anything is started."""

from pathlib import Path

from devstack.errors import StackError


def checked_video(video: Path) -> Path:
    if not video.exists():
        raise StackError(f"there is no file {str(video)!r}")
    if not video.is_file():
        raise StackError(f"{str(video)!r} is not a file")
    if video.stat().st_size == 0:
        raise StackError(f"{str(video)!r} is empty")
    try:
        video.open("rb").close()
    except OSError as error:
        raise StackError(f"{str(video)!r} cannot be read: {error.strerror}") from None
    return video


def checked_out(out: Path | None, video: Path) -> Path:
    """Returns the path of the MP3, by default `<video's name>.mp3` in the working directory.

    Raises StackError if OUT is the video itself or its directory does not exist.
    """
    chosen = out or Path(f"{video.stem}.mp3")
    if chosen.is_dir():
        chosen /= f"{video.stem}.mp3"
    if chosen.exists() and video.exists() and chosen.samefile(video):
        if out is not None:
            raise StackError("OUT is the video itself; it would be overwritten")
        chosen = chosen.with_name(f"{video.stem}-tonegate.mp3")
    if not chosen.parent.is_dir():
        raise StackError(f"there is no directory {str(chosen.parent)!r} to write the MP3 to")
    return chosen
