//! Name decoration: what compilers for 32-bit Windows add to the name of a C function to tell its calling convention, and
//! the names under which a function may therefore be exported. The forms are those of MSDN, "Decorated names"; MinGW
//! leaves out the leading underscore of stdcall names.

use std::fmt;

use super::{Format, Machine, cplusplus};

/// A calling convention, as a decorated name tells it.
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
    /// The convention's usual name, as in `__stdcall` without the underscores.
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

/// What an exported name says about the function behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoration {
    /// The name as the source has it; for C++ with its scopes, without parameters: `Device::Open`.
    pub undecorated: String,
    /// The calling convention, where the name tells it.
    pub convention: Option<Convention>,
    /// The size of all arguments in bytes, where the name tells it. Each argument counts as a multiple of four.
    pub argument_bytes: Option<u32>,
    /// The whole C++ declaration, where the name is mangled.
    pub demangled: Option<String>,
}

/// Takes an exported name apart. A name without decoration comes back as it is: a lone leading underscore belongs to the
/// name, for nobody can tell a cdecl `Add` exported as `_Add` from a function called `_Add`.
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
    // A mangled name begins with the underscore that was taken for decoration.
    let inner = cplusplus::demangle(plain).or_else(|| cplusplus::demangle(&format!("_{plain}")));
    Decoration {
        undecorated: inner.as_ref().map_or(plain, |inner| &inner.undecorated).to_owned(),
        convention: Some(convention),
        argument_bytes: Some(bytes),
        demangled: inner.and_then(|inner| inner.demangled),
    }
}

/// Whether a name is a symbol as it stands: one that a compiler has decorated, or has made of a C++ declaration, and any other
/// that C has no name for.
#[must_use]
pub fn is_decorated(name: &str) -> bool {
    let is_in_c = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '$');
    !name.chars().all(is_in_c) || ["_Z", "__Z"].iter().any(|mark| name.starts_with(mark))
}

/// The names under which a function declared as `name`, with `argument_bytes` bytes of arguments, may be exported from a
/// 32-bit DLL, the likeliest first. The plain name always comes first, so that an exact match wins.
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
    // Every argument takes a multiple of four bytes, so another number is part of the name.
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

/// `Add@@8`. Unlike the others, x86-64 compilers write it too.
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
