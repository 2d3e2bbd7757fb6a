"""The console's screens: read models (plain data), views (translate in, one service call, translate out)."""
