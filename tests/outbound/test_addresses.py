"""Where nothing may be posted to: every way to write an address that is not public."""

from ipaddress import ip_address

import pytest

from assay.outbound.addresses import Refused, Target, is_public, networks, require_permitted, target_of

LOOPBACK = networks("127.0.0.0/8, ::1/128")


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "100.100.100.200", "127.0.0.1", "127.1.2.3"),
        *("169.254.0.1", "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.1"),
        *("192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.9", "224.0.0.1", "239.1.1.1"),
        *("240.0.0.1", "255.255.255.255", "168.63.129.16"),
        *("::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1"),
        *("2001::1", "2001:0:7f00:1::", "2001:20::1", "2001:db8::1", "2002:7f00:1::", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254"),
        *("fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1"),
    ],
)
def test_what_is_not_public_is_refused(address: str) -> None:
    """Loopback, private, shared, link-local, metadata, documentation, benchmarks, multicast, and IPv4 dressed as IPv6."""
    assert not is_public(ip_address(address))
    with pytest.raises(Refused, match="not public"):
        require_permitted(Target("https", "x.example", 443, "/"), [address], ())
    with pytest.raises(Refused, match="not public"):
        require_permitted(Target("https", "x.example", 443, "/"), ["93.184.215.14", address], ())


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "93.184.215.14", "100.63.255.255", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "2a00:1450::1"]
)
def test_public_addresses_are_spoken_to_over_https_alone(address: str) -> None:
    """On its ports; plain HTTP and the ports of other services are refused, also with another network allowed."""
    for port in (443, 8443):
        require_permitted(Target("https", "x.example", port, "/"), [address], ())
    for scheme, port in (("http", 80), ("http", 443), ("https", 22), ("https", 5432), ("https", 6379), ("https", 80)):
        with pytest.raises(Refused, match="HTTPS on port"):
            require_permitted(Target(scheme, "x.example", port, "/"), [address], LOOPBACK)


def test_an_allowed_network_is_spoken_to_as_it_likes() -> None:
    """Any port and plain HTTP, if every address of the name is in it; a mixture is held to both rules."""
    require_permitted(Target("http", "localhost", 9000, "/"), ["127.0.0.1", "::1"], LOOPBACK)
    with pytest.raises(Refused, match="not public"):
        require_permitted(Target("http", "localhost", 9000, "/"), ["127.0.0.1", "10.0.0.1"], LOOPBACK)
    with pytest.raises(Refused, match="HTTPS on port"):
        require_permitted(Target("http", "localhost", 9000, "/"), ["127.0.0.1", "1.1.1.1"], LOOPBACK)
    with pytest.raises(Refused, match="no address"):
        require_permitted(Target("https", "x.example", 443, "/"), [], LOOPBACK)


@pytest.mark.parametrize(
    "url",
    [
        *("", "x.example/hook", "//x.example", "file:///etc/passwd", "gopher://x.example", "ftp://x.example", "javascript:alert(1)"),
        *("https://", "https:///hook", "https://user@x.example/", "https://user:word@x.example/", "https://x.example#@127.0.0.1/"),
        *("https://x.example\\@127.0.0.1/", "https://x.example/#part", "https://x.example:99999/", "https://x.example:port/"),
        *("https://[::1", "https://[fe80::1%25eth0]/", "https://bücher.example/", "https://x.example/ä", "https://x example/"),
        *("https://x.example/\n", "https://x.example/\x00", "https://.x.example/", "https://x..example/", "https://-/"),
        *("https://x.example/" + "a" * 2_048, "https://\uff11\uff12\uff17.0.0.1/"),
    ],
)
def test_what_is_no_plain_address_is_refused(url: str) -> None:
    """Other schemes, names of users, fragments, characters that parsers read differently."""
    with pytest.raises(Refused):
        target_of(url)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://lms.example/hook?a=1&b=2", Target("https", "lms.example", 443, "/hook?a=1&b=2")),
        ("HTTPS://LMS.Example", Target("https", "lms.example", 443, "/")),
        ("https://lms.example.:8443/", Target("https", "lms.example", 8443, "/")),
        ("http://localhost:9000/x", Target("http", "localhost", 9000, "/x")),
        ("https://xn--bcher-kva.example/", Target("https", "xn--bcher-kva.example", 443, "/")),
        ("https://[2606:4700::1111]/x", Target("https", "2606:4700::1111", 443, "/x")),
        ("https://1.1.1.1/", Target("https", "1.1.1.1", 443, "/")),
    ],
)
def test_where_a_url_leads(url: str, target: Target) -> None:
    """Names in lower case, ports by the scheme, the query kept."""
    assert target_of(url) == target


def test_networks_are_read_or_refused() -> None:
    """What is no network stops the start instead of allowing something else."""
    assert [str(each) for each in networks(" 127.0.0.0/8 ,::1/128,")] == ["127.0.0.0/8", "::1/128"]
    assert networks("") == ()
    for wrong in ("localhost", "127.0.0.1/8", "10.0.0.0/33"):
        with pytest.raises(ValueError, match=r"."):
            networks(wrong)
