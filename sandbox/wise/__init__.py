"""A stand-in for the Wise Platform API: quotes, recipients, transfers, funding, states, webhooks."""
