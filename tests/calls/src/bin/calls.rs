//! Calls many functions; run by `cargo xtask calls`.

use std::error::Error;
use std::process::ExitCode;

use calls::run::run;
use calls::target::Target;
use layouts::samples::Samples;

fn main() -> ExitCode {
    match all() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("calls: {error}");
            ExitCode::from(2)
        }
    }
}

/// Whether every call of every target went well.
fn all() -> Result<bool, Box<dyn Error>> {
    let Samples { folder, count, seed } = Samples::asked_for("calls", 4_000)?;
    println!("seed {seed}, {count} functions and callbacks for each target");
    let mut good = true;
    for target in Target::ALL {
        let outcome = run(target, seed, 0..count, &folder)?;
        for failure in &outcome.failures {
            println!("{failure}");
        }
        println!("{target}: {} tried, {} libraries failed", outcome.tried, outcome.failures.len());
        good &= outcome.failures.is_empty();
    }
    Ok(good)
}
