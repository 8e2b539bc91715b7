"""Models of others: which kinds the app can use, and how a folder of one is checked before anything of it is loaded.

allow_list.py     a class named in a checkpoint's config, and which of our loaders it goes to
inspect.py        whether a folder is such a model, by reading alone -> its card
configs.py        its JSON files: size, depth, keys that name code
weights.py        its weight files: safetensors, shards, nothing outside the folder
check.py          all of it in a process with limits, as done once after a download
loading.py        the libraries' from_pretrained, strictly
quantise.py       a network in 4 bits, for an adapter to be trained beside
refusal.py        the sentence
classes.py        what a picture model's config calls its classes
detokenise.py     tokens as text, one by one as they are written
interrupt.py      a stop for networks that know of none
noise_latents.py  a model that has noise for a latent, with how it is to sample
"""
