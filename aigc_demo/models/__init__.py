"""What a model is to this app: its card, what a tab may ask of it, where it lies in memory, its files on the disk."""
