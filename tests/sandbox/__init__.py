"""The sandbox is held against Stripe's rules with the real library, over real HTTP."""
