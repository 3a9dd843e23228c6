//! The turn lock. It serves threads in the order of arrival, so each waits only for those before it: however many
//! threads call back without pause, a thread whose function has returned gets its turn after the callbacks that
//! arrived before it.

use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Gives the turn to one thread at a time, first come, first served.
pub(super) struct TurnLock<T> {
    line: Mutex<Line>,
    /// Only locked by the holder, so it is never contended for longer than the previous holder takes to unlock it.
    turn: Mutex<T>,
}

/// The holder of the turn, and the waiting threads.
#[derive(Default)]
struct Line {
    /// The ticket of the thread that has the turn.
    holder: Option<u64>,
    /// The number of tickets issued.
    tickets: u64,
    /// The number of requests running functions for which the host waits.
    depth: u32,
    /// In the order of arrival.
    waiting: VecDeque<Waiting>,
}

/// A waiting thread.
struct Waiting {
    ticket: u64,
    /// The depth at which it may take the turn, or `None` for any.
    level: Option<u32>,
    called: Arc<Condvar>,
}

/// The turn, until this is dropped.
pub(super) struct TurnGuard<'a, T> {
    // The order matters: the turn is unlocked before the next thread is woken.
    turn: MutexGuard<'a, T>,
    place: LinePlace<'a>,
}

/// The head of the line. Passes the turn on when dropped.
struct LinePlace<'a> {
    line: &'a Mutex<Line>,
    depth: u32,
}

impl<T> TurnLock<T> {
    pub(super) fn new(turn: T) -> Self {
        Self { line: Mutex::default(), turn: Mutex::new(turn) }
    }

    /// Takes the turn, after all waiting threads that can have it.
    pub(super) fn take(&self) -> TurnGuard<'_, T> {
        self.take_at(None)
    }

    /// Takes the turn for the answer to the request at this level, which is possible once it is the innermost one.
    /// The place in the line is determined by the arrival.
    pub(super) fn take_back(&self, level: u32) -> TurnGuard<'_, T> {
        self.take_at(Some(level))
    }

    fn take_at(&self, level: Option<u32>) -> TurnGuard<'_, T> {
        let mut line = lock(&self.line);
        line.tickets += 1;
        let ticket = line.tickets;
        if line.holder.is_none() && line.admits(level) {
            // A thread that waits in a free line waits for another depth.
            line.holder = Some(ticket);
        } else {
            let called = Arc::<Condvar>::default();
            line.waiting.push_back(Waiting { ticket, level, called: Arc::clone(&called) });
            while line.holder != Some(ticket) {
                line = called.wait(line).unwrap_or_else(PoisonError::into_inner);
            }
        }
        let depth = line.depth;
        drop(line);
        TurnGuard { turn: lock(&self.turn), place: LinePlace { line: &self.line, depth } }
    }
}

impl Line {
    fn admits(&self, level: Option<u32>) -> bool {
        level.is_none_or(|level| level == self.depth)
    }

    /// Gives the turn to the first thread that can have it.
    fn pass_on(&mut self) -> Option<Arc<Condvar>> {
        let next = self.waiting.iter().position(|waiting| self.admits(waiting.level));
        let next = next.and_then(|index| self.waiting.remove(index));
        self.holder = next.as_ref().map(|next| next.ticket);
        next.map(|next| next.called)
    }
}

impl<T> TurnGuard<'_, T> {
    /// Whether a waiting thread can have the turn next.
    pub(super) fn is_awaited(&self) -> bool {
        lock(self.place.line).waiting.iter().any(|waiting| waiting.level.is_none())
    }

    /// Enters a level below the current one and passes the turn on. Returns the level.
    pub(super) fn descend(mut self) -> u32 {
        self.place.depth += 1;
        self.place.depth
    }

    /// Leaves the innermost level.
    pub(super) fn ascend(&mut self) {
        self.place.depth -= 1;
    }
}

impl Drop for LinePlace<'_> {
    fn drop(&mut self) {
        let mut line = lock(self.line);
        line.depth = self.depth;
        let next = line.pass_on();
        drop(line);
        if let Some(next) = next {
            next.notify_one();
        }
    }
}

impl<T> Deref for TurnGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.turn
    }
}

impl<T> DerefMut for TurnGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.turn
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    /// The lock on a list of the threads that had the turn.
    type Turns = TurnLock<Vec<&'static str>>;

    /// Waits until that many threads are in the line.
    fn until_waiting(turns: &Turns, count: usize) {
        while lock(&turns.line).waiting.len() != count {
            thread::yield_now();
        }
    }

    /// Lets threads arrive one after another while the turn is held, each for a level or for any, and passes it on.
    /// Returns the order in which they had it.
    fn order_of(depth: u32, arrivals: &[(&'static str, Option<u32>)]) -> Vec<&'static str> {
        let turns = Turns::new(Vec::new());
        let mut held = turns.take();
        held.place.depth = depth;
        thread::scope(|scope| {
            for (index, (name, level)) in arrivals.iter().copied().enumerate() {
                let turns = &turns;
                scope.spawn(move || {
                    let mut turn = turns.take_at(level);
                    turn.push(name);
                    if level.is_some() {
                        turn.ascend();
                    }
                });
                until_waiting(turns, index + 1);
            }
            assert!(held.is_awaited());
            drop(held);
        });
        turns.take().clone()
    }

    #[test]
    fn threads_have_the_turn_in_the_order_of_their_arrival() {
        let arrivals = ["a", "b", "c", "d", "e"].map(|name| (name, None));
        assert_eq!(order_of(0, &arrivals), ["a", "b", "c", "d", "e"]);
    }

    #[test]
    fn a_thread_whose_function_has_returned_waits_for_those_before_it_alone() {
        let arrivals = [("before", None), ("returned", Some(1)), ("after", None)];
        assert_eq!(order_of(1, &arrivals), ["before", "returned", "after"]);
    }

    #[test]
    fn the_innermost_level_ends_first_and_places_are_kept_meanwhile() {
        let arrivals = [("outer", Some(1)), ("callback", None), ("inner", Some(2)), ("after", None)];
        assert_eq!(order_of(2, &arrivals), ["callback", "inner", "outer", "after"]);
    }

    #[test]
    fn a_line_without_a_thread_that_can_have_the_turn_is_free() {
        let turns = Turns::new(Vec::new());
        let outer = turns.take().descend();
        let inner = turns.take().descend();
        thread::scope(|scope| {
            scope.spawn(|| turns.take_back(outer).push("outer"));
            until_waiting(&turns, 1);
            let mut turn = turns.take();
            assert!(!turn.is_awaited(), "the outer one cannot have it yet");
            turn.push("callback");
            drop(turn);
            let mut turn = turns.take_back(inner);
            turn.push("inner");
            turn.ascend();
        });
        assert_eq!(*turns.take(), ["callback", "inner", "outer"]);
    }
}
