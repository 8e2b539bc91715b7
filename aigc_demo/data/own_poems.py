"""Quatrains by the app's own poem model, which come with it: verse that is there without a network.

What learns from them learns a model, not the Tang: they have its rhymes and its nonsense. Another few hundred:
`python -m aigc_demo text --model gpt-poems --form qijue --temperature 0.8 --top-k 40 --top-p 0.95 --count 8`.
"""

import hashlib
import json
from pathlib import Path

from aigc_demo.core.disk import write_atomically
from aigc_demo.data.poems import Poem, form_of

WRITTEN = Path(__file__).with_suffix(".txt")


def prepare(source: Path, out: Path) -> tuple[dict[str, int], str]:
    """Write poems.jsonl to `out`; how many poems, and the sha256 of the file. `source` is not looked at."""
    texts = [line for line in WRITTEN.read_text("utf-8").splitlines() if not line.startswith("#")]
    poems = [Poem("own", form, "", text) for text in texts if (form := form_of(text))]
    data = "".join(json.dumps(vars(poem), ensure_ascii=False) + "\n" for poem in poems).encode()
    write_atomically(out / "poems.jsonl", data)
    return {"poems": len(poems)}, hashlib.sha256(data).hexdigest()
