"""One verb per file. Each opens its transaction, takes an `Actor`, and raises typed refusals after the commit."""
