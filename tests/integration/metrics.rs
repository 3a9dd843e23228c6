//! `--metrics`: the figures of the workers over HTTP.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tests::{Configuration, Run, run};

/// What a server answers to a request.
fn ask(address: &str, request: &str) -> String {
    let mut client = TcpStream::connect(address).expect("somebody listens");
    client.set_read_timeout(Some(Duration::from_secs(10))).expect("a limit can be set");
    client.write_all(request.as_bytes()).expect("the request is taken");
    let mut answer = String::new();
    client.read_to_string(&mut answer).expect("there is an answer, and an end of it");
    answer
}

/// Starts a program that serves figures, and gives the address.
fn serving(command: Command, ready: &str) -> (Run, String) {
    let mut run = Run::start(command, Configuration::HostWidth.limit());
    run.wait_for_stdout(ready);
    let said = run.stderr();
    let address = said.split("http://").nth(1).and_then(|rest| rest.split('/').next()).expect("an address is said");
    let address = address.to_owned();
    (run, address)
}

/// A command that serves figures and then waits for its standard input to close.
fn waiting(options: &[&str]) -> Command {
    let mut command = Configuration::HostWidth.runtime();
    command.args(options).args(["-e", "print 'ready' io.read()"]).stdin(Stdio::piped());
    command
}

/// The figures are there while a call hangs: nothing that is asked for waits for the worker.
#[test]
fn figures_are_served_while_a_call_hangs() {
    let configuration = Configuration::HostWidth;
    let mut command = configuration.runtime();
    let path = configuration.path(&configuration.fixture("misbehaviour"));
    let code = format!(
        "dll.cdef 'void sleep_forever(void); int divide_by_zero(int dividend);'
        local bad = dll.load([[{path}]])
        print(pcall(bad.divide_by_zero, 1))
        bad.sleep_forever()"
    );
    command.args(["--metrics", "127.0.0.1:0", "-e"]).arg(code);
    let (mut run, address) = serving(command, "sleeping");
    let address = address.as_str();
    let answer = ask(address, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    for line in [
        "runtime64_worker_starts_total{worker=\"default\",id=\"1\",kind=\"64-bit Linux\"} 2",
        "runtime64_worker_deaths_total{worker=\"default\",id=\"1\",kind=\"64-bit Linux\"} 1",
        "runtime64_worker_running{worker=\"default\",id=\"1\",kind=\"64-bit Linux\"} 1",
    ] {
        assert!(answer.lines().any(|known| known == line), "{line}\n{answer}");
    }
    assert!(answer.contains("function=\"divide_by_zero\"} 1"), "{answer}");
    assert!(ask(address, "GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404 "));
    assert!(ask(address, "DELETE /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405 "));
    run.kill_host();
}

#[test]
fn an_address_that_cannot_be_listened_at_is_refused() {
    let mut command = Configuration::Native.runtime();
    // An address for documentation alone, which no machine has (RFC 5737).
    command.args(["--metrics", "192.0.2.1:9464", "--metrics-public", "-e", "print 'ran'"]);
    run(command, Configuration::Native.limit()).assert_code(1).assert_stdout("").assert_stderr_has(&["192.0.2.1:9464"]);
}

/// Silent clients keep nobody from the figures until there are too many of them, and then only until their time is up.
#[test]
fn silent_clients_keep_no_other_waiting() {
    let (_run, address) = serving(waiting(&["--metrics", "127.0.0.1:0"]), "ready");
    let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let start = Instant::now();
    let mut silent: Vec<TcpStream> = (0..31).map(|_| TcpStream::connect(&address).expect("it is taken")).collect();
    assert!(ask(&address, request).starts_with("HTTP/1.1 200 OK"));
    assert!(start.elapsed() < Duration::from_secs(4), "it waited for the silent ones: {:?}", start.elapsed());
    // Of more than are served at a time those that come last are closed at once, whoever they are.
    silent.extend((0..9).map(|_| TcpStream::connect(&address).expect("it is taken")));
    for client in &silent {
        client.set_nonblocking(true).expect("it can be set");
    }
    let is_closed = |mut client: &TcpStream| match client.read(&mut [0]) {
        Ok(length) => length == 0,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    };
    let closed = || silent.iter().filter(|client| is_closed(client)).count();
    assert!(tests::wait_until(Duration::from_secs(3), || (closed() >= 8).then_some(())).is_some(), "{} are", closed());
    // A client that leaves makes room.
    drop(silent);
    let served = tests::wait_until(Duration::from_secs(10), || {
        let mut client = TcpStream::connect(&address).ok()?;
        client.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        client.read_to_string(&mut answer).ok()?;
        answer.starts_with("HTTP/1.1 200 OK").then_some(())
    });
    assert!(served.is_some(), "nobody is served any more");
}

/// A web page that has its own name stand for this machine does not get at the figures.
#[test]
fn a_request_names_the_server_that_it_is_meant_for() {
    let (_run, address) = serving(waiting(&["--metrics", "127.0.0.1:0"]), "ready");
    let (_public, public) = serving(waiting(&["--metrics", "127.0.0.1:0", "--metrics-public"]), "ready");
    for (host, own, others) in [("localhost:1", "200", "200"), ("[::1]", "200", "200"), ("evil.example", "421", "200")]
    {
        let request = format!("GET /metrics HTTP/1.1\r\nHost: {host}\r\n\r\n");
        for (address, status) in [(&address, own), (&public, others)] {
            let answer = ask(address, &request);
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{host}: {answer}");
        }
    }
}

#[test]
fn other_machines_are_served_only_if_that_is_asked_for() {
    for address in ["0.0.0.0:0", "[::]:0"] {
        let mut command = Configuration::Native.runtime();
        command.args(["--metrics", address, "-e", "print 'ran'"]);
        let output = run(command, Configuration::Native.limit());
        output.assert_code(1).assert_stdout("").assert_stderr_has(&[address, "--metrics-public"]);
    }
    let (_run, address) = serving(waiting(&["--metrics", "0.0.0.0:0", "--metrics-public"]), "ready");
    let port = address.rsplit(':').next().expect("a port");
    let request = "GET /metrics HTTP/1.1\r\nHost: station.example\r\n\r\n";
    assert!(ask(&format!("127.0.0.1:{port}"), request).starts_with("HTTP/1.1 200 OK"));
}
