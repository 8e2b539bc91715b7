"""What a family's model must be able to do to serve a tab."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import numpy as np

from aigc_demo.core.stopping import Progress, Stop, never, unheard
from aigc_demo.core.words import Text

if TYPE_CHECKING:  # the page process does not wait for torch
    import torch
    from torch import Tensor


class LatentModel(Protocol):
    """Pictures from latent vectors. `K` classes; a class weight row is one-hot, or a mixture for class morphing."""

    classes: dict[str, list[str]]
    image_shape: tuple[int, int, int]
    latent_dim: int

    def sample_latents(
        self, labels: "Tensor", generator: "torch.Generator", truncation_psi: float = 1.0
    ) -> "Tensor":
        """Latents (N, latent_dim) for class labels (N,)."""
        ...

    def decode(self, z: "Tensor", class_weights: "Tensor", truncation_psi: float = 1.0) -> "Tensor":
        """Pictures (N, C, H, W) in [-1, 1] for latents (N, latent_dim) and class weights (N, K)."""
        ...


@dataclass(frozen=True)
class Sampling:
    """How a model that takes many steps to a picture takes them: 0 steps and guidance -1 are the model's own.

    `stop()` is polled inside each step; `progress(share)` hears after each how much is done, in (0, 1].
    """

    num_inference_steps: int = 0
    guidance_scale: float = -1.0
    stop: Stop = never
    progress: Progress = unheard


@runtime_checkable
class SteppedModel(Protocol):
    """A model that takes many steps to a picture, such as a diffusion model."""

    def sampled(self, sampling: Sampling) -> LatentModel:
        """The model with its steps settled; its `sampling` has the numbers that zeros stood for."""
        ...


@runtime_checkable
class Critic(Protocol):
    """A model that also judges pictures: a GAN's discriminator."""

    def score(self, images: "Tensor", class_weights: "Tensor") -> "Tensor":
        """Raw scores (N,); higher means more real."""
        ...

    def percentile(self, scores: "Tensor") -> "Tensor":
        """Share of real held-out pictures that score lower, (N,) in [0, 1]."""
        ...


@runtime_checkable
class Classifier(Protocol):
    """A model that says which of its K classes a picture shows, and how sure it is. Results are on the CPU."""

    classes: dict[str, list[str]]
    image_shape: tuple[int, int, int]

    def classify(self, images: "Tensor") -> "Tensor":
        """Odds (N, K) of pictures (N, C, H, W) in [-1, 1]; rows sum to 1."""
        ...

    def features(self, images: "Tensor") -> "Tensor":
        """(N, D) float32: the layer before the last, for distances between pictures."""
        ...


@runtime_checkable
class SelfAware(Protocol):
    """A classifier that knows how far to trust it, from pictures that it has not learnt from."""

    def record(self, top: float) -> tuple[int, int]:
        """Of held-out pictures whose likeliest class had about the odds `top`: how many it named right, and how many there were."""
        ...

    def strangeness(self, images: "Tensor") -> "Tensor":
        """The share of held-out pictures that are more like what it has learnt than these are, (N,) in [0, 1]."""
        ...


@runtime_checkable
class Encoder(Protocol):
    """A model that also encodes pictures."""

    def encode(self, images: "Tensor") -> tuple["Tensor", "Tensor"]:
        """Mean and log variance (N, latent_dim) of q(z | x) for pictures (N, C, H, W) in [-1, 1]."""
        ...


class Autoencoder(LatentModel, Encoder, Protocol):
    """A model that encodes pictures and knows the codes of those it was trained on: a VAE."""

    def nearest(self, z: "Tensor", k: int) -> tuple["Tensor", "Tensor", "Tensor"]:
        """The k nearest training codes of one latent (latent_dim,): codes (k, latent_dim), labels and distances (k,)."""
        ...


@dataclass(frozen=True)
class Drawn:
    """One finished picture (H, W, 3) uint8 on the CPU, and whether a safety checker blacked it out."""

    picture: "Tensor"
    blacked_out: bool = False


# (step, steps, preview) after each step; preview() is the n finished pictures as of now, (n, H, W, 3) uint8, or None.
StepHook = Callable[[int, int, Callable[[], "Tensor | None"]], None]


def no_hook(step: int, steps: int, preview: Callable[[], "Tensor | None"]) -> None:
    """A step hook that does nothing."""


@runtime_checkable
class TextToImageModel(Protocol):
    """A model that draws sentences, and what lies between two of them.

    at_once: how many pictures it draws together. noise_levels: the share of noise in one picture of the last drawing
    before each step and after the last. has_checker: whether a safety checker looks at the pictures; None: not known.
    previewer: what decodes its latents on the way, None where they are pictures already.
    """

    at_once: int
    noise_levels: list[float]
    has_checker: bool | None
    previewer: Any

    def fill(self, request: Any, picture: tuple[int, int] | None) -> Any:
        """The DrawRequest with this model's own numbers for zeros; `picture`: width and height of one to start from."""
        ...

    def left_out(self, prompt: str) -> str:
        """The end of a prompt that the model does not get to read; empty where it reads all."""
        ...

    def conditions(self, prompt: str, negative: str = "", stop: Stop = never) -> Any:
        """What the text encoders make of a prompt."""
        ...

    def between(self, a: Any, b: Any, t: float) -> Any:
        """(1 - t) a + t b of two prompts' conditions."""
        ...

    def noise(self, generator: "torch.Generator", width: int, height: int) -> "Tensor | None":
        """Noise to draw one picture from, (1, C, h, w) float32 from N(0, I); None where the model draws its own."""
        ...

    def draw(
        self,
        request: Any,
        conditions: Any,
        generators: Sequence["torch.Generator"],
        noise: "Tensor | None" = None,
        image: Any = None,
        mask: Any = None,
        stop: Stop = never,
        on_step: StepHook = no_hook,
    ) -> list[Drawn]:
        """A picture for each of the n <= at_once generators, of a filled DrawRequest.

        From `noise` (n, C, h, w); or from an `image`, and inside a `mask`: PIL pictures in RGB and L of the request's
        size, white where it is to be drawn anew. All else that is random in picture i comes from generators[i].
        Raises Stopped inside a step once `stop()` turns true.
        """
        ...


@runtime_checkable
class WordReader(Protocol):
    """A model that reads whole words, of a vocabulary of its own."""

    def unknown(self, prompt: str) -> list[str]:
        """The words of a prompt that it has never learned, in their order; it draws as if they were not there."""
        ...


@runtime_checkable
class WordWatcher(Protocol):
    """A model that shows where in a picture each word was looked at."""

    def watch(
        self, request: Any, conditions: Any, generator: "torch.Generator"
    ) -> tuple[list[str], "Tensor"]:
        """The W words of a filled DrawRequest's prompt, and a map of each, (W, h, w) in [0, 1].

        A map is the mean attention that its word got from each place of the picture, over steps, heads and layers.
        """
        ...


@dataclass(frozen=True)
class CodeOdds:
    """What each of the T codes of a drawn picture was to the model that wrote it, in reading order.

    probability (T,): of the code that was written, given the caption's W words and the codes before it. chances (T, k):
    of the likeliest codes; patches (T, 1 + k, p, p, 3) uint8: what the picture shows around the place with the code that
    was written, and with each of those. looked (T, W): how much each word got of what was looked at before the choice;
    rows sum to 1.
    """

    words: list[str]
    probability: "Tensor"
    chances: "Tensor"
    patches: "Tensor"
    looked: "Tensor"


@runtime_checkable
class CodeWriter(Protocol):
    """A model that writes a picture code by code, like a text, and knows what each code and each picture is worth."""

    def code_odds(self, request: Any, conditions: Any, generator: "torch.Generator") -> CodeOdds:
        """The odds of the codes of the picture that a filled DrawRequest draws with `generator`."""
        ...

    def evidence(self, pictures: "Tensor", caption: str) -> "Tensor":
        """log2 p(codes | caption) - log2 p(codes), (N,), of pictures uint8 (N, H, W, 3): how much they speak for it."""
        ...


@runtime_checkable
class Adaptable(Protocol):
    """A model that takes adapters."""

    def set_adapter(self, folder: Path | None, weight: float) -> None:
        """Switch to the adapter in `folder` at `weight`; None: to the model alone, exactly as it was."""
        ...


class Upscaler(Protocol):
    """A model that makes a picture larger, `scale` times as wide and high."""

    scale: int

    def enlarge(self, picture: np.ndarray, stop: Stop) -> np.ndarray:
        """(H, W, 3) uint8 -> (scale H, scale W, 3) uint8; raises Stopped soon after `stop()` turns true."""
        ...


@dataclass(frozen=True)
class TokenChoice:
    """One token that was written, with the model's own odds before any filter.

    A model on a server sends neither the number of the token (-1) nor, from some servers, its odds (None). `rank`: how
    many tokens were likelier. `spread`: the whole distribution, as language/odds.py packs it; empty where it is not known.
    """

    text: str
    id: int
    probability: float | None
    alternatives: list[tuple[str, float]]
    rank: int = 0
    spread: str = ""


@dataclass(frozen=True)
class Step:
    """One step of decoding: a token for each sample, None for samples that have ended."""

    index: int
    tokens: list[TokenChoice | None]


class TextModel(Protocol):
    """A language model that writes token by token."""

    forms: tuple[str, ...]
    language: str
    context_length: int
    layers: int
    heads: int

    def generate(self, prompt: str, *, stop: Stop, **settings: Any) -> Iterator[Step]:
        """Write `count` samples; the settings are TextRequest's fields."""
        ...

    def attentions(self, ids: Sequence[int]) -> tuple[list[str], "Tensor"]:
        """Labels of the T tokens and all attention weights (layers, heads, T, T); rows sum to 1."""
        ...


@dataclass(frozen=True)
class Measured:
    """How likely a model finds one held-out text: nats over so many characters and tokens."""

    nats: float
    characters: int
    tokens: int


@runtime_checkable
class LikelihoodModel(Protocol):
    """A model that says how likely it finds a text, exactly."""

    def measure(self, data: Path, count: int, stop: Stop = never) -> list[Measured]:
        """At most `count` held-out texts of a prepared folder, evenly taken, always the same; Stopped once `stop()` turns true."""
        ...


@dataclass(frozen=True)
class Rung:
    r"""What one order of an n-gram model has to say of a token w behind a context u.

    seen: $c(u\bullet)$, 0 where the context is unknown; followed: $c(uw)$; kinds: tokens that are known to follow u.
    share: the part of the odds that this order deals out itself; own: what it gives w of that part. The sum of all `own`,
    and the rest of the shares dealt out evenly, is p(w); `p` is that by this order and the shorter ones.
    """

    seen: int
    followed: int
    kinds: int
    share: float
    own: float
    p: float


@runtime_checkable
class BackOffModel(Protocol):
    """A language model that counts, and falls back on shorter contexts where it has counted little."""

    def back_off(self, ids: Sequence[int]) -> list[tuple[list[str], Rung]]:
        """How the odds of the last token came about: of each order, the lowest first, its context as labels and its Rung."""
        ...


@runtime_checkable
class GatedModel(Protocol):
    """A language model with a memory that gates write, keep and show."""

    def gates(self, ids: Sequence[int]) -> tuple[list[str], dict[str, "Tensor"]]:
        """Labels of the T tokens; "input", "forget" and "output" in (0, 1) and "memory", each (layers, T, units), after each."""
        ...


class ChatModel(Protocol):
    """A language model that answers. `note` says which of the settings it did not take, or what it did not read."""

    note: Text | None

    def chat(
        self,
        messages: Sequence[Mapping[str, str]],
        system: str = "",
        *,
        stop: Stop,
        **settings: Any,
    ) -> Iterator[TokenChoice]:
        """The answer to a conversation of {role, content}; the settings are ChatRequest's fields."""
        ...


@dataclass(frozen=True)
class Part:
    """A part of a text that a model reads at once: token ids and labels, and what stands behind its translation."""

    ids: list[int]
    source: list[str]
    behind: str


class Rewriter(Protocol):
    """A sequence-to-sequence model. looks: what `look` shows. options: further fields of a RewriteRequest that `write` takes."""

    looks: Literal["cross", "self", "occlusion"]
    options: tuple[str, ...]

    def cut(self, text: str, task: str) -> list[Part]:
        """The text in parts that it can read, told the task ("auto": the first that it knows); InputError if it cannot."""
        ...

    def write(
        self, part: Part, max_new_tokens: int, num_beams: int, stop: Stop, **options: Any
    ) -> Iterator[TokenChoice]:
        """Rewrite one part, token by token where num_beams is 1."""
        ...

    def look(
        self, parts: Sequence[Part], written: Sequence[Sequence[TokenChoice]], width: int
    ) -> np.ndarray | None:
        """(T_out, width): what of the source each written token came from, as `looks` says; None where it would be too large."""
        ...
