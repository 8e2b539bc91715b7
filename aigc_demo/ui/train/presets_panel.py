"""Settings that show what can go wrong, for a class: a choice that fills everything in."""

from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr

from aigc_demo.data.imports import ImportRequest, paste
from aigc_demo.jobs.presets import Preset, presets
from aigc_demo.schemas import check
from aigc_demo.ui.page.context import polite
from aigc_demo.ui.page.events import PRIVATE
from aigc_demo.ui.page.gradio_gaps import when_chosen

if TYPE_CHECKING:
    from aigc_demo.ui.train.settings_panel import SettingsPanel


class PresetsPanel:
    """Components and handlers; `preset` is the choice, `watch_for` what to look at."""

    def __init__(self, settings: "SettingsPanel") -> None:
        self.context, self.settings = settings.context, settings

    def build(self) -> None:
        """A fold under the settings."""
        words = self.context.words
        with gr.Accordion(words("train.presets"), open=False, elem_id="train-presets"):
            gr.Markdown(words("train.presets_help"), elem_classes="note")
            self.preset = gr.Dropdown(
                [(words.both(preset.title.en, preset.title.zh), preset.id) for preset in presets()],
                value=None,
                label=words("train.preset"),
                elem_id="train-preset",
                filterable=False,
            )
            self.watch_for = gr.HTML("", elem_id="train-watch-for", elem_classes="card-lines")

    def connect(self) -> None:
        """The choice fills the settings in."""
        settings = self.settings
        filled = [settings.data, self.watch_for, settings.why, *settings.fields.values()]
        when_chosen(self.preset)(self.use, {self.preset, settings.data}, filled, **PRIVATE)

    @polite
    def use(self, values: dict[Any, Any], visitor: gr.Request) -> Any:
        """Put everything of a preset into the widgets; where it brings its own text, that becomes a data set."""
        preset = next((preset for preset in presets() if preset.id == values[self.preset]), None)
        if preset is None:
            return gr.skip()
        lang, settings = self.context.lang(visitor), self.settings
        wanted = dict(preset.settings)
        data = wanted.pop("data", self.paste(preset) if preset.text else values[settings.data])
        fields = {**{name: settings.default(name) for name in settings.fields}, **wanted}
        shown = settings.visible(fields["family"], "")
        updates = {
            part: {**gr.update(value=fields[name]), **shown.get(part, {})}
            for name, part in settings.fields.items()
            if name not in ("name", "start")
        }
        starts = settings.said_starts(fields["family"], visitor)
        needs = preset.needs.say(lang)
        needed = f"<p>{escape(needs)}</p>" if "data" not in preset.settings and needs else ""
        return {
            **updates,
            settings.fields["name"]: settings.free_name(fields["family"], preset.id),
            settings.fields["start"]: gr.update(choices=starts, value=""),
            settings.data: settings.data_panel.update(lang, data),
            settings.why: "",
            self.watch_for: f"<p>{escape(preset.watch.say(lang))}</p>{needed}",
        }

    def paste(self, preset: Preset) -> str:
        """The preset's own text as a data set; its name."""
        name = f"preset-{preset.id}"
        values = {"name": name, "consent": True, "licence": "MIT"}
        return paste(check(ImportRequest, values), preset.text, self.context.settings.own_data_dir).name
