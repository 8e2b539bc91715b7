"""The handbook of the product, as Markdown, which the page serves."""
