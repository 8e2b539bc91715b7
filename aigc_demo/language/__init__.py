"""What language models share: alphabets, texts as batches of tokens, sampling, prompts, losses and n-gram baselines."""
