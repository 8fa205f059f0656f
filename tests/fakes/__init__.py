"""Fake upstreams: one process plays OpenAI's chat dialect, embeddings, models, Anthropic's
Messages API and Cohere's API.

What arrives is checked with the providers' own published types; whatever those would not accept is a violation, and
any violation fails the test run. What is answered is a small deterministic model, see `model.py`.
"""
