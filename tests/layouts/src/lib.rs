//! Compares the byte layouts of `runtime64::c` with those of real compilers.
//!
//! Declarations are made [at random](generator) from a seed, compiled for each ABI, and laid out by `runtime64::c`.
//! Nothing that is compiled is run: sizes, alignments, offsets and the bits of bit-fields are read from the
//! [object file](compiler).

pub mod comparison;
pub mod compiler;
pub mod declaration;
pub mod figures;
pub mod generator;
mod probe;
pub mod random;
pub mod samples;
mod shrink;
mod source;
