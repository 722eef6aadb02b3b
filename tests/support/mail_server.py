"""A mail server of our own, on loopback: it keeps what it gets, and can be told to misbehave."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class MailServer:
    """`answers`: what it says to a command in place of 250; `hangs_up_after`: the line is cut there, without a word."""

    port: int = 0
    answers: dict[str, str] = field(default_factory=dict)
    hangs_up_after: str = ""
    mails: list[str] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.test\r\n")
        while line := (await reader.readline()).decode().strip():
            command = line.partition(" ")[0].partition(":")[0].upper()
            if command == "DATA" and "DATA" not in self.answers:
                writer.write(b"354 go on\r\n")
                sent = (await reader.readuntil(b"\r\n.\r\n")).decode()
                # A line that begins with a dot comes with two: one dot alone is the end.
                self.mails.append(sent.removesuffix(".\r\n").replace("\r\n..", "\r\n."))
                command = "END"
            if command == "RCPT" and "RCPT" not in self.answers:
                self.recipients.append(line.partition("<")[2].partition(">")[0])
            if command == self.hangs_up_after:
                break
            writer.write(f"{self.answers.get(command, '250 good')}\r\n".encode())
            if command == "QUIT":
                break
        writer.close()


@asynccontextmanager
async def mail_server() -> AsyncIterator[MailServer]:
    own = MailServer()
    server = await asyncio.start_server(own.serve, "127.0.0.1", 0)
    own.port = server.sockets[0].getsockname()[1]
    try:
        yield own
    finally:
        server.close()
        await server.wait_closed()
