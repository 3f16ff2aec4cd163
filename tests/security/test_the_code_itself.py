"""What no module of the package does: run what it reads, or trust whom it talks to without looking."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

import funcdex.endpoints.http
from funcdex.cli.app import app
from funcdex.sim.config import SimConfig

SOURCES = sorted(Path(funcdex.__file__).parent.rglob("*.py"))

MODULES = {
    "pickle",
    "cPickle",
    "dill",
    "cloudpickle",
    "marshal",
    "shelve",
    "joblib",
    "jsonpickle",
    "code",
    "pty",
}
CALLS = {
    *(
        "eval",
        "exec",
        "compile",
        "__import__",
        "breakpoint",
        "os.system",
        "os.popen",
        "yaml.load",
        "yaml.load_all",
    ),
    *(
        "yaml.unsafe_load",
        "yaml.full_load",
        "torch.load",
        "ssl._create_unverified_context",
        "tempfile.mktemp",
    ),
}
ARGUMENTS = {
    **dict.fromkeys(("verify", "ssl", "check_hostname"), False),
    **dict.fromkeys(("shell", "allow_pickle", "trust_remote_code", "trust_env"), True),
}


def faults_of(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.split(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module.split(".")[0] in MODULES:
                yield node.module
            yield from (name.name for name in node.names if f"{node.module}.{name.name}" in CALLS)
        elif isinstance(node, ast.Call):
            if (called := ast.unparse(node.func)) in CALLS:
                yield called
            for keyword in node.keywords:
                value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
                if keyword.arg in ARGUMENTS and value is ARGUMENTS[keyword.arg]:
                    yield f"{keyword.arg}={value}"
        elif isinstance(node, ast.Attribute) and node.attr in ("CERT_NONE", "_unsafe_load"):
            yield node.attr


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_no_module_runs_what_it_reads(path: Path) -> None:
    assert list(faults_of(path.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import loads",
        "import dill.source",
        "eval('1')",
        "import yaml\nyaml.load(text, Loader=x)",
        "from yaml import unsafe_load",
        "numpy.load(path, allow_pickle=True)",
        "torch.load(path)",
        "subprocess.run(line, shell=True)",
        "Session(verify=False)",
        "context.verify_mode = ssl.CERT_NONE",
    ],
)
def test_the_look_at_the_code_would_see_it(source: str) -> None:
    assert list(faults_of(source))


def test_the_look_finds_the_code() -> None:
    assert len(SOURCES) > 100


def test_servers_of_ours_listen_to_this_machine_alone_unless_told() -> None:
    command = typer.main.get_command(app)
    defaults = {
        f"{name} {parameter.name}": parameter.default
        for name, one in getattr(command, "commands").items()  # noqa: B009
        for parameter in one.params
        if parameter.name in ("host", "metrics_host")
    }
    assert set(defaults) >= {"sim host", "generate metrics_host", "resume metrics_host"}
    assert set(defaults.values()) == {"127.0.0.1"} and SimConfig().host == "127.0.0.1"


def test_no_option_and_no_setting_turns_off_the_verification_of_certificates() -> None:
    from funcdex.settings.reference import as_markdown

    assert not any(word in as_markdown().lower() for word in ("insecure", "verify_", "certificate"))
    assert "verify" not in str(inspect.signature(funcdex.endpoints.http.open_transport))
