"""How dates are written on the console, for each language: Django looks for `formats` here."""
