"""The HTTP API with stable names: each endpoint takes the fields of its request as keyword parameters."""

import inspect
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import gradio as gr
from pydantic import BaseModel, ConfigDict, Field

from aigc_demo import actions
from aigc_demo.core.errors import InputError
from aigc_demo.core.words import FieldLabel, Text
from aigc_demo.jobs import Job, TrainRequest
from aigc_demo.jobs.request import NAME
from aigc_demo.runtime import registry
from aigc_demo.schemas import ImageRequest, ReconstructRequest, TextRequest, WalkRequest, check
from aigc_demo.schemas.describe import docstring
from aigc_demo.ui.page.context import Context
from aigc_demo.ui.page.gradio_gaps import api_type, uploaded_path

FILE_FIELDS = frozenset({"file", "image", "mask", "from_image", "to_image"})


class JobRequest(BaseModel):
    """Ask how a training job is doing: state, step, seconds left, the log's last line, events, final figures."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[
        str,
        Field(pattern=NAME),
        FieldLabel("Name", "名称", Text("As it was given when the job began.", "即开始训练时的名称。")),
    ]


class StopRequest(JobRequest):
    """Ask a training job to save and end, which it does within two seconds. It can be resumed later."""


def add_endpoints(context: Context) -> None:
    """Add /list_models, /generate_text, /generate_image, /reconstruct and /interpolate, and those of training."""

    def list_models() -> list[dict]:
        """List the models that are here: id, family, tasks, classes, parameters, data, licence."""
        return [
            card.model_dump(mode="json", exclude={"folder"}) for card in registry.all_cards(context.settings)
        ]

    def text(request: TextRequest) -> dict:
        result = deque(actions.write_text(request, context.cache), maxlen=1).pop()
        return {
            "texts": actions.full_texts(result),
            "file": written(context, actions.write_texts, result),
        }

    def image(request: ImageRequest) -> dict:
        result = actions.make_images(request, context.cache)
        sheet = written(context, actions.write_sheet, result)
        return {
            "file": sheet,
            "labels": result.labels,
            "seeds": result.seeds,
            "percentiles": result.percentiles,
        }

    def reconstruct(request: ReconstructRequest) -> dict:
        result = actions.reconstruct(request, context.cache)
        near = {"labels": result.neighbour_labels, "distances": result.distances}
        return {
            "file": written(context, actions.write_reconstruction, result),
            "latent": result.mean,
            "neighbours": near,
        }

    def walk(request: WalkRequest) -> dict:
        result = actions.walk(request, context.cache)
        return {
            kind: written(context, actions.write_film, result, suffix=f".{kind}") for kind in ("gif", "mp4")
        }

    gr.api(list_models, api_name="list_models", api_description=list_models.__doc__, queue=False)
    add_training(context)
    for name, kind, verb in (
        ("generate_text", TextRequest, text),
        ("generate_image", ImageRequest, image),
        ("reconstruct", ReconstructRequest, reconstruct),
        ("interpolate", WalkRequest, walk),
    ):
        gr.api(
            endpoint(name, kind, verb), api_name=name, api_description=kind.__doc__, concurrency_id="device"
        )


def add_training(context: Context) -> None:
    """Add /start_training, /job and /stop_job. On a public page that does not allow it, each says so."""

    def allowed(verb: Callable[[Any], dict]) -> Callable[[Any], dict]:
        def call(asked: Any) -> dict:
            if not context.settings.may_train:
                raise InputError(
                    en="Training is off on this public page; start the app on your own computer.",
                    zh="此公开网页未开放训练；请在自己的电脑上启动应用。",
                )
            return verb(asked)

        return call

    def start(request: TrainRequest) -> dict:
        return job_facts(context.jobs.get(context.jobs.submit(request)))

    def job_status(asked: JobRequest) -> dict:
        return job_facts(context.jobs.get(asked.name))

    def stop(asked: JobRequest) -> dict:
        context.jobs.stop(asked.name)
        return job_facts(context.jobs.get(asked.name))

    for name, kind, verb in (
        ("start_training", TrainRequest, start),
        ("job", JobRequest, job_status),
        ("stop_job", StopRequest, stop),
    ):
        gr.api(endpoint(name, kind, allowed(verb)), api_name=name, api_description=kind.__doc__, queue=False)


def job_facts(job: Job) -> dict[str, Any]:
    """A job for a program: its state, how far it is, what it measured last and at the end."""
    log = job.log()
    plain = (
        "name",
        "model",
        "state",
        "step",
        "steps",
        "seconds",
        "seconds_left",
        "position",
        "wait_seconds",
        "usable",
    )
    return {
        **{name: getattr(job, name) for name in plain},
        "words": {lang: job.words(lang) for lang in ("en", "zh")},
        "log": log[-1] if log else {},
        "events": job.events(),
        "figures": job.figures(),
    }


def written(context: Context, write: Callable[..., Path], result: Any, **options: Any) -> dict[str, Any]:
    """The file that `write` makes of a result for the visitor who asks, marked as it has to be."""
    return file_data(write(result, context.folder(), marking=context.marking(), **options))


def file_data(path: Path) -> dict[str, Any]:
    """A written file in the form that clients download."""
    return gr.FileData(path=str(path), orig_name=path.name).model_dump()


def endpoint(name: str, kind: type[BaseModel], verb: Callable[[Any], dict]) -> Callable[..., dict]:
    """A function whose parameters are the fields of `kind`; it checks them and calls `verb`.

    Its name and docstring are what a language model is told of it as a tool (MCP); `request_type` is `kind`.

    Errors reach the client as one sentence in both languages, since a program says nothing of its reader's.
    """
    fields = sorted(
        kind.model_fields.items(), key=lambda item: not item[1].is_required()
    )  # as Python wants them

    def call(*values: Any) -> dict:
        named = {name: value for (name, _), value in zip(fields, values, strict=True)}
        try:
            for field in FILE_FIELDS & named.keys():
                named[field] = uploaded_path(named[field])
            return verb(check(kind, named))
        except InputError as error:
            raise gr.Error(f"{error.text.en} {error.text.zh}", print_exception=False) from error

    parameters = [
        inspect.Parameter(
            name,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=inspect.Parameter.empty if field.is_required() else field.default,
            annotation=dict if name in FILE_FIELDS else api_type(field.annotation),
        )
        for name, field in fields
    ]
    call.__signature__ = inspect.Signature(parameters, return_annotation=dict)  # type: ignore[attr-defined]
    call.__annotations__ = {p.name: p.annotation for p in parameters} | {"return": dict}
    call.__name__, call.__doc__ = name, docstring(kind)
    call.request_type = kind  # type: ignore[attr-defined]
    return call
