"""A published folder to the hub, as a Space; or the commands that bring it there."""

import os
from pathlib import Path

from aigc_demo.core.errors import InputError
from aigc_demo.hub.client import MODEL_ID
from aigc_demo.hub.failures import sentence


def commands(folder: Path | str, space: str) -> list[str]:
    """What to type to upload `folder` as the Space `space` ("owner/name"); by huggingface_hub's own client."""
    return [
        "hf auth login",
        f"hf repos create {space} --type space --space-sdk gradio",
        f"hf upload {space} {folder} . --type space",
    ]


def upload(folder: Path, space: str) -> str:
    """Create the Space, or find it, and upload; its address. The token is the client's own (HF_TOKEN).

    Large files go as the client sends them, which Spaces wants for those over 10 MB. InputError where the hub refuses.
    """
    from huggingface_hub import HfApi, constants
    from huggingface_hub.errors import HfHubHTTPError

    if not MODEL_ID.match(space):
        raise InputError(
            en=f"{space[:60]} names no Space; write owner/name.",
            zh=f"{space[:60]} 不是 Space 的名称；请写作 owner/name。",
        )
    try:
        api = HfApi()
        api.create_repo(space, repo_type="space", space_sdk="gradio", exist_ok=True)
        api.upload_folder(
            repo_id=space, repo_type="space", folder_path=folder, commit_message="Publish with AIGC Demo"
        )
    except HfHubHTTPError as error:
        if error.response.status_code not in (401, 403):
            raise sentence(error, space) from error
        raise InputError(
            en=f"The hub does not let this token write to {space}; set HF_TOKEN to one with write access to it.",
            zh=f"当前令牌无权写入 {space}；请将 HF_TOKEN 设为有写权限的令牌。",
        ) from error
    except Exception as error:
        raise sentence(error, space) from error
    return f"{constants.ENDPOINT}/spaces/{space}"


def has_token() -> bool:
    """Whether the environment has a token for the hub."""
    return bool(os.environ.get("HF_TOKEN"))
