from __future__ import annotations

from pathlib import Path

import pytest
from fault_matrix import row_of

FEW = ("refuse", "server_error", "context_too_long", "too_large", "unauthorized", "no_content", "cut")
"""One of each reaction; `python bench/fault_matrix.py` has them all."""


@pytest.mark.parametrize("kind", FEW)
async def test_a_run_beside_a_faulty_endpoint_loses_nothing(kind: str, tmp_path: Path) -> None:
    row = await row_of(kind, 4, tmp_path)
    assert row.lost == 0 and row.accepted + row.rejected == 4
    assert row.again or row.requests > 4 * 7
