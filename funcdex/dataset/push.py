"""An export to the Hugging Face Hub, with the login that `huggingface_hub` has of its own."""

from __future__ import annotations

from pathlib import Path

from funcdex.errors import ConfigError


def require_hub() -> None:
    """Raises ConfigError where the extra is not installed: before the export is made, not after."""
    from importlib.util import find_spec

    if find_spec("huggingface_hub") is None:
        raise ConfigError(
            "--push needs the package huggingface_hub, which is not installed",
            where="--push",
            fix="Run: pip install 'funcdex[hub]'",
        )


def push(folder: Path, repo: str, *, public: bool) -> str:
    """Uploads the folder as a data set; where it is then. Private unless `public`, where the repository is
    new. Raises ConfigError; no message holds the token, which is never asked for here."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, LocalTokenNotFoundError

    api = HfApi(library_name="funcdex")
    try:
        url = api.create_repo(repo, repo_type="dataset", private=not public, exist_ok=True)
        api.upload_folder(
            repo_id=url.repo_id, repo_type="dataset", folder_path=folder, commit_message="Export of funcdex"
        )
    except (ValueError, LocalTokenNotFoundError) as error:  # ValueError: a name, or an answer, that is none.
        raise _failed(repo, str(error).splitlines()[0]) from error
    except HfHubHTTPError as error:
        status = getattr(error.response, "status_code", "no answer")
        raise _failed(repo, f"the Hub answered {status}") from error
    except OSError as error:
        raise _failed(repo, f"the Hub cannot be reached: {type(error).__name__}") from error
    return str(url)


def _failed(repo: str, why: str) -> ConfigError:
    return ConfigError(
        f"the export is written but not uploaded: {why}",
        where=f"--push {repo}",
        fix="Log in with `hf auth login` with a token that may write, check the name, and upload the folder.",
    )
