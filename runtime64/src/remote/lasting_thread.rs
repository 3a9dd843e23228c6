//! Threads that live as long as the process and process the items sent to them.
//!
//! The system may refuse a thread, for example at a limit. This is an error of the operation that needed it; the next
//! operation tries again.

use std::io;
use std::sync::mpsc::{self, SendError, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// A thread that starts at its first use.
pub(super) struct LastingThread<T> {
    /// The purpose of the thread, for the error message if it cannot be started.
    purpose: &'static str,
    serve: fn(T),
    queue: Mutex<Option<Sender<T>>>,
}

impl<T: Send + 'static> LastingThread<T> {
    /// Creates a thread that will call `serve`. `purpose` follows "a thread that", such as "starts workers".
    pub(super) const fn new(purpose: &'static str, serve: fn(T)) -> Self {
        Self { purpose, serve, queue: Mutex::new(None) }
    }

    /// Sends an item to the thread.
    ///
    /// # Errors
    /// The thread does not exist and cannot be started; the item is returned.
    pub(super) fn send(&self, served: T) -> Result<(), (T, io::Error)> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = match &*queue {
            Some(sender) => sender,
            None => match self.start() {
                Ok(sender) => queue.insert(sender),
                Err(error) => return Err((served, error)),
            },
        };
        sender.send(served).map_err(|SendError(served)| {
            *queue = None;
            (served, io::Error::other(format!("the thread that {} has exited", self.purpose)))
        })
    }

    fn start(&self) -> io::Result<Sender<T>> {
        let (sender, queue) = mpsc::channel();
        let serve = self.serve;
        let started = thread::Builder::new().spawn(move || queue.into_iter().for_each(serve));
        started.map_err(|error| no_thread(self.purpose, &error))?;
        Ok(sender)
    }
}

/// The error for a thread that could not be started; `purpose` follows "a thread that".
pub(super) fn no_thread(purpose: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("the system refused to start a thread that {purpose}: {error}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn one_thread_serves_everything_in_its_order() {
        static THREAD: LastingThread<(u32, Sender<(u32, thread::ThreadId)>)> =
            LastingThread::new("answers", |(number, answer)| {
                answer.send((number, thread::current().id())).unwrap_or_default();
            });
        let (answer, answers) = mpsc::channel();
        for number in 0..3 {
            THREAD.send((number, answer.clone())).map_err(|(_, error)| error).expect("a thread");
        }
        let served: Vec<_> = (0..3).filter_map(|_| answers.recv_timeout(Duration::from_secs(10)).ok()).collect();
        assert_eq!(served.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [0, 1, 2]);
        assert!(served.iter().all(|(_, thread)| *thread == served[0].1 && *thread != thread::current().id()));
    }
}
