"""Bad input 53: what is no public address is not posted to, however it is written."""

import pytest

from adapters.webhooks.addresses import Addresses
from adapters.webhooks.urls import AddressNotAllowed, checked, looked_up
from domain.errors import InvalidInput

INWARD = (
    *("127.0.0.1", "127.8.9.10", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *("169.254.169.254", "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.8", "198.18.0.1"),
    *("224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.51.100.1", "203.0.113.1"),
    *("::", "::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:0a00:1", "::127.0.0.1"),
    *("fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "100::1"),
    *("64:ff9b::7f00:1", "64:ff9b::169.254.169.254", "64:ff9b:1::1", "2002:7f00:1::1", "2001::1", "2001:db8::1"),
)
PUBLIC = ("93.184.216.34", "8.8.8.8", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808")


@pytest.mark.parametrize("address", INWARD)
def test_53_inward_addresses(address: str) -> None:
    assert not Addresses().may_reach(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses(address: str) -> None:
    assert Addresses().may_reach(address)
    assert not Addresses().may_reach(address, named_only=True)


def test_named_networks_are_reached_and_nothing_beside_them() -> None:
    addresses = Addresses(["127.0.0.0/8", "fd12::/16"])
    for named in ("127.0.0.1", "::ffff:127.0.0.1", "fd12::1"):
        assert addresses.may_reach(named)
        assert addresses.may_reach(named, named_only=True)
    for other in ("::1", "10.0.0.1", "169.254.169.254"):
        assert not addresses.may_reach(other)


@pytest.mark.parametrize(
    "host",
    [
        *("169.254.169.254", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[fd00:ec2::254]"),
        *("10.1.2.3", "0.0.0.0", "[::]", "127.0.0.1:8443", "[64:ff9b::7f00:1]"),
    ],
)
def test_53_a_url_with_an_inward_address(host: str) -> None:
    with pytest.raises(AddressNotAllowed):
        checked(f"https://{host}/hooks", Addresses())


@pytest.mark.parametrize(
    "url",
    [
        *("https://2130706433/", "https://0x7f000001/", "https://0x7f.1/", "https://017700000001/", "https://127.1/"),
        *("https://0177.0.0.1/", "https://127.0.0.1./", "https://1.2.3.4.5/", "https://999.1.1.1/"),
        *("http://example.com/", "ftp://example.com/", "file:///etc/passwd", "example.com", "//example.com/", ""),
        *("https://", "https:///x", "https://user:pass@example.com/", "https://user@example.com/", "https://@a.test/"),
        *(
            "https://example.com/#top",
            "https://example.com/a b",
            "https://example.com/\r\nx: y",
            "https://example.com\\@127.0.0.1/",
            "https://exämple.com/",
        ),
        *("https://example.com:0/", "https://example.com:99999/", "https://[::1/", "https://" + "a" * 2050),
        *("https://[fe80::1%25eth0]/", "gopher://127.0.0.1/", "javascript:alert(1)", "https://１２７.0.0.1/"),
    ],
)
def test_53_urls_that_make_no_sense(url: str) -> None:
    with pytest.raises((InvalidInput, AddressNotAllowed)):
        checked(url, Addresses())


def test_a_public_url_stays_as_it_is() -> None:
    for url in ("https://example.com/hooks?a=b", "https://hooks.example.com:8443/x", "https://93.184.216.34/"):
        assert str(checked(url, Addresses())) == url


def test_plain_http_goes_only_where_an_operator_said() -> None:
    addresses = Addresses(["127.0.0.0/8"])
    assert str(checked("http://127.0.0.1:9000/x", addresses)) == "http://127.0.0.1:9000/x"
    with pytest.raises(AddressNotAllowed):
        checked("http://93.184.216.34/x", addresses)


async def test_53_a_name_that_leads_inward_is_refused_when_it_is_given() -> None:
    with pytest.raises(AddressNotAllowed):
        await looked_up(checked("https://localhost/hooks", Addresses()), Addresses())
    await looked_up(checked("https://no-such-name.invalid/hooks", Addresses()), Addresses())
