//! Which samples a command is to make: a folder for them, how many, from which seed.

use std::error::Error;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// What the command line asks for.
#[derive(Clone, Debug)]
pub struct Samples {
    /// Where sources and what is made of them are put.
    pub folder: PathBuf,
    /// How many there are.
    pub count: u64,
    /// What they are made from: the same seed makes the same ones. Without one it is the time.
    pub seed: u64,
}

impl Samples {
    /// Reads `FOLDER [--count N] [--seed S]`; `count` is how many there are if nothing is said.
    ///
    /// # Errors
    /// The usage, for any other arguments.
    pub fn asked_for(program: &str, mut count: u64) -> Result<Self, Box<dyn Error>> {
        let usage = || format!("usage: {program} FOLDER [--count N] [--seed S]");
        let mut seed = None;
        let mut arguments = std::env::args().skip(1);
        let folder = PathBuf::from(arguments.next().ok_or_else(usage)?);
        while let Some(option) = arguments.next() {
            let number = arguments.next().ok_or_else(usage)?.parse()?;
            match option.as_str() {
                "--count" => count = number,
                "--seed" => seed = Some(number),
                _ => return Err(usage().into()),
            }
        }
        let seed = match seed {
            Some(seed) => seed,
            None => SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs(),
        };
        Ok(Self { folder, count, seed })
    }
}
