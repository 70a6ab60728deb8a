"""The sandbox launcher, which is executed by path and without site-packages."""

import ast
import sys
from pathlib import Path

from converter_service.media.sandbox import launcher


def test_the_launcher_imports_the_standard_library_only() -> None:
    tree = ast.parse(Path(launcher.__file__).read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.name for node in imports if isinstance(node, ast.Import) for alias in node.names}
    assert all(isinstance(node, ast.Import) for node in imports)
    assert names <= sys.stdlib_module_names
