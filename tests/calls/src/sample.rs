//! One function with a random signature: what is made, compiled and called.

use std::sync::Arc;

use crate::types::{Record, Type, Value};

/// How arguments are passed on i386.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Convention {
    /// What is used where nothing is said.
    Cdecl,
    /// The function removes its arguments.
    Stdcall,
    /// The first two integers are in registers.
    Fastcall,
    /// The first argument is in a register.
    Thiscall,
}

/// A function, or a callback and the function that calls it.
#[derive(Debug)]
pub struct Sample {
    /// Its number among those of its seed.
    pub number: u64,
    /// Whether the signature is a callback's.
    pub is_callback: bool,
    /// The convention of the signature.
    pub convention: Convention,
    /// The structs and unions, each before those that use it.
    pub records: Vec<Arc<Record>>,
    /// Types and values of the parameters.
    pub parameters: Vec<(Type, Value)>,
    /// Type and value of the result.
    pub result: Option<(Type, Value)>,
}

/// What a convention is called in a language.
pub(crate) type Names = [(Convention, &'static str); 4];

/// In the C of the libraries: macros of `export.h`.
pub(crate) const IN_C: Names = [
    (Convention::Cdecl, ""),
    (Convention::Stdcall, "STDCALL "),
    (Convention::Fastcall, "FASTCALL "),
    (Convention::Thiscall, "THISCALL "),
];

/// In the declarations that `dll.cdef` reads.
pub(crate) const IN_DECLARATIONS: Names = [
    (Convention::Cdecl, ""),
    (Convention::Stdcall, "__stdcall "),
    (Convention::Fastcall, "__fastcall "),
    (Convention::Thiscall, "__thiscall "),
];

impl Sample {
    /// The name of the function that the script calls.
    pub fn name(&self) -> String {
        format!("{}{}", if self.is_callback { "c" } else { "f" }, self.number)
    }

    /// The name of the callback's type.
    pub(crate) fn callback_name(&self) -> String {
        format!("{}_callback", self.name())
    }

    /// The definitions of the structs and unions.
    pub(crate) fn definitions(&self) -> String {
        self.records.iter().map(|record| record.definition() + "\n").collect()
    }

    /// What the function that the script calls is declared as, without a semicolon. Of a callback, its type comes first.
    pub(crate) fn declaration(&self, names: &Names, export: &str) -> String {
        let result = self.result.as_ref().map_or_else(|| "void".to_owned(), |(ty, _)| ty.words());
        let parameters: Vec<String> = (1..)
            .zip(&self.parameters)
            .map(|(position, (ty, _))| format!("{} {}", ty.words(), parameter(position)))
            .collect();
        let parameters = if parameters.is_empty() { "void".to_owned() } else { parameters.join(", ") };
        let convention =
            names.iter().find(|(convention, _)| *convention == self.convention).map_or("", |(_, name)| name);
        let name = self.name();
        if self.is_callback {
            let callback = self.callback_name();
            format!(
                "typedef {result} ({convention}*{callback})({parameters});\n{export}{result} {name}({callback} callback)"
            )
        } else {
            format!("{export}{result} {convention}{name}({parameters})")
        }
    }
}

/// The name of a parameter.
pub(crate) fn parameter(position: usize) -> String {
    format!("a{position}")
}
