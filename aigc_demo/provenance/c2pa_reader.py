"""What a file's C2PA manifest says, and whether the file is still the one that was signed."""

import io
import json
from contextlib import suppress
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from aigc_demo.provenance.c2pa_signer import installed

State = Literal["unknown", "absent", "valid", "trusted", "invalid"]
MAX_TEXT = 300
# a manifest may name an address where the rest of it lies; nothing that a visitor brings makes us call out
OFFLINE = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}


class Manifest(BaseModel):
    """The manifest of a file.

    state      "unknown": c2pa-python is not here, or knows no such file; "absent": the file has none;
               "valid": unchanged since it was signed, by a signer that nobody vouches for; "trusted": by one on
               the list of trusted signers; "invalid": the file or the manifest was changed
    own        whether the certificate is this installation's
    """

    model_config = ConfigDict(frozen=True)

    state: State
    signer: str = ""
    tool: str = ""
    source_type: str = ""
    own: bool = False


UNKNOWN = Manifest(state="unknown")


def read_manifest(data: bytes, mime: str, own_serial: str = "") -> Manifest:
    """Check the manifest of a whole file of the kind `mime`; `own_serial` is this installation's certificate's number."""
    if not installed():
        return UNKNOWN
    import c2pa

    if mime not in c2pa.Reader.get_supported_mime_types():
        return UNKNOWN
    try:
        with (
            c2pa.Settings.from_dict(OFFLINE) as settings,
            c2pa.Context(settings) as context,
            c2pa.Reader(mime, io.BytesIO(data), context=context) as reader,
        ):
            active = reader.get_active_manifest() or {}
            state = str(reader.get_validation_state()).lower()
    except c2pa.C2paError as error:
        absent = isinstance(error, c2pa.C2paError.ManifestNotFound)
        return Manifest(state="absent" if absent else "invalid")
    signature = active.get("signature_info") or {}
    return Manifest(
        state=state if state in ("valid", "trusted") else "invalid",
        signer=_short(signature.get("issuer")),
        tool=_tool(active),
        source_type=_source(active),
        own=bool(own_serial) and str(signature.get("cert_serial_number")) == own_serial,
    )


def _tool(active: dict[str, Any]) -> str:
    """Name and version of the program that made the claim."""
    first = next(iter(active.get("claim_generator_info") or [{}]))
    return _short(f"{first.get('name', '')} {first.get('version', '')}".strip())


def _source(active: dict[str, Any]) -> str:
    """The digitalSourceType of the first action that names one."""
    for assertion in active.get("assertions") or []:
        with suppress(AttributeError, TypeError):  # a foreign assertion of another shape
            for action in assertion["data"].get("actions", []):
                if action.get("digitalSourceType"):
                    return _short(action["digitalSourceType"])
    return ""


def _short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[1:-1][:MAX_TEXT] if isinstance(value, str) else ""
