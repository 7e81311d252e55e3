"""The embedded Messages API: a request in, an answer out; nothing is sent anywhere.

`Engine.handle` is all a carrier needs. Clock and ids are given, so the same requests get the same
answers.
"""

import os
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import parse_qs, unquote, urlsplit

from chatrepl.demo import batches, faults, models, stream
from chatrepl.demo.billing import usage_of
from chatrepl.demo.cache import Cache, CachedPrompt, Share, lay_out
from chatrepl.demo.command import DemoPlan, PrefillBehaviour, find_plan, parse_plan
from chatrepl.demo.compose import Composing, UnbilledReply, compose
from chatrepl.demo.containers import Containers
from chatrepl.demo.files import PATH as FILES
from chatrepl.demo.files import Files
from chatrepl.demo.gateway import Gateway
from chatrepl.demo.headers import check_headers, own_headers
from chatrepl.demo.request import WireRequest
from chatrepl.demo.tokens import CountForModel, count_text
from chatrepl.demo.validate import check_count_request, check_messages_request, parse
from chatrepl.demo.validate_thinking import check_bound
from chatrepl.demo.view import Question, look
from chatrepl.demo.wire import JSON, ApiFault, WireAnswer, dump, invalid, json_answer

REPL_PACE = 60.0  # tokens a second that are pleasant to watch
MESSAGES = "/v1/messages"
COUNT = "/v1/messages/count_tokens"
MODELS = "/v1/models"


def _plan_of(view: Question) -> DemoPlan:
    """Return what is asked for; a question whose tools have answered may ask for more calls."""
    if not view.results or view.asked:
        return find_plan(view.asked)
    plan = find_plan(view.earlier[-1] if view.earlier else "")
    return plan if plan.topic == "tools" else DemoPlan()


def _random_id() -> str:
    return os.urandom(12).hex()


class Engine:
    """One account at the embedded service: its cache, its scripts, its manners.

    `pace` is in tokens a second, 0 for at once. `prefill_behaviour` is how an instruction to begin
    with a text is followed; `overlap` how many words a continuation says again; `sizes` how many
    characters the deltas have; `count_text` replaces the token count; `gateway` is the server that
    stands for the service. `caller` is who calls the web
    tools, whatever was declared: `code`, `direct`, or `none` for the blocks of 2025.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        pace: float = 0.0,
        prefill_behaviour: PrefillBehaviour | str = PrefillBehaviour.REPEAT,
        new_id: Callable[[], str] = _random_id,
        gateway: Gateway | None = None,
    ) -> None:
        self.pace = pace
        self.gateway = gateway or Gateway()
        self.prefill_behaviour = PrefillBehaviour(prefill_behaviour)
        self.overlap = 0
        self.sizes: tuple[int, ...] = stream.SIZES
        self.count_text: CountForModel = count_text
        self._clock = clock
        self._new_id = new_id
        self.caller = ""
        self._cache = Cache(clock)
        self._containers = Containers(clock, new_id)
        self.files = Files(clock)
        self._failures: Counter[str] = Counter()
        self._scripts: dict[str, deque[DemoPlan | WireAnswer]] = {}
        self._requests = 0
        self.batches = batches.Batches(clock, new_id, self._alone)

    def script(self, *steps: str | WireAnswer, path: str = MESSAGES) -> None:
        """Decide the next answers of `path`: words as after `demo:`, or whole answers.

        Raises ValueError for words that mean nothing.
        """
        queue = self._scripts.setdefault(path, deque())
        for step in steps:
            plan = parse_plan(step) if isinstance(step, str) else step
            if isinstance(plan, DemoPlan) and plan.unknown:
                raise ValueError(plan.unknown)
            queue.append(plan)

    def handle(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> WireAnswer:
        """Answer one HTTP request; `target` is the path with its query, header names lower case."""
        self._requests += 1
        own = own_headers(f"req_{self._new_id()}", self._clock(), self._requests)
        url = urlsplit(target)
        scripted = self._next_step(url.path)
        if isinstance(scripted, WireAnswer):
            return scripted
        try:
            check_headers(headers)
            if scripted is not None and (answer := self._disturbed(scripted, url.path, own)):
                return answer
            return self._route(method, (url.path, url.query), headers, (body, own, scripted))
        except ApiFault as fault:
            return self.gateway.word(fault, own)

    def _next_step(self, path: str) -> DemoPlan | WireAnswer | None:
        queue = self._scripts.get(path)
        return queue.popleft() if queue else None

    def _route(
        self,
        method: str,
        where: tuple[str, str],
        headers: Mapping[str, str],
        given: tuple[bytes, dict[str, str], DemoPlan | None],
    ) -> WireAnswer:
        path, query = where
        body, own, scripted = given
        sent = headers.get("anthropic-beta", ""), headers["anthropic-version"]
        if (method, path) == ("POST", MESSAGES):
            value = parse(body)
            self.gateway.check(value, headers)
            request = check_messages_request(value, *sent)
            self._containers.check(request.body.get("container"))
            return self._messages(request, own, scripted)
        if (method, path) == ("POST", COUNT):
            request = check_bound(check_count_request(parse(body), *sent))
            tokens = lay_out(request, self.count_text).tokens
            return json_answer(200, {"input_tokens": tokens}, own)
        if (method, path) == ("GET", MODELS):
            return json_answer(200, models.page(parse_qs(query)), own)
        if path == batches.PATH or path.startswith(f"{batches.PATH}/"):
            return self.batches.route(method, (path, parse_qs(query)), (headers, body, own))
        if path == FILES or path.startswith(f"{FILES}/"):
            return self.files.route(method, path, own)
        if method == "GET" and path.startswith(f"{MODELS}/"):
            model_id = unquote(path.removeprefix(f"{MODELS}/"))
            model = models.find(model_id)
            if model is None:
                raise ApiFault(404, f"model: {model_id}")
            return json_answer(200, models.info(model), own)
        if path in {MESSAGES, COUNT, MODELS}:
            raise ApiFault(405, "Method Not Allowed")
        raise ApiFault(404, "Not Found")

    def _alone(self, params: JSON, headers: Mapping[str, str]) -> WireAnswer:
        """Answer a request of a batch, as if it had come alone."""
        return self.handle("POST", MESSAGES, headers, dump(params))

    def _messages(
        self, request: WireRequest, own: dict[str, str], scripted: DemoPlan | None
    ) -> WireAnswer:
        request = check_bound(request)
        prompt = lay_out(request, self.count_text)
        if prompt.tokens > request.model.window:
            raise invalid(
                f"prompt is too long: {prompt.tokens} tokens > {request.model.window} maximum"
            )
        view = look(request)
        plan = scripted or _plan_of(view)
        plan = replace(plan, caller=plan.caller or self.caller)
        if plan.speed is not None:
            self.pace = plan.speed
        if scripted is None:
            if view.said:
                plan = replace(
                    plan,
                    error=0,
                    fault="",
                    stop="" if view.continues or plan.stop == "max_tokens" else plan.stop,
                )
            key = f"{len(request.messages)} {view.asked}"
            plan = self._tries(plan, key)
            if answer := self._disturbed(plan, MESSAGES, own):
                return answer
        return self._reply(request, (view, plan, prompt), own)

    def _tries(self, plan: DemoPlan, key: str) -> DemoPlan:
        """Return the plan without its trouble once that has come often enough."""
        if not plan.times:
            return plan
        self._failures[key] += 1
        if self._failures[key] <= plan.times:
            return plan
        del self._failures[key]
        return replace(plan, error=0, fault="")

    def _disturbed(self, plan: DemoPlan, path: str, own: dict[str, str]) -> WireAnswer | None:
        """Return the error a plan asks for, if any."""
        if plan.times > 1 and path in self._scripts:
            self._scripts[path].appendleft(replace(plan, times=plan.times - 1))
        answer = faults.instead(plan.fault, own)
        if plan.error == 502:
            answer = faults.bad_gateway(own)
        elif plan.error:
            fault = faults.error_fault(
                plan.error, plan.retry_after, plan.spend_limit, self._clock()
            )
            answer = self.gateway.word(fault, own)
        return replace(answer, delay=answer.delay + plan.slow) if answer else None

    def _reply(
        self,
        request: WireRequest,
        seen: tuple[Question, DemoPlan, CachedPrompt],
        own: dict[str, str],
    ) -> WireAnswer:
        view, plan, prompt = seen
        behaviour = plan.prefill or self.prefill_behaviour
        desk = Composing(
            plan=plan,
            behaviour=behaviour,
            overlap=self.overlap if plan.overlap is None else plan.overlap,
            count=lambda text: self.count_text(text, request.model),
            room=request.model.window - prompt.tokens,
            new_id=self._new_id,
        )
        draft = compose(request, view, desk)
        message = self._message(request, draft, self._cache.bill(prompt), prompt)
        if not request.body.get("stream"):
            return replace(json_answer(200, message, own), delay=plan.slow)
        split = behaviour is PrefillBehaviour.SPLIT and view.begin is not None
        found = stream.events(message, (1,) if split else self.sizes)
        found = faults.change_events(plan.fault, found, plan.after)
        pace = self.pace if plan.pace is None else plan.pace
        headers = {**own, "cache-control": "no-cache"}
        whole = WireAnswer(200, headers, tuple(stream.paced(found, pace)), delay=plan.slow)
        return faults.change_answer(plan.fault, self.gateway.carry(whole, message))

    def _message(
        self, request: WireRequest, draft: UnbilledReply, share: Share, prompt: CachedPrompt
    ) -> JSON:
        message_id = f"msg_{self._new_id()}"
        asked = request.body.get("diagnostics")
        reason = None
        if asked is not None:
            reason = self._cache.diagnose(asked.get("previous_message_id"), prompt, share.read)
        self._cache.remember(message_id, prompt)
        self.files.keep_made(draft.blocks)
        asked = request.body.get("container")
        return {
            "id": message_id,
            "type": "message",
            "role": "assistant",
            "model": draft.model or request.model.id,
            "container": self._containers.use(asked) if draft.container or asked else None,
            "content": list(draft.blocks),
            "stop_reason": draft.stop_reason,
            "stop_sequence": draft.stop_sequence,
            "stop_details": draft.stop_details,
            "diagnostics": None if reason is None else {"cache_miss_reason": reason},
            "usage": usage_of(request, draft, share),
        }
