"""Which of the provider's voices speaks which language (twilio-voice, Say: a mismatch can fail the instruction)."""

# The locale is part of a Google voice's name; Amazon's must be known. Neural and generative ones end in a suffix.
POLLY = {
    "en-US": "Ivy Joanna Joey Justin Kendra Kevin Kimberly Matthew Ruth Salli Stephen Danielle Gregory",
    "en-GB": "Amy Arthur Brian Emma",
    "en-AU": "Nicole Olivia Russell",
    "en-IN": "Aditi Kajal Raveena",
    "en-NZ": "Aria",
    "en-ZA": "Ayanda",
    "en-IE": "Niamh",
    "fr-FR": "Celine Lea Mathieu Remi",
    "fr-CA": "Chantal Gabrielle Liam",
    "de-DE": "Daniel Hans Marlene Vicki",
    "es-ES": "Conchita Enrique Lucia Sergio",
    "es-MX": "Andres Mia",
    "es-US": "Lupe Miguel Pedro Penelope",
    "it-IT": "Adriano Bianca Carla Giorgio",
    "nl-NL": "Laura Lotte Ruben",
    "pt-BR": "Camila Ricardo Thiago Vitoria",
    "pt-PT": "Cristiano Ines",
    "ja-JP": "Kazuha Mizuki Takumi Tomoko",
    "ko-KR": "Seoyeon",
    "cmn-CN": "Zhiyu",
    "sv-SE": "Astrid Elin",
    "nb-NO": "Ida Liv",
    "da-DK": "Mads Naja Sofie",
    "pl-PL": "Ewa Jacek Jan Maja Ola",
}
LOCALE_OF = {f"Polly.{name}": locale for locale, names in POLLY.items() for name in names.split()}


def misfit(voice: str, locale: str) -> str | None:
    """What is wrong with speaking a language by a voice; None when it fits."""
    if voice in ("man", "woman"):
        fits = locale in ("en-US", "en-GB", "es-ES", "fr-FR", "de-DE")
        return None if fits else f"the voice {voice} does not speak {locale}; take one of {_voices(locale)}"
    if voice.startswith("Google."):
        spoken = "-".join(voice.removeprefix("Google.").split("-")[:2])
    else:
        base = voice.removesuffix("-Neural").removesuffix("-Generative")
        if base not in LOCALE_OF:
            return f"there is no voice {voice} that we know; take one of {_voices(locale)}"
        spoken = LOCALE_OF[base]
    return (
        None if spoken == locale else f"the voice {voice} speaks {spoken}, not {locale}; take one of {_voices(locale)}"
    )


def _voices(locale: str) -> str:
    return ", ".join(f"Polly.{name}" for name in POLLY.get(locale, "").split()) or f"Google.{locale}-Standard-A"
