"""What stands in a tab until a model serves it: what the tab does, one card that gets a model, a recorded session."""

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import gradio as gr

from aigc_demo import hub
from aigc_demo.runtime.registry import cards_for
from aigc_demo.ui.page.context import Context

Wanted = hub.Carried | hub.Entry


class NoModel:
    """The notice of a tab without a model; `form` is what it stands in place of.

    ability: what a model must serve. doors: tabs that work without one, as buttons. `connect` says what the button that
    gets the model does; the shell connects it and `doors`.
    """

    def __init__(
        self,
        context: Context,
        ability: str,
        elem_id: str,
        recorded: Callable[[], None] = lambda: None,
        doors: Sequence[str] = (),
    ) -> None:
        words, self.ability = context.words, ability
        self.wanted = not cards_for(ability, context.settings)
        self.form: gr.Row | None = None
        model = first_choice(ability)
        with gr.Column(visible=self.wanted, elem_id=elem_id, elem_classes="no-model") as self.group:
            texts = (card_html(model, context, ability, lang) for lang in ("en", "zh"))
            gr.HTML(words.both(*texts), elem_id=f"{elem_id}-card")
            with gr.Row(elem_classes="small-buttons chips"):
                self.button = gr.Button(
                    words("no_model.get" if model else "no_model.open"),
                    size="sm",
                    variant="primary",
                    elem_id=f"{elem_id}-open",
                )
                self.doors = {
                    tab: gr.Button(words(f"no_model.door.{tab}"), size="sm", elem_id=f"{elem_id}-{tab}")
                    for tab in doors
                }
            if self.wanted:
                recorded()

    def parts(self) -> list[Any]:
        """The components that `show` updates."""
        return [self.group, self.form]

    def show(self, wanted: bool) -> dict[Any, Any]:
        """Updates that show the notice, or the form once there is a model."""
        return {self.group: gr.update(visible=wanted), self.form: gr.update(visible=not wanted)}


def first_choice(ability: str) -> Wanted | None:
    """The model to get for a task: one that a package carries, else the catalogue's recommended one that is smallest."""
    if found := next((model for model in hub.all_carried() if ability in model.tasks), None):
        return found
    known = [entry for entry in hub.catalogue() if ability in entry.tasks and not entry.gated]
    return min(known, key=lambda entry: (not entry.recommended, entry.download_bytes), default=None)


def card_html(model: Wanted | None, context: Context, ability: str, lang: str) -> str:
    """What the tab does, and which model to get for it, from where, how large, under which licence."""
    say = context.words.say
    does = f'<p class="does">{escape(say(f"no_model.{ability}", lang))}</p>'
    if model is None:
        return f'<div class="get">{does}</div>'
    title = f"<h3>{escape(model.title.say(lang))}</h3><p>{escape(model.summary.say(lang))}</p>"
    if isinstance(model, hub.Entry):
        facts = say("no_model.hub", lang, size=bytes_said(model.download_bytes), licence=model.licence)
        runs = f'<p class="note">{escape(hub.RUNS_ON[model.runs_on].say(lang))}</p>'
        return f'<div class="get">{does}<article>{title}<p class="note">{escape(facts)}</p>{runs}</article></div>'
    facts = say("no_model.package", lang, **package_facts(model))
    command = f"<pre><code>{escape(model.command)}</code></pre>"
    return (
        f'<div class="get">{does}<article>{title}<p class="note">{escape(facts)}</p>{command}</article></div>'
    )


def package_facts(model: hub.Carried) -> dict[str, str]:
    """Name, size and licence of a package, and the size of what becomes of it, as words want them."""
    return {
        "package": f"{model.package} {model.version}",
        "size": bytes_said(model.file_bytes),
        "licence": model.licence,
        "converted": bytes_said(model.converted_bytes),
    }


def bytes_said(count: float) -> str:
    """Such as "812 kB", "312 MB" or "1.5 GB", in powers of ten as the hub writes them."""
    if count >= 999.5e6:
        return f"{count / 1e9:.1f} GB"
    return f"{count / 1e6:.0f} MB" if count >= 999.5e3 else f"{count / 1e3:.0f} kB"
