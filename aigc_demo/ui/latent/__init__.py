"""The Latent tab: films and grids through latent space."""
