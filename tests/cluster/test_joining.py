"""`--ray` on the command line, and what is said where there is no Ray."""

from __future__ import annotations

import sys

import pytest

from funcdex.cli.run import with_ray_address
from funcdex.cluster.engine import Cluster
from funcdex.errors import ClusterError


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (["generate", "--ray"], ["generate", "--ray", "auto"]),
        (["generate", "--ray", "--count", "3"], ["generate", "--ray", "auto", "--count", "3"]),
        (["resume", "runs/a", "--ray", "head:6379"], ["resume", "runs/a", "--ray", "head:6379"]),
        (["generate", "--ray=head:6379"], ["generate", "--ray=head:6379"]),
        (["status", "runs/a"], ["status", "runs/a"]),
    ],
)
def test_ray_alone_means_auto(given: list[str], read: list[str]) -> None:
    assert with_ray_address(given) == read


def test_without_ray_the_command_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ClusterError, match=r"ray is not installed.*funcdex\[ray\]"):
        Cluster("auto")
