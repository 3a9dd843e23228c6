//! Functions and callbacks of random signatures are called as their compilers mean it. `cargo xtask calls` tries more.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use calls::run::run;
use calls::target::Target;

/// Three of four are functions, the others callbacks. With those of another seed, they would be others.
const SAMPLES: u64 = 400;
const SEED: u64 = 32;

#[track_caller]
fn assert_all_pass(name: &str) {
    let target = Target::ALL.into_iter().find(|target| target.name == name).unwrap();
    let outcome = run(target, SEED, 0..SAMPLES, Path::new(env!("CARGO_TARGET_TMPDIR")));
    let outcome = outcome.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(outcome.tried, SAMPLES);
    assert!(outcome.failures.is_empty(), "{}", outcome.failures.join("\n"));
}

#[test]
fn random_calls_on_32_bit_linux() {
    assert_all_pass("native");
}

#[test]
fn random_calls_on_64_bit_linux() {
    assert_all_pass("host_width");
}

#[test]
fn random_calls_on_32_bit_windows_from_linux() {
    assert_all_pass("wine_worker");
}

#[test]
fn random_calls_on_32_bit_windows() {
    assert_all_pass("windows");
}

#[test]
fn random_calls_on_64_bit_windows() {
    assert_all_pass("wine_worker_64");
}
