"""The Text tab: write, chat, rewrite, and views into a language model."""
