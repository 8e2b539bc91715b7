"""What is looked at while a model trains: a few rows of text, held out and not, and what it writes by itself."""

from aigc_demo.language.corpus import Corpus
from aigc_demo.language.likelihood import enough_text, held_out_bits
from aigc_demo.language.samples import COUNT, passages, repetition, write_samples
from aigc_demo.language.writer import Writer
from aigc_demo.metrics.least import enough_characters
from aigc_demo.metrics.memorisation import KnownText, longest_copy

QUATRAINS = 12  # that are written: the text that a figure needs, even where a young model ends some early
SEARCHED = 2_000_000  # characters of training text in which copies are looked for


class Validation:
    """The same rows and the same seeds each time, so that the figures can be compared."""

    def __init__(self, corpus: Corpus, count: int) -> None:
        """About `count` rows held out, and as many of the training text."""
        self.corpus = corpus
        self.train = corpus.train_rows(count)
        self.held_out = corpus.held_out[:: max(1, len(corpus.held_out) // count)]
        self.known = KnownText(corpus.train_texts, SEARCHED)
        self.usual_copy = max(1, longest_copy(passages(corpus.held_out_texts), self.known))

    def figures(self, model: Writer) -> dict[str, float]:
        """Bits a character in training and held out, 4-grams repeated, and the longest run copied.

        The run is relative to what held-out passages of the samples' length share with the training text. What too
        little text would tell is left out.
        """
        figures = {}
        if enough_text(self.train):
            figures["train_bits"] = held_out_bits(model, self.train)
        if enough_text(self.held_out):
            figures["held_out"] = held_out_bits(model, self.held_out)
        samples = write_samples(model, self.corpus.held_out_texts, QUATRAINS if model.forms else COUNT)
        texts = [sample.text for sample in samples]
        if enough_characters(texts):
            figures["repetition"] = repetition([sample.ids for sample in samples])
        if enough_characters(texts) and enough_characters(self.corpus.held_out_texts):
            figures["copied_run"] = longest_copy(texts, self.known) / self.usual_copy
        return figures
