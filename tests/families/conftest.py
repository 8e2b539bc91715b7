"""What the families of language models are tested on."""

import json

import pytest

from aigc_demo.data.poems import Poem

LINES = ("白日依山尽", "黄河入海流", "欲穷千里目", "更上一层楼", "床前明月光", "疑是地上霜")


@pytest.fixture(scope="session")
def poems(tmp_path_factory):
    """A prepared folder of 864 quatrains of six lines; nobody writes into it."""
    folder = tmp_path_factory.mktemp("poems")
    rows = [
        Poem("tang", "wujue", LINES[i][: i % 4], f"{LINES[i]}，{LINES[j]}。{LINES[k]}，{LINES[m]}。")
        for i in range(6)
        for j in range(6)
        for k in range(6)
        for m in range(4)
    ]
    (folder / "poems.jsonl").write_text("\n".join(json.dumps(vars(poem)) for poem in rows))
    return folder
