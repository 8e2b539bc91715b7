"""Judges: classifiers that look at what the models made, and are no part of the product."""
