//! Memory of a worker as scripts reach it: where a value leads, and its bytes.

mod bytes;
mod garbage;
mod place;

pub(super) use bytes::{buffer, zero_unit};
pub(super) use garbage::Garbage;
pub(super) use place::{Access, Lasting, Place};
