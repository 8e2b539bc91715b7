"""Code to read and to copy, coloured here.

gr.Code brings an editor (CodeMirror, a fifth of the scripts that the page loads) whose colours are too pale on white and
whose text no key scrolls. Here it is text, escaped, with the words of the language marked by Python's own tokenizer.
"""

import io
import keyword
import tokenize
from functools import partial
from html import escape
from typing import Any

import gradio as gr

KINDS = {tokenize.COMMENT: "comment", tokenize.STRING: "string", tokenize.NUMBER: "number"}
COPY = """element.addEventListener('click', (event) => {
  if (event.target.closest('.copy')) navigator.clipboard.writeText(element.querySelector('code').textContent);
});"""


def code_block(value: str = "", label: Any = "", language: str | None = None) -> gr.HTML:
    """Read-only code under a label; handlers give it the code itself, as they would gr.Code."""
    show = partial(code_html, label=label, language=language)
    block = gr.HTML(show(value), js_on_load=COPY, elem_classes="code-block")
    block.postprocess = show  # no class of our own: Gradio would write a file of types beside it
    return block


def code_html(value: str | None, label: Any, language: str | None) -> str:
    """The code, its label and the button that copies."""
    code = coloured(value or "") if language == "python" else escape(value or "")
    head = f"<span>{label}</span>" if label else ""
    button = '<button type="button" class="copy" title="Copy · 复制" aria-label="Copy · 复制">⧉</button>'
    return f'<div class="head">{head}{button}</div><pre tabindex="0"><code>{code}</code></pre>'


def coloured(source: str) -> str:
    """Python as HTML with comments, strings, numbers and keywords in spans; what does not parse, plain."""
    lines, parts, at = source.splitlines(keepends=True), [], (1, 0)

    def between(start: tuple[int, int], end: tuple[int, int]) -> str:
        """The text from one place (line from 1, column) to another."""
        if start[0] == end[0]:
            return lines[start[0] - 1][start[1] : end[1]] if start[0] <= len(lines) else ""
        inner = lines[start[0] : end[0] - 1]
        last = lines[end[0] - 1][: end[1]] if end[0] <= len(lines) else ""
        return "".join([lines[start[0] - 1][start[1] :], *inner, last])

    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            is_keyword = token.type == tokenize.NAME and keyword.iskeyword(token.string)
            kind = "keyword" if is_keyword else KINDS.get(token.type)
            if kind:
                parts += [
                    escape(between(at, token.start)),
                    f'<span class="{kind}">{escape(token.string)}</span>',
                ]
                at = token.end
    except (tokenize.TokenError, SyntaxError):
        return escape(source)
    rest = between(at, (len(lines) + 1, 0)) if lines else ""
    return "".join(parts) + escape(rest)
