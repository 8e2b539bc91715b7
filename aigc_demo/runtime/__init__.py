"""The one owner of the device: the cache of loaded models, the queue before it, batches, and the memory they may take."""
