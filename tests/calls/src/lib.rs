//! Calls functions whose signatures were made at random, compiled by real compilers, through the built programs.
//!
//! A [sample] is one function: structs and unions of its own, parameters and a result, each with a value. From it
//! follow the C of a library that checks what it is given, and the Lua of a script that checks
//! what comes back. Half of what can go wrong is a callback's: there the roles are changed.

mod c_source;
pub mod generator;
mod lua_source;
pub mod run;
pub mod sample;
pub mod target;
pub mod types;
