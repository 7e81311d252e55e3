"""What the engine answers to ordinary words."""

from chatrepl.api.demo.command import Plan
from chatrepl.api.demo.request import Request
from chatrepl.api.demo.view import View


def thoughts(view: View) -> str:
    """Return the thinking before an answer."""
    return f"The user says: {view.asked[:80]}. I answer from the demo texts."


def answer(request: Request, view: View, plan: Plan) -> str:
    """Return the text of the answer."""
    if plan.topic == "say":
        return plan.argument
    return f"Hello. You said: {view.asked}"
