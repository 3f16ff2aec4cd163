"""The examples for Slurm and Kubernetes, read by the tools that will read them, where those are installed."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from funcdex.settings.endpoint_spec import EndpointSpec, parse_endpoint

EXAMPLES = Path(__file__).parents[2] / "examples"
SBATCH = EXAMPLES / "slurm" / "generate.sbatch"
MANIFESTS = sorted((EXAMPLES / "kubernetes").glob("*.yaml"))
KUBERNETES = "1.30"


def needs(program: str, package: str) -> pytest.MarkDecorator:
    missing = shutil.which(program) is None
    return pytest.mark.skipif(missing, reason=f"{program} is not installed: apt-get install {package}")


def documents() -> Iterator[Mapping[str, Any]]:
    for path in MANIFESTS:
        yield from yaml.safe_load_all(path.read_text("utf-8"))


def test_the_slurm_script_is_a_script() -> None:
    done = subprocess.run(["bash", "-n", SBATCH], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@needs("shellcheck", "shellcheck")
def test_shellcheck_finds_nothing_in_the_slurm_script() -> None:
    done = subprocess.run(["shellcheck", SBATCH], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def options_of(program: str, folder: Path) -> set[str]:
    """Those it tells of; it tells nothing without a cluster's configuration."""
    config = folder / "slurm.conf"
    config.write_text("ClusterName=test\nSlurmctldHost=localhost\nNodeName=localhost\n")
    shown = subprocess.run(
        [program, "--help"], capture_output=True, text=True, env=os.environ | {"SLURM_CONF": str(config)},
        check=False,
    )  # fmt: skip
    return set(re.findall(r"--[a-z][a-z-]+", shown.stdout))


@needs("sbatch", "slurm-client")
def test_sbatch_knows_every_option_of_the_script(tmp_path: Path) -> None:
    asked = re.findall(r"^#SBATCH (--[a-z-]+)", SBATCH.read_text("utf-8"), flags=re.M)
    assert len(asked) >= 5
    assert set(asked) <= options_of("sbatch", tmp_path)


@needs("srun", "slurm-client")
def test_srun_knows_every_option_it_is_called_with(tmp_path: Path) -> None:
    (line,) = re.findall(r"^srun (.*) bash", SBATCH.read_text("utf-8"), flags=re.M)
    assert {word.partition("=")[0] for word in shlex.split(line)} <= options_of("srun", tmp_path)


def test_the_manifests_are_what_kubernetes_takes() -> None:
    validate = pytest.importorskip(
        "kubernetes_validate", reason="kubernetes-validate is not installed: pip install kubernetes-validate"
    )
    kinds = []
    for document in documents():
        validate.validate(document, KUBERNETES, strict=True)
        kinds.append(document["kind"])
    assert sorted(kinds) == ["Deployment", "Job", "PersistentVolumeClaim", "Service"]


def test_the_job_asks_for_the_service_that_the_pods_are_behind() -> None:
    by_kind = {document["kind"]: document for document in documents()}
    service, job = by_kind["Service"], by_kind["Job"]
    assert service["spec"]["clusterIP"] == "None", "headless: the name has the address of each pod"
    assert service["spec"]["selector"] == by_kind["Deployment"]["spec"]["template"]["metadata"]["labels"]
    (container,) = job["spec"]["template"]["spec"]["containers"]
    options = dict(word[2:].split("=", 1) for word in container["args"][1:])
    spec = EndpointSpec.model_validate(parse_endpoint(options["endpoints"]))
    port = service["spec"]["ports"][0]["port"]
    assert spec.listing == ("dns", f"{service['metadata']['name']}:{port}")


def test_the_commands_of_the_examples_have_the_options_they_are_given() -> None:
    (container,) = next(one for one in documents() if one["kind"] == "Job")["spec"]["template"]["spec"][
        "containers"
    ]
    script = SBATCH.read_text("utf-8").replace("\\\n", " ")
    lines = [
        line for line in script.splitlines() if line.lstrip().startswith(('"$FUNCDEX"', 'exec "$FUNCDEX"'))
    ]
    served, generated = (
        set(re.findall(r" (--[a-z-]+)", line)) for line in sorted(lines, key=len, reverse=True)
    )
    for command, options in (
        ("serve", served),
        ("generate", generated | {word.partition("=")[0] for word in container["args"][1:]}),
    ):
        known = _help(command)
        assert options and options <= known, options - known


def _help(command: str) -> set[str]:
    import typer.main

    from funcdex.cli.app import app

    found: Any = typer.main.get_command(app)
    return {name for option in found.commands[command].params for name in option.opts}
