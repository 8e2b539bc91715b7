"""What everything stands on: errors and words in two languages, stopping, the disk, processes, settings, modes."""
