"""The Image tab: pictures of classes, of sentences, and larger ones."""
