//! `--metrics`: the figures of the workers over HTTP.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

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
    let mut run = Run::start(command, configuration.limit());
    run.wait_for_stdout("sleeping");
    let said = run.stderr();
    let address = said.split("http://").nth(1).and_then(|rest| rest.split('/').next()).expect("an address is said");
    let answer = ask(address, "GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n");
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
    command.args(["--metrics", "192.0.2.1:9464", "-e", "print 'ran'"]);
    run(command, Configuration::Native.limit()).assert_code(1).assert_stdout("").assert_stderr_has(&["192.0.2.1:9464"]);
}
