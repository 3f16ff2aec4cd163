from __future__ import annotations

from pathlib import Path

import pytest

from funcdex.errors import ConfigError
from funcdex.settings.endpoint_spec import EndpointSpec
from funcdex.settings.load import api_key_of, load
from funcdex.settings.tree import Settings


def config(folder: Path, text: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(text, "utf-8")
    return path


def test_flags_win_over_the_environment_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FUNCDEX_SEED", "2")
    monkeypatch.setenv("FUNCDEX_GENERATION__LEVEL", "names")
    path = config(tmp_path, "count: 1\nseed: 1\ngeneration: {level: markup, thoughts: true}\n")

    settings = load(path, {"seed": 3}).settings

    assert (settings.count, settings.seed) == (1, 3)
    assert (settings.generation.level, settings.generation.thoughts) == ("names", True)


def test_an_unknown_key_is_refused_with_its_place_and_the_nearest_known_one(tmp_path: Path) -> None:
    path = config(tmp_path, "generation:\n  thoughtss: true\n")
    with pytest.raises(
        ConfigError, match=r"'thoughtss' \(generation.thoughtss in .*config.yaml\).*'thoughts'"
    ):
        load(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("count: [", "not YAML"),
        ("- a list", "a mapping"),
        ("count: 0", "greater than or equal to 1"),
        ("endpoints: ['ftp://host']", "an endpoint is http://"),
        ("endpoints: ['http://me:secret@host']", "no credentials"),
        ("endpoints: ['http://host;modl=x']", "no option of an endpoint"),
        ("endpoints: ['http://host;stages=jugde']", "no stage is called 'jugde'"),
        ("endpoints: ['http://host;stages=judge']", "no endpoint serves the stage scenario"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        load(config(tmp_path, text))
    assert "secret" not in str(caught.value)


def test_a_missing_file_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"No such file .*gone.yaml"):
        load(tmp_path / "gone.yaml")


def test_an_endpoint_is_a_url_with_options() -> None:
    text = "http://host:8000/v1;model=m;max_in_flight=128;kind=vllm;dialect=ebnf;stages=judge+conversation"
    spec, _ = load(None, {"endpoints": [text, "sim"]}).settings.endpoints
    assert spec == EndpointSpec(
        url="http://host:8000",
        model="m",
        max_in_flight=128,
        kind="vllm",
        dialect="ebnf",
        stages=("judge", "conversation"),
    )


@pytest.mark.parametrize(("url", "count"), [("sim", 1), ("sim:4", 4), ("http://sim", 0)])
def test_sim_stands_for_simulated_endpoints(url: str, count: int) -> None:
    assert EndpointSpec(url=url).simulated == count


def test_a_stage_given_in_part_keeps_its_own_defaults() -> None:
    sampling = load(None, {"sampling": {"conversation": {"temperature": 0.1}}}).settings.sampling
    assert sampling.conversation.temperature == 0.1
    assert sampling.conversation.max_tokens == Settings().sampling.conversation.max_tokens


def test_settings_survive_the_manifest_without_their_secrets() -> None:
    endpoint = {"url": "http://host", "api_key": "sk-secret"}
    settings = load(None, {"endpoints": [endpoint], "count": 3}).settings

    kept = settings.model_dump(mode="json")

    assert "sk-secret" not in str(kept) and "sk-secret" not in repr(settings)
    assert Settings.model_validate(kept).model_dump() == settings.model_dump()


def test_a_key_comes_from_the_variable_an_endpoint_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "k1")
    monkeypatch.setenv("FUNCDEX_API_KEY", "k2")
    named = api_key_of(EndpointSpec(url="http://a", api_key_env="MY_KEY"))
    common = api_key_of(EndpointSpec(url="http://a"))
    assert named and named.get_secret_value() == "k1"
    assert common and common.get_secret_value() == "k2"
    with pytest.raises(ConfigError, match="GONE is not set"):
        api_key_of(EndpointSpec(url="http://a", api_key_env="GONE"))
