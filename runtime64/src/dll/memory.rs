//! A worker's memory as scripts access it: locations and their bytes.

mod bytes;
mod garbage;
mod location;

pub(super) use bytes::{buffer, zero_unit};
pub(super) use garbage::Garbage;
pub(super) use location::{Access, Location, Persistent};
