"""`make check` looks up known vulnerabilities of the locked packages; `make sbom` lists those packages."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.support.osv_server import osv_server

ROOT = Path(__file__).parents[3]
UV = shutil.which("uv") or str(ROOT / ".devstack/tools/bin/uv")
UNUSED = "GHSA-wj6h-64fc-37mp"


def audit(url: str) -> subprocess.CompletedProcess[str]:
    command = ["devstack/audit.sh", UV, "--service-url", url, "--no-cache"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_a_package_with_a_known_vulnerability_fails_the_check() -> None:
    with osv_server("msgspec", "TEST-1") as url:
        outcome = audit(url)
    assert outcome.returncode != 0
    assert "msgspec" in outcome.stderr
    assert "TEST-1" in outcome.stderr


def test_packages_without_known_vulnerabilities_pass_the_check() -> None:
    with osv_server("another-package", "TEST-1") as url:
        outcome = audit(url)
    assert outcome.returncode == 0
    assert "NOT AUDITED" not in outcome.stderr


def test_a_vulnerability_in_unused_code_is_ignored_while_there_is_no_fix() -> None:
    with osv_server("ecdsa", UNUSED) as url:
        assert audit(url).returncode == 0


def test_the_package_of_the_ignored_vulnerability_neither_signs_nor_verifies() -> None:
    """python-jose falls back to it where cryptography is missing."""
    program = "import sys; from jose import jwk; from gateway.identity import service_tokens; "
    program += "print(jwk.get_key('ES256').__module__, 'ecdsa' in sys.modules)"
    command = [sys.executable, "-c", program]
    outcome = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    assert outcome.stdout.split() == ["jose.backends.cryptography_backend", "False"]


def test_a_database_that_cannot_be_reached_is_reported_and_fails_nothing() -> None:
    outcome = audit("http://127.0.0.1:9/")
    assert outcome.returncode == 0
    assert "NOT AUDITED" in outcome.stderr


def test_the_list_of_packages_is_that_of_the_lock_file_with_their_digests(tmp_path: Path) -> None:
    file = tmp_path / "sbom.json"
    command = ["make", "--silent", "--old-file=bootstrap", "sbom", f"SBOM={file}", f"UV={UV}"]
    subprocess.run(command, cwd=ROOT, env=os.environ, timeout=120, check=True)
    listed = json.loads(file.read_text())["components"]
    locked = {each["name"] for each in tomllib.loads((ROOT / "uv.lock").read_text())["package"]}
    names = {each["name"] for each in listed}
    assert {"litestar", "aiohttp", "pymongo", "sqlalchemy", "aiosmtplib"} <= names <= locked
    assert "pytest" not in names
    assert all(reference["hashes"] for each in listed for reference in each["externalReferences"])
