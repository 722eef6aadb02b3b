"""The numbers that the account owns, and where calls to them lead."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(slots=True)
class OwnedNumber:
    """A number with its addresses as the service sets them by REST; where one is empty, the exchange's own counts."""

    sid: str
    number: str
    made_at: datetime
    friendly_name: str = ""
    voice_url: str = ""
    voice_method: str = "POST"
    voice_fallback_url: str = ""
    voice_fallback_method: str = "POST"
    status_callback: str = ""
    status_callback_method: str = "POST"
    voice_caller_id_lookup: bool = False
    voice_application_sid: str = ""
    trunk_sid: str = ""
    sms_url: str = ""
    sms_method: str = "POST"
