//! An address or a URL to whether we may connect there. Pure.
//!
//! A hostile feed may name any address. Names are judged by what they resolve to (`resolve`), literal addresses here:
//! the HTTP client asks no resolver for them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use url::{Host, Url};

use super::FetchError;

/// Longest URL that is fetched or followed, in bytes.
pub(super) const URL_BYTES_MAX: usize = 8 << 10;

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

/// IPv4 that is not the public internet: the IANA special-purpose registry (RFC 6890 and later), all of it that is not
/// globally reachable, and one cloud's inside address.
const V4_SPECIAL: [Ipv4Net; 17] = [
    v4(0, 0, 0, 0, 8),          // this network, RFC 791
    v4(10, 0, 0, 0, 8),         // private, RFC 1918
    v4(100, 64, 0, 0, 10),      // carrier-grade NAT, RFC 6598
    v4(127, 0, 0, 0, 8),        // loopback, RFC 1122
    v4(168, 63, 129, 16, 32),   // Azure's host agent, reachable from inside only
    v4(169, 254, 0, 0, 16),     // link-local and cloud metadata, RFC 3927
    v4(172, 16, 0, 0, 12),      // private, RFC 1918
    v4(192, 0, 0, 0, 24),       // IETF protocol assignments, RFC 6890
    v4(192, 0, 2, 0, 24),       // documentation, RFC 5737
    v4(192, 88, 99, 0, 24),     // 6to4 relays, RFC 7526
    v4(192, 168, 0, 0, 16),     // private, RFC 1918
    v4(198, 18, 0, 0, 15),      // benchmarking, RFC 2544
    v4(198, 51, 100, 0, 24),    // documentation, RFC 5737
    v4(203, 0, 113, 0, 24),     // documentation, RFC 5737
    v4(224, 0, 0, 0, 4),        // multicast, RFC 5771
    v4(240, 0, 0, 0, 4),        // reserved, RFC 1112
    v4(255, 255, 255, 255, 32), // broadcast, RFC 919
];

const fn v6(segments: [u16; 8], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::from_segments(segments), prefix)
}

/// All public IPv6 lies here (RFC 4291 §2.4); loopback, link-local, unique local and multicast do not.
const V6_GLOBAL: Ipv6Net = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// What is special within it.
const V6_SPECIAL: [Ipv6Net; 4] = [
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), // IETF: Teredo, benchmarking, ORCHID (RFC 2928, 4380, 5180, 7343)
    v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), // documentation, RFC 3849
    v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), // 6to4: hides an IPv4 address, RFC 7526
    v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), // documentation, RFC 9637
];

/// NAT64 (RFC 6052): how a host without IPv4 reaches an IPv4 address, which is the one to judge.
const NAT64: Ipv6Net = v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96);

/// Is this an address of the public internet? Mapped and NAT64 addresses are judged by the IPv4 address inside.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !V4_SPECIAL.iter().any(|net| net.contains(&ip)),
        IpAddr::V6(ip) => match ip.to_ipv4_mapped().or_else(|| nat64(ip)) {
            Some(inner) => is_public(IpAddr::V4(inner)),
            None => V6_GLOBAL.contains(&ip) && !V6_SPECIAL.iter().any(|net| net.contains(&ip)),
        },
    }
}

fn nat64(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let [.., a, b, c, d] = ip.octets();
    NAT64.contains(&ip).then(|| Ipv4Addr::new(a, b, c, d))
}

/// May we connect to this address: it is public, or one of the networks in `allow` has it. A mapped address counts as
/// the IPv4 address it is.
pub fn allowed(ip: IpAddr, allow: &[IpNet]) -> bool {
    let ip = ip.to_canonical();
    is_public(ip) || allow.iter().any(|net| net.contains(&ip))
}

/// Ports on which other services listen that a request could be taken for a command: WHATWG Fetch §2.9, "bad port".
const PORTS_BAD: [u16; 83] = [
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101,
    102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427,
    465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990,
    993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667,
    6668, 6669, 6679, 6697, 10080,
];

/// What can be known of a URL before anything is resolved: scheme, length, credentials, port, literal address.
/// Asked of each hop.
///
/// # Errors
/// [`FetchError::BadUrl`], [`FetchError::Scheme`], [`FetchError::Credentials`], [`FetchError::Port`],
/// [`FetchError::Address`].
pub fn check_url(url: &Url, allow: &[IpNet]) -> Result<(), FetchError> {
    if url.as_str().len() > URL_BYTES_MAX {
        let head: String = url.as_str().chars().take(80).collect();
        let why = format!("it is longer than {URL_BYTES_MAX} bytes");
        return Err(FetchError::BadUrl { url: format!("{head}…"), why });
    }
    if !matches!(url.scheme(), "http" | "https") {
        return Err(FetchError::Scheme { scheme: url.scheme().to_owned() });
    }
    let Some(host) = url.host() else {
        let why = "it names no host".to_owned();
        return Err(FetchError::BadUrl { url: url.to_string(), why });
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(FetchError::Credentials { host: host.to_string() });
    }
    let port = url.port_or_known_default().unwrap_or(0);
    if PORTS_BAD.contains(&port) {
        return Err(FetchError::Port { host: host.to_string(), port });
    }
    let literal = match host {
        Host::Domain(_) => return Ok(()),
        Host::Ipv4(ip) => IpAddr::V4(ip),
        Host::Ipv6(ip) => IpAddr::V6(ip),
    };
    if allowed(literal, allow) {
        Ok(())
    } else {
        Err(FetchError::Address { host: host.to_string(), address: literal.to_canonical() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(public: bool, addresses: &[&str]) {
        for address in addresses {
            let ip: IpAddr = address.parse().unwrap();
            assert_eq!(is_public(ip), public, "{address}");
            assert_eq!(allowed(ip, &[]), public, "{address}");
        }
    }

    #[test]
    fn special_ipv4_is_not_public_up_to_its_edges() {
        check(
            false,
            &[
                "0.0.0.0",
                "0.255.255.255",
                "10.0.0.0",
                "10.255.255.255",
                "100.64.0.0",
                "100.127.255.255",
                "127.0.0.1",
                "127.255.255.255",
                "168.63.129.16",
                "169.254.0.1",
                "169.254.169.254",
                "172.16.0.0",
                "172.31.255.255",
                "192.0.0.1",
                "192.0.0.192",
                "192.0.2.1",
                "192.88.99.1",
                "192.168.0.1",
                "192.168.255.255",
                "198.18.0.0",
                "198.19.255.255",
                "198.51.100.7",
                "203.0.113.9",
                "224.0.0.1",
                "239.255.255.255",
                "240.0.0.1",
                "255.255.255.255",
            ],
        );
        check(
            true,
            &[
                "1.0.0.0",
                "9.255.255.255",
                "11.0.0.0",
                "100.63.255.255",
                "100.128.0.0",
                "126.255.255.255",
                "128.0.0.0",
                "169.253.255.255",
                "169.255.0.0",
                "172.15.255.255",
                "172.32.0.0",
                "192.0.1.0",
                "192.0.3.0",
                "192.167.255.255",
                "192.169.0.0",
                "198.17.255.255",
                "198.20.0.0",
                "203.0.112.255",
                "203.0.114.0",
                "223.255.255.255",
            ],
        );
    }

    #[test]
    fn special_ipv6_is_not_public() {
        check(
            false,
            &[
                "::",
                "::1",
                "::7f00:1",
                "100::1",
                "64:ff9b:1::1",
                "1fff::1",
                "2001::1",
                "2001:0:4136:e378:8000:63bf:3fff:fdd2",
                "2001:2::1",
                "2001:10::1",
                "2001:20::1",
                "2001:1ff:ffff::1",
                "2001:db8::1",
                "2002:7f00:1::",
                "2002:808:808::1",
                "3fff::1",
                "3fff:fff::1",
                "4000::1",
                "5f00::1",
                "fc00::1",
                "fd00:ec2::254",
                "fe80::1",
                "febf::1",
                "fec0::1",
                "ff02::1",
            ],
        );
        check(true, &["2000::1", "2001:200::1", "2001:4860:4860::8888", "2003::1", "3ffe::1"]);
    }

    #[test]
    fn an_ipv4_address_in_ipv6_clothes_is_judged_as_itself() {
        check(
            false,
            &[
                "::ffff:127.0.0.1",
                "::ffff:10.1.2.3",
                "::ffff:169.254.169.254",
                "64:ff9b::127.0.0.1",
                "64:ff9b::10.0.0.1",
                "64:ff9b::c0a8:1",
                "::ffff:0:127.0.0.1",
            ],
        );
        check(true, &["::ffff:1.1.1.1", "64:ff9b::101:101"]);
    }

    #[test]
    fn the_allow_list_opens_exactly_its_networks() {
        let allow: Vec<IpNet> =
            ["127.0.0.1/32", "fd00::/8"].iter().map(|net| net.parse().unwrap()).collect();
        for (address, expected) in [
            ("127.0.0.1", true),
            ("::ffff:127.0.0.1", true),
            ("127.0.0.2", false),
            ("64:ff9b::127.0.0.1", false),
            ("::1", false),
            ("fd12::1", true),
            ("10.0.0.1", false),
        ] {
            assert_eq!(allowed(address.parse().unwrap(), &allow), expected, "{address}");
        }
    }

    fn kind(url: &str) -> &'static str {
        match Url::parse(url) {
            Err(_) => "unparsable",
            Ok(url) => check_url(&url, &[]).map_or_else(|e| e.kind(), |()| "ok"),
        }
    }

    #[test]
    fn every_spelling_of_a_private_literal_is_seen_through() {
        for url in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0177.0.0.1/",
            "http://0x7f.1/",
            "http://127.1/",
            "http://0/",
            "http://127.0.0.1./",
            "http://１２７.０.０.１/",
            "http://①②⑦.⓪.⓪.①/",
            "http://127。0。0。1/",
            "http://%31%32%37.0.0.1/",
            "http://[::1]/",
            "http://[::]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[0:0:0:0:0:ffff:7f00:1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[2002:7f00:1::]/",
            "http://[fe80::1]/",
            "http://169.254.169.254/latest/meta-data/",
            "http://0xa9fea9fe/",
            "https://10.0.0.1/",
            "http:\\\\127.0.0.1\\",
            "http:127.0.0.1/",
            "http://3232235521/",
        ] {
            assert_eq!(kind(url), "address", "{url}");
        }
        for url in ["http://127.0.0.256/", "http://[fe80::1%25eth0]/", "http://0x100000000/"] {
            assert_eq!(kind(url), "unparsable", "{url}");
        }
    }

    #[test]
    fn scheme_credentials_port_and_length_are_checked() {
        for (url, expected) in [
            ("https://wire.test/feed", "ok"),
            ("http://wire.test:8080/", "ok"),
            ("http://1.1.1.1/", "ok"),
            ("file:///etc/passwd", "scheme"),
            ("ftp://wire.test/", "scheme"),
            ("gopher://wire.test/", "scheme"),
            ("data:text/html,x", "scheme"),
            ("http://user@wire.test/", "credentials"),
            ("http://:secret@wire.test/", "credentials"),
            ("http://wire.test:25/", "port"),
            ("http://wire.test:6667/", "port"),
            ("http://wire.test:0/", "port"),
        ] {
            assert_eq!(kind(url), expected, "{url}");
        }
        assert_eq!(kind(&format!("http://wire.test/{}", "a".repeat(URL_BYTES_MAX))), "bad_url");
    }

    #[test]
    fn a_refused_password_is_not_repeated() {
        let url = Url::parse("http://user:hunter2@wire.test/").unwrap();
        let said = check_url(&url, &[]).unwrap_err().to_string();
        assert!(said.contains("wire.test") && !said.contains("hunter2"), "{said}");
    }
}
