//! Two ends of one memory, in two threads of this process.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::os::fd::OwnedFd;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use interprocess::TryClone;

use super::*;
use crate::link::ReportArea;
use crate::link::{CONTROL_BYTES, Endpoint, Memory, pair};
use crate::{Cause, CrashReport, Stage, Value, decode};

/// Fails a test that hangs.
fn within_a_minute<T: Send + 'static>(test: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, waits) = mpsc::channel();
    let thread = thread::spawn(move || done.send(test()));
    match waits.recv_timeout(Duration::from_secs(60)) {
        Ok(value) => value,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("it hangs"),
        Err(mpsc::RecvTimeoutError::Disconnected) => match thread.join() {
            Ok(_) => panic!("the test thread ended without a result"),
            Err(panic) => std::panic::resume_unwind(panic),
        },
    }
}

fn endpoint_of(end: OwnedFd) -> Endpoint {
    let receiver = crate::link::Receiver::from(end);
    let sender = receiver.try_clone().expect("a descriptor is available");
    Endpoint { receiver, sender }
}

/// Host, worker, and the memory between them.
fn link() -> (SharedEndpoint, SharedEndpoint, Memory) {
    let memory = Memory::create(CONTROL_BYTES).expect("memory is available");
    let (host, worker) = pair().expect("sockets are available");
    let end = |side, channel| {
        let view = memory.map(0, CONTROL_BYTES).expect("the memory can be mapped");
        SharedEndpoint::over(view, side, Doorbell::through(channel))
    };
    (end(Side::Host, host), end(Side::Worker, endpoint_of(worker)), memory)
}

/// A message whose payload has this many bytes on the wire, each different from its neighbours.
fn message(payload: usize) -> Value {
    let head = match payload {
        0..=257 => 2,
        258..=65_538 => 3,
        _ => 5,
    };
    Value::Bytes((0..payload - head).map(|index| index as u8).collect())
}

fn receive(end: &mut SharedEndpoint) -> Result<(u8, Value), LinkError> {
    let mut payload = Vec::new();
    let kind = end.receive(&mut payload)?;
    Ok((kind, decode(&payload)?))
}

#[test]
fn messages_of_every_size_arrive_whole() {
    // The first line has room for 52 bytes, the others for 60; the ring has room for 64 KiB.
    let sizes = [2, 3, 51, 52, 53, 111, 112, 113, 4096, 61_000, 65_539, 1 << 20, 5 << 20];
    within_a_minute(move || {
        let (mut host, mut worker, _memory) = link();
        let echo = thread::spawn(move || {
            for _ in sizes {
                let (kind, value) = receive(&mut worker).unwrap();
                worker.send(kind + 1, &value).unwrap();
            }
        });
        for size in sizes {
            host.send(7, &message(size)).unwrap();
            let (kind, value) = receive(&mut host).unwrap();
            assert_eq!(kind, 8);
            assert!(value == message(size), "{size} bytes were changed in transit");
        }
        echo.join().unwrap();
    });
}

#[test]
fn many_messages_keep_their_order_when_one_side_is_slow() {
    within_a_minute(|| {
        let (mut host, mut worker, _memory) = link();
        let sender = thread::spawn(move || {
            for number in 0..20_000 {
                host.send((number % 100) as u8, &Value::Integer(number)).unwrap();
            }
            host
        });
        for number in 0..20_000 {
            assert_eq!(receive(&mut worker).unwrap(), ((number % 100) as u8, Value::Integer(number)));
        }
        drop(sender.join().unwrap());
    });
}

#[test]
fn a_side_that_sleeps_is_woken() {
    within_a_minute(|| {
        let (mut host, mut worker, memory) = link();
        let sleeper = thread::spawn(move || receive(&mut worker).unwrap());
        let words = memory.map(0, CONTROL_BYTES).unwrap();
        while words.words()[region::words(1).waiting].load(Ordering::Relaxed) == 0 {
            thread::yield_now();
        }
        host.send(1, &Value::Nil).unwrap();
        assert_eq!(sleeper.join().unwrap(), (1, Value::Nil));
    });
}

#[test]
fn a_side_that_is_roused_sleeps_again_until_there_is_something() {
    within_a_minute(|| {
        let (mut host, mut worker, memory) = link();
        let sleeper = thread::spawn(move || receive(&mut worker).unwrap());
        let words = memory.map(0, CONTROL_BYTES).unwrap();
        let waiting = &words.words()[region::words(1).waiting];
        for _ in 0..3 {
            while waiting.load(Ordering::Relaxed) == 0 {
                thread::yield_now();
            }
            // As if the worker ran on another processor.
            words.words()[region::words(1).processor].store(u32::MAX, Ordering::Relaxed);
            host.rouse().unwrap();
        }
        host.send(1, &Value::Nil).unwrap();
        assert_eq!(sleeper.join().unwrap(), (1, Value::Nil));
    });
}

#[test]
fn the_end_of_the_peer_is_seen_after_what_it_sent_before() {
    within_a_minute(|| {
        let (mut host, mut worker, _memory) = link();
        worker.send(1, &Value::Integer(5)).unwrap();
        drop(worker);
        assert_eq!(receive(&mut host).unwrap(), (1, Value::Integer(5)));
        assert!(matches!(receive(&mut host), Err(LinkError::Closed)));
    });
}

#[test]
fn the_end_of_the_peer_is_seen_in_the_middle_of_a_message() {
    within_a_minute(|| {
        // More than the ring has room for, so that the sender has to wait.
        let (mut host, worker, _memory) = link();
        let sender = thread::spawn(move || host.send(1, &message(1 << 20)));
        drop(worker);
        assert!(matches!(sender.join().unwrap(), Err(LinkError::Closed)));
        // A message that announces more bytes than follow.
        let (mut host, mut worker, _memory) = link();
        worker.put(&[1000, 1, 0]).unwrap();
        drop(worker);
        assert!(matches!(receive(&mut host), Err(LinkError::Closed)));
    });
}

#[test]
fn the_report_of_a_dying_peer_is_found_in_the_memory() {
    within_a_minute(|| {
        let (host, worker, memory) = link();
        let area = ReportArea::over(memory.map(0, CONTROL_BYTES).unwrap());
        assert_eq!(host.crash_report(), None);
        let early = CrashReport::new(Stage::Provisional, Cause::Fault, 11);
        area.write(&early);
        drop(worker);
        assert_eq!(host.crash_report(), Some(early));
        let last = CrashReport { accessed: Some(1), ..CrashReport::new(Stage::Final, Cause::Exit, 3) };
        area.write(&last);
        assert_eq!(host.crash_report(), Some(last));
        area.clear();
        assert_eq!(host.crash_report(), None);
        for word in &host.view.words()[region::report()] {
            word.store(u32::MAX, Ordering::Relaxed);
        }
        assert_eq!(host.crash_report(), None, "invalid bytes are not a report");
    });
}

#[test]
fn a_peer_that_lives_on_behind_a_closed_channel_is_not_waited_for() {
    within_a_minute(|| {
        let (mut host, mut worker, _memory) = link();
        worker.view.words()[region::words(1).waiting].store(1, Ordering::Relaxed);
        rustix::net::shutdown(&worker.doorbell().channel().receiver, rustix::net::Shutdown::Read).unwrap();
        assert!(matches!(host.send(1, &Value::Nil), Err(LinkError::Closed)));
        assert_eq!(host.crash_report(), None);
    });
}

#[test]
fn the_state_of_a_call_outlives_the_worker() {
    for (published, expected) in [
        (None, CallState::Posted),
        (Some(CallState::Running), CallState::Running),
        (Some(CallState::Done), CallState::Done),
    ] {
        within_a_minute(move || {
            let (mut host, mut worker, _memory) = link();
            for _ in 0..3 {
                host.send(1, &Value::Nil).unwrap();
                assert_eq!(host.call_state(), CallState::Posted);
                receive(&mut worker).unwrap();
                if let Some(state) = published {
                    worker.publish_state(state);
                }
                assert_eq!(host.call_state(), expected);
            }
            drop(worker);
            assert_eq!(host.call_state(), expected);
        });
    }
}

#[test]
fn oversized_messages_are_rejected_on_both_sides() {
    within_a_minute(|| {
        let (mut host, mut worker, _memory) = link();
        let huge = Value::Bytes(vec![0; limits::FRAME_BYTES as usize]);
        assert!(matches!(host.send(1, &huge), Err(LinkError::TooLarge { .. })));
        host.send(2, &Value::Nil).unwrap();
        assert_eq!(receive(&mut worker).unwrap(), (2, Value::Nil));
        worker.put(&[limits::FRAME_BYTES + 1, 1]).unwrap();
        assert!(matches!(receive(&mut host), Err(LinkError::TooLarge { .. })));
        let (mut host, mut worker, _memory) = link();
        worker.put(&[0, 256]).unwrap();
        assert!(matches!(receive(&mut host), Err(LinkError::Corrupt(_))));
    });
}

/// Marsaglia's xorshift, with a fixed seed: failures are reproducible.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 as u32
    }

    /// Any word, with small ones and those near `around` more often: they resemble counts and stamps.
    fn word(&mut self, around: u32) -> u32 {
        match self.next() % 4 {
            0 => self.next(),
            1 => self.next() % 300,
            _ => around.wrapping_add(self.next() % 8).wrapping_sub(3),
        }
    }
}

/// The permitted results of a corrupted worker's messages: an answer of some bytes, or an error that reports the
/// corruption.
fn assert_harmless(received: &Result<u8, LinkError>, payload: &[u8]) {
    match received {
        Ok(_) => assert!(payload.len() <= limits::FRAME_BYTES as usize),
        Err(LinkError::Closed | LinkError::Corrupt(_) | LinkError::TooLarge { .. }) => {}
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_region_full_of_nonsense_gives_answers_or_errors() {
    within_a_minute(|| {
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        for _ in 0..300 {
            let (mut host, worker, memory) = link();
            let view = memory.map(0, CONTROL_BYTES).unwrap();
            // The worker is gone, so that nothing waits forever.
            drop(worker);
            for _ in 0..4 {
                for word in view.words() {
                    if !random.next().is_multiple_of(3) {
                        word.store(random.word(1), Ordering::Relaxed);
                    }
                }
                let sent = host.send(5, &Value::Bytes(vec![1; random.next() as usize % 100_000]));
                assert_harmless(&sent.map(|()| 0), &[]);
                let mut payload = Vec::new();
                let received = host.receive(&mut payload);
                assert_harmless(&received, &payload);
                let _ = host.call_state();
            }
        }
    });
}

#[test]
fn a_region_that_changes_all_the_time_gives_answers_or_errors() {
    within_a_minute(|| {
        let mut answers = 0;
        for seed in 1..40 {
            let (mut host, worker, memory) = link();
            drop(worker);
            let view = memory.map(0, CONTROL_BYTES).unwrap();
            let stop = AtomicBool::new(false);
            thread::scope(|scope| {
                scope.spawn(|| {
                    let mut random = Random(seed * 0x9e37_79b9);
                    while !stop.load(Ordering::Relaxed) {
                        // The first lines of the ring of replies, and the words beside the rings.
                        let ring = region::ring(1);
                        let place = if random.next().is_multiple_of(2) {
                            ring.start + random.next() as usize % (16 * LINE_WORDS)
                        } else {
                            random.next() as usize % ring.start.min(16 * LINE_WORDS)
                        };
                        view.words()[place].store(random.word(4), Ordering::Relaxed);
                        // Valid stamps, so that the data behind them is read.
                        let line = random.next() % 16;
                        view.words()[ring.start + line as usize * LINE_WORDS].store(line + 1, Ordering::Relaxed);
                    }
                });
                for _ in 0..50 {
                    let mut payload = Vec::new();
                    let received = host.receive(&mut payload);
                    assert_harmless(&received, &payload);
                    answers += u32::from(received.is_ok());
                }
                stop.store(true, Ordering::Relaxed);
            });
        }
        assert!(answers > 0, "no random data was ever accepted as an answer, so the test is void");
    });
}
