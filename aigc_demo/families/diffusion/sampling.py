r"""From noise to a picture in a few steps, and always the same picture: DDIM (Song, Meng and Ermon 2021).

A network that was trained on $x_t = \sqrt{\bar\alpha_t}\,x_0 + \sqrt{1 - \bar\alpha_t}\,\varepsilon$ tells, at every $t$,
what it takes for the picture $\hat x_0$ and for the noise $\hat\varepsilon$. DDIM mixes them again with less noise:

$$x_s = \sqrt{\bar\alpha_s}\,\hat x_0 + \sqrt{1 - \bar\alpha_s}\,\hat\varepsilon, \qquad s < t$$

(equation 12 with $\sigma_t = 0$, that is $\eta = 0$). Nothing is drawn on the way, so that the first noise decides the
picture: noise becomes a latent space, and one may walk in it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Denoiser = Callable[[Tensor, int], Tensor]


@dataclass(frozen=True)
class Schedule:
    r"""How much of the picture is left at each of the T training steps, and what the network was asked for.

    `alpha_bars` (T,) is $\bar\alpha_t$, `last` that of the finished picture: 1, or $\bar\alpha_0$ where a model was
    made so. `spacing` and `offset` say which steps are visited; `clip` is the range of $\hat x_0$, 0 for none.
    """

    alpha_bars: Tensor
    last: float
    prediction: str
    spacing: str
    offset: int
    clip: float


def timesteps(schedule: Schedule, count: int) -> Tensor:
    """The training steps to visit, (count,), from the noisiest down.

    Even strides from 0 ("leading"), from the last step down ("trailing"), or both ends and even between
    ("linspace"): Lin et al. 2024 (arXiv:2305.08891), table 2. A model keeps to the one that it was made with.
    """
    total = len(schedule.alpha_bars)
    if schedule.spacing == "linspace":
        return torch.linspace(0, total - 1, count, dtype=torch.float64).round().long().flip(0)
    if schedule.spacing == "trailing":
        return (total - torch.arange(count, dtype=torch.float64) * total / count).round().long() - 1
    steps = torch.arange(count) * (total // count) + schedule.offset
    return steps.clamp(max=total - 1).flip(0)


def split(x: Tensor, output: Tensor, alpha_bar: float, schedule: Schedule) -> tuple[Tensor, Tensor]:
    r"""$\hat x_0$ and $\hat\varepsilon$ from $x_t$ and the network's output, whichever of $\varepsilon$, $x_0$, $v$ it gives.

    Solved from $x_t = a\,x_0 + b\,\varepsilon$ and $v = a\,\varepsilon - b\,x_0$, with $a = \sqrt{\bar\alpha_t}$ and
    $b = \sqrt{1 - \bar\alpha_t}$. Where $\hat x_0$ is clipped, $\hat\varepsilon$ stays what the network said.
    """
    a, b = alpha_bar**0.5, (1 - alpha_bar) ** 0.5
    if schedule.prediction == "epsilon":
        clean, noise = (x - b * output) / a, output
    elif schedule.prediction == "sample":
        clean, noise = output, (x - a * output) / b
    else:
        clean, noise = a * x - b * output, a * output + b * x
    return (clean.clamp(-schedule.clip, schedule.clip) if schedule.clip else clean), noise


def ddim(
    denoiser: Denoiser,
    x: Tensor,
    schedule: Schedule,
    count: int,
    told: Callable[[int], None] = lambda _: None,
) -> Tensor:
    """The picture that noise `x` (N, ...) becomes in `count` steps. `told(i)` hears of each finished step, and may raise.

    `denoiser(x, t)` gives the network's output, of x's shape.
    """
    steps = timesteps(schedule, count).tolist()
    stride = len(schedule.alpha_bars) // count
    for index, step in enumerate(steps):
        clean, noise = split(x, denoiser(x, step), float(schedule.alpha_bars[step]), schedule)
        following = step - stride
        left = float(schedule.alpha_bars[following]) if following >= 0 else schedule.last
        x = left**0.5 * clean + (1 - left) ** 0.5 * noise
        told(index + 1)
    return x


def guided(conditional: Tensor, unconditional: Tensor, scale: float) -> Tensor:
    r"""$\varepsilon_\varnothing + w\,(\varepsilon_c - \varepsilon_\varnothing)$: classifier-free guidance (Ho and Salimans 2022).

    At $w = 1$ the condition counts as it was learnt; above, away from what any picture looks like, towards what is
    particular to this class or sentence: clearer, less varied.
    """
    return unconditional + scale * (conditional - unconditional)
