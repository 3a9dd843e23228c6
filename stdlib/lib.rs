//! The Lua modules that are part of `runtime64`, so that `require` finds them anywhere.

/// The modules by name, each with its source.
pub const MODULES: &[(&str, &str)] = &[("pretty", include_str!("pretty.lua"))];
