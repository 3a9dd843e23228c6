//! Tests of the module's interface: C text in, types, messages and layouts out.

#![allow(clippy::unwrap_used, reason = "tests")]

mod annotations;
mod arguments;
mod constants;
mod errors;
mod hostile;
mod language;
mod layouts;
mod preprocessor;
mod redeclarations;
mod round_trip;
mod types;

use super::{Declarations, Error};

/// The declarations of a text that must be valid.
#[track_caller]
fn declared(text: &str) -> Declarations {
    let mut declarations = Declarations::new();
    if let Err(error) = declarations.declare(text) {
        panic!("{error}");
    }
    declarations
}

/// The error in a text that must be rejected.
#[track_caller]
fn refused(text: &str) -> Error {
    match Declarations::new().declare(text) {
        Ok(()) => panic!("this was taken: {text}"),
        Err(error) => error,
    }
}
