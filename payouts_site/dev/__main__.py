"""`python -m payouts_site.dev COMMAND`: what `./dev COMMAND` runs once its environment stands."""

import sys

from payouts_site.dev.commands import main

sys.exit(main(sys.argv[1:]))
