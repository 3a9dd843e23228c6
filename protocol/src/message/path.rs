//! Paths in the worker's syntax.

use serde::{Deserialize, Serialize};

/// A path in the worker's own syntax: any bytes on Linux, UTF-8 on Windows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PathBytes(#[serde(with = "serde_bytes")] pub Vec<u8>);

impl From<&str> for PathBytes {
    fn from(path: &str) -> Self {
        Self(path.as_bytes().to_vec())
    }
}
