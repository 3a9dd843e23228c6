//! The requests, and the reply each of them names.

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
pub use callback::{CallbackReply, Callbacks, Called, CreateCallbacks, Poll, QueueCallback, Served};
pub use job::{AwaitJob, CancelJob, Job, JobState, LimitJob, StartJob};
pub use path::PathBytes;

/// The version of the protocol. Both sides must have the same: they are built and shipped together.
pub const VERSION: u32 = 6;

/// A request. Its number is the kind of the frame it travels in and never changes its meaning.
pub trait Call: Serialize {
    /// The frame kind of the request, below [`link::REPLY`](crate::link::REPLY).
    const NUMBER: u8;
    /// What the worker answers.
    type Reply: Serialize + DeserializeOwned;
}

/// The first request on every connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The host's [`VERSION`]. This field stays the first one in every version to come.
    pub version: u32,
}

/// What a worker is. The answer to [`Hello`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The worker's [`VERSION`]. This field stays the first one in every version to come.
    pub version: u32,
    /// The width of a pointer, in bits: 32 or 64.
    pub pointer_bits: u8,
    /// Whose ABI the worker's code follows.
    pub platform: Platform,
    /// The processor the worker was compiled for.
    pub machine: Machine,
    /// The worker's process id as its own system counts; under Wine it is not the Unix one.
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

/// Loads a library. Loading the same one twice answers the same id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenLibrary {
    /// An absolute path, or a bare name that only the system's directories are searched for.
    pub path: PathBytes,
    /// Further directories, absolute, in which dependencies of the library may lie.
    #[serde(deserialize_with = "limits::bounded::<{ limits::DIRECTORIES }, _, _>")]
    pub directories: Vec<PathBytes>,
}

/// Names the C library of the worker, and on Windows also kernel32, user32, gdi32, advapi32 and ole32.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenDefaultLibrary {}

/// A loaded library.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Library {
    /// The id to name it by, for the life of the worker.
    pub id: u32,
}

/// What a library exports something by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Symbol {
    /// A name, decorated or mangled as the compiler left it, of at most [`limits::SYMBOL_BYTES`].
    Name(#[serde(deserialize_with = "limits::bounded_text::<{ limits::SYMBOL_BYTES }, _>")] String),
    /// A place in the export table of a Windows library.
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
    /// What to try, in order: the plain name, then its decorated forms.
    #[serde(deserialize_with = "limits::bounded::<16, _, _>")]
    pub symbols: Vec<Symbol>,
    /// How it is to be called.
    pub signature: Signature,
}

/// A function ready to be called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// The id to call it by, for the life of the worker.
    pub id: u32,
    /// Where it lies in the worker.
    pub address: u64,
    /// Which of the symbols was found.
    pub symbol: Symbol,
}

/// Prepares calls of functions of one signature, each of which is told where it lies. Preparing the same one twice answers
/// the same id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrepareSignature {
    /// How the functions are to be called.
    pub signature: Signature,
}

/// A signature ready to be called with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreparedSignature {
    /// The id to call functions by, for the life of the worker.
    pub id: u32,
}

/// Asks where a symbol lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindSymbol {
    /// The library's id.
    pub library: u32,
    /// What to try, in order: the plain name, then its decorated forms.
    #[serde(deserialize_with = "limits::bounded::<16, _, _>")]
    pub symbols: Vec<Symbol>,
}

/// A symbol that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundSymbol {
    /// Where it lies in the worker.
    pub address: u64,
    /// Which of the symbols was found.
    pub symbol: Symbol,
}

/// Calls a prepared function. A worker takes it apart with [`decode_invoke`](crate::decode_invoke).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Invoke<'a> {
    /// The function's id.
    pub function: u32,
    /// Where the function to call lies, if that is not where the id's own does: a signature alone has no place.
    pub address: u64,
    /// As many values as [`Signature::values`] tells: one for each parameter, and before them, for a result that is a
    /// record, the address of the room for it.
    pub arguments: &'a [Value],
}

/// What a call came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The result, [`Value::Nil`] for `void`, NULL, and a record, which lies in the room that was made for it.
    pub result: Value,
    /// The C library's `errno` right after the call.
    pub errno: i32,
    /// `GetLastError()` right after the call, 0 where there is no such thing.
    pub last_error: u32,
}

/// Sets the error numbers that the next call finds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetErrors {
    /// The C library's `errno`, if it is to be set.
    pub errno: Option<i32>,
    /// What `GetLastError()` gives, if it is to be set.
    pub last_error: Option<u32>,
}

/// Copies bytes out of the worker's memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadString {
    /// Where they start.
    pub address: u64,
    /// How many, or none to stop before the first zero byte.
    pub length: Option<u32>,
}

/// Asks for the system's text for an error number of `GetLastError`. The reply is nil where there is no such thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribeLastError {
    /// The error number.
    pub code: u32,
}

/// Goes over to shared memory. The answer still comes through the plain channel; what follows travels through the memory.
/// After a fault all goes on through the plain channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attach {
    /// Where the memory is.
    pub memory: Ticket,
    /// How much there is of it.
    pub bytes: u64,
    /// What wakes a side that sleeps.
    pub doorbell: DoorbellTicket,
}

/// A part of the shared memory, mapped in the worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapped {
    /// Where it lies in the worker. The answer to [`Attach`] tells where the call area does.
    pub address: u64,
}

/// Maps a further part of the shared memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapSegment {
    /// Where it starts in the memory.
    pub offset: u64,
    /// How long it is.
    pub bytes: u64,
}

/// Copies bytes into the worker's memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteMemory {
    /// Where they go.
    pub address: u64,
    /// What goes there.
    #[serde(with = "serde_bytes")]
    pub bytes: Vec<u8>,
}

/// Allocates zeroed memory of the worker's own, for a link without shared memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocate {
    /// How much.
    pub bytes: u64,
    /// Its alignment, a power of two.
    pub align: u64,
}

/// Memory that was allocated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocated {
    /// Where it lies in the worker.
    pub address: u64,
}

/// Gives back memory that [`Allocate`] gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Where it lies.
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
