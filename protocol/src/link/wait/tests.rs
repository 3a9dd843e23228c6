//! Every interleaving of the two sides' steps, explored by loom. The invariant: every sleeper is woken, so every
//! model terminates.

use std::sync::Arc as Shared;

use loom::sync::atomic::{AtomicU32 as LoomWord, fence as loom_fence};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

use super::*;
use crate::link::ring::{LINE_WORDS, Reader, Writer};

/// Loom's words in place of the processor's.
struct Model(LoomWord);

impl Model {
    fn new() -> Self {
        Self(LoomWord::new(0))
    }
}

impl Word for Model {
    fn load(&self, ordering: Ordering) -> u32 {
        self.0.load(ordering)
    }

    fn store(&self, value: u32, ordering: Ordering) {
        self.0.store(value, ordering);
    }

    fn swap(&self, value: u32, ordering: Ordering) -> u32 {
        self.0.swap(value, ordering)
    }

    fn fence() {
        loom_fence(Ordering::SeqCst);
    }
}

/// The same without the fence that the protocol relies on.
struct Unfenced(Model);

impl Word for Unfenced {
    fn load(&self, ordering: Ordering) -> u32 {
        self.0.load(ordering)
    }

    fn store(&self, value: u32, ordering: Ordering) {
        self.0.store(value, ordering);
    }

    fn swap(&self, value: u32, ordering: Ordering) -> u32 {
        self.0.swap(value, ordering)
    }

    fn fence() {}
}

/// A bell for one sleeper: rings are kept until it sleeps, like bytes in a socket.
#[derive(Default)]
struct Ring {
    rung: Mutex<bool>,
    changed: Condvar,
}

/// One side's bells: it rings the peer's and sleeps on its own.
struct Bells {
    own: Arc<Ring>,
    peer: Arc<Ring>,
}

impl Bells {
    fn pair() -> (Self, Self) {
        let (one, other) = (Arc::new(Ring::default()), Arc::new(Ring::default()));
        (Self { own: Arc::clone(&one), peer: Arc::clone(&other) }, Self { own: other, peer: one })
    }
}

impl Bell for Bells {
    fn ring(&mut self) -> Result<(), LinkError> {
        *self.peer.rung.lock().expect("no thread panics") = true;
        self.peer.changed.notify_one();
        Ok(())
    }

    fn sleep(&mut self) -> Result<(), LinkError> {
        let mut rung = self.own.rung.lock().expect("no thread panics");
        while !*rung {
            rung = self.own.changed.wait(rung).expect("no thread panics");
        }
        *rung = false;
        Ok(())
    }
}

fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}

/// A publisher and a sleeper, over any kind of word.
fn one_message<W: Word + Send + Sync + 'static>(word: fn() -> W) {
    let (mut publisher, mut sleeper) = Bells::pair();
    let words = Arc::new([word(), word()]);
    let published = Arc::clone(&words);
    let thread = thread::spawn(move || {
        let [data, waiting] = &*published;
        data.store(1, Ordering::Release);
        wake(waiting, &mut publisher).expect("the bell works");
    });
    let [data, waiting] = &*words;
    sleep_until(waiting, &mut sleeper, || Ok(data.load(Ordering::Acquire) == 1)).expect("the bell works");
    thread.join().expect("no thread panics");
}

#[test]
fn a_sleeper_is_woken() {
    check(|| one_message(Model::new));
}

/// The model can fail: without the fence it finds the lost wake-up.
#[test]
fn without_the_fence_a_wake_up_is_lost() {
    let lost = std::panic::catch_unwind(|| check(|| one_message(|| Unfenced(Model::new()))));
    assert!(lost.is_err());
}

#[test]
fn each_of_two_messages_wakes() {
    check(|| {
        let (mut publisher, mut sleeper) = Bells::pair();
        let words = Arc::new([Model::new(), Model::new()]);
        let published = Arc::clone(&words);
        let thread = thread::spawn(move || {
            let [data, waiting] = &*published;
            for message in 1..=2 {
                data.store(message, Ordering::Release);
                wake(waiting, &mut publisher).expect("the bell works");
            }
        });
        let [data, waiting] = &*words;
        for message in 1..=2 {
            sleep_until(waiting, &mut sleeper, || Ok(data.load(Ordering::Acquire) >= message)).expect("the bell works");
        }
        thread.join().expect("no thread panics");
    });
}

#[test]
fn a_question_and_its_answer_wake_both_sides() {
    check(|| {
        let (mut host, mut worker) = Bells::pair();
        let words = Arc::new([Model::new(), Model::new(), Model::new(), Model::new()]);
        let shared = Arc::clone(&words);
        let thread = thread::spawn(move || {
            let [request, reply, host_waits, worker_waits] = &*shared;
            sleep_until(worker_waits, &mut worker, || Ok(request.load(Ordering::Acquire) == 1)).expect("it works");
            reply.store(1, Ordering::Release);
            wake(host_waits, &mut worker).expect("it works");
        });
        let [request, reply, host_waits, worker_waits] = &*words;
        request.store(1, Ordering::Release);
        wake(worker_waits, &mut host).expect("it works");
        sleep_until(host_waits, &mut host, || Ok(reply.load(Ordering::Acquire) == 1)).expect("it works");
        thread.join().expect("no thread panics");
    });
}

/// A ring of one line, so that the writer waits for room while the reader waits for lines; each wakes the other
/// before it sleeps, like [`SharedEndpoint`](crate::link::SharedEndpoint).
#[test]
fn a_writer_without_room_and_a_reader_without_lines_do_not_wait_for_each_other() {
    const LINES: u32 = 2;
    check(|| {
        let (mut writers, mut readers) = Bells::pair();
        let ring: Shared<Vec<Model>> = Shared::new((0..LINE_WORDS).map(|_| Model::new()).collect());
        let words = Arc::new([Model::new(), Model::new(), Model::new()]);
        let (shared, lines) = (Arc::clone(&words), Shared::clone(&ring));
        let thread = thread::spawn(move || {
            let [consumed, writer_waits, reader_waits] = &*shared;
            let mut writer = Writer::default();
            for value in 0..LINES {
                if !writer.has_room(&lines, consumed).expect("the reader counts right") {
                    wake(reader_waits, &mut writers).expect("it works");
                    sleep_until(writer_waits, &mut writers, || writer.has_room(&lines, consumed)).expect("it works");
                }
                writer.write(&lines, &[value]);
            }
            wake(reader_waits, &mut writers).expect("it works");
        });
        let [consumed, writer_waits, reader_waits] = &*words;
        let mut reader = Reader::default();
        for value in 0..LINES {
            if !reader.is_ready(&ring) {
                wake(writer_waits, &mut readers).expect("it works");
                sleep_until(reader_waits, &mut readers, || Ok(reader.is_ready(&ring))).expect("it works");
            }
            assert_eq!(reader.peek(&ring), [value]);
            reader.release(consumed);
        }
        thread.join().expect("no thread panics");
    });
}
