"""The Train tab: data, settings, a job to watch, its samples."""
