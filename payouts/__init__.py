"""Why money is owed to payees: payout requests, who reviews them, and what was decided."""
