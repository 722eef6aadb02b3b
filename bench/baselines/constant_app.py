"""The least that FastAPI can do with a webhook: it answers with one document, whatever came."""

from fastapi import FastAPI, Response

# What our own documents hold, in their length: enough for a call to find its next address in it.
DOCUMENT = (
    '<Response><Gather action="/twilio/step?s=a-token" input="dtmf" timeout="6" finishOnKey="#" numDigits="20">'
    '<Say voice="Polly.Joanna" language="en-US">How bad is it? If production is down, press 1. If it is impaired, '
    "press 2. For a minor problem, press 3. To hear this again, press 9. For a person, press 0.</Say></Gather>"
    '<Enqueue waitUrl="/twilio/wait?s=a-token">tier1-us</Enqueue><Play>/twilio/hold.wav</Play></Response>'
)

app = FastAPI(openapi_url=None)


@app.post("/twilio/{webhook}")
async def answer(webhook: str) -> Response:
    return Response(DOCUMENT, media_type="text/xml")
