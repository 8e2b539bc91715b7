"""The table of tasks: what can be asked of the models, one row each.

A row says all that others need to know of a task; nobody else maps a task to a verb, a tab or an endpoint. Its result
has `request`, `card` and `facts()`, what a program is told of it beside the files.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aigc_demo.core.words import Text
from aigc_demo.models.family import families
from aigc_demo.schemas.base import Request
from aigc_demo.schemas.classify import ClassifyRequest
from aigc_demo.schemas.evaluate import EvaluateRequest
from aigc_demo.schemas.latent import GridRequest, WalkRequest
from aigc_demo.schemas.pictures import DrawRequest, ImageRequest, ReconstructRequest, UpscaleRequest
from aigc_demo.schemas.text import ChatRequest, RewriteRequest, TextRequest

PICTURES = (".png", ".jpg", ".jpeg", ".webp")
TEXTS = (".txt", ".md", ".json")


@dataclass(frozen=True)
class Task:
    """One task, by its name in recipes, links and on the command line.

    request: its fields. abilities: what a model must serve for it, as in its card; the first one is what a picker asks
    for; none where models of several kinds are asked.
    verb: the function of actions/ that does it; one that streams yields the result as it grows. writer: the function
    of actions/ that makes a labelled file of the result; endings: its formats, the usual one first. words: the command's
    help. page: the tab it is in; tab: the class of the tab, or of the part of one, as "module:class" below ui/; both
    empty where another task's tab does it. endpoint: its name in the HTTP API, or empty; answers: the files of its
    answer, a writer by key, where that is not just {"file": writer}; a key that is a format asks for that one. smoke:
    fields of a short call, and pictures: those of them that want a picture.
    """

    name: str
    request: type[Request]
    abilities: Sequence[str]
    verb: str
    writer: str
    endings: Sequence[str]
    words: Text
    streams: bool = False
    page: str = ""
    tab: str = ""
    endpoint: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    emoji: str = ""
    smoke: Mapping[str, Any] = field(default_factory=dict)
    pictures: Sequence[str] = ()

    @property
    def ability(self) -> str:
        """What the models of its picker serve; empty where models of several kinds are picked."""
        return self.abilities[0] if self.abilities else ""

    @property
    def takes_adapter(self) -> bool:
        """Whether an adapter can be asked for."""
        return "adapter" in self.request.model_fields


# In the order of the page.
TASKS = (
    Task(
        "text", TextRequest, ("text",), "write_text", "write_texts", TEXTS, Text("write text", "写文字"), streams=True,
        page="text", tab="text.text_tab:TextTab", endpoint="generate_text", emoji="✍️",
        smoke={"max_new_tokens": 32, "seed": 1},
    ),
    Task(
        "chat", ChatRequest, ("chat",), "chat", "write_chat", (".md", ".json", ".txt"),
        Text("talk with a chat model", "与对话模型聊天"), streams=True,
        page="text", tab="text.chat_tab:ChatTab", endpoint="chat", emoji="💬",
        smoke={"messages": [{"role": "user", "content": "你好"}], "max_new_tokens": 16},
    ),
    Task(
        "rewrite", RewriteRequest, ("rewrite",), "rewrite", "write_rewrite", TEXTS,
        Text("translate or summarise a text", "翻译或概括文字"), streams=True,
        page="text", tab="text.rewrite_tab:RewriteTab", endpoint="rewrite", emoji="🈯", smoke={"text": "Good morning."},
    ),
    Task(
        "image", ImageRequest, ("image",), "make_images", "write_sheet", PICTURES, Text("make pictures", "生成图片"),
        page="image", tab="image.image_tab:ImageTab", endpoint="generate_image", emoji="🖼️",
        smoke={"count": 4, "seed": 1},
    ),
    Task(
        "reconstruct", ReconstructRequest, ("reconstruct",), "reconstruct", "write_reconstruction", PICTURES,
        Text("encode a picture and decode it again", "把图片编码再解码"),
        page="image", tab="image.encode_tab:EncodeTab", endpoint="reconstruct", emoji="✏️", pictures=("image",),
    ),
    Task(
        "classify", ClassifyRequest, ("classify",), "classify", "write_classification", PICTURES,
        Text("say what a picture shows", "识别图片的类别"),
        page="image", tab="image.classify_tab:ClassifyTab", endpoint="classify", emoji="🏷️", pictures=("image",),
    ),
    Task(
        "draw", DrawRequest, ("draw", "redraw", "inpaint"), "draw", "write_drawing", PICTURES,
        Text("make pictures of a sentence", "按一句话作画"), streams=True,
        page="image", tab="image.draw_tab:DrawTab", endpoint="draw", emoji="🎨", answers={"files": "write_drawings"},
        smoke={"prompt": "a lighthouse", "count": 1, "num_inference_steps": 2},
    ),
    Task(
        "upscale", UpscaleRequest, ("upscale",), "upscale", "write_upscaled", PICTURES,
        Text("a picture in more pixels", "放大图片"),
        page="image", tab="image.upscale_tab:UpscaleTab", endpoint="upscale", emoji="🔍", pictures=("image",),
    ),
    Task(
        "walk", WalkRequest, ("latent",), "walk", "write_film", (".gif", ".mp4"),
        Text("film a way through latent space", "拍摄潜空间漫步"),
        page="walk", tab="latent.latent_tab:LatentTab", endpoint="interpolate", emoji="🌌",
        answers={"gif": "write_film", "mp4": "write_film"}, smoke={"frames": 8}, pictures=("from_image", "to_image"),
    ),
    Task(
        "grid", GridRequest, ("latent",), "grid", "write_sheet", PICTURES,
        Text("the square between four pictures", "四张图片之间的方阵"),
    ),
    Task(
        "evaluate", EvaluateRequest, (), "evaluate", "write_report", (".md", ".json"),
        Text("measure models, with intervals", "评测模型，并给出区间"),
        page="evaluate", tab="evaluate.evaluate_tab:EvaluateTab", endpoint="evaluate", emoji="📏",
        answers={"md": "write_report", "json": "write_report"}, smoke={"count": 8},
    ),
)  # fmt: skip
REQUESTS: Mapping[str, type[Request]] = {task.name: task.request for task in TASKS}


def task_of(request: Request) -> Task:
    """The row of a request."""
    return next(task for task in TASKS if isinstance(request, task.request))


def shown_tasks() -> list[Task]:
    """The tasks that have a tab, or a part of one."""
    return [task for task in TASKS if task.tab]


def serving_tasks() -> list[Task]:
    """The tasks of a tab whose models all serve one thing, so that such a model can be put into it from elsewhere."""
    return [task for task in shown_tasks() if task.ability]


def tasks_on(page: str) -> list[Task]:
    """The tasks that a page shows; several are ways to one thing, each in a part of it."""
    return [task for task in shown_tasks() if task.page == page]


def tab_of(ability: str) -> str | None:
    """The name of the tab that uses models which serve `ability`; None where no tab does."""
    return next((task.name for task in shown_tasks() if task.ability == ability), None)


def abilities() -> list[str]:
    """Everything that a card may say its model serves: what the page asks for, then what else there is."""
    asked = [ability for task in TASKS for ability in task.abilities]
    return list(
        dict.fromkeys([*asked, *(ability for row in families().values() for ability in sorted(row.served))])
    )
