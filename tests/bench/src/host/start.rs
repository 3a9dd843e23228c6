//! How long it takes from starting the program to the first answer of a library.

use std::io::{self, BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use super::figures::{Effort, Figures};
use super::places::{Places, System};

/// The program with a script that calls, prints the answer, and waits for its standard input to end.
///
/// # Errors
/// It does not start.
pub fn program(places: &Places, system: System) -> io::Result<Child> {
    let script = format!(
        "dll.cdef[[ int add(int a, int b); int process(void); ]] local library = dll.load({:?}) \
         print(library.add(2, 3), library.process()) io.stdout:flush() io.read('a')",
        places.library(system).display().to_string()
    );
    let mut command = Command::new(places.programs.join("runtime64"));
    command.arg("-e").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped());
    command.spawn()
}

/// Waits for the answer, and gives the worker's process id as its system counts.
///
/// # Errors
/// It ended without one.
pub fn answer(program: &mut Child) -> io::Result<u32> {
    let output = program.stdout.as_mut().ok_or_else(|| io::Error::other("it has no output"))?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    let process = line.split_whitespace().nth(1).and_then(|word| word.parse().ok());
    process.filter(|_| line.starts_with('5')).ok_or_else(|| io::Error::other(format!("the program says {line:?}")))
}

/// Measures starts.
///
/// # Errors
/// A program does not start or answer.
pub fn measure(places: &Places, system: System, effort: Effort) -> io::Result<Figures> {
    let mut times = Vec::new();
    let deadline = Instant::now() + effort.time;
    while Instant::now() < deadline || times.len() < 7 {
        let start = Instant::now();
        let mut program = program(places, system)?;
        answer(&mut program)?;
        times.push(start.elapsed().as_secs_f64() * 1e6);
        drop(program.stdin.take());
        program.wait()?;
    }
    Ok(Figures::of(&format!("start to first answer, {}", system.word()), times))
}
