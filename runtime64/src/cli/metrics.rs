//! `--metrics`: the workers' metrics over HTTP, for Prometheus.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use runtime64::Metrics;

mod request;

use request::HttpRequest;

/// The total time in which a client must send its request and receive the answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The maximum number of concurrent clients. Another client replaces the one that has been connected longest, so that
/// silent clients cannot block access to the metrics.
const CLIENTS: usize = 32;

/// How long the server waits when the system has no descriptor left for a connection.
const BACK_OFF: Duration = Duration::from_millis(100);

/// How many of the bytes that a client sends beyond its request are read before its connection closes: if some were
/// left unread, the system would reset the connection, and the client could lose the answer.
const REST_BYTES: usize = 64 << 10;

/// The stack size of a client's thread: requests and answers are on the heap.
const STACK_BYTES: usize = 256 << 10;

/// Serves metrics at an address until the program ends, and returns the address with the actual port.
///
/// # Errors
/// The address cannot be bound, or no thread could be started for it.
pub(crate) fn serve(address: SocketAddr, metrics: Metrics) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(address)?;
    let bound = listener.local_addr()?;
    let server = MetricsServer { bound, metrics, clients: Mutex::default() };
    thread::Builder::new().name("metrics".to_owned()).spawn(move || Arc::new(server).run(&listener))?;
    Ok(bound)
}

/// The server of the metrics.
struct MetricsServer {
    bound: SocketAddr,
    metrics: Metrics,
    /// The open connections, the oldest first.
    clients: Mutex<VecDeque<Arc<TcpStream>>>,
}

impl MetricsServer {
    fn run(self: Arc<Self>, listener: &TcpListener) {
        for client in listener.incoming() {
            match client {
                Ok(client) => self.admit(client),
                // The client has already disconnected, or the system lacks a resource that only time brings back.
                Err(_) => thread::sleep(BACK_OFF),
            }
        }
    }

    /// Serves a client on a separate thread, disconnecting the oldest client if necessary.
    fn admit(self: &Arc<Self>, client: TcpStream) {
        let client = Arc::new(client);
        let mut clients = self.clients();
        while clients.len() >= CLIENTS {
            if let Some(oldest) = clients.pop_front() {
                // Its thread finds the connection closed.
                let _ = oldest.shutdown(Shutdown::Both);
            }
        }
        clients.push_back(Arc::clone(&client));
        drop(clients);
        let (server, served) = (Arc::clone(self), Arc::clone(&client));
        let serve = move || {
            // A client that disconnected does not concern the script.
            let _ = server.answer(&served);
            server.leave(&served);
        };
        if thread::Builder::new().name("metrics client".to_owned()).stack_size(STACK_BYTES).spawn(serve).is_err() {
            let _ = refuse(&client);
            self.leave(&client);
        }
    }

    fn answer(&self, client: &TcpStream) -> io::Result<()> {
        let mut client = Hurried { client, until: Instant::now() + PATIENCE };
        let request = HttpRequest::read(&mut client)?;
        let response = match request.refusal(self.bound) {
            Some((status, words)) => response(status, "text/plain; charset=utf-8", &words),
            None => response("200 OK", "text/plain; version=0.0.4; charset=utf-8", &self.metrics.to_string()),
        };
        client.write_all(response.as_bytes())?;
        client.client.shutdown(Shutdown::Write)?;
        io::copy(&mut client.take(REST_BYTES as u64), &mut io::sink())?;
        Ok(())
    }

    fn leave(&self, client: &Arc<TcpStream>) {
        self.clients().retain(|known| !Arc::ptr_eq(known, client));
    }

    fn clients(&self) -> MutexGuard<'_, VecDeque<Arc<TcpStream>>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers a client for which no thread could be started. The answer fits into the system's buffer, so nothing blocks.
fn refuse(mut client: &TcpStream) -> io::Result<()> {
    client.set_nonblocking(true)?;
    client
        .write_all(response("503 Service Unavailable", "text/plain", "No thread is available to answer.\n").as_bytes())
}

/// A client with one deadline for all of its reads and writes together.
struct Hurried<'a> {
    client: &'a TcpStream,
    until: Instant,
}

impl Hurried<'_> {
    /// The time left, which is never zero: a socket would take that as no limit.
    fn left(&self) -> io::Result<Option<Duration>> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }
}

impl Read for Hurried<'_> {
    fn read(&mut self, part: &mut [u8]) -> io::Result<usize> {
        self.client.set_read_timeout(self.left()?)?;
        self.client.read(part)
    }
}

impl Write for Hurried<'_> {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        self.client.set_write_timeout(self.left()?)?;
        self.client.write(part)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.client.flush()
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
    fn a_client_has_one_deadline_for_all_that_it_sends() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
        let mut slow =
            TcpStream::connect(listener.local_addr().expect("an address with a port")).expect("a connection");
        let (client, _) = listener.accept().expect("the client");
        let sender = thread::spawn(move || {
            while slow.write_all(b"x").is_ok() {
                thread::sleep(Duration::from_millis(10));
            }
        });
        let mut hurried = Hurried { client: &client, until: Instant::now() + Duration::from_millis(100) };
        let error = HttpRequest::read(&mut hurried).expect_err("the deadline passes");
        assert!(matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock), "{error}");
        drop(client);
        sender.join().expect("no panic");
    }
}
