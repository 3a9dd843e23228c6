//! The head of an HTTP request, as far as it decides the answer (RFC 9112).

use std::io::{self, Read};
use std::net::{IpAddr, Ipv6Addr};

/// The longest head of a request that is read.
const HEAD_BYTES: usize = 8 << 10;

/// The head of a request: what comes before the first empty line.
pub(super) fn head(client: &mut impl Read) -> io::Result<String> {
    let mut head = Vec::new();
    let mut part = [0; 1024];
    while head.len() < HEAD_BYTES && !head.windows(4).any(|window| window == b"\r\n\r\n") {
        match client.read(&mut part)? {
            0 => break,
            length => head.extend_from_slice(&part[..length]),
        }
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// The path that a GET request asks for, without its query.
pub(super) fn path_of(head: &str) -> Option<&str> {
    let target = head.lines().next()?.strip_prefix("GET ")?.split(' ').next()?;
    target.split('?').next()
}

/// The host that a request names, without its port.
#[derive(Debug, PartialEq)]
pub(super) enum Host<'a> {
    /// The request has no such field, as those of HTTP/1.0, which no browser sends.
    Absent,
    Name(&'a str),
    Address(IpAddr),
    /// It has several, or one that is no host.
    Invalid,
}

/// The host that a request is meant for.
pub(super) fn host_of(head: &str) -> Host<'_> {
    let fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    let mut hosts = fields.filter(|(name, _)| name.eq_ignore_ascii_case("host")).map(|(_, value)| value.trim());
    match (hosts.next(), hosts.next()) {
        (None, _) => Host::Absent,
        (Some(host), None) => without_port(host).unwrap_or(Host::Invalid),
        _ => Host::Invalid,
    }
}

fn without_port(host: &str) -> Option<Host<'_>> {
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(rest) = host.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        let address: Ipv6Addr = address.parse().ok()?;
        let has_port = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        return has_port.then_some(Host::Address(address.into()));
    }
    let name = match host.split_once(':') {
        Some((name, port)) if is_port(port) => name,
        Some(_) => return None,
        None => host,
    };
    if name.is_empty() {
        return None;
    }
    Some(name.parse().map_or(Host::Name(name), Host::Address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_a_request_is_found() {
        let cases = [
            ("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", Some("/metrics")),
            ("GET /metrics?name=a HTTP/1.1\r\n\r\n", Some("/metrics")),
            ("GET / HTTP/1.0\r\n\r\n", Some("/")),
            ("POST /metrics HTTP/1.1\r\n\r\n", None),
            ("", None),
            ("\0\x01GET", None),
        ];
        for (head, path) in cases {
            assert_eq!(path_of(head), path, "{head:?}");
        }
    }

    #[test]
    fn the_host_of_a_request_is_found() {
        let address = |text: &str| Host::Address(text.parse().expect(text));
        let cases = [
            ("", Host::Absent),
            ("Accept: a:b\r\n", Host::Absent),
            ("Host: localhost\r\n", Host::Name("localhost")),
            ("hOST:localhost:9464\r\n", Host::Name("localhost")),
            ("Host: 127.0.0.1:1\r\n", address("127.0.0.1")),
            ("Host: [::1]:1\r\n", address("::1")),
            ("Host: [::1]\r\n", address("::1")),
            ("Host: evil.example\r\n", Host::Name("evil.example")),
            ("Host: localhost\r\nHost: evil.example\r\n", Host::Invalid),
            ("Host: \r\n", Host::Invalid),
            ("Host: localhost:evil\r\n", Host::Invalid),
            ("Host: [::1]evil\r\n", Host::Invalid),
            ("Host: ::1\r\n", Host::Invalid),
        ];
        for (fields, host) in cases {
            assert_eq!(host_of(&format!("GET / HTTP/1.1\r\n{fields}\r\n")), host, "{fields:?}");
        }
    }

    #[test]
    fn a_head_is_read_to_its_end_and_not_without_bound() {
        let mut request: &[u8] = b"GET / HTTP/1.1\r\n\r\nbody";
        assert!(head(&mut request).expect("read").starts_with("GET / "));
        assert!(head(&mut io::repeat(b'x')).expect("read").len() <= HEAD_BYTES + 1024);
    }
}
