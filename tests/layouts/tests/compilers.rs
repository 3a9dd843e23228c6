//! The byte layouts of `runtime64::c` are those of the compilers. `cargo xtask layouts` compares more of them.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use layouts::comparison::compare;
use layouts::compiler::Compiler;
use runtime64::c::Abi;

/// The samples of each compiler. With those of another seed, they would be others.
const SAMPLES: u64 = 5_000;
const SEED: u64 = 64;

#[test]
fn records_lie_as_on_32_bit_linux() {
    assert_agreement(Abi::I386SystemV);
}

#[test]
fn records_lie_as_on_64_bit_linux() {
    assert_agreement(Abi::X8664SystemV);
}

#[test]
fn records_lie_as_on_32_bit_windows() {
    assert_agreement(Abi::I386Windows);
}

#[test]
fn records_lie_as_on_64_bit_windows() {
    assert_agreement(Abi::X8664Windows);
}

#[test]
fn a_compiler_for_another_system_is_seen_to_differ() {
    let compiler = Compiler { abi: Abi::I386Windows, program: "gcc", options: &["-m32"] };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("other");
    std::fs::create_dir_all(&folder).unwrap();
    let outcome = compare(compiler, SEED, 0..20, &folder).unwrap_or_else(|error| panic!("{error}"));
    let told = outcome.differences.first().unwrap().to_string();
    assert!(told.contains("gcc -m32 (seed 64, sample ") && told.contains(", and runtime64 says "), "{told}");
}

#[track_caller]
fn assert_agreement(abi: Abi) {
    let compiler = Compiler::ALL.into_iter().find(|compiler| compiler.abi == abi).unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let outcome = compare(compiler, SEED, 0..SAMPLES, folder).unwrap_or_else(|error| panic!("{error}"));
    let told: Vec<String> = outcome.differences.iter().map(ToString::to_string).collect();
    assert_eq!(outcome.different, 0, "\n{}", told.join("\n"));
    assert!(outcome.types > 2 * SAMPLES && outcome.figures > 5 * outcome.types, "{outcome:?}");
}
