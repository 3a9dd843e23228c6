//! Name decoration: the additions of 32-bit Windows compilers to the name of a C function that encode its calling
//! convention, and the names under which a function may therefore be exported. The forms are those of MSDN,
//! "Decorated names"; MinGW omits the leading underscore of stdcall names.

use std::fmt;

use super::{Format, Machine, cplusplus};

/// A calling convention, as encoded in a decorated name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Convention {
    /// Arguments on the stack, removed by the caller.
    Cdecl,
    /// Arguments on the stack, removed by the function.
    Stdcall,
    /// The first two integers in ECX and EDX, the rest removed by the function.
    Fastcall,
    /// Like fastcall, with vectors and floating-point arguments in XMM registers.
    Vectorcall,
    /// A C++ member function: `this` in ECX, the rest removed by the function.
    Thiscall,
}

impl Convention {
    /// The convention's usual name: `__stdcall` without the underscores.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cdecl => "cdecl",
            Self::Stdcall => "stdcall",
            Self::Fastcall => "fastcall",
            Self::Vectorcall => "vectorcall",
            Self::Thiscall => "thiscall",
        }
    }
}

impl fmt::Display for Convention {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The information in an exported name about its function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoration {
    /// The name in the source; for C++ with its scopes, without parameters: `Device::Open`.
    pub undecorated: String,
    /// The calling convention, if the name contains it.
    pub convention: Option<Convention>,
    /// The size of all arguments in bytes, if the name contains it. Each argument counts as a multiple of four.
    pub argument_bytes: Option<u32>,
    /// The whole C++ declaration, if the name is mangled.
    pub demangled: Option<String>,
}

/// Parses an exported name. A name without decoration is returned unchanged: a lone leading underscore is part of the
/// name, since a cdecl `Add` exported as `_Add` cannot be distinguished from a function called `_Add`.
#[must_use]
pub fn undecorate(name: &str, format: Format, machine: Machine) -> Decoration {
    if let Some(decoration) = cplusplus::demangle(name) {
        return decoration;
    }
    let decorated = match (format, machine) {
        (Format::Pe, Machine::I386) => suffix_of_i386(name),
        (Format::Pe, Machine::X86_64) => vectorcall(name),
        (Format::Elf, _) => None,
    };
    let Some((plain, convention, bytes)) = decorated else {
        return Decoration { undecorated: name.to_owned(), convention: None, argument_bytes: None, demangled: None };
    };
    // A mangled name starts with the underscore that was taken for decoration.
    let inner = cplusplus::demangle(plain).or_else(|| cplusplus::demangle(&format!("_{plain}")));
    Decoration {
        undecorated: inner.as_ref().map_or(plain, |inner| &inner.undecorated).to_owned(),
        convention: Some(convention),
        argument_bytes: Some(bytes),
        demangled: inner.and_then(|inner| inner.demangled),
    }
}

/// Whether a name is already a symbol: one decorated by a compiler or mangled from a C++ declaration, or any other
/// that is not a valid C name.
#[must_use]
pub fn is_decorated(name: &str) -> bool {
    let is_in_c = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '$');
    !name.chars().all(is_in_c) || ["_Z", "__Z"].iter().any(|mark| name.starts_with(mark))
}

/// The names under which a function declared as `name`, with `argument_bytes` bytes of arguments, may be exported
/// from a 32-bit DLL, most likely first. The plain name always comes first, so that an exact match wins.
#[must_use]
pub fn candidates(name: &str, argument_bytes: u32) -> Vec<String> {
    vec![
        name.to_owned(),
        format!("_{name}@{argument_bytes}"),
        format!("{name}@{argument_bytes}"),
        format!("@{name}@{argument_bytes}"),
        format!("{name}@@{argument_bytes}"),
        format!("_{name}"),
    ]
}

fn suffix_of_i386(name: &str) -> Option<(&str, Convention, u32)> {
    if let Some(found) = vectorcall(name) {
        return Some(found);
    }
    let (front, bytes) = split_size(name)?;
    // Every argument takes a multiple of four bytes, so any other number is part of the name.
    if bytes % 4 != 0 {
        return None;
    }
    let (plain, convention) = if let Some(plain) = front.strip_prefix('@') {
        (plain, Convention::Fastcall)
    } else {
        (front.strip_prefix('_').unwrap_or(front), Convention::Stdcall)
    };
    (!plain.is_empty()).then_some((plain, convention, bytes))
}

/// `Add@@8`. Unlike the others, this form is also used by x86-64 compilers.
fn vectorcall(name: &str) -> Option<(&str, Convention, u32)> {
    let (front, bytes) = split_size(name)?;
    let plain = front.strip_suffix('@')?;
    (!plain.is_empty() && !plain.starts_with('@')).then_some((plain, Convention::Vectorcall, bytes))
}

/// Splits `front@digits`.
fn split_size(name: &str) -> Option<(&str, u32)> {
    let (front, digits) = name.rsplit_once('@')?;
    // parse() alone would accept a sign.
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let bytes = is_number.then(|| digits.parse().ok())??;
    Some((front, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pe32(name: &str) -> (String, Option<Convention>, Option<u32>) {
        let decoration = undecorate(name, Format::Pe, Machine::I386);
        (decoration.undecorated, decoration.convention, decoration.argument_bytes)
    }

    #[test]
    fn names_of_32_bit_windows_tell_convention_and_size() {
        let cases = [
            ("Add", "Add", None, None),
            ("_Add", "_Add", None, None),
            ("_Add@8", "Add", Some(Convention::Stdcall), Some(8)),
            ("Add@8", "Add", Some(Convention::Stdcall), Some(8)),
            ("__Add@0", "_Add", Some(Convention::Stdcall), Some(0)),
            ("@Add@12", "Add", Some(Convention::Fastcall), Some(12)),
            ("Add@@16", "Add", Some(Convention::Vectorcall), Some(16)),
            ("Add@7", "Add@7", None, None),
            ("Add@", "Add@", None, None),
            ("Add@+8", "Add@+8", None, None),
            ("Add@99999999999", "Add@99999999999", None, None),
            ("_@8", "_@8", None, None),
            ("@8", "@8", None, None),
            ("@@8", "@@8", None, None),
            ("", "", None, None),
            ("@Forms@Initialize$qqrv", "@Forms@Initialize$qqrv", None, None),
        ];
        for (name, plain, convention, bytes) in cases {
            assert_eq!(pe32(name), (plain.to_owned(), convention, bytes), "{name}");
        }
    }

    #[test]
    fn other_targets_do_not_decorate_c_names() {
        for (format, machine) in
            [(Format::Elf, Machine::I386), (Format::Elf, Machine::X86_64), (Format::Pe, Machine::X86_64)]
        {
            let decoration = undecorate("_Add@8", format, machine);
            assert_eq!((decoration.undecorated.as_str(), decoration.convention), ("_Add@8", None));
        }
        let vector = undecorate("Add@@32", Format::Pe, Machine::X86_64);
        assert_eq!((vector.undecorated.as_str(), vector.convention), ("Add", Some(Convention::Vectorcall)));
    }

    #[test]
    fn mangled_names_inside_a_decoration_are_demangled_too() {
        let decoration = undecorate("_Z3Addii@8", Format::Pe, Machine::I386);
        assert_eq!(decoration.undecorated, "Add");
        assert_eq!(decoration.convention, Some(Convention::Stdcall));
        assert_eq!(decoration.demangled.as_deref(), Some("Add(int, int)"));
    }

    #[test]
    fn names_of_c_are_not_decorated() {
        for (name, expected) in [
            ("Add", false),
            ("_Add", false),
            ("größe$2", false),
            ("Add@8", true),
            ("?x@@3HA", true),
            ("_ZN1AC1Ev", true),
            ("__ZN1AC1Ev", true),
            ("A::Add", true),
        ] {
            assert_eq!(is_decorated(name), expected, "{name}");
        }
    }

    #[test]
    fn every_candidate_leads_back_to_its_name() {
        let names = candidates("Add", 8);
        assert_eq!(names, ["Add", "_Add@8", "Add@8", "@Add@8", "Add@@8", "_Add"]);
        for name in names.iter().filter(|name| name.contains('@')) {
            assert_eq!(pe32(name).0, "Add", "{name}");
            assert!(is_decorated(name), "{name}");
        }
    }
}
