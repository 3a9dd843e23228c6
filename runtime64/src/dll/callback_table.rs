//! The Lua function that each callback of a worker is bound to.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mlua::Function;
use protocol::{CreateCallbacks, QueueCallback, Signature, Value, limits};

use super::types::FunctionForm;
use crate::c;
use crate::remote::{Generation, RemoteError, Session};

/// The number of free callbacks that are not reused: callbacks are reused in the order of their release, so that a
/// library which still calls a released one does not reach another Lua function.
const RESTING: usize = 16;

/// A callback's Lua function and type.
#[derive(Clone)]
pub(super) struct Bound {
    pub(super) function: Function,
    pub(super) form: Arc<FunctionForm>,
    /// The type, for messages.
    pub(super) shown: c::Type,
    /// The result for the library if the Lua function fails.
    pub(super) default: Value,
}

/// The callbacks of one worker.
#[derive(Default)]
pub(super) struct Callbacks(Mutex<CallbackTableState>);

#[derive(Default)]
struct CallbackTableState {
    /// The generation of the worker that made them; all end with it.
    generation: Generation,
    slots: Vec<Slot>,
    by_address: HashMap<u64, u32>,
    pools: Vec<Pool>,
}

/// One callback; its index is its id.
struct Slot {
    address: u64,
    pool: usize,
    binding: Binding,
    is_queued: bool,
}

enum Binding {
    /// Bound to a Lua function.
    Bound(Bound),
    /// Unbound, and not to be called; its former type is kept for messages.
    Released(Option<c::Type>),
}

/// The callbacks of one signature; the free ones in the order of their release.
struct Pool {
    signature: Signature,
    made: usize,
    free: VecDeque<u32>,
}

/// The state of a callback that was called.
pub(super) enum CallbackState {
    Bound(Bound),
    /// Not bound any more, or never.
    Released(Option<c::Type>),
}

impl Callbacks {
    /// Binds a callback to a Lua function. `answer` is the immediate result for callers on the library's own threads.
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
            return Err(RemoteError::Protocol("the worker returned no callbacks".to_owned()));
        };
        let slot = &mut state.slots[id as usize];
        if answer.is_some() || slot.is_queued {
            let is_queued = answer.is_some();
            slot.is_queued = is_queued;
            session.call(&QueueCallback { callback: id, is_queued, answer: answer.unwrap_or_default() })?;
        }
        slot.binding = Binding::Bound(bound);
        Ok((id, slot.address))
    }

    /// The state of a callback.
    pub(super) fn find(&self, generation: Generation, id: u32) -> Option<CallbackState> {
        let state = self.lock();
        let slot = state.slots.get(id as usize).filter(|_| state.generation == generation)?;
        Some(match &slot.binding {
            Binding::Bound(bound) => CallbackState::Bound(bound.clone()),
            Binding::Released(shown) => CallbackState::Released(shown.clone()),
        })
    }

    /// Changes the binding of the callback at an address. Returns whether one is bound there.
    pub(super) fn change(&self, generation: Generation, address: u64, change: impl FnOnce(&mut Bound)) -> bool {
        let mut state = self.lock();
        match state.bound_at(generation, address) {
            Some(id) => {
                if let Binding::Bound(bound) = &mut state.slots[id as usize].binding {
                    change(bound);
                }
                true
            }
            None => false,
        }
    }

    /// Frees the callback at an address, unless it was freed before. Returns whether one exists or existed there.
    pub(super) fn free(&self, generation: Generation, address: u64) -> bool {
        let state = self.lock();
        if state.generation != generation {
            return true;
        }
        let id = state.by_address.get(&address).copied();
        drop(state);
        id.inspect(|id| self.release(generation, &[*id])).is_some()
    }

    /// Whether any callback is bound.
    pub(super) fn is_any_bound(&self, generation: Generation) -> bool {
        let state = self.lock();
        let free: usize = state.pools.iter().map(|pool| pool.free.len()).sum();
        state.generation == generation && free < state.slots.len()
    }

    /// Whether the callback at an address is unbound.
    pub(super) fn is_released(&self, generation: Generation, address: u64) -> bool {
        let state = self.lock();
        let id = state.by_address.get(&address).filter(|_| state.generation == generation);
        let slot = id.and_then(|id| state.slots.get(*id as usize));
        slot.is_some_and(|slot| matches!(slot.binding, Binding::Released(_)))
    }

    /// Unbinds callbacks.
    pub(super) fn release(&self, generation: Generation, ids: &[u32]) {
        let mut gone = Vec::new();
        let mut state = self.lock();
        if state.generation != generation {
            return;
        }
        for id in ids {
            let Some(slot) = state.slots.get_mut(*id as usize) else { continue };
            let shown = match &slot.binding {
                Binding::Bound(bound) => Some(bound.shown.clone()),
                Binding::Released(_) => continue,
            };
            gone.push(std::mem::replace(&mut slot.binding, Binding::Released(shown)));
            let pool = slot.pool;
            state.pools[pool].free.push_back(*id);
        }
        // The Lua functions are dropped after the lock is released, as that may run finalizers.
        drop(state);
    }

    fn lock(&self) -> MutexGuard<'_, CallbackTableState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CallbackTableState {
    /// Discards the callbacks of an earlier generation.
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

    /// Makes the worker create as many more as exist, which keeps the number of requests low.
    fn grow(&mut self, pool: usize, session: &mut Session<'_>) -> Result<(), RemoteError> {
        let Pool { signature, made, .. } = &self.pools[pool];
        let count = (*made).clamp(2 * RESTING, limits::CALLBACKS) as u32;
        let made = session.call(&CreateCallbacks { signature: signature.clone(), count })?;
        if made.first as usize != self.slots.len() || made.addresses.len() != count as usize {
            return Err(session.break_off("it numbered its callbacks wrongly"));
        }
        for (id, address) in (made.first..).zip(made.addresses) {
            self.slots.push(Slot { address, pool, binding: Binding::Released(None), is_queued: false });
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
        matches!(slot.binding, Binding::Bound(_)).then_some(id)
    }
}
