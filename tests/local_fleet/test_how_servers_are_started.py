"""The plan of a local fleet: which command for which GPU."""

from __future__ import annotations

import socket

import pytest

from funcdex.errors import ConfigError
from funcdex.local_fleet.plan import Server, ServerKind, Wanted, gpus_of, planned
from funcdex.local_fleet.serve import free_ports


def flag(server: Server, name: str) -> str:
    return server.command[server.command.index(name) + 1]


@pytest.mark.parametrize(
    ("text", "gpus"),
    [
        ("0", ("0",)),
        ("0,1, 3", ("0", "1", "3")),
        ("0-3,6", ("0", "1", "2", "3", "6")),
        ("GPU-8932f937,MIG-d90a", ("GPU-8932f937", "MIG-d90a")),
        ("cpu", ("cpu",)),
        ("none", ("cpu",)),
    ],
)
def test_gpus_are_named_as_people_name_them(text: str, gpus: tuple[str, ...]) -> None:
    assert gpus_of(text) == gpus


@pytest.mark.parametrize("text", ["", ",", "0,0", "0-2,1", "cpu,0"])
def test_what_names_no_gpus_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="--gpus"):
        gpus_of(text)


def test_each_gpu_has_a_vllm_of_its_own() -> None:
    wanted = Wanted("vllm", "m", ("0", "2"), (8000, 8001), cores=16, extra=("--dtype", "half"))
    one, two = planned(wanted)
    assert one.command[:3] == ("vllm", "serve", "m")
    assert [server.gpu for server in (one, two)] == ["0", "2"]
    assert [server.url for server in (one, two)] == ["http://127.0.0.1:8000", "http://127.0.0.1:8001"]
    assert (flag(two, "--port"), flag(two, "--max-num-seqs"), flag(two, "--max-model-len")) == (
        "8001",
        "256",
        "32768",
    )
    assert "--enable-prefix-caching" in one.command
    assert one.command[-2:] == ("--dtype", "half")
    assert one.environment["OMP_NUM_THREADS"] == "1"


def test_a_vllm_on_the_cpu_reads_prompts_whole() -> None:
    wanted = Wanted(
        "vllm", "m", ("cpu",), (8000,), executable="python -m vllm.entrypoints.openai.api_server", cores=8
    )
    (server,) = planned(wanted)
    assert server.command[:5] == ("python", "-m", "vllm.entrypoints.openai.api_server", "--model", "m")
    assert "--no-enable-chunked-prefill" in server.command
    assert flag(server, "--max-num-batched-tokens") == "32768"
    assert server.environment["VLLM_TARGET_DEVICE"] == "cpu"
    assert server.gpu is None


@pytest.mark.parametrize(("gpus", "offloaded"), [(("0", "1"), True), (("cpu",), False)])
def test_a_llama_server_has_the_context_for_each_of_its_slots(gpus: tuple[str, ...], offloaded: bool) -> None:
    wanted = Wanted(
        "llamacpp", "m.gguf", gpus, range(8000, 8000 + len(gpus)), slots=8, context_tokens=16_384, cores=8
    )
    server = planned(wanted)[0]
    assert (flag(server, "-c"), flag(server, "-np"), flag(server, "--model")) == ("131072", "8", "m.gguf")
    assert {"--jinja", "--metrics"} <= set(server.command)
    assert ("-ngl" in server.command) == offloaded
    assert int(flag(server, "--threads-http")) > 8
    assert 1 <= int(flag(server, "-t")) < 8


@pytest.mark.parametrize("kind", ["vllm", "llamacpp"])
@pytest.mark.parametrize("executable", ["", "'"])
def test_an_executable_that_is_none_is_refused(kind: ServerKind, executable: str) -> None:
    with pytest.raises(ConfigError, match="--executable"):
        planned(Wanted(kind, "m", ("0",), (8000,), executable=executable or " "))


def test_a_port_that_is_taken_is_told_before_anything_starts() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ConfigError, match="--port-base"):
            free_ports("127.0.0.1", taken.getsockname()[1], 1)
    first, second = free_ports("127.0.0.1", 0, 2)
    assert first != second
