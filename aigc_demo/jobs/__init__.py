"""Training jobs: a process each, the truth about them on disk."""
