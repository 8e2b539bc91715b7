"""The guide to the HTTP API, from the page's own endpoints: `python -m tests.readme` rewrites it, a test compares.

Parameters come from the request models, the examples in three languages from one table of calls.
"""

import json
from pathlib import Path

from aigc_demo.core.settings import Settings
from aigc_demo.schemas.describe import FieldFacts, describe
from aigc_demo.ui import build_app
from aigc_demo.ui.api import FILE_FIELDS

GUIDE = Path(__file__).parents[1] / "aigc_demo" / "docs" / "api.md"
URL = "http://127.0.0.1:7860"
# endpoint: what to call it with, and what every answer holds. A file is named by its path on the caller's disk.
CALLS = {
    "list_models": ({}, "a list; each model has id, family, kind, tasks, title, licence, data, parameters"),
    "generate_text": (
        {"model": "gpt-poems", "prompt": "春望", "form": "wujue", "count": 2},
        "texts (a string each), file (all of them, labelled)",
    ),
    "chat": (
        {"messages": [{"role": "user", "content": "What is a GAN?"}], "max_new_tokens": 40},
        "text, ended (false: cut at the length limit), note, file",
    ),
    "rewrite": ({"text": "The sea is calm tonight.", "task": "translate"}, "text, note, file"),
    "generate_image": (
        {"model": "gan-digits", "label": "3", "count": 4, "seed": 1},
        "file (one sheet), labels, seeds (one a picture), percentiles (a GAN's own judgement)",
    ),
    "draw": (
        {"prompt": "a lighthouse in the fog", "num_inference_steps": 4, "width": 64, "height": 64},
        "files (one a picture), seeds, note, width, height, num_inference_steps, guidance_scale (as used)",
    ),
    "upscale": (
        {"image": "seven.png"},
        "file, scale, size (width and height), note (how the picture was opened)",
    ),
    "reconstruct": (
        {"image": "seven.png", "noise": 0.2},
        "file (before and after), latent (the code's mean), neighbours (labels and distances), decibels (of what was damaged and of the "
        "reconstruction against the picture), note",
    ),
    "classify": (
        {"model": "class-digits", "image": "seven.png"},
        "file (the picture, what decided, the odds), class (the likeliest), odds (by class), looked_for, as_sure (right and total among "
        "held-out pictures), strangeness (0 to 1), note",
    ),
    "interpolate": (
        {"model": "vae-digits", "from_seed": 1, "to_seed": 2, "frames": 12},
        "gif, mp4 (the same film twice)",
    ),
    "evaluate": (
        {"model": "gan-digits", "against": ["vae-digits"], "count": 100},
        "md, json (the report twice), rows (figure, model, point, low, high, n, by_seed, held_out, difference, verdict), kind, data, "
        "signature, notes",
    ),
    "verify": (
        {"file": "seven.png"},
        "ai_generated (by its label or source; false proves nothing), format, label, source_type, recipe, weights, c2pa, "
        "statement (another program's), image_mark, text_mark, notes",
    ),
    "start_training": (
        {"family": "gan", "data": "digits", "name": "my-gan", "steps": 200},
        "name, model, state, step, steps, seconds, seconds_left, position, wait_seconds, usable, words, log, events, figures",
    ),
    "job": ({"name": "my-gan"}, "the same as start_training"),
    "stop_job": ({"name": "my-gan"}, "the same as start_training"),
}

HEAD = f"""# The HTTP API / HTTP 接口

<!-- Written by `python -m tests.readme` from the request models. -->

Every task of the page is also an endpoint. The addresses below are those of a page that was started with `python app.py`.
Parameters go by name; one that is left out takes its default. An answer is one JSON object. What does not fit is
answered by one sentence in English and Chinese that says what would. 网页上的每项任务也都是一个接口：参数按名称传递，
省略的参数取默认值；返回一个 JSON 对象；不合要求的请求会得到一句中英文说明。

- **Python**: `pip install gradio_client`. Files in an answer are downloaded, and stand in it as local paths.
- **JavaScript**: `npm install @gradio/client`, or `import` it from a page. Files stand in an answer with their `url`.
- **curl**: one call asks and is given an id, a second one waits for the answer (server-sent events; the line after
  `event: complete`). A picture is uploaded first. Files stand in an answer with their `url`.

Every file carries its label and its recipe; `/verify` and the Verify tab read them. On a public page some endpoints are
off, and say so. A public link asks for a login: `Client(url, auth=("guest", password))`, `Client.connect(url, {{auth: ["guest", password]}})`;
for curl, log in first with `curl -c jar -d "username=guest&password=..." $url/login`, then add `-b jar` to every call.

The list of all endpoints for programs is `{URL}/gradio_api/info`.

## Tools for a language model (MCP)

`python app.py --mcp` also offers every endpoint as a tool of the Model Context Protocol, over streamable HTTP at
`{URL}/gradio_api/mcp/`. It needs `pip install "mcp>=1.21,<2"`. Each request has to carry the token that the
start prints, or that you set as AIGC_MCP_TOKEN: `Authorization: Bearer TOKEN`; without it the answer is 401. 以 `--mcp` 启动后，每个接口同时也是
MCP 工具；每个请求须带上启动时显示的令牌。

```json
{{"mcpServers": {{"aigc-demo": {{"url": "{URL}/gradio_api/mcp/", "headers": {{"Authorization": "Bearer TOKEN"}}}}}}}}
```
"""


def files_of(call: dict) -> list[str]:
    """The parameters of a call that are files."""
    return [name for name in call if name in FILE_FIELDS]


def python_example(name: str, call: dict) -> str:
    """The call with gradio_client."""
    lists = [
        f"{key}={f'handle_file({value!r})' if key in files_of(call) else repr(value)}"
        for key, value in call.items()
    ]
    given = "".join(f"{item}, " for item in lists).replace("'", '"')
    imported = "Client, handle_file" if files_of(call) else "Client"
    return (
        f'from gradio_client import {imported}\n\nclient = Client("{URL}")\n'
        f'answer = client.predict({given}api_name="/{name}")\nprint(answer)'
    )


def javascript_example(name: str, call: dict) -> str:
    """The call with @gradio/client, under Node."""
    values = [
        f"{key}: {f'handle_file({json.dumps(value)})' if key in files_of(call) else json.dumps(value, ensure_ascii=False)}"
        for key, value in call.items()
    ]
    imported = "Client, handle_file" if files_of(call) else "Client"
    given = f", {{ {', '.join(values)} }}" if values else ""
    return (
        f'import {{ {imported} }} from "@gradio/client";\n\nconst client = await Client.connect("{URL}");\n'
        f'const answer = await client.predict("/{name}"{given});\nconsole.log(answer.data[0]);\n'
        "process.exit(); // under Node: the client keeps a connection open"
    )


def curl_example(name: str, call: dict) -> str:
    """The call with curl: upload, ask, wait."""
    lines, given = [f"url={URL}/gradio_api"], json.dumps(call, ensure_ascii=False)
    for key in files_of(call):
        lines.append(f"{key}=$(curl -s $url/upload -F files=@{call[key]} | cut -d '\"' -f 2)")
        sent = json.dumps({"path": "PATH", "meta": {"_type": "gradio.FileData"}})
        given = given.replace(json.dumps(call[key]), sent.replace("PATH", f"'${key}'"))
    lines += [
        f"id=$(curl -s $url/call/v2/{name} -H 'Content-Type: application/json' -d '{given}' | cut -d '\"' -f 4)",
        f"curl -sN $url/call/{name}/$id",
    ]
    return "\n".join(lines)


EXAMPLES = {"python": python_example, "javascript": javascript_example, "bash": curl_example}


def parameter(fact: FieldFacts) -> str:
    """One row of the table of parameters."""
    file = fact.name in FILE_FIELDS
    default = "required" if fact.required else f"`{json.dumps(fact.default, ensure_ascii=False)}`"
    default = "the model's own" if fact.own else default
    english, chinese = (fact.words.en, fact.words.help.en), (fact.words.zh, fact.words.help.zh)
    about = f"{': '.join(filter(None, english))} / {'：'.join(filter(None, chinese))}"
    limits = "an uploaded file" if file else fact.limits
    cells = (f"`{fact.name}`", "file" if file else fact.type, default, limits, about)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def section(name: str, function) -> str:
    """One endpoint: what it does, its parameters, what comes back, and the call in three languages."""
    call, answer = CALLS[name]
    request = getattr(function, "request_type", None)
    lines = [f"## /{name}", "", ((request or function).__doc__ or "").strip(), ""]
    if request and (facts := describe(request)):
        lines += ["| parameter | type | default | takes | what it is |", "|---|---|---|---|---|"]
        lines += [*map(parameter, facts), ""]
    lines += [f"Answer: {answer}.", ""]
    for language, example in EXAMPLES.items():
        lines += [f"```{language}", example(name, call), "```", ""]
    return "\n".join(lines)


def endpoints() -> dict:
    """The page's public endpoints and the functions behind them."""
    page, _ = build_app(Settings(offline=True))
    return {fn.api_name: fn.fn for fn in page.fns.values() if fn.api_visibility == "public"}


def guide() -> str:
    """The whole page. KeyError for an endpoint of which no call is known here."""
    found = endpoints()
    order = sorted(found, key=list(CALLS).index)
    contents = "\n".join(f"- [/{name}](#{name})" for name in order)
    return "\n".join([HEAD, contents, "", *(section(name, found[name]) for name in order)]).rstrip() + "\n"
