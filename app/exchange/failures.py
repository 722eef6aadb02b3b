"""What goes wrong with a webhook, under the provider's numbers."""


class Failure(Exception):
    """A document could not be fetched or run; the provider now asks the fallback URL."""

    def __init__(self, code: int, url: str, text: str) -> None:
        super().__init__(f"{code} {url}: {text}")
        self.code = code
        self.url = url
        self.text = text


class EndlessLoop(Failure):
    """Document after document, and no time passes: a real call would burn money for ever. The call drops."""
