//! A client's request, and whether it is granted.

use std::io::{self, Read};
use std::net::{IpAddr, SocketAddr};

/// The longest request head that is read.
const HEAD_BYTES: usize = 8 << 10;

/// The head of a request: the part before the first empty line (RFC 9112, 2.1).
#[derive(Debug)]
pub(super) struct HttpRequest(String);

impl HttpRequest {
    /// Reads at most [`HEAD_BYTES`] of a head.
    pub(super) fn read(client: &mut impl Read) -> io::Result<Self> {
        let mut head = Vec::new();
        let mut part = [0; 1024];
        while head.len() < HEAD_BYTES && !head.windows(4).any(|window| window == b"\r\n\r\n") {
            match client.read(&mut part)? {
                0 => break,
                length => head.extend_from_slice(&part[..length]),
            }
        }
        Ok(Self(String::from_utf8_lossy(&head).into_owned()))
    }

    /// The reason for a refusal, if the request is refused: a status and a text for the reader.
    pub(super) fn refusal(&self, bound: SocketAddr) -> Option<(&'static str, String)> {
        let refused = |status, words: &str| Some((status, format!("{words}\n")));
        let Some(path) = self.path() else {
            return refused("405 Method Not Allowed", "Only GET is supported.");
        };
        match self.host() {
            RequestHost::Named(host) if !is_ours(host, bound) => {
                let words = format!("'{host}' does not name this server; use its address or localhost.");
                return refused("421 Misdirected Request", &words);
            }
            RequestHost::Missing => return refused("400 Bad Request", "The request must name exactly one host."),
            RequestHost::Named(_) | RequestHost::Unneeded => {}
        }
        match path {
            "/metrics" => None,
            _ => refused("404 Not Found", "The metrics are at /metrics."),
        }
    }

    /// The path of a GET request, without its query (RFC 9112, 3).
    fn path(&self) -> Option<&str> {
        let target = self.0.lines().next()?.strip_prefix("GET ")?.split(' ').next()?;
        target.split('?').next()
    }

    /// The host of the request (RFC 9112, 3.2).
    fn host(&self) -> RequestHost<'_> {
        let fields = self.0.lines().skip(1).take_while(|line| !line.is_empty()).filter_map(|line| line.split_once(':'));
        let mut hosts = fields.filter(|(name, _)| name.eq_ignore_ascii_case("host")).map(|(_, value)| value.trim());
        let is_old = self.0.lines().next().is_some_and(|line| line.ends_with(" HTTP/1.0"));
        match (hosts.next(), hosts.next()) {
            (Some(host), None) if !host.is_empty() => RequestHost::Named(host),
            (None, None) if is_old => RequestHost::Unneeded,
            _ => RequestHost::Missing,
        }
    }
}

/// The host that a request names.
enum RequestHost<'a> {
    Named(&'a str),
    /// An HTTP/1.0 request need not name a host. No browser sends such requests.
    Unneeded,
    /// The request names no host, or several.
    Missing,
}

/// Whether a host, with or without a port, may name this server. A page in a browser can make a name of its own resolve
/// to any address ("DNS rebinding"), but cannot own an address. A server that other machines reach also accepts this
/// machine's name.
fn is_ours(host: &str, bound: SocketAddr) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    if name.eq_ignore_ascii_case("localhost") {
        return true;
    }
    match name.parse::<IpAddr>() {
        Ok(address) if bound.ip().is_loopback() => address.is_loopback(),
        Ok(_) => true,
        Err(_) => !bound.ip().is_loopback() && is_machine(name),
    }
}

/// Whether a name is this machine's, in any domain.
fn is_machine(name: &str) -> bool {
    machine_name().is_some_and(|machine| {
        let first = |name: &str| name.split('.').next().unwrap_or_default().to_ascii_lowercase();
        !machine.is_empty() && first(name) == first(&machine)
    })
}

#[cfg(unix)]
fn machine_name() -> Option<String> {
    rustix::system::uname().nodename().to_str().ok().map(str::to_owned)
}

#[cfg(windows)]
fn machine_name() -> Option<String> {
    std::env::var("COMPUTERNAME").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(request: &str, bound: &str) -> &'static str {
        let bound = bound.parse().expect("an address");
        HttpRequest(request.to_owned()).refusal(bound).map_or("200", |(status, _)| &status[..3])
    }

    #[test]
    fn what_a_request_asks_for_decides_on_the_answer() {
        let cases = [
            ("GET /metrics HTTP/1.1\r\nHost: localhost:9464\r\n\r\n", "200"),
            ("GET /metrics?name=a HTTP/1.1\r\nHost: localhost\r\n\r\n", "200"),
            ("GET /metrics HTTP/1.0\r\n\r\n", "200"),
            ("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n", "404"),
            ("GET / HTTP/1.0\r\n\r\n", "404"),
            ("GET /metrics HTTP/1.1\r\n\r\n", "400"),
            ("GET /metrics HTTP/1.1\r\nHost:\r\n\r\n", "400"),
            ("GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", "400"),
            ("GET /metrics HTTP/1.1\r\nX: y\r\n\r\nHost: localhost", "400"),
            ("POST /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", "405"),
            ("", "405"),
            ("\0\x01GET", "405"),
        ];
        for (request, expected) in cases {
            assert_eq!(status(request, "127.0.0.1:9464"), expected, "{request:?}");
        }
    }

    #[test]
    fn a_name_that_others_may_own_is_no_host_of_ours() {
        let machine = machine_name().expect("a name");
        let (local, local_6, public) = ("127.0.0.1:9464", "[::1]:9464", "0.0.0.0:9464");
        let cases = [
            ("localhost", local, "200"),
            ("LOCALHOST:1", local, "200"),
            ("127.0.0.1:9464", local, "200"),
            ("127.0.0.2", local, "200"),
            ("[::1]:9464", local_6, "200"),
            ("192.0.2.1", local, "421"),
            ("evil.example", local, "421"),
            ("localhost.evil.example:9464", local, "421"),
            ("127.0.0.1.evil.example", local, "421"),
            (&machine, local, if machine.eq_ignore_ascii_case("localhost") { "200" } else { "421" }),
            ("192.0.2.1:9464", public, "200"),
            ("[2001:db8::1]", public, "200"),
            ("localhost:9464", public, "200"),
            (&machine, public, "200"),
            ("evil.example", public, "421"),
            ("[", public, "421"),
        ];
        for (host, bound, expected) in cases {
            let request = format!("GET /metrics HTTP/1.1\r\nHost: {host}\r\n\r\n");
            assert_eq!(status(&request, bound), expected, "{host} at {bound}");
        }
    }

    #[test]
    fn a_head_is_read_to_its_end_and_not_without_bound() {
        let mut request: &[u8] = b"GET / HTTP/1.1\r\n\r\nbody";
        assert!(HttpRequest::read(&mut request).expect("read").0.starts_with("GET / "));
        assert!(HttpRequest::read(&mut io::repeat(b'x')).expect("read").0.len() <= HEAD_BYTES + 1024);
    }
}
