//! Real headers, as compilers see them: each is read whole, what is known of it is there, and every type has the size
//! that the compiler gives it.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::HashSet;

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
