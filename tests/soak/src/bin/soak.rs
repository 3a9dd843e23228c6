//! One kind of run in full; started by `cargo xtask soak`.

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    return linux::main();
    #[cfg(not(target_os = "linux"))]
    {
        eprintln!("soak: the runs count processes as Linux shows them");
        ExitCode::from(2)
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::process::ExitCode;

    use soak::kills::{self, Link};
    use soak::options::{Command, Options};
    use soak::report::Report;
    use soak::{crashes, deadlines, hosts, leak, respawns};
    use tests::Configuration;

    pub(super) fn main() -> ExitCode {
        let Options { command, runs, seed } = match Options::read(std::env::args().skip(1)) {
            Ok(options) => options,
            Err(error) => {
                eprintln!("{error}");
                return ExitCode::from(2);
            }
        };
        println!("seed {seed}");
        let mut is_good = true;
        for (configuration, count) in runs {
            for report in reports(command, configuration, count, seed) {
                println!("{report}");
                is_good &= report.is_good();
            }
        }
        if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn reports(command: Command, configuration: Configuration, count: u64, seed: u64) -> Vec<Report> {
        match command {
            Command::Kills => [(Link::Shared, count), (Link::Plain, count.div_ceil(10))]
                .map(|(link, count)| kills::run(configuration, link, count, seed))
                .into(),
            Command::Hosts => vec![hosts::run(configuration, count, seed)],
            Command::Respawns => vec![respawns::run(configuration, count, seed)],
            Command::Leak => vec![leak::run(configuration, count)],
            Command::Crashes => vec![crashes::run(configuration, count)],
            Command::Deadlines => vec![deadlines::run(configuration, count)],
        }
    }
}
