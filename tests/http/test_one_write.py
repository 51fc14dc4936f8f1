"""What is written within one turn of the loop leaves as one, in order, and nothing is kept back."""

import asyncio
from typing import cast

import pytest

from adapters.http.one_write import MOST, OneWrite


class Transport:
    def __init__(self) -> None:
        self.seen: list[bytes | str] = []
        self.closing = False

    def write(self, data: bytes) -> None:
        self.seen.append(data)

    def write_eof(self) -> None:
        self.seen.append("eof")

    def close(self) -> None:
        self.seen.append("close")
        self.closing = True

    def is_closing(self) -> bool:
        return self.closing

    def get_extra_info(self, name: str) -> str:
        return f"told {name}"


@pytest.fixture
async def under() -> Transport:
    return Transport()


def over(under: Transport) -> OneWrite:
    return OneWrite(cast(asyncio.Transport, under))


async def test_head_and_body_leave_together(under: Transport) -> None:
    transport = over(under)
    transport.write(b"head ")
    transport.writelines([b"bo", b"dy"])
    assert under.seen == []
    await asyncio.sleep(0)
    assert under.seen == [b"head body"]


async def test_what_is_alone_leaves_in_the_same_turn(under: Transport) -> None:
    transport = over(under)
    for piece in (b"head", b"first event", b"second event"):
        transport.write(piece)
        await asyncio.sleep(0)
    assert under.seen == [b"head", b"first event", b"second event"]


async def test_much_is_not_held(under: Transport) -> None:
    transport = over(under)
    transport.write(b"head")
    transport.write(b"." * MOST)
    assert under.seen == [b"head" + b"." * MOST]
    transport.write(b"rest")
    await asyncio.sleep(0)
    assert under.seen[1:] == [b"rest"]


async def test_all_is_sent_before_the_end(under: Transport) -> None:
    transport = over(under)
    transport.write(b"last words")
    transport.write_eof()
    transport.write(b"more")
    transport.close()
    await asyncio.sleep(0)
    assert under.seen == [b"last words", "eof", b"more", "close"]


async def test_nothing_is_written_to_what_is_closing(under: Transport) -> None:
    transport = over(under)
    transport.write(b"too late")
    under.closing = True
    await asyncio.sleep(0)
    assert under.seen == []


async def test_all_else_is_the_transports_own(under: Transport) -> None:
    assert over(under).get_extra_info("peername") == "told peername"
