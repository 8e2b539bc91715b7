"""Many visitors on a public page, an hour of them, and how often watermarks are found: `python -m tests.load`."""
