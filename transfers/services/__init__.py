"""One verb per file. Each opens its own transaction, takes keyword arguments and an `actor`, raises typed refusals."""
