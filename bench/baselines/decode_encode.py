"""The least that can be done with JSON lines: each is decoded, and encoded again."""

import sys

import msgspec


def main() -> None:
    decode = msgspec.json.Decoder().decode
    encode = msgspec.json.Encoder().encode
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(encode(decode(line)) + b"\n")


if __name__ == "__main__":
    main()
