"""Figures of merit: how good what a model makes is, and whether it only copies."""
