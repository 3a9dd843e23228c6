//! What the tests of real headers need: compilers to preprocess them and to ask for sizes, and what is known of each
//! header.
#![cfg(target_os = "linux")]

mod compiler;
mod header;
mod questions;

pub use compiler::Compiler;
pub use header::{HEADERS, Header, Systems};
pub use questions::Questions;
