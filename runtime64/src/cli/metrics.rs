//! `--metrics`: the figures of the workers over HTTP, as Prometheus asks for them.

mod request;
mod response;

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use runtime64::Metrics;

/// How long a client may take in all, to send its request and to take the answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many clients are served at a time. Prometheus needs one.
const MOST_CLIENTS: usize = 32;

/// How long to wait after a client could not be accepted, as where no descriptor is left.
const PAUSE: Duration = Duration::from_millis(100);

/// Where figures are served, and to whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) address: SocketAddr,
    /// Whether other machines may ask.
    pub(crate) is_public: bool,
}

/// Serves figures until the program ends, and gives the address with the port that it came to.
///
/// # Errors
/// The address cannot be listened at, or is one that other machines reach while that is not asked for.
pub(crate) fn serve(place: Place, metrics: Metrics) -> io::Result<SocketAddr> {
    if !place.is_public && !is_loopback(place.address.ip()) {
        let reason = "other machines reach this address, and figures tell the names of libraries and functions; \
                      --metrics-public allows that";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, reason));
    }
    let listener = TcpListener::bind(place.address)?;
    let bound = listener.local_addr()?;
    let served = Arc::new(Served { metrics, place, clients: AtomicUsize::new(0) });
    thread::Builder::new().name("metrics".to_owned()).spawn(move || accept(&listener, &served))?;
    Ok(bound)
}

/// Whether only this machine reaches an address, also where IPv6 stands for IPv4.
fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// What all clients are served from.
struct Served {
    metrics: Metrics,
    place: Place,
    clients: AtomicUsize,
}

/// Gives each client a thread. Beyond the most at a time, and where there is no thread, it is closed at once.
fn accept(listener: &TcpListener, served: &Arc<Served>) {
    for client in listener.incoming() {
        let Ok(client) = client else {
            thread::sleep(PAUSE);
            continue;
        };
        let Some(turn) = Turn::take(served) else { continue };
        // The thread that cannot be made drops the client and its turn.
        let _ = thread::Builder::new().name("metrics client".to_owned()).spawn(move || {
            // A client that went away is no concern of the script's.
            let _ = answer(client, &turn.0);
        });
    }
}

/// A client's place among those that are served; given back when dropped.
struct Turn(Arc<Served>);

impl Turn {
    fn take(served: &Arc<Served>) -> Option<Self> {
        let turn = Self(Arc::clone(served));
        (served.clients.fetch_add(1, Ordering::Relaxed) < MOST_CLIENTS).then_some(turn)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.clients.fetch_sub(1, Ordering::Relaxed);
    }
}

fn answer(client: TcpStream, served: &Served) -> io::Result<()> {
    let mut client = Hurried { client, until: Instant::now() + PATIENCE };
    let head = request::head(&mut client)?;
    let response = response::of(&head, served.place, || served.metrics.to_string());
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

#[cfg(test)]
mod tests {
    use super::*;

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
        let error = request::head(&mut client).expect_err("it is too slow");
        assert!(matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock), "{error}");
        drop(client);
        sender.join().expect("no panic");
    }

    #[test]
    fn only_loopback_is_this_machine_s_own() {
        let cases = [
            ("127.0.0.1", true),
            ("127.9.9.9", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("0.0.0.0", false),
            ("::", false),
            ("192.168.1.2", false),
            ("::ffff:10.0.0.1", false),
        ];
        for (address, is_own) in cases {
            assert_eq!(is_loopback(address.parse().expect(address)), is_own, "{address}");
        }
    }
}
