//! What crosses the boundary between `runtime64` and its workers, and the channel it crosses on.
//!
//! The host asks, the worker answers. Each request is a type that names its reply ([`Call`]), travels as one
//! [frame](link) and is encoded as MessagePack: structs as arrays, byte strings as `bin`, never anything whose width
//! depends on the machine. The crate is the only one that both sides share; it knows neither Lua nor C declarations.
//!
//! ```
//! use protocol::{Call, Invoke, Value, decode, encode};
//!
//! let request = Invoke { function: 1, arguments: vec![Value::Integer(2), Value::Integer(3)] };
//! let bytes = encode(&request)?;
//! assert_eq!(decode::<Invoke>(&bytes)?, request);
//! # Ok::<(), protocol::CodecError>(())
//! ```

mod codec;
mod fault;
mod last_words;
pub mod limits;
pub mod link;
mod message;
mod signature;
mod value;

pub use codec::{CodecError, decode, encode, encode_into};
pub use fault::{Fault, FaultKind};
pub use last_words::LastWords;
pub use message::{
    Call, DescribeLastError, Function, Hello, Identity, Invoke, Library, Machine, OpenDefaultLibrary, OpenLibrary,
    Outcome, Platform, Prepare, ReadString, SetErrno, VERSION,
};
pub use signature::{Convention, Signature, Type};
pub use value::Value;
