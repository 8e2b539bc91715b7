"""The Latent space tab: two end points, the film from one to the other, and the hand between them."""

import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import gradio as gr

from aigc_demo import actions
from aigc_demo.actions import GridResult, WalkResult, walk
from aigc_demo.core.stopping import Stop
from aigc_demo.models.cards import ModelCard
from aigc_demo.runtime.registry import cards_for, find_card
from aigc_demo.schemas import GridRequest, WalkRequest, as_code, check
from aigc_demo.ui.latent.end_point import EndPoint
from aigc_demo.ui.latent.grid_panel import GridPanel
from aigc_demo.ui.latent.scrubber import STRIP, stage, stage_html, strip_html
from aigc_demo.ui.page import pictures
from aigc_demo.ui.page.context import StopFlag, polite
from aigc_demo.ui.page.events import COMPUTES, PRIVATE, QUICK
from aigc_demo.ui.page.generation_tab import GenerationTab
from aigc_demo.ui.page.gradio_gaps import when_chosen
from aigc_demo.ui.page.language import Words
from aigc_demo.ui.page.live import LIVE, Rest, is_quick, live
from aigc_demo.ui.page.panels import CodePanel, Memory, place_lesson
from aigc_demo.ui.page.progress import BackgroundWork, remark
from aigc_demo.ui.page.sampler_fields import SamplerFields, samples_in_steps
from aigc_demo.ui.page.widgets import card_lines, chosen_card, chosen_model, download

EXAMPLES: dict[str, dict[str, Any]] = {
    "digits": {"model": "vae-digits", "from_label": "2", "to_label": "7", "from_seed": 2, "to_seed": 22},
    "shoes": {"model": "gan-fashion", "from_label": "7", "to_label": "9", "frames": 48},
    "morph": {"model": "gan-digits", "from_label": "3", "to_label": "8", "from_seed": 5, "to_seed": 5},
    "straight": {
        "model": "gan-fashion",
        "from_label": "8",
        "to_label": "8",
        "from_seed": 1,
        "to_seed": 31,
        "interpolation": "lerp",
    },
}
SPACE = ("ui/latent/lesson", "models/latents.py")  # the lesson, and the source beside it
# Settings whose every movement makes the film anew.
MOVED = ("interpolation", "frames", "there_and_back", "fps", "truncation_psi")
INSIDE = "walk-inside"  # what is computed for the look inside, which has a stop flag of its own
WRITERS = {
    "gif": actions.write_film,
    "mp4": partial(actions.write_film, suffix=".mp4"),
    "strip": actions.write_strip,
}


class LatentTab(GenerationTab):
    """Components and handlers of the tab. `fields` are its widgets by request field; `runs` are its (event, result)."""

    task = "walk"
    title = "tab.latent"
    tasks = ("walk", "grid")
    request_type = WalkRequest
    runs_as_it_is = True
    model_is_all = False  # the classes of both ends and of the grid hang on it, too

    def _build_ask(self) -> None:
        """The two ends, the path, the button, examples, the model, the rest."""
        context, words = self.context, self.context.words
        self.card = chosen_card(context, "latent", "vae-digits")
        seeds = {side: EXAMPLES["digits"][f"{side}_seed"] for side in ("from", "to")}  # whose 2 is a 2
        self.ends = [EndPoint(context, side, self.card, seed) for side, seed in seeds.items()]
        plain = {"interpolation": self._field("interpolation", info=None)}
        self._run_buttons("action.film")
        self.opening = dict.fromkeys(("en", "zh"), "walk-go") if is_quick(self.card) else {}
        here = {card.id for card in cards_for("latent", context.settings)}
        names = [name for name, values in EXAMPLES.items() if values["model"] in here]
        self.examples = self._example_buttons(names, "example.walk")
        picker = self._model_picker("latent", "vae-digits")
        with gr.Accordion(words("shell.more"), open=False, elem_id="walk-more"):
            with gr.Row(equal_height=True):
                plain["frames"] = self._field("frames", min_width=170)
                plain["there_and_back"] = self._field("there_and_back", info=None, min_width=160)
            plain["fps"] = self._field("fps")
            self.sampler = SamplerFields(context, self.task, WalkRequest, self.card)
            plain |= self.sampler.fields
        self.plain = {"model": picker, **plain}

    def _build_see(self) -> None:
        """The film, take away."""
        context, words = self.context, self.context.words
        self.result, self.hand = gr.State(None), Rest("walk-rest")
        self.stage = stage(pictures.empty(words("empty.walk")), "walk-stage")
        self.note = gr.HTML("", elem_id="walk-note")
        self.plain["truncation_psi"] = self._field("truncation_psi", visible=has_psi(self.card))
        self.fields = {**self.plain, **self.ends[0].fields, **self.ends[1].fields}
        with gr.Row(elem_classes="small-buttons"):
            for kind, write in WRITERS.items():
                download(context, words(f"save.{kind}"), f"walk-save-{kind}", self.result, write)

    def _build_look(self) -> None:
        """Look inside, the grid, how it works, the code."""
        context, words = self.context, self.context.words
        with gr.Accordion(words("panel.inside_walk"), open=False, elem_id="walk-inside") as self.inside_fold:
            self.inside = gr.HTML(words("empty.inside_walk"))
        grid_place = gr.Column()
        place_lesson(context, "walk-lesson", *SPACE)
        self.code = CodePanel.build(context, "walk-code")
        shared = {name: self.plain[name] for name in ("model", "interpolation", "truncation_psi")}
        with grid_place:
            self.grid = GridPanel(context, self.card, shared, self.code)

    def _connect(self) -> None:
        run = {
            "fn": self.run,
            "inputs": {*self.fields.values(), *(end.source for end in self.ends)},
            "outputs": [self.result, self.stage, self.note, self.inside, *vars(self.code).values()],
            **COMPUTES,
        }
        code = [*vars(self.code).values()]
        answer = self.answer, run["inputs"], [self.result, self.stage, self.note]
        moved = [self.plain[name].input for name in MOVED]
        moved += [listen for end in self.ends for listen in (end.label.input, end.seed.change)]
        drawn = [answered for end in self.ends for answered in end.pad.answer(*answer)]
        look = {"fn": self.rest, "inputs": self.result, "outputs": [self.inside, *code], **PRIVATE}
        film = gr.on(moved, *answer, **LIVE)
        self.grid.follow(film)
        rested = self.hand.after(film, *drawn)(**look)
        self.runs = [(self.go.click(**run), self.result), (rested, self.result), *self.grid.runs]
        for name, button in self.examples.items():
            shown = [*self.settable(), self.inside_fold]
            self._run_after(button.click(self.example(name), None, shown, **PRIVATE))
        self.halt.click(self.stop, **QUICK)
        self.choosers = [self.plain["model"], *(end.label for end in self.ends), *self.grid.labels]
        when_chosen(self.plain["model"])(self.choose_model, set(self.choosers), self.settable(), **QUICK)

    def settable(self) -> list[Any]:
        """The components that `show` may update."""
        ends = [component for end in self.ends for component in end.settable()]
        return [
            *self.plain.values(),
            *ends,
            self.card_lines,
            *self.grid.settable(),
        ]

    def show(self, request: WalkRequest | GridRequest, lang: str) -> dict[Any, Any]:
        """Updates that put a request's settings into the widgets."""
        card = find_card(request.model, self.context.settings, "latent")
        about = self._about(card, lang)
        if isinstance(request, GridRequest):
            labels = [WalkRequest.model_fields[f"{end.side}_label"].default for end in self.ends]
            for end, label in zip(self.ends, labels, strict=True):
                about |= end.for_model(card, label, lang)
            return {**about, **self.grid.show(request, card, lang)}
        for end in self.ends:
            about |= end.show(request, card, lang)
        corners = GridRequest.model_fields["labels"].default
        about |= self.grid.for_model(card, corners, lang)
        for name, component in self.plain.items():
            about[component] = {**about.get(component, {}), **gr.update(value=getattr(request, name))}
        return {**about, self.plain["model"]: chosen_model(self.context, "latent", request.model, lang)}

    def kept(self) -> dict[str, Any]:
        """The widgets, and for each end what it comes from."""
        return {**super().kept(), **{f"{end.side}_source": end.source for end in self.ends}}

    def as_asked(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """With a picture where an end comes from one, which its pad has."""
        drawn = [end.side for end in self.ends if values.get(f"{end.side}_source") == "picture"]
        return {**values, **{f"{side}_image": as_code.ABSENT for side in drawn}}

    def _about(self, card: ModelCard, lang: str) -> dict[Any, Any]:
        """Updates of what hangs on the model alone: card, lesson, and the settings that it knows."""
        return {
            self.card_lines: card_lines(self.context, card, lang),
            **self.sampler.for_model(card),
            self.plain["truncation_psi"]: gr.update(visible=has_psi(card)),
        }

    def choose_model(self, values: dict[Any, Any], visitor: gr.Request) -> dict[Any, Any]:
        """Another model was chosen: offer its classes, and keep the choices that it has too."""
        return self._for_model(values[self.plain["model"]], values, self.context.lang(visitor))

    def _for_model(self, model: str, values: dict[Any, Any], lang: str) -> dict[Any, Any]:
        card = find_card(model, self.context.settings, "latent")
        updates = self._about(card, lang)
        for end in self.ends:
            updates |= end.for_model(card, values[end.label], lang)
        return updates | self.grid.for_model(card, [values[label] for label in self.grid.labels], lang)

    def receive(self, side: str, point: dict[str, Any], values: dict[Any, Any], lang: str) -> dict[Any, Any]:
        """Updates that make a picture of another tab (its model, seed and label) the end `side` of the walk.

        `values` are those of `choosers`, so that the other end keeps its class.
        """
        end = self.ends[0] if side == "from" else self.ends[1]
        updates = self._for_model(point["model"], {**values, end.label: point["label"]}, lang)
        updates |= end.choose_source("seed")
        updates[end.source] = {**updates[end.source], "value": "seed"}
        updates[end.prompt] = {**updates[end.prompt], "value": point.get("prompt", "")}
        model = chosen_model(self.context, "latent", point["model"], lang)
        return {**updates, self.plain["model"]: model, end.seed: point["seed"]}

    def example(self, name: str) -> Any:
        """A handler that puts an example's settings into the widgets; the straight path opens the look inside."""

        def fill(visitor: gr.Request) -> dict[Any, Any]:
            updates = self.show(check(WalkRequest, EXAMPLES[name]), self.context.lang(visitor))
            return updates | ({self.inside_fold: gr.update(open=True)} if name == "straight" else {})

        return fill

    @polite
    def run(self, values: dict[Any, Any], visitor: gr.Request) -> Iterator[dict[Any, Any]]:
        """Make the film and show it; meanwhile, where that takes long, say how far it is."""
        asked = self.asked(values)
        stop, lang = self._begin(visitor), self.context.lang(visitor)
        cache = self.context.cache
        work = BackgroundWork(lambda report: walk(asked, cache, stop, progress=report))
        yield from work.updates(self.note, self.context.words, lang)
        result = work.result
        shown = {
            **self.shown(result, work.seconds, lang),
            self.inside: path_html(result, self.both_paths(result, stop), self.context.words, lang),
            **self.code.show(self.portable(asked), visitor),
        }
        yield stop.newest(shown)

    @live
    def answer(self, values: dict[Any, Any], visitor: gr.Request) -> Any:
        """The tab is seen for the first time, or a setting moves: the film follows, where the model is quick."""
        start = time.perf_counter()
        card = find_card(values[self.plain["model"]] or "", self.context.settings, "latent")
        if not is_quick(card) or self.awaits_picture(values):
            return gr.skip()
        asked, stop = self.asked(values), self._begin(visitor)
        result = walk(asked, self.context.cache, stop)
        return stop.newest(self.shown(result, time.perf_counter() - start, self.context.lang(visitor)))

    def awaits_picture(self, values: dict[Any, Any]) -> bool:
        """Whether an end is to be a picture that is not drawn yet."""
        return any(values[end.source] == "picture" and not values[end.pad.path] for end in self.ends)

    @polite
    def rest(self, result: WalkResult | None, visitor: gr.Request) -> Any:
        """The hand rests: the look inside and the code of the film that is seen."""
        if result is None:
            return gr.skip()
        stop, lang = self.context.begin(visitor, INSIDE), self.context.lang(visitor)
        shown = {
            self.inside: path_html(result, self.both_paths(result, stop), self.context.words, lang),
            **self.code.show(self.portable(result.request), visitor),
        }
        return stop.newest(shown)

    def _begin(self, visitor: gr.Request) -> StopFlag:
        """The stop flag of a film. A look inside the film before ends with it; the other way round, none ends a film."""
        self.context.begin(visitor, INSIDE)
        return self.context.begin(visitor, self.task)

    def shown(self, result: WalkResult, seconds: float, lang: str) -> dict[Any, Any]:
        """Updates that show a film."""
        names = tuple(end.caption(result.request, result.card, lang) for end in self.ends)
        note = f'<p class="note">{self.note_text(result, seconds, lang)}</p>{remark(result.note, lang)}'
        return {
            self.result: result,
            self.stage: stage_html(result, names, self.context.words, lang),
            self.note: note,
        }

    def asked(self, values: dict[Any, Any]) -> WalkRequest:
        """The request of the widgets."""
        fields = {name: values[component] for name, component in self.plain.items()}
        card = find_card(fields["model"] or "", self.context.settings, "latent")
        for end in self.ends:
            fields |= end.read(values, card)
        return check(WalkRequest, fields)

    def both_paths(self, result: WalkResult, stop: Stop) -> list[WalkResult]:
        """The walk at a glance along either path; only the one that was asked for where each picture takes many steps."""
        if samples_in_steps(result.card):
            return []
        glance = {"frames": min(STRIP, result.request.frames), "there_and_back": False}
        asked = result.request
        return [
            walk(asked.model_copy(update={**glance, "interpolation": kind}), self.context.cache, stop)
            for kind in result.lengths
        ]

    def portable(self, request: WalkRequest) -> WalkRequest:
        """The request for the code panel, with a name that the reader replaces where the path of a picture was."""
        own = {
            name: f"{end}.png"
            for name, end in (("from_image", "a"), ("to_image", "b"))
            if getattr(request, name)
        }
        return request.model_copy(update=own)

    def note_text(self, result: WalkResult, seconds: float, lang: str) -> str:
        """The line under the film."""
        count = len(result.frames)
        length = f"{count / result.request.fps:.1f}"
        return self.context.words.say("walk.done", lang, count=count, length=length, seconds=f"{seconds:.2f}")

    def memory(self, result: WalkResult | GridResult, lang: str) -> Memory:
        """The result for the history."""
        if isinstance(result, GridResult):
            return self.grid.memory(result, lang)
        a, b = (end.short(result.request, result.card, lang) for end in self.ends)
        last = result.request.frames - 1
        shown = [result.frames[index] for index in (0, (last + 1) // 2, last)]
        return Memory(result.request, f"{result.card.id} · {a} → {b}", pictures.sprite(shown))


def has_psi(card: ModelCard) -> bool:
    """Whether truncation means anything to a model: those of our own sample from a density, the others do not."""
    return not card.kind


def path_html(result: WalkResult, glances: Sequence[WalkResult], words: Words, lang: str) -> str:
    """Lengths of z along both paths of one walk, and the short films that show each path at a glance."""
    say = words.translator(lang)
    strips = "".join(
        strip_html(glance.frames, say(f"choice.{glance.request.interpolation}")) for glance in glances
    )
    lengths = result.lengths
    half = {name: f"{rows[len(rows) // 2]:.2f}" for name, rows in lengths.items()}
    keys = "".join(
        f'<span class="key {name}">{say(f"choice.{name}")}: {length}</span>' for name, length in half.items()
    )
    ends = lengths["slerp"][0], lengths["slerp"][-1]
    words_of_class = say("walk.no_class" if "reconstruct" in result.card.tasks else "walk.class_mix")
    return (
        f'<p class="note">{say("walk.lengths")}</p>{_chart(lengths, say("walk.lengths_short", **half))}'
        f'<p class="note keys"><span>A: {ends[0]:.2f}</span><span class="halfway">{say("walk.halfway")} {keys}</span>'
        f'<span>B: {ends[1]:.2f}</span></p><p class="note">{say("walk.why")} {words_of_class}</p>{strips}'
    )


def _chart(lengths: dict[str, list[float]], name: str) -> str:
    """A line a path over t, from length 0 at the bottom."""
    top = 1.1 * max(max(rows) for rows in lengths.values()) or 1.0
    lines = "".join(
        f'<polyline class="{kind}" points="'
        + " ".join(f"{100 * i / (len(rows) - 1):.2f},{100 - 100 * r / top:.2f}" for i, r in enumerate(rows))
        + '"/>'
        for kind, rows in lengths.items()
    )
    return f'<svg class="lengths" viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label="{name}">{lines}</svg>'
