//! Variadic functions: one signature for each list of types they are called with.

use std::sync::{Mutex, PoisonError};

use protocol::{PrepareSignature, Signature, Type};

use super::generational::GenerationalId;
use crate::remote::{RemoteError, Session};

/// A worker's ids for one function called with arguments of different types.
#[derive(Debug, Default)]
pub(super) struct Variants(Mutex<Vec<(Vec<Type>, GenerationalId)>>);

impl Variants {
    /// The id for the function called with further arguments of these types.
    pub(super) fn id(
        &self,
        session: &mut Session<'_>,
        signature: &Signature,
        further: &[Type],
    ) -> Result<u32, RemoteError> {
        // No Lua code runs while the lock is held.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let position = match known.iter().position(|(types, _)| types == further) {
            Some(position) => position,
            None => {
                known.push((further.to_vec(), GenerationalId::default()));
                known.len() - 1
            }
        };
        let id = &known[position].1;
        if let Some(id) = id.get(session.generation()) {
            return Ok(id);
        }
        let mut signature = signature.clone();
        signature.fixed = Some(signature.parameters.len() as u32);
        signature.parameters.extend_from_slice(further);
        let prepared = session.call(&PrepareSignature { signature })?.id;
        id.set(session.generation(), prepared);
        Ok(prepared)
    }
}
