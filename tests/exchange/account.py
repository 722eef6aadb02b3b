"""The service's side of the REST API, for tests."""

from dataclasses import dataclass
from typing import Any

import httpx2

from app.exchange import Call, Exchange

CALLER, AGENT, SHOWN = "+12065550147", "+12065550190", "+12065550100"
PUBLIC = "https://ivr.example"


@dataclass
class Account:
    """Asks as the right account. `places` expects to be obeyed."""

    exchange: Exchange
    http: httpx2.AsyncClient

    async def post(self, path: str, **form: Any) -> httpx2.Response:
        """A POST to a path of the account. Lists are repeated fields."""
        return await self.http.post(self._address(path), data=form)

    async def get(self, path: str, **query: str) -> httpx2.Response:
        return await self.http.get(self._address(path), params=query)

    async def delete(self, path: str) -> httpx2.Response:
        return await self.http.delete(self._address(path))

    async def places(self, to: str = AGENT, url: str = "/agent", **form: Any) -> Call:
        """A call by REST. Whoever is there is rung when time passes."""
        form = {"StatusCallback": f"{PUBLIC}/leg", "StatusCallbackEvent": EVENTS} | form
        answer = await self.post("/Calls.json", To=to, From=SHOWN, Url=PUBLIC + url, **form)
        assert answer.status_code == 201, answer.text
        call = self.exchange.call(answer.json()["sid"])
        assert call is not None
        return call

    async def dequeues(self, queue: str, member: str, url: str = "/join") -> httpx2.Response:
        """Takes a waiting caller out of a queue, by CallSid or as `Front`."""
        sid = self.exchange.queue(queue).sid
        answer = await self.post(f"/Queues/{sid}/Members/{member}.json", Url=PUBLIC + url)
        await self.exchange.timeline.settle()
        return answer

    def _address(self, path: str) -> str:
        return f"/2010-04-01/Accounts/{self.exchange.account_sid}{path}"


EVENTS = ["initiated", "ringing", "answered", "completed"]
