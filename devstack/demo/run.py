"""`make demo`: starts a stack, runs the walkthrough, stops the stack."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from devstack.demo.arguments import checked_out, checked_video
from devstack.demo.media import make_sample
from devstack.demo.terminal import Terminal
from devstack.demo.walkthrough import Walkthrough
from devstack.errors import StackError
from devstack.home import Home, exclusive
from devstack.preflight import check_settings
from devstack.process import end_all
from devstack.stack import Stack


class Demo:
    """Uses a stack separate from that of `make up`; only the mail directory is shared."""

    def __init__(self, state: Path, given: Mapping[str, str]) -> None:
        self._state = Home.at(state)
        self._given = given
        self._terminal = Terminal()

    def run(self, video: Path | None, out: Path | None) -> None:
        """Runs the demo and stops the stack in any case; raises StackError at the first step that fails."""
        source = checked_video(video) if video is not None else Path("sample.mp4")
        mp3 = checked_out(out, source)
        home = Home.at(self._state.path / "demo")
        with exclusive(home):
            clear(home)
            if video is None:
                source = home.path / "sample.mp4"
                self._terminal.say("Making a sample video ...")
                make_sample(source)
            self._on_a_stack(home, source, mp3)
            clear(home)

    def _on_a_stack(self, home: Home, source: Path, mp3: Path) -> None:
        with Stack(home.path, self._given, mail_directory=self._state.directory("mail")) as stack:
            check_settings(stack)
            self._terminal.say(f"Starting {stack.inventory} ...")
            try:
                stack.start()
                self._terminal.say(f"Ready at {stack.url}")
                Walkthrough(stack, self._terminal).walk(source, mp3)
            except (StackError, OSError) as error:
                raise StackError(f"{error}\n(logs: {home.path / 'logs'})") from error
            finally:
                self._terminal.say("Stopping what was started ...")


def clear(home: Home) -> None:
    """Stops and deletes what an earlier demo left."""
    end_all(home)
    for entry in home.path.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name != "lock":
            entry.unlink()
