//! Each kind of run, small, in the configurations where it ends soon. `cargo xtask soak` makes them full.
#![cfg(target_os = "linux")]

use soak::kills::{self, Link};
use soak::report::Report;
use soak::{crashes, deadlines, hosts, leak, respawns};
use tests::Configuration;

const SEED: u64 = 32;

/// What must hold on a machine that does much else, too: times are judged by the full runs.
#[track_caller]
fn assert_good(report: &Report) {
    assert!(report.is_good_but_for_times(), "\n{report}");
}

/// A test for each configuration that has a size.
macro_rules! sizes {
    ($($name:ident: $run:expr, { $($configuration:ident $size:literal)* };)*) => {
        $(mod $name {
            use super::*;
            $(
                #[test]
                #[allow(non_snake_case, reason = "the test has the configuration's name")]
                fn $configuration() {
                    let run: fn(Configuration, u64) -> Report = $run;
                    assert_good(&run(Configuration::$configuration, $size));
                }
            )*
        })*
    };
}

sizes! {
    soak_kills: |configuration, count| kills::run(configuration, Link::Shared, count, SEED),
        { Native 60 HostWidth 30 WineWorker 15 Windows 15 };
    soak_kills_through_the_plain_channel: |configuration, count| kills::run(configuration, Link::Plain, count, SEED),
        { Native 30 WineWorker 10 };
    soak_hosts: |configuration, count| hosts::run(configuration, count, SEED),
        { Native 14 HostWidth 7 WineWorker 7 Windows 7 };
    soak_respawns: |configuration, count| respawns::run(configuration, count, SEED),
        { Native 60 HostWidth 30 WineWorker 15 Windows 15 };
    soak_leak: |configuration, count| leak::run(configuration, count),
        { Native 30_000 HostWidth 30_000 WineWorker 10_000 Windows 10_000 };
    soak_crashes: |configuration, count| crashes::run(configuration, count),
        { Native 2 HostWidth 1 WineWorker 1 Windows 1 };
    soak_deadlines: |configuration, count| deadlines::run(configuration, count),
        { Native 3 HostWidth 2 WineWorker 2 Windows 2 };
}
