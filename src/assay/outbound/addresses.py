"""Where a request chosen by somebody else may lead: public addresses over HTTPS, and networks that the operator has allowed."""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, NamedTuple
from urllib.parse import urlsplit

type Address = IPv4Address | IPv6Address
type Network = IPv4Network | IPv6Network

MAX_URL: Final = 2_048
PORTS: Final = frozenset({443, 8443})
"""Of public addresses: where nothing but HTTPS is served."""
DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_PRINTABLE: Final = re.compile(r"[!-~]+")
_NAME: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?")
# The IANA registries of special-purpose addresses, spelt out: `is_global` differs between versions of Python.
_REFUSED_4: Final = tuple(
    IPv4Network(each)
    for each in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24"),
        *("192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15"),
        *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        "168.63.129.16/32",  # public by its number, but inside Azure the host's own services
    )
)
_UNICAST_6: Final = IPv6Network("2000::/3")
"""All else is loopback, private, link-local, multicast, or another way to write an IPv4 address."""
_REFUSED_6: Final = tuple(IPv6Network(each) for each in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"))


class Refused(ValueError):
    """A request must not lead there, and why."""


class Target(NamedTuple):
    """Where a URL leads; `path` with its query."""

    scheme: str
    host: str
    port: int
    path: str


def networks(listed: str) -> tuple[Network, ...]:
    """Networks from `10.0.0.0/8, ::1/128`. Raises `ValueError` for what is none."""
    return tuple(ip_network(each.strip()) for each in listed.split(",") if each.strip())


def target_of(url: str) -> Target:
    """The parts of a URL. Raises `Refused` for anything but a plain HTTP address without a user's name."""
    if len(url) > MAX_URL or not _PRINTABLE.fullmatch(url):
        raise Refused(f"it must have up to {MAX_URL} printable ASCII characters; write other names in punycode")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Refused("it cannot be read") from error
    if parts.scheme not in DEFAULT_PORTS:
        raise Refused("it must begin with https://")
    if "@" in parts.netloc or "\\" in url or parts.fragment:
        raise Refused("it must hold no user name, no backslash and no fragment")
    host = parts.hostname or ""
    if not (_NAME.fullmatch(host) or _is_address(host)):
        raise Refused("it names no host")
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    return Target(parts.scheme, host.rstrip("."), port or DEFAULT_PORTS[parts.scheme], path)


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public Internet."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _REFUSED_4)
    return address in _UNICAST_6 and not any(address in network for network in _REFUSED_6)


def require_permitted(target: Target, addresses: Sequence[str], allowed: Sequence[Network]) -> None:
    """Raises `Refused` unless every one of `addresses`, which the target's name stands for, may be spoken to."""
    if not addresses:
        raise Refused("its name stands for no address")
    found = [ip_address(address) for address in addresses]
    if all(_within(address, allowed) for address in found):
        return
    if not all(is_public(address) or _within(address, allowed) for address in found):
        raise Refused("its name stands for an address that is not public")
    if target.scheme != "https" or target.port not in PORTS:
        raise Refused(f"it must be HTTPS on port {' or '.join(map(str, sorted(PORTS)))}")


def _within(address: Address, allowed: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in allowed)


def _is_address(host: str) -> bool:
    try:
        return "%" not in host and bool(ip_address(host))
    except ValueError:
        return False
