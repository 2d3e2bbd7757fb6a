"""A stand-in for Stellar's Horizon and the core node behind it: real XDR, a ledger clock, faults."""
