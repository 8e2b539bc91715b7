"""The HTTP API with stable names: each endpoint takes the fields of its request as keyword parameters."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import gradio as gr
from pydantic import BaseModel, ConfigDict, Field

from aigc_demo import actions
from aigc_demo.actions.perform import perform
from aigc_demo.actions.verify import check_file, check_text
from aigc_demo.core.errors import InputError
from aigc_demo.core.words import FieldLabel, Text
from aigc_demo.jobs import Job, TrainRequest
from aigc_demo.jobs.request import NAME
from aigc_demo.runtime import registry
from aigc_demo.schemas import TASKS, Task, VerifyRequest, check
from aigc_demo.schemas.base import own_fields
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
    """Add /list_models, those of training, one for each task that has one, and /verify."""

    def list_models() -> list[dict]:
        """List the models that are here: id, family, tasks, classes, parameters, data, licence."""
        return [
            card.model_dump(mode="json", exclude={"folder"}) for card in registry.all_cards(context.settings)
        ]

    gr.api(list_models, api_name="list_models", api_description=list_models.__doc__, queue=False)
    add_training(context)
    add_verify(context)
    for task in TASKS:
        if task.endpoint:
            call = endpoint(task.endpoint, task.request, answering(task, context))
            about = task.request.__doc__
            gr.api(call, api_name=task.endpoint, api_description=about, concurrency_id="device")


def answering(task: Task, context: Context) -> Callable[[Any], dict]:
    """What an endpoint does: the task, and its labelled files and facts for the answer."""

    def answer(request: Any) -> dict:
        result = perform(task, request, context.cache)
        writers = task.answers or {"file": task.writer}
        files = {key: written(context, task, key, writer, result) for key, writer in writers.items()}
        return {**files, **result.facts()}

    return answer


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


def add_verify(context: Context) -> None:
    """Add /verify; it answers with every layer that was found, and runs no model."""

    def verify(request: VerifyRequest) -> dict:
        settings = context.settings
        found = (
            check_file(Path(request.file), settings) if request.file else check_text(request.text, settings)
        )
        return found.facts()

    gr.api(
        endpoint("verify", VerifyRequest, verify), api_name="verify", api_description=VerifyRequest.__doc__
    )


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


def written(context: Context, task: Task, key: str, writer: str, result: Any) -> Any:
    """The file, or files, that `writer` makes of a result for the visitor who asks, marked as it has to be."""
    options = {"suffix": f".{key}"} if f".{key}" in task.endings else {}
    made = getattr(actions, writer)(result, context.folder(), marking=context.marking(), **options)
    return [file_data(path) for path in made] if isinstance(made, list) else file_data(made)


def file_data(path: Path) -> dict[str, Any]:
    """A written file in the form that clients download."""
    return gr.FileData(path=str(path), orig_name=path.name).model_dump()


def _default(field: Any, own: bool) -> Any:
    """What a client's call has in a parameter that it leaves out; None where the model decides."""
    if field.is_required():
        return inspect.Parameter.empty
    return None if own else field.default


def endpoint(name: str, kind: type[BaseModel], verb: Callable[[Any], dict]) -> Callable[..., dict]:
    """A function whose parameters are the fields of `kind`; it checks them and calls `verb`.

    Its name and docstring are what a language model is told of it as a tool (MCP); `request_type` is `kind`.

    Errors reach the client as one sentence in both languages, since a program says nothing of its reader's.
    """
    fields = sorted(
        kind.model_fields.items(), key=lambda item: not item[1].is_required()
    )  # as Python wants them

    own = own_fields(kind)

    def call(*values: Any) -> dict:
        given = zip(fields, values, strict=True)
        named = {name: value for (name, _), value in given if value is not None or name not in own}
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
            default=_default(field, name in own),
            annotation=dict if name in FILE_FIELDS else api_type(field.annotation),
        )
        for name, field in fields
    ]
    call.__signature__ = inspect.Signature(parameters, return_annotation=dict)  # type: ignore[attr-defined]
    call.__annotations__ = {p.name: p.annotation for p in parameters} | {"return": dict}
    call.__name__, call.__doc__ = name, docstring(kind)
    call.request_type = kind  # type: ignore[attr-defined]
    return call
