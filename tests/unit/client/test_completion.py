"""The scripts of `tonegate completion`, in text and JSON; that of bash is run by bash."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from devstack.home import REPOSITORY
from tonegate_client.command.app import run
from tonegate_client.command.completion import SHELLS

# As bash does when the Tab key is pressed after "tonegate webhooks r".
COMPLETE = (
    "source ./script; COMP_WORDS=(tonegate webhooks r); COMP_CWORD=2; _tonegate_completion tonegate;"
    ' printf "%s\\n" "${COMPREPLY[@]}"'
)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The command, as a program of the PATH."""
    path = tmp_path / "bin/tonegate"
    path.parent.mkdir()
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tonegate_client "$@"\n')
    path.chmod(0o755)
    return path


def test_bash_completes_the_words_of_the_command(program: Path, tmp_path: Path) -> None:
    environment = {
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(REPOSITORY / "client/src"),
        "HOME": str(tmp_path),
    }

    def output_of(*command: str) -> str:
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=True
        )
        return done.stdout

    (tmp_path / "script").write_text(output_of("tonegate", "completion", "bash"))
    offered = output_of("bash", "-c", COMPLETE)
    assert "rotate-secret" in offered
    assert "replay" in offered
    assert "deliveries" not in offered


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_written_as_json_too(
    folders: None, capsys: pytest.CaptureFixture[str], shell: str
) -> None:
    assert run(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert run(["completion", shell, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["shell"], record["script"].rstrip()) == (shell, script.rstrip())
