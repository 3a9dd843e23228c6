//! `--metrics`: the figures of the workers over HTTP.

use std::io::{Read, Write};
use std::net::TcpStream;
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

/// A host that hangs in a call while it serves figures, and their address.
fn hanging() -> (Run, String) {
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
    let mut run = Run::start(command, configuration.limit());
    run.wait_for_stdout("sleeping");
    let said = run.stderr();
    let address = said.split("http://").nth(1).and_then(|rest| rest.split('/').next()).expect("an address is said");
    (run, address.to_owned())
}

/// The figures are there while a call hangs: nothing that is asked for waits for the worker.
#[test]
fn figures_are_served_while_a_call_hangs() {
    let (mut run, address) = hanging();
    let answer = ask(&address, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    for line in [
        "runtime64_worker_starts_total{worker=\"default\",id=\"1\",kind=\"64-bit Linux\"} 2",
        "runtime64_worker_deaths_total{worker=\"default\",id=\"1\",kind=\"64-bit Linux\"} 1",
        "runtime64_worker_running{worker=\"default\",id=\"1\",kind=\"64-bit Linux\"} 1",
    ] {
        assert!(answer.lines().any(|known| known == line), "{line}\n{answer}");
    }
    assert!(answer.contains("function=\"divide_by_zero\"} 1"), "{answer}");
    assert!(ask(&address, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").starts_with("HTTP/1.1 404 "));
    assert!(ask(&address, "DELETE /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405 "));
    run.kill_host();
}

/// Clients that say nothing, more of them than are served at a time, keep nobody from the figures.
#[test]
fn silent_clients_keep_nobody_waiting() {
    let (mut run, address) = hanging();
    let connect = || TcpStream::connect(&address).expect("somebody listens");
    let mut silent: Vec<TcpStream> = (0..80).map(|_| connect()).collect();
    // Far less than the five seconds that a client is given.
    let begun = Instant::now();
    for _ in 0..5 {
        let answer = ask(&address, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    }
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    // The first of them made room for the later ones.
    silent[0].set_read_timeout(Some(Duration::from_secs(3))).expect("a limit can be set");
    assert!(matches!(silent[0].read(&mut [0]), Ok(0) | Err(_)), "it is closed");
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    run.kill_host();
}

/// A page in a browser may have a name of its own lead here.
#[test]
fn a_request_for_another_host_is_refused() {
    let (mut run, address) = hanging();
    for (host, status) in [("127.0.0.1", "200"), ("[::1]:80", "200"), ("evil.example", "421"), ("", "400")] {
        let answer = ask(&address, &format!("GET /metrics HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{host}: {answer}");
        assert_eq!(answer.contains("runtime64_worker"), status == "200", "{host}: {answer}");
    }
    run.kill_host();
}

#[test]
fn an_address_that_other_machines_reach_needs_a_word() {
    let run_with = |words: &[&str]| {
        let mut command = Configuration::HostWidth.runtime();
        command.args(words).args(["-e", "print 'ran'"]);
        run(command, Configuration::HostWidth.limit())
    };
    run_with(&["--metrics", "0.0.0.0:0"]).assert_code(2).assert_stdout("").assert_stderr_has(&["--metrics-public"]);
    run_with(&["--metrics", "0.0.0.0:0", "--metrics-public"]).assert_code(0).assert_stdout("ran\n");
}

#[test]
fn an_address_that_cannot_be_listened_at_is_refused() {
    let mut command = Configuration::Native.runtime();
    // An address for documentation alone, which no machine has (RFC 5737).
    command.args(["--metrics", "192.0.2.1:9464", "--metrics-public", "-e", "print 'ran'"]);
    run(command, Configuration::Native.limit()).assert_code(1).assert_stdout("").assert_stderr_has(&["192.0.2.1:9464"]);
}
