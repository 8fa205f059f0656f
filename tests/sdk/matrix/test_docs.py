"""The documentation says what these tests have shown."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_the_page_of_providers_is_not_stale():
    checked = subprocess.run([sys.executable, ROOT / "scripts" / "make-providers-doc", "--check"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
