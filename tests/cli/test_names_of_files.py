"""A file or folder that cannot be there is the user's mistake, and said as one."""

from __future__ import annotations

import pytest
from running import run_command

TOO_LONG = "x" * 300


@pytest.mark.parametrize(
    "command",
    [
        ("tools", "check", TOO_LONG),
        ("tools", "import", TOO_LONG, "--out", "y.json"),
        ("tools", "show", "gmail", "--tools", TOO_LONG),
        ("grammar", "check", TOO_LONG),
        ("grammar", "cost", "--tools", TOO_LONG),
        ("validate", TOO_LONG),
        ("status", TOO_LONG),
        ("resume", TOO_LONG),
        ("generate", "--endpoints", "sim", "--count", "1", "--run", TOO_LONG),
        ("bench", "--endpoints", "http://127.0.0.1:9", "--json", TOO_LONG),
    ],
    ids=lambda command: " ".join(word for word in command if word != TOO_LONG),
)
def test_a_name_that_no_file_can_have_is_a_usage_error(command: tuple[str, ...]) -> None:
    result = run_command(*command)
    assert result.returncode == 2
    assert "bug" not in result.stderr
