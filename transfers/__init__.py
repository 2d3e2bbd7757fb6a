"""Moving money: bookings and their crew, transfers (one debt), attempts (one try), dispatch, probe, sweep."""
