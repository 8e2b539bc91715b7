"""Models of others: which kinds the app can use, and how a folder of one is checked before anything of it is loaded.

kinds.py     the allow-list: a class named in a checkpoint's config, and which of our loaders it goes to
"""
