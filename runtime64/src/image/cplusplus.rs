//! Mangled C++ names: Microsoft's (`?Open@Device@@QAEHXZ`) and those of the Itanium ABI (`_ZN6Device4OpenEv`).

use std::fmt;

use msvc_demangler::{CallingConv, DemangleFlags, ParseResult, Type};

use super::{Convention, Decoration};

/// The longest name that is demangled, in bytes. Microsoft's compilers emit at most 4096, and hash longer names.
const LONGEST_NAME: usize = 4096;

/// The longest Microsoft name that is demangled on the caller's stack, in bytes. The demangler recurses with the
/// nesting of types: each level takes two bytes of the name and up to 3 KiB of stack.
const SHORT_NAME: usize = 256;

/// The stack size for longer names, in bytes: enough for one of [`LONGEST_NAME`] that consists of nesting only.
const DEEP_STACK: usize = 16 << 20;

/// The longest declaration that is shown, in bytes. Back-references allow a short name to expand without bound.
const LONGEST_DECLARATION: usize = 16 * 1024;

/// Demangles `name`; returns `None` if it is not a valid C++ name.
pub(super) fn demangle(name: &str) -> Option<Decoration> {
    if name.len() > LONGEST_NAME {
        None
    } else if name.starts_with('?') {
        microsoft(name)
    } else if name.starts_with("_Z") {
        itanium(name)
    } else if name.starts_with("__Z") {
        itanium(&name[1..])
    } else {
        None
    }
}

/// The source name of a C++ type, from the name in `std::type_info`: `St13runtime_error` in the Itanium ABI,
/// `.?AVruntime_error@std@@` in Microsoft's. An invalid name is returned unchanged.
#[must_use]
pub fn type_name(mangled: &str) -> String {
    let read = if let Some(name) = mangled.strip_prefix(".?A").filter(|name| !name.contains('$')) {
        // The kind of type is one letter; for an enumeration, two.
        let scopes = name.trim_start_matches(['V', 'U', 'T']).trim_start_matches("W4").trim_end_matches("@@");
        Some(scopes.split('@').rev().collect::<Vec<_>>().join("::"))
    } else {
        // A star marks an internal type.
        let symbol = format!("_ZTI{}", mangled.trim_start_matches('*'));
        let demangled = demangle(&symbol).and_then(|decoration| decoration.demangled);
        demangled.and_then(|text| text.strip_prefix("typeinfo for ").map(str::to_owned))
    };
    read.filter(|name| !name.is_empty()).unwrap_or_else(|| mangled.to_owned())
}

fn microsoft(name: &str) -> Option<Decoration> {
    if !is_plain_export(name) || unfolds(name) {
        return None;
    }
    if name.len() <= SHORT_NAME {
        return read_microsoft(name);
    }
    let owned = name.to_owned();
    let thread = std::thread::Builder::new().stack_size(DEEP_STACK).spawn(move || read_microsoft(&owned));
    thread.ok()?.join().ok()?
}

fn read_microsoft(name: &str) -> Option<Decoration> {
    let parsed = msvc_demangler::parse(name).ok()?;
    // The bare name is scope and name, as the source refers to the function.
    let undecorated = msvc_demangler::serialize(&parsed, DemangleFlags::llvm() | DemangleFlags::NAME_ONLY);
    let demangled = msvc_demangler::serialize(&parsed, DemangleFlags::llvm());
    if demangled.len() > LONGEST_DECLARATION || undecorated.is_empty() {
        return None;
    }
    Some(Decoration { undecorated, convention: convention(&parsed), argument_bytes: None, demangled: Some(demangled) })
}

fn convention(parsed: &ParseResult<'_>) -> Option<Convention> {
    let (Type::NonMemberFunction(convention, ..) | Type::MemberFunction(_, convention, ..)) = &parsed.symbol_type
    else {
        return None;
    };
    match convention {
        CallingConv::Cdecl => Some(Convention::Cdecl),
        CallingConv::Stdcall => Some(Convention::Stdcall),
        CallingConv::Fastcall => Some(Convention::Fastcall),
        CallingConv::Thiscall => Some(Convention::Thiscall),
        CallingConv::Pascal | CallingConv::_Regcall => None,
    }
}

/// Excludes forms that no library exports and whose arithmetic the demangler does not check: string literals (`@_0`),
/// thread-safe static guards (`?$TSS`), and the one number without a negative (0x8000_0000, written `IAAAAAAA`).
fn is_plain_export(name: &str) -> bool {
    !["@_0", "@_1", "?$TSS", "IAAAAAAA@"].iter().any(|form| name.contains(form))
}

/// Whether back-references (digits) inside function pointer types could make the type grow beyond reason. Each such
/// type can refer to the previous one several times, so the growth is exponential in their number.
fn unfolds(name: &str) -> bool {
    const LARGEST_GROWTH: f64 = 1e5;
    let bytes = name.as_bytes();
    let pointers =
        bytes.windows(2).filter(|pair| b"PQRSA".contains(&pair[0]) && matches!(pair[1], b'6'..=b'9')).count();
    if pointers == 0 {
        return false;
    }
    let references = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    #[allow(clippy::cast_precision_loss, reason = "both are at most LONGEST_NAME")]
    let growth = (references as f64 / pointers as f64 + 1.0).powf(pointers as f64);
    growth > LARGEST_GROWTH
}

fn itanium(name: &str) -> Option<Decoration> {
    let symbol = cpp_demangle::Symbol::new(name.as_bytes()).ok()?;
    let whole = cpp_demangle::DemangleOptions::new();
    let demangled = bounded(&symbol, whole)?;
    let undecorated = bounded(&symbol, whole.no_params().no_return_type())?;
    Some(Decoration { undecorated, convention: None, argument_bytes: None, demangled: Some(demangled) })
}

fn bounded(symbol: &cpp_demangle::Symbol<&[u8]>, options: cpp_demangle::DemangleOptions) -> Option<String> {
    let mut text = Bounded(String::new());
    symbol.structured_demangle(&mut text, &options).ok()?;
    Some(text.0)
}

/// Text that stops at [`LONGEST_DECLARATION`], which ends the demangling.
struct Bounded(String);

impl fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > LONGEST_DECLARATION {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn both_manglings_give_name_declaration_and_convention() {
        let cases = [
            ("?Add@@YAHHH@Z", "Add", "int __cdecl Add(int, int)", Some(Convention::Cdecl)),
            ("?Add@@YGHHH@Z", "Add", "int __stdcall Add(int, int)", Some(Convention::Stdcall)),
            ("?Add@@YIHHH@Z", "Add", "int __fastcall Add(int, int)", Some(Convention::Fastcall)),
            (
                "?Open@Device@@QAEHXZ",
                "Device::Open",
                "public: int __thiscall Device::Open(void)",
                Some(Convention::Thiscall),
            ),
            ("?count@@3HA", "count", "int count", None),
            ("_Z3Addii", "Add", "Add(int, int)", None),
            ("__Z3Addii", "Add", "Add(int, int)", None),
            ("_ZN6Device4OpenEv", "Device::Open", "Device::Open()", None),
        ];
        for (name, plain, declaration, convention) in cases {
            let decoration = demangle(name).unwrap();
            assert_eq!(decoration.undecorated, plain, "{name}");
            assert_eq!(decoration.demangled.as_deref(), Some(declaration), "{name}");
            assert_eq!(decoration.convention, convention, "{name}");
        }
    }

    #[test]
    fn types_have_the_names_of_the_source() {
        let cases = [
            ("St13runtime_error", "std::runtime_error"),
            ("i", "int"),
            ("*N1A1BE", "A::B"),
            (".?AVruntime_error@std@@", "std::runtime_error"),
            (".?AUpoint@@", "point"),
            (".H", ".H"),
            ("", ""),
        ];
        for (mangled, expected) in cases {
            assert_eq!(type_name(mangled), expected, "{mangled}");
        }
    }

    #[test]
    fn names_that_are_not_cplusplus_are_left_alone() {
        for name in ["", "?", "_Z", "__Z", "Add", "?Add", "??", "_Zebra", "?Add@@YZHHH@Z"] {
            assert_eq!(demangle(name), None, "{name}");
        }
    }

    /// Deep nesting and exponential back-references terminate quickly, on a stack smaller than any platform's thread
    /// stack.
    #[test]
    fn hostile_names_neither_hang_nor_overflow_the_stack() {
        let mut names = vec![
            format!("?x@@3{}HA", "PA".repeat(LONGEST_NAME)),
            format!("?x@@3{}HA", "PA".repeat(LONGEST_NAME / 2 - 4)),
            format!("?x@@3{}HA", "PA".repeat(SHORT_NAME / 2 - 4)),
            format!("?{}", "?$A@V".repeat(SHORT_NAME / 5)),
            format!("?{}", "?$A@V".repeat(LONGEST_NAME / 5)),
            format!("?f@@YAX{}@Z", "P6AX".repeat(400)),
            format!("?{}", "?$A@V".repeat(300)),
            format!("_Z1f{}i", "P".repeat(2000)),
            format!("_Z1f{}", "N1A".repeat(600)),
            "?f@@YAHIAAAAAAA@@Z".to_owned(),
            "??_C@_0BB@IAAAAAAA@?$!!".to_owned(),
            "?$TSS99999999999999999999@x@@4HA".to_owned(),
        ];
        let level = |index: usize| format!("P6AX{}@Z", index.to_string().repeat(20));
        names.push(format!("?f@@YAXP6AXHH@Z{}@Z", (0..9).map(level).collect::<String>()));
        let doubling: String = (0..60).map(|index| format!("S{}_S{}_", index % 10, index % 10)).collect();
        names.push(format!("_Z1fSt4pairIiiE{doubling}"));
        let thread = std::thread::Builder::new().stack_size(512 * 1024).spawn(move || {
            for name in names {
                let _ = demangle(&name);
            }
        });
        thread.unwrap().join().unwrap();
    }

    #[test]
    fn altered_names_never_panic() {
        let seeds = [
            "?Open@Device@@QAEHPAV?$vector@HV?$allocator@H@std@@@std@@P6AXH0@Z@Z",
            "??$make@$0BAA@$0?7@@YAPAUShape@@AAY01$$CBH@Z",
            "?$S1@?1??get@@YAHXZ@4IA",
            "_ZNSt6vectorIiSaIiEE9push_backEOi",
            "_ZZN1AC1EvE1x",
        ];
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        for round in 0..20_000 {
            let mut name = seeds[round % seeds.len()].as_bytes().to_vec();
            for _ in 0..3 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let place = (state >> 33) as usize % name.len();
                name[place] = b' ' + ((state >> 20) % 95) as u8;
            }
            let _ = demangle(&String::from_utf8(name).unwrap());
        }
    }
}
