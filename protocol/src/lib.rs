//! The messages between `runtime64` and its workers, and the channel that carries them.
//!
//! The host sends requests, the worker replies. Each request is a type that names its reply ([`Call`]), travels as
//! one [frame](link) and is encoded as MessagePack: structs as arrays, byte strings as `bin`, never a value whose
//! width depends on the machine. This crate is the only one that both sides share; it depends on neither Lua nor C
//! declarations.
//!
//! ```
//! use protocol::{Outcome, Value, decode, encode};
//!
//! let reply = Outcome { result: Value::Integer(5), errno: 0, last_error: 0 };
//! let bytes = encode(&reply)?;
//! assert_eq!(decode::<Outcome>(&bytes)?, reply);
//! # Ok::<(), protocol::CodecError>(())
//! ```

mod codec;
mod crash_report;
mod fault;
pub mod limits;
pub mod link;
mod message;
mod signature;
mod value;

pub use codec::{CodecError, decode, decode_callback, decode_invoke, encode, encode_into};
pub use crash_report::{
    Cause, CrashReport, I386_REGISTERS, MemoryAccess, REGISTERS, Registers, Stage, Text, X86_64_REGISTERS,
};
pub use fault::{Fault, FaultKind};
pub use message::{
    Allocate, Allocated, Attach, AwaitJob, BatchOutcome, BatchedCall, Call, CallbackInvocation, CallbackReply,
    Callbacks, CancelJob, CreateCallbacks, DescribeLastError, FailureRule, FindSymbol, FoundSymbol, Function, Hello,
    Identity, Invoke, InvokeBatch, Job, JobState, Library, LimitJob, Machine, MapSegment, Mapped, OpenDefaultLibrary,
    OpenLibrary, Outcome, PathBytes, Platform, Poll, Prepare, PrepareSignature, PreparedSignature, QueueCallback,
    ReadString, Release, Served, SetErrors, StartJob, Symbol, VERSION, WriteMemory,
};
pub use signature::{Convention, Eightbyte, Record, Signature, Type};
pub use value::Value;
