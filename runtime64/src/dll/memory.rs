//! Memory of a worker as scripts reach it: where a value leads, and its bytes.

mod bytes;
mod garbage;
mod location;

pub(super) use bytes::{buffer, zero_unit};
pub(super) use garbage::Garbage;
pub(super) use location::{Access, Lasting, Location};
