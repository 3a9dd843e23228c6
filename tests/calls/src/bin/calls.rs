//! Calls many functions; run by `cargo xtask calls`.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use calls::run::run;
use calls::target::Target;

const USAGE: &str = "calls FOLDER [--count N] [--seed S]";

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
    let (mut count, mut seed) = (4_000, None);
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or(USAGE)?);
    while let Some(option) = arguments.next() {
        let number = arguments.next().ok_or(USAGE)?.parse()?;
        match option.as_str() {
            "--count" => count = number,
            "--seed" => seed = Some(number),
            _ => return Err(USAGE.into()),
        }
    }
    let seed = match seed {
        Some(seed) => seed,
        None => SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs(),
    };
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
