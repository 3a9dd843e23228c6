//! Predeclared names. They cost nothing until first use: then the text that declares the name is parsed, once per
//! process, so that every program uses the same type.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use super::names::{Declaration, Names, Tag};
use super::parser::Parser;
use super::scope::{Known, Scope};
use super::types::{Basic, Type};
use super::windows;

/// A text, and the names and tags that it declares.
pub(super) struct Group {
    pub(super) names: &'static [&'static str],
    pub(super) tags: &'static [&'static str],
    pub(super) text: &'static str,
}

const fn group(names: &'static [&'static str], text: &'static str) -> Group {
    Group { names, tags: &[], text }
}

/// The headers whose types are predeclared, so that including one has no effect.
pub(super) const HEADERS: &[&str] = &[
    "basetsd.h",
    "guiddef.h",
    "inttypes.h",
    "limits.h",
    "minwindef.h",
    "stdarg.h",
    "stdbool.h",
    "stddef.h",
    "stdint.h",
    "sys/types.h",
    "uchar.h",
    "wchar.h",
    "windef.h",
    "windows.h",
    "Windows.h",
    "winnt.h",
    "wtypes.h",
];

/// Names for the basic types that have no keyword.
const BASIC: &[(&str, Basic)] = &[
    ("bool", Basic::Bool),
    ("wchar_t", Basic::WideChar),
    ("size_t", Basic::Size),
    ("ssize_t", Basic::SignedSize),
    ("ptrdiff_t", Basic::PtrDiff),
    ("intptr_t", Basic::IntPtr),
    ("uintptr_t", Basic::UintPtr),
    ("va_list", Basic::VaList),
    ("__gnuc_va_list", Basic::VaList),
];

/// `<stdint.h>`, `<stddef.h>`, `<uchar.h>`, `<stdio.h>`. The `fast` types differ between C libraries and are left out.
const GROUPS: &[Group] = &[
    group(&["int8_t"], "typedef signed char int8_t;"),
    group(&["int16_t"], "typedef short int16_t;"),
    group(&["int32_t"], "typedef int int32_t;"),
    group(&["int64_t"], "typedef long long int64_t;"),
    group(&["uint8_t"], "typedef unsigned char uint8_t;"),
    group(&["uint16_t"], "typedef unsigned short uint16_t;"),
    group(&["uint32_t"], "typedef unsigned int uint32_t;"),
    group(&["uint64_t"], "typedef unsigned long long uint64_t;"),
    group(&["int_least8_t", "uint_least8_t"], "typedef int8_t int_least8_t; typedef uint8_t uint_least8_t;"),
    group(&["int_least16_t", "uint_least16_t"], "typedef int16_t int_least16_t; typedef uint16_t uint_least16_t;"),
    group(&["int_least32_t", "uint_least32_t"], "typedef int32_t int_least32_t; typedef uint32_t uint_least32_t;"),
    group(&["int_least64_t", "uint_least64_t"], "typedef int64_t int_least64_t; typedef uint64_t uint_least64_t;"),
    group(&["intmax_t", "uintmax_t"], "typedef long long intmax_t; typedef unsigned long long uintmax_t;"),
    group(&["char16_t", "char32_t"], "typedef uint16_t char16_t; typedef uint32_t char32_t;"),
    group(&["wint_t"], "typedef unsigned int wint_t;"),
    group(&["FILE"], "typedef struct _FILE FILE;"),
];

/// `<stdbool.h>`, `<stddef.h>`, `<limits.h>`, `<stdint.h>`.
const CONSTANTS: &[(&str, &str)] = &[
    ("true", "1"),
    ("false", "0"),
    ("NULL", "((void *)0)"),
    ("CHAR_BIT", "8"),
    ("SCHAR_MIN", "(-128)"),
    ("SCHAR_MAX", "127"),
    ("UCHAR_MAX", "255"),
    ("CHAR_MIN", "(-128)"),
    ("CHAR_MAX", "127"),
    ("SHRT_MIN", "(-32768)"),
    ("SHRT_MAX", "32767"),
    ("USHRT_MAX", "65535"),
    ("INT_MIN", "(-2147483647 - 1)"),
    ("INT_MAX", "2147483647"),
    ("UINT_MAX", "0xffffffffU"),
    ("LONG_MIN", "(-(long)(~0UL >> 1) - 1)"),
    ("LONG_MAX", "((long)(~0UL >> 1))"),
    ("ULONG_MAX", "(~0UL)"),
    ("LLONG_MIN", "(-9223372036854775807LL - 1)"),
    ("LLONG_MAX", "9223372036854775807LL"),
    ("ULLONG_MAX", "0xffffffffffffffffULL"),
    ("INT8_MIN", "(-128)"),
    ("INT8_MAX", "127"),
    ("UINT8_MAX", "255"),
    ("INT16_MIN", "(-32768)"),
    ("INT16_MAX", "32767"),
    ("UINT16_MAX", "65535"),
    ("INT32_MIN", "(-2147483647 - 1)"),
    ("INT32_MAX", "2147483647"),
    ("UINT32_MAX", "0xffffffffU"),
    ("INT64_MIN", "(-9223372036854775807LL - 1)"),
    ("INT64_MAX", "9223372036854775807LL"),
    ("UINT64_MAX", "0xffffffffffffffffULL"),
    ("SIZE_MAX", "((size_t)-1)"),
    ("INTPTR_MAX", "((intptr_t)((uintptr_t)-1 >> 1))"),
    ("UINTPTR_MAX", "((uintptr_t)-1)"),
];

/// The type keywords that are considered as suggestions.
const KEYWORDS: &[&str] = &[
    "void", "char", "short", "int", "long", "float", "double", "signed", "unsigned", "const", "volatile", "struct",
    "union", "enum", "typedef", "extern", "static",
];

/// The source of a name.
#[derive(Clone, Copy)]
enum NameSource {
    Basic(Basic),
    Group(&'static Group),
}

static PLACES: LazyLock<HashMap<&'static str, NameSource>> = LazyLock::new(|| {
    let groups = GROUPS.iter().chain(windows::GROUPS);
    let grouped = groups.flat_map(|group| group.names.iter().map(move |name| (*name, NameSource::Group(group))));
    BASIC.iter().map(|(name, basic)| (*name, NameSource::Basic(*basic))).chain(grouped).collect()
});

static TAGS: LazyLock<HashMap<&'static str, &'static Group>> = LazyLock::new(|| {
    windows::GROUPS.iter().flat_map(|group| group.tags.iter().map(move |tag| (*tag, group))).collect()
});

static CONSTANT_TEXTS: LazyLock<HashMap<&'static str, &'static str>> =
    LazyLock::new(|| CONSTANTS.iter().chain(windows::CONSTANTS).copied().collect());

/// The names parsed so far.
static PARSED: LazyLock<Mutex<Names>> = LazyLock::new(Mutex::default);

/// The standard type with this name: a typedef name or a type printed by that name.
pub(super) fn find_type(name: &str) -> Option<Type> {
    match PLACES.get(name)? {
        NameSource::Basic(basic) => Some(Type::Basic(*basic)),
        NameSource::Group(group) => match load(group, |names| names.get(name).cloned())? {
            Declaration::Typedef(typedef) => Some(Type::Named(typedef)),
            _ => None,
        },
    }
}

/// The declaration of a standard name that is a typedef name; basic types have no declaration.
pub(super) fn find(name: &str) -> Option<Declaration> {
    match PLACES.get(name)? {
        NameSource::Basic(_) => None,
        NameSource::Group(group) => load(group, |names| names.get(name).cloned()),
    }
}

/// The struct, union or enumeration with a standard tag.
pub(super) fn find_tag(tag: &str) -> Option<Tag> {
    load(TAGS.get(tag)?, |names| names.tags.get(tag).cloned())
}

/// The text of a standard constant.
pub(super) fn constant(name: &str) -> Option<&'static str> {
    CONSTANT_TEXTS.get(name).copied()
}

/// The names of all standard types.
pub(super) fn type_names() -> impl Iterator<Item = &'static str> {
    KEYWORDS.iter().copied().chain(PLACES.keys().copied())
}

fn parsed() -> MutexGuard<'static, Names> {
    PARSED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Parses the group and returns the result of `find`.
///
/// The lock is not held meanwhile, since a group may use names of other groups. If two threads parse the same group,
/// the first one's types are kept and the other's are dropped unused.
fn load<T>(group: &Group, find: impl Fn(&Names) -> Option<T>) -> Option<T> {
    if let Some(found) = find(&parsed()) {
        return Some(found);
    }
    let known = Known::default();
    let additions = Parser::new(group.text, &[], Scope::new(&known, true)).declarations().ok()?;
    let mut parsed = parsed();
    if find(&parsed).is_none() {
        parsed.extend(additions.into_names());
    }
    find(&parsed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::c::{Abi, Declarations, layout};

    #[test]
    fn every_name_is_declared_by_its_text() {
        let declarations = Declarations::new();
        for name in PLACES.keys() {
            let ty = declarations.parse_type(name).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(ty.to_string() == *name || *name == "__gnuc_va_list", "{name}");
        }
        for tag in TAGS.keys() {
            assert!(find_tag(tag).is_some(), "{tag}");
        }
        for group in GROUPS.iter().chain(windows::GROUPS) {
            let known = Known::default();
            let additions = Parser::new(group.text, &[], Scope::new(&known, true)).declarations().unwrap();
            let names = additions.into_names();
            let mut declared: Vec<_> = names.list.iter().map(Declaration::name).collect();
            let mut listed = group.names.to_vec();
            declared.sort_unstable();
            listed.sort_unstable();
            assert_eq!(declared, listed);
            assert!(
                names
                    .tags
                    .keys()
                    .all(|tag| tag.ends_with("__") || tag == "_FILE" || group.tags.contains(&tag.as_str())),
                "{}",
                group.text
            );
        }
    }

    #[test]
    fn every_constant_has_a_value() {
        let declarations = Declarations::new();
        for name in CONSTANT_TEXTS.keys() {
            let constant = declarations.constant(name).unwrap_or_else(|| panic!("{name}"));
            assert!(Abi::ALL.iter().all(|abi| constant.value(*abi).is_some()), "{name}");
        }
    }

    #[test]
    fn two_programs_mean_the_same_type() {
        let one = Declarations::new().parse_type("RECT").unwrap();
        let other = Declarations::new().parse_type("RECT").unwrap();
        assert_eq!(one, other);
        assert_eq!(layout(&one, Abi::I386Windows).unwrap().size, 16);
    }
}
