//! Which addresses may be called: decided after DNS, on the address that is then connected to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Which addresses may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Those on the public internet.
    Public,
    /// And private ones; not the clouds' metadata services: no model runs there, and what answers there are credentials.
    Private,
    /// And these: for who fetches credentials from the platform.
    Platform,
}

impl Reach {
    /// What `allow_private_network` says.
    pub(super) const fn of(allow_private: bool) -> Self {
        if allow_private { Self::Private } else { Self::Public }
    }
}

/// Whether an address may be called. Multicast never may.
#[must_use]
pub(super) fn may_be_called(address: IpAddr, reach: Reach) -> bool {
    match reach {
        Reach::Public => is_public(address),
        Reach::Private => !is_multicast(address) && !is_metadata(address),
        Reach::Platform => !is_multicast(address),
    }
}

fn is_multicast(address: IpAddr) -> bool {
    address.to_canonical().is_multicast()
}

/// Where AWS, Google, Azure and others (169.254.169.254), AWS containers (169.254.170.2
/// and .23), Alibaba (100.100.100.200) and AWS over IPv6 (fd00:ec2::254 and ::23) hand out credentials.
fn is_metadata(address: IpAddr) -> bool {
    let v4 = match address {
        IpAddr::V4(v4) => Some(v4),
        IpAddr::V6(v6) => embedded_v4(v6),
    };
    match v4 {
        Some(v4) => matches!(v4.octets(), [169, 254, 169, 254] | [169, 254, 170, 2 | 23] | [100, 100, 100, 200]),
        None => [0x254, 0x23].iter().any(|last| address == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, *last)),
    }
}

/// Whether an address lies on the public internet: not this host, not a private or shared network, not
/// link-local (cloud metadata), not multicast, not reserved; IPv6 forms that carry an IPv4 address are
/// judged by that address.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => match embedded_v4(v6) {
            Some(v4) => is_public_v4(v4),
            None => is_public_v6(v6),
        },
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let protocol = a == 192 && b == 0 && c == 0;
    let benchmarking = a == 198 && (b == 18 || b == 19);
    let relay = a == 192 && b == 88 && c == 99;
    !(v4.is_loopback()
        || v4.is_private()
        || v4.is_link_local()
        || v4.is_multicast()
        || v4.is_documentation()
        || a == 0
        || a >= 240
        || shared
        || protocol
        || benchmarking
        || relay)
}

fn is_public_v6(v6: Ipv6Addr) -> bool {
    let [first, second, ..] = v6.segments();
    let global_unicast = first & 0xe000 == 0x2000;
    let documentation = first == 0x2001 && second == 0x0db8;
    global_unicast && !documentation
}

/// The IPv4 address inside a mapped, compatible, NAT64, 6to4 or Teredo address.
fn embedded_v4(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let low = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match v6.segments() {
        [0, 0, 0, 0, 0, 0xffff | 0, a, b] => Some(low(a, b)),
        [0x64, 0xff9b, 0, 0, 0, 0, a, b] => Some(low(a, b)),
        [0x64, 0xff9b, 1, _, _, _, a, b] => Some(low(a, b)),
        [0x2002, a, b, ..] => Some(low(a, b)),
        [0x2001, 0, _, _, _, _, a, b] => Some(low(!a, !b)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_pass() {
        for public in ["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for private in [
            "127.0.0.1",
            "127.8.8.8",
            "0.0.0.0",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "198.18.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::7f00:1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001:db8::1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::a00:1",
            "2002:7f00:1::",
            "2001:0:0:0:0:0:80ff:fffe",
            "fec0::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
    }

    #[test]
    fn allowing_private_networks_does_not_allow_metadata_services() {
        for local in ["127.0.0.1", "0.0.0.0", "10.0.0.1", "192.168.1.1", "100.64.0.1", "::1", "fc00::1", "8.8.8.8"] {
            assert!(may_be_called(local.parse().unwrap(), Reach::Private), "{local}");
        }
        for never in [
            "169.254.169.254",
            "169.254.170.2",
            "169.254.170.23",
            "fd00:ec2::23",
            "100.100.100.200",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::",
            "fd00:ec2::254",
            "224.0.0.1",
            "ff02::1",
            "::ffff:224.0.0.1",
        ] {
            assert!(!may_be_called(never.parse().unwrap(), Reach::Private), "{never}");
        }
    }

    #[test]
    fn only_who_fetches_credentials_reaches_metadata_services() {
        for platform in ["169.254.169.254", "169.254.170.2", "fd00:ec2::254", "127.0.0.1", "8.8.8.8"] {
            assert!(may_be_called(platform.parse().unwrap(), Reach::Platform), "{platform}");
        }
        for never in ["224.0.0.1", "ff02::1", "::ffff:224.0.0.1"] {
            assert!(!may_be_called(never.parse().unwrap(), Reach::Platform), "{never}");
        }
    }
}
