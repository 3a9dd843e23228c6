//! Which Lua function each callback of a worker stands for.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mlua::Function;
use protocol::{CreateCallbacks, QueueCallback, Signature, Value, limits};

use super::types::FunctionForm;
use crate::c;
use crate::remote::{Generation, RemoteError, Session};

/// How many callbacks that are free are left alone: the one that was released last is the last to be used again, so that a
/// library that still calls it is not led to another Lua function.
const RESTING: usize = 16;

/// What a callback stands for.
#[derive(Clone)]
pub(super) struct Bound {
    pub(super) function: Function,
    pub(super) form: Arc<FunctionForm>,
    /// Its type, for messages.
    pub(super) shown: c::Type,
    /// What the library gets if the Lua function fails.
    pub(super) default: Value,
}

/// The callbacks of one worker.
#[derive(Default)]
pub(super) struct Callbacks(Mutex<State>);

#[derive(Default)]
struct State {
    /// The generation that they were made in: all end with it.
    generation: Generation,
    slots: Vec<Slot>,
    by_address: HashMap<u64, u32>,
    pools: Vec<Pool>,
}

/// One callback; its place in the list is its id.
struct Slot {
    address: u64,
    pool: usize,
    use_: Use,
    is_queued: bool,
}

enum Use {
    /// It stands for a Lua function.
    Bound(Bound),
    /// It did, and is to be used no more; its type is kept for messages.
    Released(Option<c::Type>),
}

/// The callbacks of one signature that are free, in the order of their release.
struct Pool {
    signature: Signature,
    made: usize,
    free: VecDeque<u32>,
}

/// What a callback that was called stands for.
pub(super) enum Found {
    Bound(Bound),
    /// Nothing any more.
    Released(Option<c::Type>),
}

impl Callbacks {
    /// Has a callback stand for a Lua function. `answer` is what callers on threads of the library's own get at once.
    pub(super) fn bind(
        &self,
        session: &mut Session<'_>,
        signature: &Signature,
        bound: Bound,
        answer: Option<Value>,
    ) -> Result<(u32, u64), RemoteError> {
        let mut state = self.lock();
        state.enter(session.generation());
        let pool = state.pool(signature);
        if state.pools[pool].free.len() <= RESTING {
            state.grow(pool, session)?;
        }
        let Some(id) = state.pools[pool].free.pop_front() else {
            return Err(RemoteError::Protocol("the worker made no callbacks".to_owned()));
        };
        let slot = &mut state.slots[id as usize];
        if answer.is_some() || slot.is_queued {
            let is_queued = answer.is_some();
            slot.is_queued = is_queued;
            session.call(&QueueCallback { callback: id, is_queued, answer: answer.unwrap_or_default() })?;
        }
        slot.use_ = Use::Bound(bound);
        Ok((id, slot.address))
    }

    /// What a callback stands for.
    pub(super) fn find(&self, generation: Generation, id: u32) -> Option<Found> {
        let state = self.lock();
        let slot = state.slots.get(id as usize).filter(|_| state.generation == generation)?;
        Some(match &slot.use_ {
            Use::Bound(bound) => Found::Bound(bound.clone()),
            Use::Released(shown) => Found::Released(shown.clone()),
        })
    }

    /// Changes what the callback at an address stands for. Tells whether there is one that stands for something.
    pub(super) fn change(&self, generation: Generation, address: u64, change: impl FnOnce(&mut Bound)) -> bool {
        let mut state = self.lock();
        match state.bound_at(generation, address) {
            Some(id) => {
                if let Use::Bound(bound) = &mut state.slots[id as usize].use_ {
                    change(bound);
                }
                true
            }
            None => false,
        }
    }

    /// Frees the callback at an address, unless that was done before. Tells whether there is or was one.
    pub(super) fn free(&self, generation: Generation, address: u64) -> bool {
        let state = self.lock();
        if state.generation != generation {
            return true;
        }
        let id = state.by_address.get(&address).copied();
        drop(state);
        id.inspect(|id| self.release(generation, &[*id])).is_some()
    }

    /// Whether any callback stands for something.
    pub(super) fn is_any_bound(&self, generation: Generation) -> bool {
        let state = self.lock();
        let free: usize = state.pools.iter().map(|pool| pool.free.len()).sum();
        state.generation == generation && free < state.slots.len()
    }

    /// Whether there is a callback at an address that stands for nothing any more.
    pub(super) fn is_released(&self, generation: Generation, address: u64) -> bool {
        let state = self.lock();
        let id = state.by_address.get(&address).filter(|_| state.generation == generation);
        let slot = id.and_then(|id| state.slots.get(*id as usize));
        slot.is_some_and(|slot| matches!(slot.use_, Use::Released(_)))
    }

    /// Has callbacks stand for nothing any more.
    pub(super) fn release(&self, generation: Generation, ids: &[u32]) {
        let mut gone = Vec::new();
        let mut state = self.lock();
        if state.generation != generation {
            return;
        }
        for id in ids {
            let Some(slot) = state.slots.get_mut(*id as usize) else { continue };
            let shown = match &slot.use_ {
                Use::Bound(bound) => Some(bound.shown.clone()),
                Use::Released(_) => continue,
            };
            gone.push(std::mem::replace(&mut slot.use_, Use::Released(shown)));
            let pool = slot.pool;
            state.pools[pool].free.push_back(*id);
        }
        // The Lua functions are let go of when the lock is: that may run finalizers.
        drop(state);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Forgets what was of an earlier generation.
    fn enter(&mut self, generation: Generation) {
        if self.generation != generation {
            *self = Self { generation, ..Self::default() };
        }
    }

    fn pool(&mut self, signature: &Signature) -> usize {
        self.pools.iter().position(|pool| pool.signature == *signature).unwrap_or_else(|| {
            self.pools.push(Pool { signature: signature.clone(), made: 0, free: VecDeque::new() });
            self.pools.len() - 1
        })
    }

    /// Has the worker make as many more as there are, so that the requests are few however many are needed.
    fn grow(&mut self, pool: usize, session: &mut Session<'_>) -> Result<(), RemoteError> {
        let Pool { signature, made, .. } = &self.pools[pool];
        let count = (*made).clamp(2 * RESTING, limits::CALLBACKS) as u32;
        let made = session.call(&CreateCallbacks { signature: signature.clone(), count })?;
        if made.first as usize != self.slots.len() || made.addresses.len() != count as usize {
            return Err(session.break_off("it counts its callbacks wrongly"));
        }
        for (id, address) in (made.first..).zip(made.addresses) {
            self.slots.push(Slot { address, pool, use_: Use::Released(None), is_queued: false });
            self.by_address.insert(address, id);
            self.pools[pool].free.push_back(id);
        }
        self.pools[pool].made += count as usize;
        Ok(())
    }

    fn bound_at(&self, generation: Generation, address: u64) -> Option<u32> {
        if self.generation != generation {
            return None;
        }
        let id = self.by_address.get(&address).copied()?;
        let slot = self.slots.get(id as usize)?;
        matches!(slot.use_, Use::Bound(_)).then_some(id)
    }
}
