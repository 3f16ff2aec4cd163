"""`funcdex dedup`: how well duplicates are told from new scenarios, on pairs that people have labelled."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from funcdex.cli.tables import JsonOption, show, write_json

if TYPE_CHECKING:
    from funcdex.dedup.scoring import Compared, KindScore, LayerScore, Quality, Score
    from funcdex.settings.dedup import DedupSettings

app = typer.Typer(no_args_is_help=True, help="Measure and calibrate what counts as a duplicate scenario.")

PairsArgument = Annotated[
    Path,
    typer.Argument(
        help='JSON Lines: {"a": TEXT, "b": TEXT, "label": "duplicate" or "distinct", "kind": NAME}.'
    ),
]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="A run's YAML: its `dedup` settings instead of the defaults.")
]
EmbeddingOption = Annotated[
    bool,
    typer.Option(
        "--embedding/--no-embedding", help="Whether to load the sentence model, which takes a while."
    ),
]


@app.command()
def score(
    pairs: PairsArgument,
    config: ConfigOption = None,
    embedding: EmbeddingOption = True,
    json: JsonOption = None,
) -> None:
    """Precision, recall and F1 of the duplicate guard on labelled pairs, by kind and by layer, each with the
    share of fresh scenarios that would be refused wrongly.

    Example: funcdex dedup score my_pairs.jsonl --json -
    """
    from funcdex.dedup.scoring import score as score_of
    from funcdex.guarding import thresholds_of

    settings = _settings(config)
    found = score_of(_compared(pairs, settings, embedding), thresholds_of(settings))
    if json:
        write_json(json, asdict(found))
        return
    rows = [*map(_layer_row, found.layers), _together_row(found)]
    show("Layers, each on its own and together", rows, None)
    show("\nPairs by kind", list(map(_kind_row, found.kinds)), None)
    show("\nPairs refused, by kind and layer", [{"kind": kind.kind, **kind.by} for kind in found.kinds], None)
    sys.stdout.write("\nfalse rej.: scenarios refused among others which they do not repeat\n")
    if found.candidates_at_5 is not None:
        share = _share(found.candidates_at_5)
        sys.stdout.write(
            f"at 5: duplicates whose other text is among the five nearest vectors; of all {share}\n"
        )


@app.command()
def calibrate(
    pairs: PairsArgument,
    max_false_rejection: Annotated[
        float,
        typer.Option(
            "--max-false-rejection", min=0, max=0.5, help="Most fresh scenarios refused wrongly, a share."
        ),
    ] = 0.01,
    config: ConfigOption = None,
    embedding: EmbeddingOption = True,
    json: JsonOption = None,
) -> None:
    """Thresholds for each layer from labelled pairs: those with the best F1 among all that refuse no more
    fresh scenarios than allowed. Prints them as settings.

    Example: funcdex dedup calibrate my_pairs.jsonl --max-false-rejection 0.005
    """
    from funcdex.dedup.scoring import calibrated
    from funcdex.errors import ConfigError

    found = _compared(pairs, _settings(config), embedding)
    if found.is_duplicate.all() or not found.is_duplicate.any():
        raise ConfigError("all pairs have the same label", where=str(pairs), fix="Give pairs of both labels.")
    chosen = [
        calibrated(found, "words", max_false_rejection),
        calibrated(found, "rouge_l", max_false_rejection),
    ]
    if embedding:
        chosen.append(calibrated(found, "embedding", max_false_rejection))
    settings = {_SETTING_OF[each.layer]: each.threshold for each in chosen}
    if json:
        write_json(json, {"settings": {"dedup": settings}, "layers": [asdict(each) for each in chosen]})
        return
    show(
        f"At most {max_false_rejection:.2%} of fresh scenarios refused wrongly",
        list(map(_layer_row, chosen)),
        None,
    )
    lines = [f"  {name}: {value}" for name, value in settings.items()]
    sys.stdout.write("\n".join(["", "dedup:", *lines, ""]))


_SETTING_OF = {
    "words": "words_threshold",
    "rouge_l": "rouge_l_threshold",
    "embedding": "similarity_threshold",
}


def _settings(config: Path | None) -> DedupSettings:
    from funcdex.settings.load import load

    return load(config).settings.dedup


def _compared(path: Path, settings: DedupSettings, embedding: bool) -> Compared:
    from funcdex.dedup.embedding import require_packages
    from funcdex.dedup.model_process import ModelProcess
    from funcdex.dedup.pairs import read_pairs
    from funcdex.dedup.scoring import compared

    pairs = read_pairs(path)
    if not embedding:
        return compared(pairs, None)
    require_packages(settings.model)
    with closing(ModelProcess(settings.model, settings.device)) as model:
        return compared(pairs, model)


def _layer_row(each: LayerScore) -> dict[str, object]:
    return {
        "layer": each.layer,
        "threshold": each.threshold,
        "AUC": _share(each.auc),
        **_quality_row(each.quality),
    }


def _together_row(found: Score) -> dict[str, object]:
    return {"layer": "together", "threshold": "", "AUC": "", **_quality_row(found.together)}


def _quality_row(quality: Quality) -> dict[str, object]:
    return {
        "precision": _share(quality.precision),
        "recall": _share(quality.recall),
        "F1": _share(quality.f1),
        "false rej.": _share(quality.false_rejection),
    }


def _kind_row(kind: KindScore) -> dict[str, object]:
    return {
        "kind": kind.kind,
        "label": kind.label,
        "pairs": kind.pairs,
        "refused": _share(kind.refused),
        "apart": kind.apart,
        "at 5": _share(kind.candidates_at_5),
        "false rej.": _share(kind.false_rejection),
    }


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
