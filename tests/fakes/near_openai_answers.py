"""What the providers that speak nearly OpenAI's dialect answer, by the tables `answer` and `error` of `providers/*.toml`.

| key | meaning |
|---|---|
| `reasoning` | where thoughts stand: a member of that name, `think` tags in the text, or `parts` of the content |
| `reasoning_apart` | whether `completion_tokens` leave thoughts out |
| `usage` | in streams: `asked` (a chunk of its own, if asked for), `last` (with the end), `every` chunk, `x_groq`, or with `no choices` |
| `cached` | a name of their own for cached tokens |
| `calls` | `whole`: in one piece |
| `finish` | their own words for the end |
| `without` | members that are missing |
| `whole_so_far`, `keep_alive`, `done` | the text so far in each chunk; comments; whether `[DONE]` comes |
| `form`, `request_id`, `codes`, `overflow`, `overflow_code` | the form of errors; an id beside them; their codes; what is said of too long a prompt |
"""

import json
from collections.abc import Iterator

from . import model, openai_dialect


class Answers:
    def __init__(self, rules: dict) -> None:
        self.rules = rules
        self.says = rules["answer"]
        self.fails = rules["error"]

    def answer(self, body: dict, reply: model.Reply) -> dict:
        whole = openai_dialect.answer(body, reply)
        for choice in whole["choices"]:
            choice["message"] = self._said(reply)
            choice["finish_reason"] = self._finish(reply)
        whole["usage"] = self._usage(reply)
        for key in ("x_provider_extra", "service_tier", *self.says.get("without", [])):
            whole.pop(key, None)
        return whole

    def _said(self, reply: model.Reply) -> dict:
        message = {"role": "assistant", "content": reply.text or None}
        if reply.calls:
            message["tool_calls"] = openai_dialect.tool_calls(reply)
        kind = self.says.get("reasoning")
        if not (reply.reasoning and kind):
            return message
        if kind == "think":
            return {**message, "content": f"<think>\n{reply.reasoning}\n</think>\n\n{reply.text}"}
        if kind == "parts":
            return {**message, "content": [thought(reply.reasoning), {"type": "text", "text": reply.text}]}
        return {**message, kind: reply.reasoning}

    def _finish(self, reply: model.Reply) -> str:
        return self.says.get("finish", {}).get(reply.finish, reply.finish)

    def _usage(self, reply: model.Reply) -> dict:
        usage = openai_dialect.usage(reply)
        if self.says.get("reasoning_apart"):
            usage["completion_tokens"] -= usage["completion_tokens_details"]["reasoning_tokens"]
        if cached := self.says.get("cached"):
            usage[cached] = usage.pop("prompt_tokens_details")["cached_tokens"]
        return usage

    def stream(self, body: dict, reply: model.Reply) -> Iterator[bytes]:
        asked, kind = bool((body.get("stream_options") or {}).get("include_usage")), self.says["usage"]
        base = {"id": "chatcmpl-fake1", "object": "chat.completion.chunk", "created": openai_dialect.CREATED,
                "model": body["model"]}
        base = {key: value for key, value in base.items() if key not in self.says.get("without", [])}
        deltas = list(self._deltas(reply))
        so_far = ""
        if self.says.get("keep_alive"):
            yield b": keep-alive\n\n"
        for index in range(body.get("n") or 1):
            for number, delta in enumerate(deltas):
                is_last = number == len(deltas) - 1
                choice = {"index": index, "delta": delta, "finish_reason": self._finish(reply) if is_last else None}
                more = {"usage": self._usage(reply)} if kind == "every" or kind == "last" and is_last else {}
                if kind == "x_groq" and is_last:
                    more = {"x_groq": {"id": "req_fake1", "usage": self._usage(reply)}}
                if self.says.get("whole_so_far"):
                    so_far += delta.get("content") or ""
                    choice["message"] = {"role": "assistant", "content": so_far}
                    more |= {"citations": [], "search_results": []}
                yield event({**base, "choices": [choice], **more})
                if self.says.get("keep_alive"):
                    yield b": keep-alive\n\n"
        if kind in ("asked", "x_groq") and asked:
            yield event({**base, "choices": [], "usage": self._usage(reply)})
        if kind == "no choices":
            yield event({**base, "usage": {**self._usage(reply), "time_to_first_token": 0.25, "is_last_response": True}})
        if self.says.get("done", True):
            yield b"data: [DONE]\n\n"

    def _deltas(self, reply: model.Reply) -> Iterator[dict]:
        """The end has a delta too, which says nothing."""
        yield {"role": "assistant", "content": ""}
        kind = self.says.get("reasoning")
        thoughts = reply.reasoning_pieces() if kind else []
        if thoughts and kind == "think":
            yield from ({"content": piece} for piece in ["<thi", "nk>\n", *thoughts, "\n</think>", "\n\n"])
        elif thoughts and kind == "parts":
            yield from ({"content": [thought(piece)]} for piece in thoughts)
        else:
            yield from ({kind: piece} for piece in thoughts)
        yield from ({"content": piece} for piece in reply.text_pieces())
        for number, call in enumerate(openai_dialect.tool_calls(reply)):
            if self.says.get("calls") == "whole":
                yield {"tool_calls": [{**call, "index": number}]}
                continue
            text = call["function"]["arguments"]
            yield {"tool_calls": [{**call, "index": number, "function": {**call["function"], "arguments": ""}}]}
            for at in range(0, len(text), 5):
                yield {"tool_calls": [{"index": number, "function": {"arguments": text[at : at + 5]}}]}
        yield {}

    def error(self, status: int, message: str | None = None, code: str | None = None) -> dict:
        text, form = message or f"The fake says {status}.", self.fails["form"]
        code = code or self.fails.get("codes", {}).get(str(status))
        if form == "openai":
            more = {"request_id": "req_fake1"} if self.fails.get("request_id") else {}
            return {**openai_dialect.error(status, text, code), **more}
        return {
            "object": {"object": "error", "message": text, "type": "invalid_request_error", "param": None, "code": code},
            "code and text": {"code": code or "internal-error", "error": text},
            "text": {"error": text},
            "number": {"error": {"message": text, "type": "invalid_message" if status == 400 else "error", "code": status}},
            "detail": {"detail": text},
            "detail error": {"detail": {"error": text}},
            "reason": {"code": status, "reason": code, "message": text, "metadata": {}},
        }[form]

    def overflow(self) -> tuple[int, dict]:
        return 400, self.error(400, self.fails["overflow"], self.fails.get("overflow_code"))

    def midstream_error(self) -> bytes:
        return event({**openai_dialect.error(500, "The server had an error while processing."), "status_code": 500})


def thought(text: str) -> dict:
    return {"type": "thinking", "thinking": [{"type": "text", "text": text}]}


def event(chunk: dict) -> bytes:
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n".encode()
