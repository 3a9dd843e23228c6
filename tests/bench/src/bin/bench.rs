//! Measures everything and prints the table; run by `cargo xtask bench`, which builds what is measured.

use std::error::Error;
use std::io::{self, Read};
use std::process::{Command, ExitCode, Stdio};
use std::thread;

use bench::host::figures::{Effort, Figures};
use bench::host::peers;
use bench::host::places::Places;
use bench::host::report::Report;
use bench::host::scenario::Scenario;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["spin"] => spin(),
        ["scenario", word, effort] => scenario(word, effort),
        ["all", effort, json] => all(effort, json),
        _ => Err("it is run by cargo xtask bench".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Does nothing, as fast as it can, until its standard input ends.
fn spin() -> Result<(), Box<dyn Error>> {
    let ended = thread::spawn(|| io::stdin().read_to_end(&mut Vec::new()));
    while !ended.is_finished() {
        std::hint::spin_loop();
    }
    Ok(())
}

fn effort(word: &str) -> Result<Effort, Box<dyn Error>> {
    match word {
        "quick" => Ok(Effort::QUICK),
        "full" => Ok(Effort::FULL),
        _ => Err(format!("there is no effort '{word}'").into()),
    }
}

/// One scenario: a line of JSON for each row.
fn scenario(word: &str, effort_word: &str) -> Result<(), Box<dyn Error>> {
    let scenario = Scenario::ALL.into_iter().find(|scenario| scenario.word() == word);
    let scenario = scenario.ok_or_else(|| format!("there is no scenario '{word}'"))?;
    let places = Places::from_environment()?;
    let figures = match scenario.run(&places, effort(effort_word)?) {
        figures if scenario == Scenario::Free => [figures, peers::measure(&places, effort(effort_word)?)].concat(),
        figures => figures,
    };
    for figures in figures {
        println!("{}", serde_json::to_string(&figures)?);
    }
    Ok(())
}

/// All scenarios, each in a process of its own.
fn all(effort_word: &str, json: &str) -> Result<(), Box<dyn Error>> {
    effort(effort_word)?;
    let mut figures: Vec<Figures> = Vec::new();
    for scenario in Scenario::ALL {
        eprintln!("bench: {}", scenario.word());
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["scenario", scenario.word(), effort_word]).stdin(Stdio::null()).stderr(Stdio::inherit());
        let output = command.output()?;
        if !output.status.success() {
            return Err(format!("{}: {}", scenario.word(), output.status).into());
        }
        for line in String::from_utf8(output.stdout)?.lines() {
            figures.push(serde_json::from_str(line)?);
        }
    }
    let report = Report::new(figures, effort_word == "quick");
    println!("{}", report.table());
    std::fs::write(json, serde_json::to_string_pretty(&report)?)?;
    Ok(())
}
