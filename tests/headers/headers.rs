//! Real headers, as compilers see them: each is read whole, what is known of it is there, and every type has the size
//! that the compiler gives it.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::HashSet;
use std::path::Path;

use headers::{Compiler, HEADERS, Header, Questions};
use runtime64::c::{Abi, ConstantValue, Convention, Declarations, Type};

/// The declarations of a header as a compiler sees it.
#[track_caller]
fn declared(header: &Header, compiler: Compiler, text: &str) -> Declarations {
    let mut declarations = Declarations::new();
    if let Err(error) = declarations.declare(text) {
        panic!("{} {:?}: {error}", header.text, compiler.abi);
    }
    declarations
}

/// Checks all headers that a compiler has.
fn check(compiler: Compiler) {
    let mut confirmed = HashSet::new();
    for header in HEADERS.iter().filter(|header| header.systems.have(compiler.abi)) {
        let place = format!("{:?}, {}", compiler.abi, header.text.replace('\n', " "));
        let text = compiler.preprocess(header.text, false);
        let declarations = declared(header, compiler, &text);
        known_is_there(header, &declarations, compiler.abi, &place);
        let questions = Questions::about(&declarations, compiler.abi);
        questions.ask(&mut confirmed, &place, |questions| compiler.values_without_macros(&text, questions));

        let declarations = declared(header, compiler, &compiler.preprocess(header.text, true));
        known_is_there(header, &declarations, compiler.abi, &place);
        constants_are_there(header, &declarations, compiler.abi, &place);
        let questions = Questions::about_macros(&declarations, compiler.abi);
        questions.ask(&mut confirmed, &place, |questions| compiler.values(header.text, questions));
    }
}

#[test]
fn headers_of_32_bit_linux() {
    check(Compiler::ALL[Abi::I386SystemV as usize]);
}

#[test]
fn headers_of_64_bit_linux() {
    check(Compiler::ALL[Abi::X8664SystemV as usize]);
}

#[test]
fn headers_of_32_bit_windows() {
    check(Compiler::ALL[Abi::I386Windows as usize]);
}

#[test]
fn headers_of_64_bit_windows() {
    check(Compiler::ALL[Abi::X8664Windows as usize]);
}

/// What a user pastes, who does not know of preprocessors: it is taken, or the message says what to do.
#[test]
fn headers_as_they_are_in_the_file() {
    let pasted = |before: &str, path: &str| {
        let header = std::fs::read_to_string(Path::new("/usr/include").join(path)).unwrap();
        let mut declarations = Declarations::new();
        declarations.declare(&format!("{before}{header}")).map(|()| declarations)
    };
    let refused = |before: &str, path: &str, expected: &str| match pasted(before, path) {
        Ok(_) => panic!("{path} was taken"),
        Err(error) => {
            let message = error.problem.to_string();
            assert!(message.starts_with(expected), "{path}: {message}");
        }
    };
    const NO_PLATFORM: &str = "#undef _WIN32\n#undef _MSC_VER\n#undef __CYGWIN__\n";
    let portaudio = pasted("", "portaudio.h").unwrap();
    assert!(portaudio.function("Pa_OpenStream").is_some() && portaudio.constant("paNoError").is_some());
    let sqlite = pasted(NO_PLATFORM, "sqlite3.h").unwrap();
    assert!(sqlite.function("sqlite3_open").is_some() && sqlite.constant("SQLITE_ROW").is_some());

    let asks = "'_MSC_VER' tests for a platform, which is not supported; declarations apply to every platform: choose \
                with '#define' or '#undef' before this";
    refused("", "sqlite3.h", asks);
    refused("", "libusb-1.0/libusb.h", asks);
    let paste = "write out the declarations that are needed, or paste the output of the preprocessor ('gcc -E')";
    let include = |name: &str| format!("'#include' of '{name}' is not supported; {paste}");
    refused(NO_PLATFORM, "libusb-1.0/libusb.h", &include("sys/time.h"));
    refused("", "zlib.h", &include("zconf.h"));
}

/// Single declarations out of these headers, and the first thing that is said about each.
#[test]
fn declarations_with_the_macros_of_their_headers() {
    let cases = [
        ("ZEXTERN int ZEXPORT f(void *strm);", "ZEXTERN"),
        ("#define ZEXTERN extern\nZEXTERN int ZEXPORT f(void *strm);", "ZEXPORT"),
        ("SQLITE_API int f(void);", "SQLITE_API"),
        ("int LIBUSB_CALL f(void **ctx);", "LIBUSB_CALL"),
        ("int f(void) LIBUSB_DEPRECATED;", "LIBUSB_DEPRECATED"),
    ];
    for (text, word) in cases {
        let mut declarations = Declarations::new();
        let message = declarations.declare(text).unwrap_err().problem.to_string();
        let hint = format!(
            "'{word}' is not known; if it is a macro that has no meaning here, write '#define {word}' before this"
        );
        assert_eq!(message, hint, "{text}");
        declarations.declare(&format!("#define {word}\n#define ZEXPORT\n{text}")).unwrap();
        assert!(declarations.function("f").is_some());
    }
}

/// The types of `<stdatomic.h>` are refused, as their sizes and operations are the compiler's affair.
#[test]
fn atomic_types_are_refused() {
    for compiler in Compiler::ALL {
        let text = compiler.preprocess("#include <stdatomic.h>\n", false);
        let message = Declarations::new().declare(&text).unwrap_err().problem.to_string();
        assert_eq!(message, "'_Atomic' is not supported; write the plain type if it has the same size");
    }
}

fn known_is_there(header: &Header, declarations: &Declarations, abi: Abi, place: &str) {
    // Headers for 64 bits name conventions here and there, and they mean nothing.
    let has_conventions = abi.pointer_bytes() == 4;
    let named = |text: &str| if has_conventions { text.to_owned() } else { text.replace("__stdcall ", "") };
    let parse = |text: &str| declarations.parse_type(&named(text)).unwrap_or_else(|error| panic!("{place}: {error}"));
    for (name, expected) in header.functions {
        let function = declarations.function(name).unwrap_or_else(|| panic!("{place}: {name}"));
        let mut ty = (*function.ty).clone();
        ty.convention = ty.convention.filter(|convention| *convention != Convention::Cdecl && has_conventions);
        assert_eq!(Type::Function(ty.into()), parse(expected), "{place}: {name}");
    }
    for (record, name, expected) in header.members {
        let record = parse(record);
        let Type::Record(record) = record.resolve() else { panic!("{place}: {record}") };
        let ty = member(record.body().unwrap().members.as_slice(), name);
        let ty = ty.unwrap_or_else(|| panic!("{place}: {name}"));
        if !expected.is_empty() {
            assert_eq!(ty, parse(expected), "{place}: {name}");
        }
    }
}

/// The type of a member, also of one that lies in an anonymous struct or union.
fn member(members: &[runtime64::c::Member], name: &str) -> Option<Type> {
    members.iter().find_map(|member| match (&member.name, member.ty.resolve()) {
        (Some(own), _) => (own == name).then(|| member.ty.clone()),
        (None, Type::Record(inner)) => self::member(&inner.body()?.members, name),
        (None, _) => None,
    })
}

fn constants_are_there(header: &Header, declarations: &Declarations, abi: Abi, place: &str) {
    for (name, expected) in header.constants {
        let constant = declarations.constant(name).unwrap_or_else(|| panic!("{place}: {name}"));
        assert_eq!(constant.value(abi), Some(ConstantValue::Integer(*expected)), "{place}: {name}");
    }
}
