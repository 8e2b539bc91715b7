"""The picture that those who show links put beside them: `python -m tests.ui.preview` writes ui/assets/preview.jpg.

What is on it was made by the models in weights/, with the seeds below.
"""

import base64
import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

from aigc_demo.ui.page.front_page import SIZE
from aigc_demo.ui.page.theme import ASSETS
from tests.serving import ROOT
from tests.ui.conftest import CHROMIUM, FLAGS

POEM = [
    "--prompt",
    "春望",
    "--form",
    "wujue",
    "--seed",
    "3",
    "--temperature",
    "0.7",
    "--top-k",
    "20",
    "--top-p",
    "0.9",
    "--count",
    "3",
]
QUALITY = 82  # of the JPEG: about 70 kB
LOOK = """
body { margin: 0; width: 1200px; height: 630px; background: #FAF8F4; color: #1E2226; display: flex; gap: 56px;
  padding: 56px 64px; box-sizing: border-box; font-family: "Noto Sans CJK SC", sans-serif; }
.poem { writing-mode: vertical-rl; font: 46px/1.75 "Noto Serif CJK SC", "Noto Sans CJK SC", serif; height: 330px; flex: none;
  letter-spacing: .08em; white-space: pre-line; }
.left { display: flex; flex-direction: column; justify-content: space-between; width: 470px; }
h1 { font-size: 44px; margin: 0 0 8px; } p { margin: 0; font-size: 24px; color: #5C564E; line-height: 1.5; }
.seal { background: #B8402C; color: #fff; font-size: 26px; line-height: 1.15; padding: 6px 8px; border-radius: 4px;
  display: inline-block; width: 1em; vertical-align: middle; margin-right: 16px; }
.sheet { display: grid; grid-template-columns: repeat(6, 82px); gap: 5px; align-content: center; }
.sheet img { width: 82px; height: 82px; image-rendering: pixelated; }
"""


def made(*arguments: str) -> dict:
    """What a command prints as JSON."""
    command = [sys.executable, "-m", "aigc_demo", *arguments, "--json"]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def pictures(model: str, count: int, folder: Path) -> list[str]:
    """Pictures of a model as data: addresses."""
    path = folder / f"{model}.npy"
    made("image", "--model", model, "--count", str(count), "--seed", "5", "--array", str(path))
    found = []
    for array in np.load(path):
        file = io.BytesIO()
        Image.fromarray(array.squeeze()).save(file, "PNG")
        found.append("data:image/png;base64," + base64.b64encode(file.getvalue()).decode())
    return found


def main() -> None:
    """Make everything, lay it out, take the picture."""
    poem = made("text", "--model", "gpt-poems", *POEM)["texts"][0].replace("，", "，\n").replace("。", "。\n")
    with tempfile.TemporaryDirectory() as folder:
        sheet = pictures("gan-digits", 18, Path(folder)) + pictures("gan-fashion", 18, Path(folder))
    cells = "".join(f'<img src="{address}">' for address in sheet)
    page = (
        f'<style>{LOOK}</style><div class="left"><div class="poem">{poem}</div><div><h1><span class="seal">生成</span>'
        "AIGC Demo</h1><p>生成式 AI，动手学会</p><p>generative AI, hands on</p></div></div>"
        f'<div class="sheet">{cells}</div>'
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM[0], args=FLAGS)
        opened = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
        opened.set_content(page)
        opened.screenshot(path=ASSETS / "preview.jpg", type="jpeg", quality=QUALITY)


if __name__ == "__main__":
    main()
