"""AIGC Demo: text, pictures and latent space on generative models that one can watch at work."""

__version__ = "0.1.0"
