//! The requests, and the reply each of them names.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::limits;
use crate::{Signature, Value};

/// The version of the protocol. Both sides must have the same: they are built and shipped together.
pub const VERSION: u32 = 1;

/// A request. Its number is the kind of the frame it travels in and never changes its meaning.
pub trait Call: Serialize + DeserializeOwned {
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
    /// An absolute path in the worker's own syntax, or a bare name that only the system's directories are searched for.
    pub path: String,
    /// Further directories, absolute, in which dependencies of the library may lie.
    #[serde(deserialize_with = "limits::bounded::<{ limits::DIRECTORIES }, _, _>")]
    pub directories: Vec<String>,
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

/// Resolves a symbol and prepares calls of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prepare {
    /// The library's id.
    pub library: u32,
    /// Names to try, in order: the plain one, then its decorated forms.
    #[serde(deserialize_with = "limits::bounded::<16, _, _>")]
    pub symbols: Vec<String>,
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
    /// Which of the names was found.
    pub symbol: String,
}

/// Calls a prepared function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Invoke {
    /// The function's id.
    pub function: u32,
    /// One value for each parameter.
    #[serde(deserialize_with = "limits::bounded::<{ limits::ARGUMENTS }, _, _>")]
    pub arguments: Vec<Value>,
}

/// What a call came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The result, [`Value::Nil`] for `void` and NULL.
    pub result: Value,
    /// The C library's `errno` right after the call.
    pub errno: i32,
    /// `GetLastError()` right after the call, 0 where there is no such thing.
    pub last_error: u32,
}

/// Sets the `errno` that the next call finds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetErrno {
    /// The value.
    pub value: i32,
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

macro_rules! calls {
    ($($number:literal $request:ident -> $reply:ty;)*) => {
        $(impl Call for $request {
            const NUMBER: u8 = $number;
            type Reply = $reply;
        })*
    };
}

calls! {
    1 Hello -> Identity;
    2 OpenLibrary -> Library;
    3 OpenDefaultLibrary -> Library;
    4 Prepare -> Function;
    5 Invoke -> Outcome;
    6 SetErrno -> ();
    7 ReadString -> Value;
    8 DescribeLastError -> Value;
}
