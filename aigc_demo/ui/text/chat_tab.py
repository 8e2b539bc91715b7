"""Chat, in the Text tab: a conversation with a chat model that can be taken up at any of its points."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import takewhile
from typing import Any

import gradio as gr

from aigc_demo import actions
from aigc_demo.actions import ChatResult, chat
from aigc_demo.core.errors import InputError
from aigc_demo.models.family import serving
from aigc_demo.runtime.registry import find_card
from aigc_demo.safety import check_asked
from aigc_demo.schemas import MAX_SEED, ChatRequest, check
from aigc_demo.ui.page.adapters import AdapterFields
from aigc_demo.ui.page.context import polite
from aigc_demo.ui.page.events import COMPUTES, QUICK, index_of
from aigc_demo.ui.page.generation_tab import GenerationTab
from aigc_demo.ui.page.gradio_gaps import event_value, small_last, when_chosen
from aigc_demo.ui.page.language import Say
from aigc_demo.ui.page.panels import CodePanel, Lesson, Memory
from aigc_demo.ui.page.progress import TokenProgress, cleared_on_error, remark, remark_line, status
from aigc_demo.ui.page.toasts import inform
from aigc_demo.ui.page.widgets import card_lines, chosen_model, seed_field
from aigc_demo.ui.text import odds
from aigc_demo.ui.text.alternatives import beginning
from aigc_demo.ui.text.attention import AttentionPanel
from aigc_demo.ui.text.conversation import LONGEST, Conversation, flat, read_messages, shown
from aigc_demo.ui.text.recorded_session import RecordedSession
from aigc_demo.ui.text.template_panel import TemplatePanel
from aigc_demo.ui.text.token_view import TokenView
from aigc_demo.ui.text.watermark_panel import WatermarkPanel, watermark_field

FOLDED = ("max_new_tokens", "temperature", "top_k", "top_p", "repetition_penalty")
EXAMPLES = ("explain", "write", "plan")
CONVERSATION = "chat-conversation"  # the flag of whoever changed the conversation last


class ChatTab(GenerationTab):
    """Components and handlers of the tab. `fields` are its widgets by request field, all but the messages."""

    task = "chat"
    title = "mode.chat"
    request_type = ChatRequest

    def _build_ask(self) -> None:
        """The model, who it is to be, the rest; what is asked stands under the conversation."""
        context, words = self.context, self.context.words
        picker = self._model_picker("chat", ChatRequest.model_fields["model"].default)
        self.adapters = AdapterFields(context, self.task, ChatRequest, picker.value)
        system = self._field("system", lines=2, max_lines=8, placeholder=words("chat.system_hint"))
        self.prompt_templates = TemplatePanel(context, self.task)
        with gr.Accordion(words("shell.more"), open=False, elem_id="chat-more"):
            seed = seed_field(context, self.task, ChatRequest)
            folded = {name: self._field(name) for name in FOLDED}
            folded["watermark"] = watermark_field(context, self.task, ChatRequest)
        folded["continue_from"] = self._field("continue_from", visible=False, max_lines=6)
        self.fields = {"model": picker, "system": system, **self.adapters.fields, "seed": seed, **folded}

    def _build_see(self) -> None:
        """The conversation, and what to say next."""
        words = self.context.words
        self.conversation = gr.State(Conversation())
        self.result = gr.State(None)
        self.view = gr.Chatbot(
            label=words("chat.conversation"),
            show_label=False,
            height=460,
            editable="user",
            buttons=["copy"],
            placeholder=words("chat.empty"),
            feedback_options=None,
            group_consecutive_messages=False,
            elem_id="chat-view",
        )
        self.status = gr.HTML("", elem_id="chat-status")
        self.note = gr.HTML("", elem_id="chat-note")
        self.input = gr.Textbox(
            label=words("chat.input"),
            placeholder=words("chat.input_hint"),
            lines=1,  # so that Enter sends
            max_lines=10,
            elem_id="chat-input",
        )
        self._run_buttons("action.send")
        with gr.Row(elem_classes="small-buttons chips"):
            self.again, self.undo, self.clear = (
                gr.Button(words(f"chat.{name}"), size="sm", elem_id=f"chat-{name}")
                for name in ("again", "undo", "clear")
            )
        self.examples = self._example_buttons(EXAMPLES, "chat_example")
        with gr.Row(elem_classes="small-buttons"):
            self._download_buttons(("txt", "md", "json"), actions.write_chat, self.result)

    def _build_look(self) -> None:
        """Look inside, how it works, the code."""
        context, words = self.context, self.context.words
        with gr.Accordion(words("chat.inside"), open=False, elem_id="chat-inside"):
            self.tokens = TokenView(context, "chat", words("chat.inside_empty"), goes_on=True, switched=False)
        self.mark = WatermarkPanel(context, self.task)
        self.attention = AttentionPanel(context, self.task)
        self.lesson = Lesson(context, serving("chat"), "", "chat-lesson")
        self.code = CodePanel.build(context, "chat-code")

    def _build_recorded(self) -> None:
        """A conversation that a model had."""
        RecordedSession(self.context, self.task)

    def _connect(self) -> None:
        asked = {*self.fields.values(), self.conversation, self.view, self.input}
        writes = {
            "outputs": [
                *self._conversation_outputs(),
                self.input,
                self.fields["seed"],
                self.fields["continue_from"],
                *vars(self.code).values(),
            ],
            **COMPUTES,
        }
        self.runs = [
            (event(handler, inputs=asked, **writes), self.result)
            for event, handler in (
                (partial(gr.on, [self.go.click, self.input.submit]), self.send),
                (self.again.click, self.answer_again),
                (self.view.edit, self.edit),
                (self.tokens.odds.select, self.go_on),
            )
        ]
        self.halt.click(self.stop, **QUICK)
        changed = [*self._conversation_outputs(), self.input]
        self.undo.click(self.take_back, {self.conversation, self.view}, changed, **QUICK)
        for forget in (self.clear.click, self.view.clear):
            forget(self.forget, None, changed, **QUICK)
        for name, button in self.examples.items():
            button.click(self.example(name), None, self.input, **QUICK)
        when_chosen(self.fields["model"])(self.choose_model, self.fields["model"], self.settable(), **QUICK)
        self.tokens.connect(self.result)
        self.attention.connect(self.result)
        self.prompt_templates.connect(self.input, self.fields["system"])

    def _conversation_outputs(self) -> list[Any]:
        """The components that show the conversation as it is."""
        inside = [*self.tokens.outputs(), *self.mark.outputs(), *self.attention.outputs()]
        return [self.conversation, self.result, self.view, self.status, self.note, *inside]

    def settable(self) -> list[Any]:
        """The components that `show` may update."""
        return [
            *self.fields.values(),
            self.card_lines,
            *self.no_model.parts(),
            *self.lesson.groups.values(),
            self.input,
            *self._conversation_outputs(),
        ]

    def show(self, request: ChatRequest, lang: str) -> dict[Any, Any]:
        """Updates that put a request's settings and its messages into the page, ready to be answered again."""
        updates = self.for_model(request.model, lang, request.adapter)
        updates = self.with_values(updates, request.model_dump(exclude={"adapter", "messages"}))
        updates[self.fields["model"]] = chosen_model(self.context, self.task, request.model, lang)
        hint = status(self.context.words.say("chat.restored", lang))
        rest = self._at_rest(Conversation(tuple(request.messages)), lang)
        kept = request.continue_from
        updates[self.fields["continue_from"]] = gr.update(value=kept, visible=bool(kept))
        return {**updates, **rest, self.status: hint, self.input: ""}

    def kept(self) -> dict[str, Any]:
        """The widgets, what is being typed, and the conversation."""
        return {**super().kept(), "input": self.input, "messages": self.view}

    def recall(self, values: Mapping[str, Any], lang: str) -> dict[Any, Any]:
        """Updates that put widgets and input back, and the conversation where `values` have one, to be answered or not."""
        conversation = self._conversation_outputs()
        updates = {part: u for part, u in super().recall(values, lang).items() if part not in conversation}
        if "messages" in values:
            messages = read_messages(values["messages"])
            updates |= self._at_rest(Conversation(messages), lang)
            if any(message.role == "assistant" for message in messages):
                updates[self.note] = status(self.context.words.say("chat.restored", lang))
        return {**updates, self.input: str(values.get("input") or "")[:LONGEST]}

    def as_asked(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The settings alone: the messages are no widget's."""
        return {name: value for name, value in values.items() if name in self.fields}

    def for_model(self, model: str, lang: str, adapter: str = "") -> dict[Any, Any]:
        """Updates of what depends on the model: its card, its adapters, the settings that it was made for."""
        card = find_card(model, self.context.settings, self.task)
        wanted = {name: value for name, value in card.defaults.items() if name in FOLDED}
        return {
            self.card_lines: gr.update(value=card_lines(self.context, card, lang)),
            **{self.fields[name]: gr.update(value=value) for name, value in wanted.items()},
            **self.adapters.for_model(model, lang, adapter),
            **self.no_model.show(False),
        }

    def example(self, name: str) -> Callable[[gr.Request], str]:
        """A handler that puts an example into the input."""

        def fill(visitor: gr.Request) -> str:
            return self.context.translator(visitor)(f"chat_example_text.{name}")

        return fill

    def said_so_far(self, values: dict[Any, Any]) -> Conversation:
        """The conversation; where the server was started anew, or has forgotten this session, the one that the page shows."""
        known: Conversation = values[self.conversation]
        return known if known.messages else Conversation(read_messages(values.get(self.view)))

    @polite
    def send(self, values: dict[Any, Any], visitor: gr.Request) -> Iterator[dict[Any, Any]]:
        """Say what stands in the input, and have it answered; with an empty input, the last message said."""
        conversation, text = self.said_so_far(values), (values[self.input] or "").strip()
        if not text and not conversation.unanswered:
            raise InputError(
                en="Write a message first; it goes into the field under the conversation.",
                zh="请先输入消息：写在对话下方的输入框里。",
            )
        kept = "" if text else values[self.fields["continue_from"]]
        asked = conversation.ask(text) if text else conversation
        yield from self._answer(asked, values, visitor, sent=True, kept=kept)

    @polite
    def answer_again(self, values: dict[Any, Any], visitor: gr.Request) -> Iterator[dict[Any, Any]]:
        """Another answer to the last message, by the next seed."""
        conversation = self.said_so_far(values)
        if not conversation.messages:
            inform(self.context.translator(visitor)("chat.nothing"))
            return
        if not conversation.unanswered:
            seed = self.fields["seed"]
            values[seed] = (int(values[seed] or 0) + 1) % (MAX_SEED + 1)
        yield from self._answer(conversation.again(), values, visitor)

    @polite
    def edit(
        self, values: dict[Any, Any], event: gr.EventData, visitor: gr.Request
    ) -> Iterator[dict[Any, Any]]:
        """A past message was said otherwise: the conversation goes on from there."""
        text = flat(event_value(event, "value")).strip()
        place = index_of(event)
        before = self.said_so_far(values)
        conversation = before.edit(place, text) if text else before
        if conversation is before:
            yield {self.view: shown(conversation.messages)}
            return
        yield from self._answer(conversation, values, visitor)

    @polite
    def go_on(
        self, values: dict[Any, Any], event: gr.EventData, visitor: gr.Request
    ) -> Iterator[dict[Any, Any]]:
        """Another token of the answer was chosen: the answer up to it is kept, the rest written anew by the same seed."""
        conversation: Conversation = values[self.conversation]
        result = conversation.result
        kept = result and beginning(result.tokens, index_of(event, "token"), index_of(event, "choice"))
        if not kept:
            return
        made = result.request.model_dump(exclude={"messages"})
        values |= {component: made[name] for name, component in self.fields.items()}
        yield from self._answer(conversation.again(), values, visitor, kept=kept)

    def _answer(
        self,
        conversation: Conversation,
        values: dict[Any, Any],
        visitor: gr.Request,
        sent: bool = False,
        kept: str = "",
    ) -> Iterator[dict[Any, Any]]:
        """Have the last message answered, showing the answer as it grows; it begins with `kept`."""
        given = {**self.given(values), "continue_from": kept}
        if not given["model"]:
            raise InputError(
                en="There is no chat model on this machine yet; get one in the Models tab, or start the app with --text-server.",
                zh="本机还没有对话模型；请在“模型”页获取，或用 --text-server 启动应用。",
            )
        asked = check(
            ChatRequest, {**given, "messages": [message.model_dump() for message in conversation.messages]}
        )
        # Here, so that what is refused stays out of the conversation.
        check_asked(asked, self.context.settings)
        superseded = self.context.begin(visitor, CONVERSATION)
        stopped = self.context.begin(visitor, self.task)
        yield {
            **self._at_rest(conversation, self.context.lang(visitor)),
            self.status: status(self.context.starting(visitor)),
            **({self.input: ""} if sent else {}),
            self.fields["seed"]: asked.seed,
            self.fields["continue_from"]: gr.update(value="", visible=False),
        }
        written = self._write(conversation, asked, lambda: stopped() or superseded(), visitor)
        # Once superseded, another handler says what the conversation is.
        shown_here = takewhile(lambda update: not superseded(), small_last(written, {self.status: ""}))
        yield from cleared_on_error(self.status, shown_here)

    def _write(
        self, conversation: Conversation, asked: ChatRequest, stop: Callable[[], bool], visitor: gr.Request
    ) -> Iterator[dict[Any, Any]]:
        lang, progress, result = self.context.lang(visitor), TokenProgress(), None
        say = self.context.words.translator(lang)
        for result in chat(asked, self.context.cache, stop):
            progress.count(len(result.tokens))
            if progress.update_due():
                conversation = conversation.answer(result)
                words = status(say("text.writing", tokens=progress.tokens))
                yield {
                    self.conversation: conversation,
                    self.view: shown(conversation.messages),
                    self.status: words,
                }
                progress.update_sent(len(result.text))
        if result is not None:
            conversation = conversation.answer(result)
            yield {
                **self._at_rest(conversation, self.context.lang(visitor)),
                self.note: note_html(result, progress.tokens_per_second(), self.context.lang(visitor), say),
                **self.code.show(asked, visitor),
            }

    def _at_rest(self, conversation: Conversation, lang: str) -> dict[Any, Any]:
        """Updates that show a conversation in which nothing is being written."""
        say = self.context.words.translator(lang)
        result = conversation.result
        inside = (
            {
                **self.tokens.show(result.tokens, say, result.request.continue_from),
                **self.mark.show(result, say),
                **self.attention.fit(result),
            }
            if result
            else {
                **self.tokens.clear(say("chat.inside_empty")),
                **self.mark.clear(say),
                **self.attention.clear(),
            }
        )
        return {
            self.conversation: conversation,
            self.result: result,
            self.view: shown(conversation.messages),
            self.status: "",
            self.note: "",
            **inside,
        }

    @polite
    def take_back(self, values: dict[Any, Any], visitor: gr.Request) -> dict[Any, Any]:
        """Take the last message back into the input, and its answer away."""
        self.interrupt(visitor)
        conversation = self.said_so_far(values)
        if not conversation.messages:
            return gr.skip()
        earlier, text = conversation.undo()
        return {**self._at_rest(earlier, self.context.lang(visitor)), self.input: text}

    @polite
    def forget(self, visitor: gr.Request) -> dict[Any, Any]:
        """Begin a new conversation."""
        self.interrupt(visitor)
        return {**self._at_rest(Conversation(), self.context.lang(visitor)), self.input: ""}

    def interrupt(self, visitor: gr.Request) -> None:
        """Whatever is being written belongs to a conversation that is no more."""
        self.context.begin(visitor, CONVERSATION)

    def memory(self, result: ChatResult, lang: str) -> Memory:
        """The result for the history."""
        about = f"{result.card.id} · {self.context.words.say('image.seed', lang)} {result.request.seed}"
        return Memory(result.request, about, words=result.request.messages[-1].content[:40])


def note_html(result: ChatResult, rate: float, lang: str, say: Say) -> str:
    """The line under the conversation, and what of it the model did not read."""
    unfinished = "" if result.ended else remark_line(say("chat.unfinished"))
    kept = odds.kept_html(result.tokens, result.request.continue_from, say)
    return kept + odds.done_html(result.tokens, rate, say) + unfinished + remark(result.note, lang)
