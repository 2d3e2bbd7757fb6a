"""One module per rail: what to do with a claimed attempt, and what the rail's books say about a transfer."""
