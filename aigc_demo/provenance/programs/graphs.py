"""ComfyUI's graphs: nodes by number, each with inputs that are values or links [node, output].

Nobody writes down which node holds the prompt: it is found by walking up from the sampler. The page's own graph, "workflow",
has links in a table and values without names; of its commonest nodes the names are known.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

MOST = 2000  # nodes that are walked
SAMPLING = ("KSampler", "SamplerCustom", "Sampler")  # in a class's name, the surest first
POSITIVE, NEGATIVE = ("positive", "guider", "conditioning"), ("negative",)
WORDS = (
    "text",
    "text_g",
    "t5xxl",
    "clip_l",
    "text_l",
    "prompt",
    "positive",
    "string",
    "value",
    "wildcard_text",
    "populated_text",
)
SEEDS, STEPS, GUIDANCE = ("seed", "noise_seed"), ("steps",), ("guidance", "cfg")
NUMBERS = (*SEEDS, "value", "int", "number", "float", "Value")
MODELS = ("ckpt_name", "unet_name", "model_name")
# the values of the page's nodes, in their order
WIDGETS = {
    "KSampler": ("seed", "", "steps", "cfg", "sampler_name", "scheduler", "denoise"),
    "KSamplerAdvanced": ("", "noise_seed", "", "steps", "cfg", "sampler_name", "scheduler"),
    "RandomNoise": ("noise_seed",), "BasicScheduler": ("scheduler", "steps"), "FluxGuidance": ("guidance",), "CFGGuider": ("cfg",),
    "CLIPTextEncode": ("text",), "CheckpointLoaderSimple": ("ckpt_name",), "UNETLoader": ("unet_name",),
}  # fmt: skip

Nodes = Mapping[str, Mapping[str, Any]]


def settings(graph: Any) -> dict[str, Any] | None:
    """What the graph's sampler was given; None where this is no graph."""
    nodes = _nodes(graph)
    if not nodes:
        return None
    number = _sampler(nodes)
    if number is None:
        return {"nodes": ", ".join(sorted({str(node["class_type"]) for node in nodes.values()}))}
    found = {
        "prompt": _words(nodes, number, POSITIVE),
        "negative_prompt": _words(nodes, number, NEGATIVE),
        "seed": _number(nodes, number, SEEDS),
        "num_inference_steps": _number(nodes, number, STEPS),
        "guidance_scale": _number(nodes, number, GUIDANCE),
        "model": _above(nodes, number, MODELS, str),
        "sampler": _above(nodes, number, ("sampler_name",), str),
    }
    return {name: value for name, value in found.items() if value is not None} | {
        "nodes": str(len(nodes)),
    }


def _nodes(graph: Any) -> Nodes:
    """The graph as nodes by number, whichever of the two forms it has; nothing where it has neither."""
    if isinstance(graph, dict) and isinstance(graph.get("nodes"), list):
        graph = _of_page(graph)
    if not isinstance(graph, dict):
        return {}
    return {
        str(number): {"class_type": str(node["class_type"]), "inputs": node.get("inputs")}
        for number, node in list(graph.items())[:MOST]
        if isinstance(node, dict) and "class_type" in node
    }


def _of_page(graph: Mapping[str, Any]) -> dict[str, Any]:
    """The page's graph in the other form."""
    links = {
        row[0]: [str(row[1]), row[2]]
        for row in _list(graph.get("links"))
        if isinstance(row, list) and len(row) > 2 and isinstance(row[0], int)
    }
    nodes = {}
    for node in _list(graph.get("nodes"))[:MOST]:
        if not isinstance(node, dict) or not isinstance(node.get("type"), str):
            continue
        values = _list(node.get("widgets_values"))
        inputs = dict(zip(WIDGETS.get(node["type"], ()), values, strict=False))
        for slot in _list(node.get("inputs")):
            if isinstance(slot, dict) and isinstance(slot.get("link"), int) and slot["link"] in links:
                inputs[str(slot.get("name"))] = links[slot["link"]]
        nodes[str(node.get("id"))] = {"class_type": node["type"], "inputs": inputs}
    return nodes


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _sampler(nodes: Nodes) -> str | None:
    """The node that samples: by its class's name, the one that steps are given to before others."""
    found = [
        (rank, "steps" not in _inputs(node), number)
        for number, node in nodes.items()
        for rank, name in enumerate(SAMPLING)
        if name in node["class_type"] and not node["class_type"].endswith("Select")
    ]
    return min(found)[2] if found else None


def _inputs(node: Mapping[str, Any]) -> Mapping[str, Any]:
    inputs = node.get("inputs")
    return inputs if isinstance(inputs, dict) else {}


def _linked(value: Any, nodes: Nodes) -> str | None:
    """The node that a value is linked to, if any."""
    if (
        isinstance(value, list)
        and len(value) == 2
        and not isinstance(value[0], list | dict)
        and str(value[0]) in nodes
    ):
        return str(value[0])
    return None


def _upwards(nodes: Nodes, start: str, without: Sequence[str] = ()) -> Iterator[Mapping[str, Any]]:
    """The inputs of a node and of all above it, the nearest first; not by way of the inputs `without`."""
    waiting, seen = deque([start]), {start}
    while waiting:
        inputs = _inputs(nodes[waiting.popleft()])
        yield inputs
        for name, value in inputs.items():
            above = None if name in without else _linked(value, nodes)
            if above is not None and above not in seen:
                seen.add(above)
                waiting.append(above)


def _above(nodes: Nodes, start: str, names: Sequence[str], kind: Any) -> Any:
    """The nearest value of this kind under one of these names, followed through links; None where there is none."""
    for inputs in _upwards(nodes, start):
        for name in names:
            value = inputs.get(name)
            if isinstance(value, kind) and not isinstance(value, bool):
                return value
    return None


def _number(nodes: Nodes, start: str, names: Sequence[str]) -> int | float | None:
    """The nearest number under one of these names; one that is linked comes from the node above, whatever it is called there."""
    for inputs in _upwards(nodes, start):
        for name in names:
            value = inputs.get(name)
            if isinstance(value, int | float) and not isinstance(value, bool):
                return value
            above = _linked(value, nodes)
            if (
                above is not None
                and (given := _above(nodes, above, (*names, *NUMBERS), int | float)) is not None
            ):
                return given
    return None


def _words(nodes: Nodes, start: str, names: Sequence[str]) -> str | None:
    """The nearest words above the first of these inputs that is linked."""
    other = NEGATIVE if names is POSITIVE else ("positive",)
    for inputs in _upwards(nodes, start):
        for name in names:
            value = inputs.get(name)
            if isinstance(value, str) and value.strip():
                return value
            above = _linked(value, nodes)
            if above is not None:
                return next(_texts(nodes, above, other), None)
    return None


def _texts(nodes: Nodes, start: str, without: Sequence[str]) -> Iterator[str]:
    for inputs in _upwards(nodes, start, without):
        for name in WORDS:
            if isinstance(inputs.get(name), str) and inputs[name].strip():
                yield inputs[name]
