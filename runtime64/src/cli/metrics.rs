//! `--metrics`: the figures of the workers over HTTP, as Prometheus asks for them.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use runtime64::Metrics;

/// How long a client may take in all, to send its request and to take the answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest head of a request that is read.
const HEAD_BYTES: usize = 8 << 10;

/// Serves figures at an address until the program ends, and gives the address with the port that it came to.
///
/// # Errors
/// The address cannot be listened at.
pub(crate) fn serve(address: SocketAddr, metrics: Metrics) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(address)?;
    let bound = listener.local_addr()?;
    // One client at a time: Prometheus asks seldom, and who keeps silent is not listened to for long.
    thread::Builder::new().name("metrics".to_owned()).spawn(move || {
        for client in listener.incoming().flatten() {
            // A client that went away is no concern of the script's.
            let _ = answer(client, &metrics);
        }
    })?;
    Ok(bound)
}

fn answer(client: TcpStream, metrics: &Metrics) -> io::Result<()> {
    let mut client = Hurried { client, until: Instant::now() + PATIENCE };
    let response = match path_of(&head(&mut client)?) {
        Some("/metrics") => response("200 OK", "text/plain; version=0.0.4; charset=utf-8", &metrics.to_string()),
        Some(_) => response("404 Not Found", "text/plain", "The figures are at /metrics.\n"),
        None => response("405 Method Not Allowed", "text/plain", "Only GET is answered.\n"),
    };
    client.write_all(response.as_bytes())
}

/// A client whose time is up at a moment, into however many parts it divides what it sends and takes.
struct Hurried {
    client: TcpStream,
    until: Instant,
}

impl Hurried {
    /// What is left of its time, which is never nothing: a socket would take that for no limit.
    fn left(&self) -> io::Result<Option<Duration>> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }
}

impl Read for Hurried {
    fn read(&mut self, part: &mut [u8]) -> io::Result<usize> {
        self.client.set_read_timeout(self.left()?)?;
        self.client.read(part)
    }
}

impl Write for Hurried {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        self.client.set_write_timeout(self.left()?)?;
        self.client.write(part)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.client.flush()
    }
}

/// The head of a request: what comes before the first empty line.
fn head(client: &mut impl Read) -> io::Result<String> {
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

/// The path that a GET request asks for, without its query (RFC 9112, 3).
fn path_of(head: &str) -> Option<&str> {
    let target = head.lines().next()?.strip_prefix("GET ")?.split(' ').next()?;
    target.split('?').next()
}

fn response(status: &str, kind: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
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
    fn a_head_is_read_to_its_end_and_not_without_bound() {
        let mut request: &[u8] = b"GET / HTTP/1.1\r\n\r\nbody";
        assert!(head(&mut request).expect("read").starts_with("GET / "));
        assert!(head(&mut io::repeat(b'x')).expect("read").len() <= HEAD_BYTES + 1024);
    }

    #[test]
    fn a_client_has_one_deadline_for_all_that_it_sends() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
        let mut slow = TcpStream::connect(listener.local_addr().expect("its port")).expect("somebody listens");
        let (client, _) = listener.accept().expect("the client");
        let sender = thread::spawn(move || {
            while slow.write_all(b"x").is_ok() {
                thread::sleep(Duration::from_millis(10));
            }
        });
        let mut client = Hurried { client, until: Instant::now() + Duration::from_millis(100) };
        let error = head(&mut client).expect_err("it is too slow");
        assert!(matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock), "{error}");
        drop(client);
        sender.join().expect("no panic");
    }
}
