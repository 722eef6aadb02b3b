"""The part of an account at the provider that provisioning sees: its numbers and its queues."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import httpx2

SID = "AC" + "0" * 32
Fields = dict[str, str]


@dataclass
class Account:
    """Numbers by their SIDs, queues by their names. `changes` counts what was written."""

    numbers: dict[str, Fields] = field(default_factory=dict)
    queues: Fields = field(default_factory=dict)
    changes: int = 0

    def owns(self, *numbers: str, **fields: str) -> None:
        for number in numbers:
            sid = f"PN{len(self.numbers):032}"
            self.numbers[sid] = {"sid": sid, "phone_number": number, **fields}

    def answer(self, method: str, path: str, form: Mapping[str, str]) -> tuple[int, object]:
        """The status and the JSON for a request."""
        path = path.removeprefix(f"/2010-04-01/Accounts/{SID}")
        match method, path.removesuffix(".json").split("/")[1:]:
            case "GET", ["IncomingPhoneNumbers"]:
                return 200, {"incoming_phone_numbers": list(self.numbers.values())}
            case "GET", ["Queues"]:
                return 200, {"queues": [{"sid": sid, "friendly_name": name} for name, sid in self.queues.items()]}
            case "POST", ["IncomingPhoneNumbers", sid] if sid in self.numbers:
                self.changes += 1
                self.numbers[sid] |= {_answer_name(name): value for name, value in form.items()}
                return 200, self.numbers[sid]
            case "POST", ["Queues"] if form["FriendlyName"] not in self.queues:
                self.changes += 1
                sid = self.queues[form["FriendlyName"]] = f"QU{len(self.queues):032}"
                return 201, {"sid": sid}
            case "POST", ["Queues"]:
                return 400, {"code": 22003, "message": "A queue of this name exists"}
        return 404, {"code": 20404, "message": f"{method} {path} was not found"}

    def transport(self) -> httpx2.MockTransport:
        def answer(request: httpx2.Request) -> httpx2.Response:
            status, body = self.answer(request.method, request.url.path, dict(parse_qsl(request.content.decode())))
            return httpx2.Response(status, content=json.dumps(body))

        return httpx2.MockTransport(answer)


def _answer_name(name: str) -> str:
    """`VoiceUrl` in a request is `voice_url` in an answer."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
