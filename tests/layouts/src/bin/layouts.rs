//! Compares many declarations; run by `cargo xtask layouts`.

use std::error::Error;
use std::process::ExitCode;
use std::thread;

use layouts::comparison::{Outcome, compare};
use layouts::compiler::Compiler;
use layouts::samples::Samples;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("layouts: {error}");
            ExitCode::from(2)
        }
    }
}

/// Whether all compilers agree.
fn run() -> Result<bool, Box<dyn Error>> {
    let Samples { folder, count, seed } = Samples::asked_for("layouts", 20_000)?;
    println!("seed {seed}, {count} samples for each compiler");
    let outcomes = thread::scope(|scope| {
        let threads = Compiler::ALL.map(|compiler| {
            let folder = &folder;
            scope.spawn(move || (compiler, compare(compiler, seed, 0..count, folder)))
        });
        threads.map(thread::ScopedJoinHandle::join)
    });
    let mut agree = true;
    for outcome in outcomes {
        let (compiler, outcome) = outcome.map_err(|_| "a comparison panicked")?;
        agree &= report(compiler, &outcome?);
    }
    Ok(agree)
}

/// Prints what a comparison found; whether there was no difference.
fn report(compiler: Compiler, outcome: &Outcome) -> bool {
    for difference in &outcome.differences {
        println!("{difference}");
    }
    println!("{compiler}: {} types, {} figures, {} samples differ", outcome.types, outcome.figures, outcome.different);
    outcome.different == 0
}
