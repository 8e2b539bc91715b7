"""The Models tab: what is on the disk, what can be fetched, a closer look."""
