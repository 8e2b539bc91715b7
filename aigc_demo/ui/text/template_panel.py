"""Start from a template: find one by saying what is wanted, fill its blanks, and take it as the prompt."""

from html import escape
from typing import Any

import gradio as gr

from aigc_demo.actions.prompt_templates import Template, all_templates, find_template, nearest
from aigc_demo.ui.page.context import Context, polite
from aigc_demo.ui.page.events import QUICK, index_of
from aigc_demo.ui.page.gradio_gaps import when_chosen
from aigc_demo.ui.page.panels import pick_list

SHOWN = 3  # templates that a search shows
BLANKS = 4  # the most blanks that a template has


class TemplatePanel:
    """Components and handlers. With `opening` the template begins the text, for models that only go on from it."""

    def __init__(self, context: Context, task: str, opening: bool = False, visible: bool = True) -> None:
        self.context = context
        self.task = task
        self.opening = opening
        words = context.words
        with gr.Accordion(
            words("template.title"), open=False, visible=visible, elem_id=f"{task}-templates"
        ) as self.fold:
            with gr.Row(elem_classes="wish"):
                self.wish = gr.Textbox(
                    label=words("template.wish"),
                    placeholder=words("template.wish_hint"),
                    elem_id=f"{task}-template-wish",
                    min_width=160,
                )
                self.find = gr.Button(
                    words("template.find"), size="sm", scale=0, min_width=72, elem_id=f"{task}-template-find"
                )
            self.ranked = gr.State([])
            self.found = pick_list("", f"{task}-template-found")
            self.picker = gr.Dropdown(
                [(words.both(found.en.title, found.zh.title), found.id) for found in all_templates()],
                value=None,
                label=words("template.all"),
                elem_id=f"{task}-template",
                filterable=False,
            )
            self.blanks = [
                gr.Textbox(visible=False, elem_id=f"{task}-template-blank-{place}") for place in range(BLANKS)
            ]
            self.use = gr.Button(
                words("template.use"), size="sm", visible=False, elem_id=f"{task}-template-use"
            )

    def connect(self, prompt: gr.Textbox, system: gr.Textbox | None = None) -> None:
        """Let the panel fill `prompt`, and `system` where there is one."""
        chosen = [self.picker, *self.blanks, self.use]
        gr.on(
            [self.find.click, self.wish.submit],
            self.search,
            self.wish,
            [self.ranked, self.found],
            **QUICK,
        )
        self.found.select(self.pick_found, self.ranked, chosen, **QUICK)
        when_chosen(self.picker)(self.choose_template, self.picker, chosen, **QUICK)
        filled = [prompt, system] if system else [prompt]
        taken = self.use.click(self.fill, {self.picker, *self.blanks}, filled, **QUICK)
        show = f"() => document.querySelector('#{prompt.elem_id} textarea').focus()"
        taken.success(None, None, None, js=show)

    @polite
    def search(self, wish: str, visitor: gr.Request) -> Any:
        """The nearest templates, and how they were compared."""
        found = nearest(wish or "")[:SHOWN]
        return [template.id for template, _ in found], self.found_html(found, self.context.lang(visitor))

    def found_html(self, found: list[tuple[Template, float]], lang: str) -> str:
        """The nearest templates as buttons, with their nearness."""
        rows = []
        for place, (template, score) in enumerate(found):
            wording = template.wording(lang)
            rows.append(
                f'<button type="button" data-index="{place}"><b>{escape(wording.title)}</b>'
                f'<span class="share">{score:.2f}</span>'
                f'<span class="about">{escape(wording.about)}</span></button>'
            )
        how = self.context.words.say("template.by_characters", lang)
        return f'<div class="found">{"".join(rows)}</div><p class="note">{escape(how)}</p>'

    @polite
    def pick_found(self, ranked: list[str], event: gr.EventData, visitor: gr.Request) -> Any:
        """One of the found templates was chosen."""
        index = index_of(event)
        return self.blanks_of(ranked[index], visitor) if 0 <= index < len(ranked) else gr.skip()

    @polite
    def choose_template(self, template_id: str, visitor: gr.Request) -> Any:
        """A template was chosen from the list."""
        return self.blanks_of(template_id, visitor)

    def blanks_of(self, template_id: str, visitor: gr.Request) -> dict[Any, Any]:
        """Updates that show a template's blanks, with examples in them."""
        blanks = list(find_template(template_id).wording(self.context.lang(visitor)).fields.values())
        updates = {self.picker: gr.update(value=template_id), self.use: gr.update(visible=True)}
        for place, box in enumerate(self.blanks):
            if place < len(blanks):
                blank = blanks[place]
                updates[box] = gr.update(
                    label=blank.label, value=blank.example, lines=blank.lines, visible=True
                )
            else:
                updates[box] = gr.update(visible=False, value="")
        return updates

    @polite
    def fill(self, values: dict[Any, Any], visitor: gr.Request) -> Any:
        """The prompt with the blanks filled, and for a chat model the system prompt."""
        wording = find_template(values[self.picker] or "").wording(self.context.lang(visitor))
        given = [values[box] for box in self.blanks]
        prompt = wording.fill(dict(zip(wording.fields, given, strict=False)), self.opening)
        return prompt if self.opening else (prompt, wording.system)
