"""What the service counted, kept per message, and what that teaches about everything else.

A prompt's estimate is `base` (system prompt, tools, frames: what no message accounts for) plus the
weights of its parts. A part's weight is what the service counted for it, as far as its counts can
be told apart, else the prior times the model's learned scale. So leaving a message out subtracts
what it really was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import Final

from chatrepl.core.models import Model, Tokenizer
from chatrepl.core.tokens.estimate import FRAME, Features
from chatrepl.core.value import frozen

_INERTIA: Final = 400.0  # tokens by which a scale of 1 is believed at first
_DECAY: Final = 0.98
_LEAST, _MOST = 0.3, 4.0  # what a part may be against its prior; the rest is not its doing

_BELIEVED: Final = 1e9  # no sum of tokens is more
_SLACK: Final = 8  # tokens, for short replies


@frozen
class ScalePart:
    """A piece of a prompt: what names it, and its prior for the model at hand.

    `fixed` is the share of the prior that follows a formula: no scale is learned from it.
    """

    key: bytes
    text: float
    fixed: float = 0.0
    features: Features = Features()


@frozen
class Scale:
    """How a model's counts compare with their priors, newer ones weighing more."""

    counted: float = 0.0
    prior: float = 0.0

    @property
    def factor(self) -> float:
        return (_INERTIA + self.counted) / (_INERTIA + self.prior)

    def learn(self, counted: float, prior: float) -> "Scale":
        return Scale(self.counted + max(0.0, counted), self.prior + prior)

    def faded(self) -> "Scale":
        return Scale(self.counted * _DECAY, self.prior * _DECAY)


@frozen
class Weight:
    """What a part came to, and how much of that is no text, for a model of this family."""

    tokens: float
    fixed: float
    exact: bool
    family: str
    tokenizer: Tokenizer
    others: "tuple[Weight, ...]" = ()  # what it came to for models of other families

    def of(self, family: str) -> "Weight | None":
        """Give what it came to for models of that family."""
        return next((one for one in (self, *self.others) if one.family == family), None)


@frozen
class Tally:
    """All counts so far. `scales` is by model id; it is worth keeping from session to session.

    Where the last prompt came to less than its parts did before, `base` is below nothing and `fit`
    below 1: what is left of such a prompt is as much less, but not less than nothing.
    """

    base: float | None = None
    fit: float = 1.0
    family: str = ""
    weights: Mapping[bytes, Weight] = field(default_factory=dict)
    scales: Mapping[str, Scale] = field(default_factory=dict)

    def scale(self, model: Model) -> float:
        """Give the factor by which this model's texts differ from their priors."""
        return self.scales.get(model.id, Scale()).factor

    def weigh(self, part: ScalePart, model: Model) -> float:
        """Give the tokens of one part, as well as they are known."""
        if (settled := self._settled(part, model)) is not None:
            return settled.tokens
        weight = self.weights.get(part.key)
        if weight is None:
            return part.text * self.scale(model) + part.fixed
        return self._converted(part, weight, model)

    def is_exact(self, part: ScalePart, model: Model) -> bool:
        """Tell whether the service's counts tell this part from all others."""
        settled = self._settled(part, model)
        return settled is not None and settled.exact

    def _settled(self, part: ScalePart, model: Model) -> Weight | None:
        """Give the weight of a part that was among what this model's service counted."""
        weight = self.weights.get(part.key)
        return weight and weight.of(family(model))

    def total(self, parts: Sequence[ScalePart], model: Model) -> tuple[float, bool]:
        """Give the tokens of a whole prompt, and whether they are exact in all parts."""
        name, weights, scale = family(model), self.weights, self.scale(model)
        exact = self.base is not None
        total = 0.0
        for part in parts:
            weight = weights.get(part.key)
            if weight is not None and (settled := weight.of(name)) is not None:
                total += settled.tokens
                exact = exact and settled.exact
                continue
            exact = False
            total += (
                self._converted(part, weight, model) if weight else part.text * scale + part.fixed
            )
        whole = total + (FRAME[model.tokenizer] if self.base is None else self.base)
        least = total * self.fit
        return (whole, exact) if whole >= least else (least, False)

    def doubt(self, parts: Sequence[ScalePart], model: Model) -> float:
        """Give the share of a prompt that this model's service never counted, from 0 to 1."""
        fresh = sum(self.weigh(part, model) for part in parts if self._settled(part, model) is None)
        return fresh / max(1.0, sum(self.weigh(part, model) for part in parts))

    def counted(self, parts: Sequence[ScalePart], total: int, model: Model) -> "Tally":
        """Take over the service's count of a whole prompt.

        What the parts counted before do not explain is shared out among the others.
        """
        base = float(FRAME[model.tokenizer] if self.base is None else self.base)
        fresh = [part for part in parts if self._settled(part, model) is None]
        settled = sum(self.weigh(p, model) for p in parts if self._settled(p, model))
        guess = sum(self.weigh(part, model) for part in fresh)
        rest = total - base - settled
        wanted = rest / guess if guess else 1.0
        share = min(_MOST, max(_LEAST, wanted))
        sole = len(fresh) == 1 and self.base is not None and share == wanted
        weighed = {
            part.key: self._weight(self.weigh(part, model) * share, part, model, exact=sole)
            for part in fresh
        }
        scales = self._learned(fresh, rest, model) if rest > 0 else self.scales
        whole = settled + share * guess
        return replace(
            self,
            base=total - whole,
            fit=min(1.0, total / whole) if whole else 1.0,
            family=family(model),
            weights={**self.weights, **weighed},
            scales=scales,
        )

    def replied(
        self, part: ScalePart, tokens: float, model: Model, *, exact: bool = True
    ) -> "Tally":
        """Take over what a reply came to, its frame included.

        A reply that was interrupted was not counted to its end: too small a count is ignored.
        """
        if self._settled(part, model) or tokens < _LEAST * part.text - _SLACK:
            return self
        weight = self._weight(tokens, part, model, exact=exact)
        learned = self.scales.get(model.id, Scale()).learn(tokens - part.fixed, part.text)
        return replace(
            self,
            weights={**self.weights, part.key: weight},
            scales={**self.scales, model.id: learned},
        )

    def _weight(self, tokens: float, part: ScalePart, model: Model, *, exact: bool) -> Weight:
        """Weigh a part that no model of this family has weighed yet."""
        before = self.weights.get(part.key)
        others = () if before is None else (before, *before.others)
        return Weight(tokens, part.fixed, exact, family(model), model.tokenizer, others)

    @staticmethod
    def _converted(part: ScalePart, weight: Weight, model: Model) -> float:
        text = max(0.0, weight.tokens - weight.fixed)
        return part.features.converted(text, weight.tokenizer, model.tokenizer) + part.fixed

    def _learned(
        self, fresh: Sequence[ScalePart], rest: float, model: Model
    ) -> Mapping[str, Scale]:
        counted = rest - sum(part.fixed for part in fresh)
        prior = sum(part.text for part in fresh)
        scale = self.scales.get(model.id, Scale()).faded()
        if prior:
            scale = scale.learn(min(counted, prior * _MOST), prior)
        return {**self.scales, model.id: scale}


def scales_to_wire(scales: Mapping[str, Scale]) -> dict[str, list[float]]:
    """Write what was learned of each model, to be kept from session to session."""
    return {id_: [round(s.counted, 1), round(s.prior, 1)] for id_, s in scales.items()}


def scales_from_wire(wire: object) -> dict[str, Scale]:
    """Read what was kept; what is no scale, or none to believe, is left out."""
    scales = {}
    for id_, pair in wire.items() if isinstance(wire, Mapping) else ():
        match pair:
            case [int() | float() as counted, int() | float() as prior] if (
                0 <= counted < _BELIEVED and 0 < prior < _BELIEVED
            ):
                scale = Scale(float(counted), float(prior))
                if _LEAST < scale.factor < _MOST:
                    scales[str(id_)] = scale
    return scales


def family(model: Model) -> str:
    """Name what decides a count: models of one family count alike."""
    return f"{model.tokenizer}/{model.image_edge_px}"
