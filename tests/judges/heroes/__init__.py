"""The judge of pixel heroes: which attribute fills each slot of a picture; trained on composed heroes of other seeds."""
