"""What every client is asked to do. Nothing here needs funcdex: peers read it in their own environments."""

from __future__ import annotations

import argparse

PROMPT = "Write a scenario in which an assistant uses the tools below. " * 20
SYSTEM = "You write."
MAX_TOKENS = 256
ANSWER = "A user wants the last invoices forwarded to their accountant. " * 10


def options_of(description: str | None) -> argparse.ArgumentParser:
    """The command line that all clients have: where to, how many, how many at once."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--url", required=True, help="without /v1")
    options.add_argument("--requests", type=int, required=True)
    options.add_argument("--in-flight", type=int, required=True)
    return options
