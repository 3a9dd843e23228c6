//! Measures `runtime64` against a floor, a baseline and other bridges.
//!
//! The floor is two processes that pass a word of shared memory to and fro, which nothing that crosses processes can
//! beat. The baseline is what one would write first: a blocking local socket (interprocess) with MessagePack (rmp-serde).
//! The program `peer` is the other side of both, built for every width that a worker has.

use serde::{Deserialize, Serialize};

#[cfg(feature = "host")]
pub mod host;

/// What the baseline asks its peer.
#[derive(Debug, Serialize, Deserialize)]
pub struct Request {
    /// Which function; the peer has one.
    pub function: u32,
    /// What to add up.
    pub arguments: Vec<i64>,
}

/// What the peer answers.
#[derive(Debug, Serialize, Deserialize)]
pub struct Reply {
    /// The sum.
    pub result: i64,
}

/// The word that the host writes on the floor, and the one that the peer writes: each in a cache line of its own.
pub const FLOOR_WORDS: [usize; 2] = [0, 64];

/// The memory of the floor, in bytes.
pub const FLOOR_BYTES: u64 = 64 << 10;

/// What ends the floor.
pub const FLOOR_END: u32 = u32::MAX;

/// The bytes of the long message over the raw socket.
pub const RAW_BYTES: usize = 1 << 20;

/// The environment variable that tells the peer what to be.
pub const PEER_MODE: &str = "RUNTIME64_BENCH_PEER";
