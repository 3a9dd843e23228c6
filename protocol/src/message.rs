//! The requests, and the reply of each.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::limits;
use crate::link::{DoorbellTicket, Ticket};
use crate::{Signature, Value};

mod batch;
mod callback;
mod job;
mod path;

pub use batch::{BatchOutcome, BatchedCall, FailureRule, InvokeBatch};
pub use callback::{CallbackInvocation, CallbackReply, Callbacks, CreateCallbacks, Poll, QueueCallback, Served};
pub use job::{AwaitJob, CancelJob, Job, JobState, LimitJob, StartJob};
pub use path::PathBytes;

/// The protocol version. Both sides must have the same: they are built and shipped together.
pub const VERSION: u32 = 6;

/// A request. Its number is the kind of its frame and never changes its meaning.
pub trait Call: Serialize {
    /// The frame kind of the request, below [`link::REPLY`](crate::link::REPLY).
    const NUMBER: u8;
    /// The worker's reply.
    type Reply: Serialize + DeserializeOwned;
}

/// The first request on every connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The host's [`VERSION`]. This field stays first in every future version.
    pub version: u32,
}

/// The properties of a worker. The answer to [`Hello`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The worker's [`VERSION`]. This field stays first in every future version.
    pub version: u32,
    /// The width of a pointer, in bits: 32 or 64.
    pub pointer_bits: u8,
    /// The operating system whose ABI the worker's code follows.
    pub platform: Platform,
    /// The processor the worker was compiled for.
    pub machine: Machine,
    /// The worker's process id in its own system; under Wine it differs from the Unix one.
    pub process: u32,
}

/// The operating system whose ABI a worker follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Platform {
    /// Linux, System V ABI.
    Linux,
    /// Windows, or Wine: the ABI is the same.
    Windows,
}

/// The processor a worker was compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Machine {
    /// 32-bit x86.
    I386,
    /// 64-bit x86.
    X86_64,
}

/// Loads a library. Loading the same one again returns the same id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenLibrary {
    /// An absolute path, or a bare name, which is searched for in the system's directories only.
    pub path: PathBytes,
    /// Additional absolute directories that may contain dependencies of the library.
    #[serde(deserialize_with = "limits::bounded::<{ limits::DIRECTORIES }, _, _>")]
    pub directories: Vec<PathBytes>,
}

/// Requests the worker's C library, and on Windows also kernel32, user32, gdi32, advapi32 and ole32.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenDefaultLibrary {}

/// A loaded library.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Library {
    /// The library's id, valid for the life of the worker.
    pub id: u32,
}

/// The key of an export.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Symbol {
    /// A name, decorated or mangled by the compiler, of at most [`limits::SYMBOL_BYTES`].
    Name(#[serde(deserialize_with = "limits::bounded_text::<{ limits::SYMBOL_BYTES }, _>")] String),
    /// An ordinal in the export table of a Windows library.
    Ordinal(u16),
}

impl fmt::Display for Symbol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Symbol::Name(name) => formatter.write_str(name),
            Symbol::Ordinal(ordinal) => write!(formatter, "#{ordinal}"),
        }
    }
}

/// Resolves a symbol and prepares calls of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prepare {
    /// The library's id.
    pub library: u32,
    /// The symbols to try, in order: the plain name, then its decorated forms.
    #[serde(deserialize_with = "limits::bounded::<16, _, _>")]
    pub symbols: Vec<Symbol>,
    /// The signature to call it with.
    pub signature: Signature,
}

/// A function prepared for calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// The function's id, valid for the life of the worker.
    pub id: u32,
    /// Its address in the worker.
    pub address: u64,
    /// The symbol that was found.
    pub symbol: Symbol,
}

/// Prepares calls of functions with one signature; each call specifies the function's address. Preparing the same one
/// again returns the same id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrepareSignature {
    /// The signature to call the functions with.
    pub signature: Signature,
}

/// A signature prepared for calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreparedSignature {
    /// The id for calls, valid for the life of the worker.
    pub id: u32,
}

/// Requests the address of a symbol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindSymbol {
    /// The library's id.
    pub library: u32,
    /// The symbols to try, in order: the plain name, then its decorated forms.
    #[serde(deserialize_with = "limits::bounded::<16, _, _>")]
    pub symbols: Vec<Symbol>,
}

/// A symbol that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundSymbol {
    /// Its address in the worker.
    pub address: u64,
    /// The symbol that was found.
    pub symbol: Symbol,
}

/// Calls a prepared function. A worker decodes it with [`decode_invoke`](crate::decode_invoke).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Invoke<'a> {
    /// The function's id.
    pub function: u32,
    /// The address of the function to call, if it differs from the id's own: a prepared signature has no address.
    pub address: u64,
    /// [`Signature::values`] values: one for each parameter, preceded, for a record result, by the address of its
    /// buffer.
    pub arguments: &'a [Value],
}

/// The result of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The result; [`Value::Nil`] for `void`, NULL, and a record, which is in its buffer.
    pub result: Value,
    /// The C library's `errno` right after the call.
    pub errno: i32,
    /// `GetLastError()` right after the call, 0 on systems without it.
    pub last_error: u32,
}

/// Sets the error numbers for the next call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetErrors {
    /// The C library's `errno`, if it is to be set.
    pub errno: Option<i32>,
    /// The result of `GetLastError()`, if it is to be set.
    pub last_error: Option<u32>,
}

/// Copies bytes out of the worker's memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadString {
    /// The start address.
    pub address: u64,
    /// The number of bytes; `None` reads up to the first zero byte.
    pub length: Option<u32>,
}

/// Requests the system's message for an error number of `GetLastError`. The reply is nil on systems without it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribeLastError {
    /// The error number.
    pub code: u32,
}

/// Switches to shared memory. The answer still comes through the plain channel; everything after it travels through
/// the memory. After a fault, the link stays with the plain channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attach {
    /// The location of the memory.
    pub memory: Ticket,
    /// The size of the memory.
    pub bytes: u64,
    /// The wake-up mechanism for a sleeping side.
    pub doorbell: DoorbellTicket,
}

/// A part of the shared memory, mapped in the worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapped {
    /// Its address in the worker. The answer to [`Attach`] contains the address of the call area.
    pub address: u64,
}

/// Maps another part of the shared memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapSegment {
    /// The offset in the memory.
    pub offset: u64,
    /// The size.
    pub bytes: u64,
}

/// Copies bytes into the worker's memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteMemory {
    /// The target address.
    pub address: u64,
    /// The bytes.
    #[serde(with = "serde_bytes")]
    pub bytes: Vec<u8>,
}

/// Allocates zeroed private memory of the worker, for a link without shared memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocate {
    /// The size.
    pub bytes: u64,
    /// The alignment, a power of two.
    pub align: u64,
}

/// Allocated memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocated {
    /// Its address in the worker.
    pub address: u64,
}

/// Releases memory allocated by [`Allocate`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Its address.
    pub address: u64,
}

macro_rules! calls {
    ($($number:literal $request:ty => $reply:ty;)*) => {
        $(impl Call for $request {
            const NUMBER: u8 = $number;
            type Reply = $reply;
        })*
    };
}

calls! {
    1 Hello => Identity;
    2 OpenLibrary => Library;
    3 OpenDefaultLibrary => Library;
    4 Prepare => Function;
    5 Invoke<'_> => Outcome;
    6 SetErrors => ();
    7 ReadString => Value;
    8 DescribeLastError => Value;
    9 Attach => Mapped;
    10 MapSegment => Mapped;
    11 WriteMemory => ();
    12 Allocate => Allocated;
    13 Release => ();
    14 PrepareSignature => PreparedSignature;
    15 FindSymbol => FoundSymbol;
    16 CreateCallbacks => Callbacks;
    17 QueueCallback => ();
    18 Poll => Served;
    19 StartJob<'_> => Job;
    20 AwaitJob => Option<Outcome>;
    21 CancelJob => JobState;
    22 InvokeBatch => BatchOutcome;
    23 LimitJob => ();
}
