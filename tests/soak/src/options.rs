//! What the command line asks for.

use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};

use ::tests::Configuration;

/// A kind of run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Workers are killed under a host that makes calls.
    Kills,
    /// Hosts are killed.
    Hosts,
    /// Workers die and are started again.
    Respawns,
    /// A great many calls are made.
    Leak,
    /// Libraries crash.
    Crashes,
    /// Libraries hang.
    Deadlines,
}

/// Each by its word, with how much of it there is if nothing is said.
const COMMANDS: [(&str, Command, u64); 6] = [
    ("kills", Command::Kills, 10_000),
    ("hosts", Command::Hosts, 1_000),
    ("respawns", Command::Respawns, 10_000),
    ("leak", Command::Leak, 1_000_000),
    ("crashes", Command::Crashes, 100),
    ("deadlines", Command::Deadlines, 100),
];

/// The command line.
#[derive(Clone, Debug)]
pub struct Options {
    /// What is run.
    pub command: Command,
    /// Where, and how much of it.
    pub runs: Vec<(Configuration, u64)>,
    /// What chance follows from.
    pub seed: u64,
}

impl Options {
    /// Reads `COMMAND [--count N] [--configuration NAME] [--seed S]`.
    ///
    /// Without a configuration it is all of them, those but the first with a tenth of the count, as Wine takes its time.
    /// Hangs are the same in each.
    ///
    /// # Errors
    /// What is wrong, and the usage.
    pub fn read(mut words: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let names = COMMANDS.map(|(name, ..)| name).join("|");
        let usage = || format!("usage: soak {names} [--count N] [--configuration NAME] [--seed S]");
        let word = words.next().ok_or_else(usage)?;
        let &(_, command, mut count) = COMMANDS.iter().find(|(name, ..)| *name == word).ok_or_else(usage)?;
        let (mut configuration, mut seed) = (None, None);
        while let Some(option) = words.next() {
            let value = words.next().ok_or_else(usage)?;
            match option.as_str() {
                "--count" => count = value.parse()?,
                "--seed" => seed = Some(value.parse()?),
                "--configuration" => {
                    let named = Configuration::ALL.iter().find(|one| one.name() == value);
                    configuration = Some(*named.ok_or_else(|| format!("there is no configuration {value}"))?);
                }
                _ => return Err(usage().into()),
            }
        }
        let seed = match seed {
            Some(seed) => seed,
            None => SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs(),
        };
        let share = |one: Configuration| match (one, command) {
            (Configuration::Native, _) | (_, Command::Deadlines) => count,
            _ => count.div_ceil(10),
        };
        let runs = match configuration {
            Some(configuration) => vec![(configuration, count)],
            None => Configuration::ALL.iter().map(|one| (*one, share(*one))).collect(),
        };
        Ok(Self { command, runs, seed })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn read(line: &str) -> Result<Options, Box<dyn Error>> {
        Options::read(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn the_options_are_read() {
        let options = read("kills --count 50 --seed 7 --configuration wine_worker").unwrap();
        assert_eq!((options.command, options.seed), (Command::Kills, 7));
        assert_eq!(options.runs, [(Configuration::WineWorker, 50)]);
        let counts = |line| read(line).unwrap().runs.into_iter().map(|(_, count)| count).collect::<Vec<_>>();
        assert_eq!(counts("hosts"), [1_000, 100, 100, 100]);
        assert_eq!(counts("deadlines"), [100, 100, 100, 100]);
        for line in ["", "deaths", "kills --count", "kills --count x", "kills --speed 3", "kills --configuration mac"] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
