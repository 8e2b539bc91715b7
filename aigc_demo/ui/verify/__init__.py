"""The Verify tab: what a file or text says of itself."""
