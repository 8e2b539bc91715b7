"""Models of others: which kinds the app can use, and how a folder of one is checked before anything of it is loaded.

kinds.py     the allow-list: a class named in a checkpoint's config, and which of our loaders it goes to
inspect.py   whether a folder is such a model, by reading alone -> its card
configs.py   its JSON files: size, depth, keys that name code
weights.py   its weight files: safetensors, shards, nothing outside the folder
tensors.py   a safetensors header, and whether all values are finite
check.py     all of it in a process with limits, as done once after a download
loading.py   the libraries' from_pretrained, strictly
quantise.py  a network in 4 bits, for an adapter to be trained beside
refusal.py   the sentence
"""
