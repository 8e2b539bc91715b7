r"""What a diffusion model learns: to tell the noise that was mixed into a picture.

Two ways to mix a clean $x_0$ (a picture, or its latents) with noise $\varepsilon \sim \mathcal N(0, I)$:

- by a noise schedule (Ho et al. 2020): $x_t = \sqrt{\bar\alpha_t}\,x_0 + \sqrt{1 - \bar\alpha_t}\,\varepsilon$, with
  $\bar\alpha_t$ falling from 1 to 0, so that the variance stays the same;
- along a straight line (Lipman et al. 2023; Liu et al. 2023): $x_\sigma = (1 - \sigma)\,x_0 + \sigma\,\varepsilon$.

The network sees the mixture and its $t$ or $\sigma$, and is asked for a target that the two determine. Training
minimises the mean of the loss below over pictures, noise and times: every $t$ alike, or $\sigma$ as objective.py draws it.
"""

from typing import Literal

from torch import Tensor

Prediction = Literal["epsilon", "v_prediction", "sample"]


def add_noise(clean: Tensor, noise: Tensor, alpha_bar: Tensor) -> Tensor:
    r"""$x_t = \sqrt{\bar\alpha_t}\,x_0 + \sqrt{1 - \bar\alpha_t}\,\varepsilon$ for $\bar\alpha_t$ (N,) in [0, 1]; (N, ...)."""
    signal, spread = _rows(alpha_bar, clean)
    return signal * clean + spread * noise


def target(clean: Tensor, noise: Tensor, alpha_bar: Tensor, prediction: Prediction) -> Tensor:
    r"""What the network is asked for: $\varepsilon$, $x_0$ ("sample"), or $v$ (Salimans and Ho 2022, appendix D).

    $v = \sqrt{\bar\alpha_t}\,\varepsilon - \sqrt{1 - \bar\alpha_t}\,x_0$ is the speed at which $x_t$ turns from $x_0$
    into $\varepsilon$; unlike $\varepsilon$, it still asks for the picture where $x_t$ is nothing but noise.
    """
    if prediction == "epsilon":
        return noise
    if prediction == "sample":
        return clean
    signal, spread = _rows(alpha_bar, clean)
    return signal * noise - spread * clean


def denoising_loss(
    output: Tensor, clean: Tensor, noise: Tensor, alpha_bar: Tensor, prediction: Prediction = "epsilon"
) -> Tensor:
    r"""$\lVert f(x_t, t) - \text{target} \rVert^2$, the mean over a sample's values; (N,).

    For $\varepsilon$ this is $L_{\text{simple}}$ (Ho et al. 2020, equation 14), the variational bound without its
    weights: those would spend the network's strength on the last traces of noise, which nobody sees.
    """
    error = output.float() - target(clean, noise, alpha_bar, prediction).float()
    return error.square().flatten(1).mean(1)


def interpolate(clean: Tensor, noise: Tensor, sigma: Tensor) -> Tensor:
    r"""$x_\sigma = (1 - \sigma)\,x_0 + \sigma\,\varepsilon$ for $\sigma$ (N,) in [0, 1]; (N, ...)."""
    share = sigma.reshape(-1, *[1] * (clean.dim() - 1)).to(clean)
    return (1 - share) * clean + share * noise


def flow_loss(output: Tensor, clean: Tensor, noise: Tensor) -> Tensor:
    r"""$\lVert f(x_\sigma, \sigma) - (\varepsilon - x_0) \rVert^2$, the mean over a sample's values; (N,).

    The target is $\mathrm d x_\sigma / \mathrm d\sigma$, the same all along the line. Conditional flow matching
    (Lipman et al. 2023, equation 14): the network learns the mean of all lines through a point.
    """
    error = output.float() - (noise.float() - clean.float())
    return error.square().flatten(1).mean(1)


def _rows(alpha_bar: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
    r"""$\sqrt{\bar\alpha}$ and $\sqrt{1 - \bar\alpha}$, one a sample, ready to multiply with (N, ...)."""
    column = alpha_bar.reshape(-1, *[1] * (like.dim() - 1))
    return column.sqrt().to(like), (1 - column).sqrt().to(like)
