"""The page that the printed address opens: what runs here, which team takes calls now, and how to place one."""

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from app.domain import regions
from app.runtime import Runtime
from app.store import lookups
from app.store.hot import StoreUnavailable

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Partnerline</title>
<style>
  :root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }}
  body {{ max-width: 56rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }}
  h1 {{ margin: 0; }} h2 {{ margin: 2rem 0 .5rem; font-size: 1.1rem; }}
  .wide {{ overflow-x: auto; }}
  table {{ border-collapse: collapse; width: 100%; }}
  th, td {{ text-align: left; padding: .4rem 1rem .4rem 0; border-bottom: 1px solid #8885; vertical-align: top; }}
  code {{ font: .9em ui-monospace, monospace; }}
  pre {{ padding: .8rem; border: 1px solid #8885; border-radius: .4rem; white-space: pre-wrap; }}
</style>
<h1>Partnerline</h1>
<p>Phone support for partners: the caller keys a Partner ID and a severity, a case is opened, and the call goes where
the rules say. It is {now} UTC.</p>
<h2>Place a call</h2>
<p>In a terminal, as certified partner 100234 with production down:</p>
<pre><code>.venv/bin/partnerline call "{default}" --keys "100234#,1"</code></pre>
<p>Where any call would go, and why, step by step:</p>
<pre><code>.venv/bin/partnerline route --line "{default}" --pid 100234 --severity S2</code></pre>
<h2>Who takes a call now</h2>
<div class="wide"><table>
<tr><th>Line<th>Numbers<th>Taken by<th>Why</tr>
{lines}
</table></div>
<h2>For programs</h2>
<p><a href="api/v1/openapi.json">The REST API</a> (keys: <code>partnerline keys create</code>) ·
<a href="healthz">health</a> · <a href="readyz">readiness</a> · <a href="metrics">metrics</a></p>
</html>
"""


def routes(runtime: Runtime) -> list[BaseRoute]:
    async def root(request: Request) -> Response:
        return HTMLResponse(
            page(runtime, await _closures(runtime)),
            headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"},
        )

    return [Route("/", root)]


async def _closures(runtime: Runtime) -> tuple[regions.Closure, ...]:
    try:
        return await lookups.closures(runtime.store, runtime.now())
    except StoreUnavailable:
        return runtime.last_reading.closures


def page(runtime: Runtime, closures: tuple[regions.Closure, ...]) -> str:
    now = runtime.now()
    rows = []
    for line in runtime.flows.lines.by_name.values():
        choice = regions.first_open(runtime.flows.regions, line.region, now, closures)
        taken_by = choice.region or "all closed: S1 on call, else callback or voicemail"
        cells = (line.name, ", ".join(line.numbers), taken_by, choice.why[-1])
        rows.append(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>")
    default = escape(runtime.flows.lines.default.name)
    return PAGE.format(now=f"{now:%A %-d %B %Y, %H:%M}", lines="\n".join(rows), default=default)
