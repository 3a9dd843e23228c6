//! The ways in which a worker lies.

use std::io::Write;
use std::sync::atomic::Ordering;
use std::thread;

use protocol::link::{CALLBACK, CALLBACK_REPLY, FAULT, LAST_WORDS, REPLY, View};
use protocol::{Allocated, BatchOutcome, CallbackInvocation, Callbacks, Mapped, Outcome, Value, encode, limits};

use super::link::Link;

/// Which request is lied about, and how.
pub(crate) struct Lies {
    /// None is every request but the greeting.
    about: Option<u8>,
    lie: String,
    random: Random,
    is_deaf: bool,
}

impl Lies {
    /// What the test has asked for.
    pub(crate) fn from_environment() -> Self {
        let asked = std::env::var("HOSTILE").unwrap_or_default();
        let mut parts = asked.split(':');
        let about = parts.next().unwrap_or_default().parse().ok();
        let lie = parts.next().unwrap_or_default().to_owned();
        let seed = parts.next().and_then(|seed| seed.parse().ok()).unwrap_or(1);
        Self { about, lie, random: Random(seed), is_deaf: false }
    }

    /// Whether it listens no more, and stays.
    pub(crate) fn is_deaf(&self) -> bool {
        self.is_deaf
    }

    /// Answers a request with a lie, if it is to be lied about.
    pub(crate) fn tell(&mut self, link: &mut Link, kind: u8, answer: &[u8]) -> bool {
        const GREETING: u8 = 1;
        if self.about.map_or(kind == GREETING, |about| about != kind) {
            return false;
        }
        let lie = match self.lie.as_str() {
            "random" => RANDOM[self.random.next() as usize % RANDOM.len()].to_owned(),
            lie => lie.to_owned(),
        };
        self.tell_one(link, &lie, answer)
    }

    fn tell_one(&mut self, link: &mut Link, lie: &str, answer: &[u8]) -> bool {
        let error = |bytes: &[u8]| encode(&bytes).expect("bytes have an encoding");
        match lie {
            "garbage" => link.send(REPLY, &[0xc1, 0xff, 0x00, 0xff]),
            "nothing" => link.send(REPLY, &[]),
            "truncated" => link.send(REPLY, &answer[..answer.len() - 1]),
            "trailing" => link.send(REPLY, &[answer, &[0xc0]].concat()),
            "count" => link.send(REPLY, &[0xdd, 0xff, 0xff, 0xff, 0xff]),
            "deep" => link.send(REPLY, &[0x91; 10_000]),
            "length" => link.send_announced(REPLY, limits::FRAME_BYTES + 1, answer),
            "kind" => link.send(7, answer),
            "fault" => link.send(FAULT, &error(b"no fault")),
            "words" => link.send(LAST_WORDS, &[0x95, 0xff]),
            "noise" => {
                let noise: Vec<u8> = (0..self.random.next() % 200).map(|_| self.random.next() as u8).collect();
                link.send(REPLY, &noise);
            }
            "flipped" => {
                let mut answer = answer.to_vec();
                let place = self.random.next() as usize % answer.len();
                answer[place] = self.random.next() as u8;
                link.send(REPLY, &answer);
            }
            "never_made" => self.call_back(link, 9999, &[], answer),
            "arguments" => self.call_back(link, 0, &[Value::Nil, Value::Nil, Value::Float(1.0)], answer),
            "bytes" => self.call_back(link, 0, &[Value::Bytes(vec![1; 100])], answer),
            "calls" => self.call_back(link, 0, &[Value::Integer(7)], answer),
            "outcome" => {
                link.send(REPLY, &made(&Outcome { result: Value::Bytes(vec![7; 9]), errno: 0, last_error: 0 }));
            }
            "more" => link.send(REPLY, &made(&batch(9))),
            "fewer" => link.send(REPLY, &made(&batch(1))),
            "mapped" => link.send(REPLY, &made(&Mapped { address: u64::MAX - 8 })),
            "allocated" => link.send(REPLY, &made(&Allocated { address: u64::MAX - 8 })),
            "few_callbacks" => link.send(REPLY, &made(&Callbacks { first: 0, addresses: vec![16] })),
            "late_callbacks" => link.send(REPLY, &made(&Callbacks { first: 70_000, addresses: vec![16; 32] })),
            "exit" => std::process::exit(0),
            "scribble" => return self.scribble(link),
            "flood" => return flood(link),
            "deaf" => return self.deafen(link),
            "silent" => {}
            "silent_flood" => return !flood(link),
            _ => return false,
        }
        true
    }

    /// Has the host called before it is answered.
    fn call_back(&mut self, link: &mut Link, callback: u32, arguments: &[Value], answer: &[u8]) {
        let called =
            CallbackInvocation { callback, errno: 1, last_error: 2, is_foreign: false, is_queued: false, lost: 0 };
        link.send(CALLBACK, &made(&(called, arguments)));
        if link.receive().is_some_and(|(kind, _)| kind == CALLBACK_REPLY) {
            link.send(REPLY, answer);
        }
    }

    /// Writes over all of the rings and what lies beside them.
    fn scribble(&mut self, link: &mut Link) -> bool {
        for word in link.view().map(View::words).unwrap_or_default() {
            let value = match self.random.next() % 4 {
                0 => self.random.next(),
                1 => self.random.next() % 300,
                _ => continue,
            };
            word.store(value, Ordering::Relaxed);
        }
        false
    }

    /// Closes the direction that requests come from, and lives on. It looks asleep, so that the host tries to wake it.
    fn deafen(&mut self, link: &mut Link) -> bool {
        const WAITING: usize = 5 * 16;
        self.is_deaf = true;
        if let Some(view) = link.view() {
            view.words()[WAITING].store(1, Ordering::Relaxed);
        }
        let _ = rustix::net::shutdown(&link.channel().receiver, rustix::net::Shutdown::Read);
        false
    }
}

/// Keeps the channel full of what is neither a frame nor a ring.
fn flood(link: &mut Link) -> bool {
    let sender = std::os::fd::AsFd::as_fd(&link.channel().sender).try_clone_to_owned();
    if let Ok(sender) = sender {
        let mut sender = std::fs::File::from(sender);
        thread::spawn(move || while sender.write_all(&[0xff; 4096]).is_ok() {});
    }
    false
}

fn batch(count: usize) -> BatchOutcome {
    BatchOutcome { outcomes: vec![Outcome { result: Value::Integer(5), errno: 0, last_error: 0 }; count], fault: None }
}

fn made<T: serde::Serialize>(message: &T) -> Vec<u8> {
    encode(message).expect("it has an encoding")
}

/// What may be chosen at random; nothing among them, so that much is answered rightly.
const RANDOM: [&str; 24] = [
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "garbage",
    "nothing",
    "truncated",
    "trailing",
    "count",
    "kind",
    "fault",
    "noise",
    "flipped",
    "flipped",
    "flipped",
    "never_made",
    "calls",
    "outcome",
];

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as u32
    }
}
