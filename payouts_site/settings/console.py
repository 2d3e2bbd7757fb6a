"""How the admin, the console, looks."""

from django.urls import reverse_lazy

from payouts_site.settings.installed import STATIC_URL
from payouts_site.settings.sidebar import navigation

UNFOLD = {
    "SITE_TITLE": "PaidOnce",
    "SITE_HEADER": "PaidOnce",
    "SITE_SUBHEADER": "Money in and out, once",
    "SITE_SYMBOL": "verified",
    "SITE_URL": "",
    "SITE_FAVICONS": [
        {"rel": "icon", "href": f"/{STATIC_URL}console/mark.svg", "type": "image/svg+xml"}
    ],
    "SHOW_HISTORY": False,
    "ACCOUNT": {
        "navigation": [
            {"title": "Second factor", "link": reverse_lazy("mfa_index")},
            {"title": "Sessions", "link": reverse_lazy("usersessions_list")},
        ]
    },
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": False,
    "ENVIRONMENT": "transfers.console.navigation.environment",
    "DASHBOARD_CALLBACK": "payouts_site.overview.dashboard_context",
    "STYLES": [f"/{STATIC_URL}console/console.css", f"/{STATIC_URL}console/review.css"],
    "SCRIPTS": [f"/{STATIC_URL}console/console.js", f"/{STATIC_URL}console/review.js"],
    "BORDER_RADIUS": "8px",
    "COLORS": {
        "primary": {
            "50": "oklch(96.2% .018 272.314)",
            "100": "oklch(93% .034 272.788)",
            "200": "oklch(87% .065 274.039)",
            "300": "oklch(78.5% .115 274.713)",
            "400": "oklch(67.3% .182 276.935)",
            "500": "oklch(58.5% .233 277.117)",
            "600": "oklch(51.1% .262 276.966)",
            "700": "oklch(45.7% .24 277.023)",
            "800": "oklch(39.8% .195 277.366)",
            "900": "oklch(35.9% .144 278.697)",
            "950": "oklch(25.7% .09 281.288)",
        }
    },
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": navigation(),
    },
}
