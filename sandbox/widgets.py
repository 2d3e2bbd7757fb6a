"""The pieces that the control pages are made of. Whatever callers send is escaped here."""

from __future__ import annotations

import time
from html import escape

from sandbox.faults import Orders
from sandbox.journal import Row

NOTHING = "none"


def moment(seconds: int | None) -> str:
    """Time of day in UTC, with the date when it is another one."""
    if seconds is None:
        return NOTHING
    at, today = time.gmtime(seconds), time.gmtime()
    shape = "%H:%M:%S" if at[:3] == today[:3] else "%d %b %H:%M:%S"
    return time.strftime(shape, at)


def button(action: str, label: str, *, style: str = "", **fields: str) -> str:
    """A form of one button."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in fields.items()
    )
    return (
        f'<form class="inline" method="post" action="/_sandbox/{escape(action)}">{hidden}'
        f'<button type="submit" class="{style}">{escape(label)}</button></form>'
    )


def chip(label: str, colour: str) -> str:
    """A coloured word."""
    return f'<span class="chip {colour}">{escape(label)}</span>'


def table(head: list[str], rows: list[list[str]], empty: str) -> str:
    """Cells are HTML already."""
    if not rows:
        return f'<p class="empty">{escape(empty)}</p>'
    titles = "".join(f"<th>{escape(title)}</th>" for title in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return (
        f'<div class="scroll"><table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>'
        "</div>"
    )


def clock(now: int, offset: int) -> str:
    """The rail's time, and how far it has been advanced."""
    days, hours = divmod(offset // 3600, 24)
    ahead = f"{days} d {hours} h" if days else f"{hours} h {offset // 60 % 60:02d} min"
    return moment(now) + (f" (+{ahead})" if offset else "")


def problem_bar(problem: str) -> str:
    """What went wrong with the last button."""
    return f'<p class="problem">{escape(problem)}</p>' if problem else ""


def cards(rows: list[tuple[str, str, str, str]]) -> str:
    """Title, value, note and style of each."""
    return "".join(
        f'<div class="card {style}"><h3>{escape(title)}</h3><b>{value}</b>'
        f"<small>{escape(note)}</small></div>"
        for title, value, note, style in rows
    )


def armed(orders: Orders, door: str, nothing: str) -> str:
    """The faults in force."""
    rows = []
    for row in orders.orders():
        match = ", ".join(f"{k} {v}" for k, v in row["match"].items())
        left = "until removed" if row["times"] is None else f"{row['times'] - row['fired']} left"
        rows.append(
            [
                chip(row["fault"], "amber"),
                escape(match),
                f"{left}, fired {row['fired']}",
                button(f"{door}faults/{row['id']}/remove", "Remove"),
            ]
        )
    return table(["Armed", "For", "Times", ""], rows, nothing)


def webhooks(deliveries: list[Row], about: str, door: str) -> str:
    """Deliveries; `about` names the row's entry that says what each is about."""
    colours = {"delivered": "emerald", "pending": "amber", "lost": "red", "failed": "red"}
    rows = []
    for row in deliveries:
        answer = row["status"] or row["error"] or "not tried"
        rows.append(
            [
                moment(row["created"]),
                escape(row["type"]),
                chip(row["state"], colours[row["state"]]),
                f"{escape(str(answer))}, {row['attempts']} tries",
                f"<code>{escape(str(row[about]))}</code>",
                button(f"{door}events/{row['event']}/redeliver", "Deliver now"),
            ]
        )
    return table(["Time", "Event", "State", "Answer", "About", ""], rows, "No events yet.")


def knobs(door: str, values: dict[str, int | bool]) -> str:
    """A field for each number, and the button that applies them."""
    fields = "".join(
        f"<label>{escape(name.replace('_', ' '))}"
        f'<input name="{escape(name)}" type="number" min="0" value="{value}"></label>'
        for name, value in values.items()
        if not isinstance(value, bool)
    )
    return (
        f'<form method="post" action="/_sandbox/{door}settings" class="knobs">{fields}'
        '<button type="submit" class="primary">Apply</button></form>'
    )


def delivering(door: str, *, flows: bool) -> str:
    """Holding webhooks back, and letting those go that wait."""
    hold = switch(
        door,
        "webhooks_enabled",
        on=flows,
        off_label="Hold webhooks",
        on_label="Let webhooks flow",
    )
    return (
        f'{hold}<form class="inline" method="post" action="/_sandbox/{door}webhooks/deliver">'
        '<button type="submit" name="order" value="forward">Deliver pending</button>'
        '<button type="submit" name="order" value="reverse">Deliver pending in reverse</button></form>'
    )


def start_over(door: str, erased: str) -> str:
    """Erasing the rail's books, behind a second click."""
    return (
        f"<details><summary>Start over</summary><p>{escape(erased)}</p>"
        f'<form method="post" action="/_sandbox/{door}reset">'
        '<button type="submit" class="danger">Erase the books</button></form></details>'
    )


def switch(door: str, name: str, *, on: bool, off_label: str, on_label: str) -> str:
    """A button that turns a knob the other way."""
    label, value = (off_label, "false") if on else (on_label, "true")
    return button(f"{door}settings", label, **{name: value})
