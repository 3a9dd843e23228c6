//! What a request is answered with.

use super::Place;
use super::request::{Host, host_of, path_of};

const WORDS: &str = "text/plain; charset=utf-8";

/// The response to a request with this head.
pub(super) fn of(head: &str, place: Place, figures: impl FnOnce() -> String) -> String {
    if !is_meant(&host_of(head), place) {
        // A web page may have its own name stand for this machine's address, and would then read the answer.
        let words = "This server is asked by the name localhost or by its address, which the Host field must tell.\n";
        return response("421 Misdirected Request", WORDS, words);
    }
    match path_of(head) {
        Some("/metrics") => response("200 OK", "text/plain; version=0.0.4; charset=utf-8", &figures()),
        Some(_) => response("404 Not Found", WORDS, "The figures are at /metrics.\n"),
        None => response("405 Method Not Allowed", WORDS, "Only GET is answered.\n"),
    }
}

/// Whether a request that names a host is meant for this server. One that other machines may ask goes by names of theirs.
fn is_meant(host: &Host<'_>, place: Place) -> bool {
    match host {
        Host::Absent => true,
        Host::Name(name) => place.is_public || name.eq_ignore_ascii_case("localhost"),
        Host::Address(address) => place.is_public || super::is_loopback(*address),
        Host::Invalid => false,
    }
}

fn response(status: &str, kind: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_must_be_meant_for_this_server() {
        // { fields, the answer to this machine's own clients, the answer where others may ask }
        let cases = [
            ("", "200", "200"),
            ("Host: localhost:9464\r\n", "200", "200"),
            ("Host: LOCALHOST\r\n", "200", "200"),
            ("Host: 127.0.0.1\r\n", "200", "200"),
            ("Host: [::1]:80\r\n", "200", "200"),
            ("Host: 192.168.1.2:9464\r\n", "421", "200"),
            ("Host: station.example:9464\r\n", "421", "200"),
            ("Host: localhost.evil.example\r\n", "421", "200"),
            ("Host: localhost\r\nHost: evil.example\r\n", "421", "421"),
        ];
        for (fields, own, public) in cases {
            for (is_public, status) in [(false, own), (true, public)] {
                let place = Place { address: ([127, 0, 0, 1], 0).into(), is_public };
                let answer = of(&format!("GET /metrics HTTP/1.1\r\n{fields}\r\n"), place, || "figures".to_owned());
                assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{fields:?} {is_public}: {answer}");
                assert_eq!(answer.ends_with("figures"), status == "200", "{answer}");
            }
        }
    }
}
