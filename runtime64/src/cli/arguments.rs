//! Parsing the command line.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, ArgMatches, CommandFactory, FromArgMatches, Parser};

/// A parsed command line.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Arguments {
    /// Every word, starting with the program's own name.
    pub(crate) command_line: Vec<OsString>,
    /// The actions before the script, in the order of the command line.
    pub(crate) preparations: Vec<Preparation>,
    /// The script, if one is given.
    pub(crate) script: Option<Script>,
    /// The index of the script in the command line; without a script 0, the program's own index.
    pub(crate) script_index: usize,
    /// Whether to open the prompt after the script.
    pub(crate) interactive: bool,
    /// Whether to print the version.
    pub(crate) version: bool,
    /// The maximum duration of a library call.
    pub(crate) deadline: Option<Duration>,
    /// The address to serve worker metrics at.
    pub(crate) metrics: Option<SocketAddr>,
    /// The folder for dumps of crashed workers.
    pub(crate) crash_dir: Option<PathBuf>,
    /// The worker's executable or folder.
    pub(crate) worker: Option<PathBuf>,
    /// Wine's loader.
    pub(crate) wine: Option<PathBuf>,
}

/// A single `-e` or `-l` option.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Preparation {
    /// Runs this code.
    Execute(OsString),
    /// Requires this module and sets the global with its name.
    Require(OsString),
}

/// The source of the script.
#[derive(Debug, PartialEq)]
pub(crate) enum Script {
    /// `-`: standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl Arguments {
    /// Parses a command line.
    ///
    /// # Errors
    /// A word is invalid, or help was requested: print the error and exit with its exit code.
    pub(crate) fn parse(command_line: Vec<OsString>) -> Result<Self, clap::Error> {
        let matches = CommandLine::command().try_get_matches_from(&command_line)?;
        let words = CommandLine::from_arg_matches(&matches)?;
        words.check_metrics()?;
        // All words after the script belong to it, so the script is this far from the end.
        let script_index = match words.script.len() {
            0 => 0,
            count => command_line.len() - count,
        };
        let after_escape = script_index > 0 && command_line[script_index - 1] == "--";
        let script = words.script.first().map(|word| match word.to_str() {
            Some("-") if !after_escape => Script::Stdin,
            _ => Script::File(word.into()),
        });
        Ok(Self {
            preparations: in_order(&matches, &words),
            script,
            script_index,
            interactive: words.interactive,
            version: words.version,
            deadline: words.deadline,
            metrics: words.metrics,
            crash_dir: words.crash_dir,
            worker: words.worker,
            wine: words.wine,
            command_line,
        })
    }

    /// The script's own arguments.
    pub(crate) fn script_arguments(&self) -> &[OsString] {
        match self.script {
            Some(_) => &self.command_line[self.script_index + 1..],
            None => &[],
        }
    }
}

/// Runs Lua scripts that can call 32-bit libraries.
///
/// Without a script: opens a prompt on a terminal, else runs standard input.
#[derive(Debug, Parser)]
#[command(
    name = "runtime64",
    disable_version_flag = true,
    override_usage = "runtime64 [OPTIONS] [SCRIPT [ARGS]...]",
    after_help = "Options after SCRIPT belong to the script, which finds them in `arg` and `...`.\n\
                  Exit codes: 0 success, 1 an error in the script, 2 an invalid command line, 130 interrupted."
)]
struct CommandLine {
    /// Run CODE before the script; may be given several times
    #[arg(short = 'e', long = "execute", value_name = "CODE", action = ArgAction::Append, allow_hyphen_values = true)]
    execute: Vec<OsString>,
    /// Require module MOD into the global MOD before the script; may be given several times
    #[arg(short = 'l', long = "library", value_name = "MOD", action = ArgAction::Append)]
    library: Vec<OsString>,
    /// Open the prompt after the script
    #[arg(short = 'i', long)]
    interactive: bool,
    /// Print the version
    #[arg(short = 'v', long)]
    version: bool,
    /// Terminate the worker of a call that exceeds S seconds, and raise an error [default: no limit]
    #[arg(long, value_name = "S", value_parser = seconds, allow_negative_numbers = true)]
    deadline: Option<Duration>,
    /// Serve worker metrics for Prometheus at ADDRESS, such as 127.0.0.1:9464
    #[arg(long, value_name = "ADDRESS")]
    metrics: Option<SocketAddr>,
    /// Allow an ADDRESS for --metrics that other machines can reach
    #[arg(long, requires = "metrics")]
    metrics_public: bool,
    /// Write a minidump of each crashed worker to folder PATH
    #[arg(long, value_name = "PATH")]
    crash_dir: Option<PathBuf>,
    /// The worker's executable, or a folder of workers [default: beside runtime64]
    #[arg(long, value_name = "PATH")]
    worker: Option<PathBuf>,
    /// Wine's loader, for Windows libraries on Linux [default: the system's Wine]
    #[arg(long, value_name = "PATH")]
    wine: Option<PathBuf>,
    /// The script, or - for standard input, and its arguments
    #[arg(value_name = "SCRIPT", trailing_var_arg = true)]
    script: Vec<OsString>,
}

impl CommandLine {
    /// Rejects an address that other machines can reach unless the user has allowed it.
    fn check_metrics(&self) -> Result<(), clap::Error> {
        match self.metrics {
            Some(address) if !address.ip().is_loopback() && !self.metrics_public => {
                let message = format!(
                    "--metrics {address}: other machines could read the metrics at this address; add --metrics-public to \
                     allow that, or use 127.0.0.1:{}",
                    address.port()
                );
                Err(CommandLine::command().error(clap::error::ErrorKind::ValueValidation, message))
            }
            _ => Ok(()),
        }
    }
}

/// Parses a time in seconds, such as 2 or 0.5.
fn seconds(word: &str) -> Result<Duration, &'static str> {
    let seconds = word.parse().ok().filter(|seconds: &f64| *seconds > 0.0);
    let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    duration.ok_or("expected a number of seconds above 0, such as 2 or 0.5")
}

/// Merges `-e` and `-l` by their positions on the command line.
fn in_order(matches: &ArgMatches, words: &CommandLine) -> Vec<Preparation> {
    let places = |id| matches.indices_of(id).into_iter().flatten();
    let executes = places("execute").zip(words.execute.iter().cloned().map(Preparation::Execute));
    let requires = places("library").zip(words.library.iter().cloned().map(Preparation::Require));
    let mut preparations: Vec<_> = executes.chain(requires).collect();
    preparations.sort_by_key(|(place, _)| *place);
    preparations.into_iter().map(|(_, preparation)| preparation).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Arguments, clap::Error> {
        let program = std::iter::once("runtime64");
        Arguments::parse(program.chain(words.iter().copied()).map(OsString::from).collect())
    }

    fn file(path: &str) -> Option<Script> {
        Some(Script::File(path.into()))
    }

    #[test]
    fn the_script_ends_the_options() {
        // Words; the script; its arguments; whether to open the prompt.
        type Case = (&'static [&'static str], Option<Script>, &'static [&'static str], bool);
        let cases: &[Case] = &[
            (&[], None, &[], false),
            (&["-i"], None, &[], true),
            (&["a.lua"], file("a.lua"), &[], false),
            (&["a.lua", "x", "-i", "--help"], file("a.lua"), &["x", "-i", "--help"], false),
            (&["a.lua", "--", "-e"], file("a.lua"), &["--", "-e"], false),
            (&["a.lua", "-"], file("a.lua"), &["-"], false),
            (&["-i", "a.lua", "-v"], file("a.lua"), &["-v"], true),
            (&["-", "x"], Some(Script::Stdin), &["x"], false),
            (&["--", "-x.lua", "y"], file("-x.lua"), &["y"], false),
            (&["--", "-"], file("-"), &[], false),
            (&["--", "--"], file("--"), &[], false),
            (&["--wine", "/w", "a.lua", "--wine"], file("a.lua"), &["--wine"], false),
        ];
        for (words, script, rest, interactive) in cases {
            let arguments = parse(words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
            assert_eq!(arguments.script, *script, "{words:?}");
            assert_eq!(arguments.script_arguments(), *rest, "{words:?}");
            assert_eq!(arguments.interactive, *interactive, "{words:?}");
        }
    }

    #[test]
    fn preparations_keep_their_order() {
        let execute = |code: &str| Preparation::Execute(code.into());
        let require = |name: &str| Preparation::Require(name.into());
        let cases: &[(&[&str], Vec<Preparation>)] = &[
            (&["-e", "a()", "-l", "m", "-e", "b()"], vec![execute("a()"), require("m"), execute("b()")]),
            (&["-l", "m", "-lpretty", "-ex=1"], vec![require("m"), require("pretty"), execute("x=1")]),
            (&["-e", "--a comment", "-e", "-1"], vec![execute("--a comment"), execute("-1")]),
            (&["a.lua", "-e", "x"], vec![]),
        ];
        for (words, preparations) in cases {
            let arguments = parse(words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
            assert_eq!(arguments.preparations, *preparations, "{words:?}");
        }
    }

    #[test]
    fn paths_are_taken() {
        let arguments = parse(&["--worker", "/opt/w", "--wine=/opt/wine", "-v"]).expect("valid arguments");
        assert_eq!(arguments.worker, Some("/opt/w".into()));
        assert_eq!(arguments.wine, Some("/opt/wine".into()));
        assert!(arguments.version);
    }

    #[test]
    fn a_deadline_is_a_number_of_seconds() {
        for (word, milliseconds) in [("3", 3000), ("0.25", 250), ("1e2", 100_000)] {
            let arguments = parse(&["--deadline", word]).unwrap_or_else(|error| panic!("{word}: {error}"));
            assert_eq!(arguments.deadline, Some(Duration::from_millis(milliseconds)), "{word}");
        }
        for word in ["", "0", "-1", "soon", "3s", "nan", "inf", "1e300"] {
            assert_eq!(parse(&["--deadline", word]).expect_err(word).exit_code(), 2, "{word}");
        }
    }

    #[test]
    fn figures_are_served_at_an_address_with_a_port() {
        for word in ["127.0.0.1:9464", "[::1]:80", "127.1.2.3:0"] {
            let arguments = parse(&["--metrics", word]).unwrap_or_else(|error| panic!("{word}: {error}"));
            assert_eq!(arguments.metrics.map(|address| address.to_string()).as_deref(), Some(word));
        }
        for word in ["", "9464", "localhost", "127.0.0.1", "127.0.0.1:99999"] {
            assert_eq!(parse(&["--metrics", word]).expect_err(word).exit_code(), 2, "{word}");
        }
    }

    #[test]
    fn figures_are_shown_to_other_machines_only_if_that_is_said() {
        for word in ["0.0.0.0:0", "[::]:9464", "192.0.2.1:80"] {
            let error = parse(&["--metrics", word]).expect_err(word);
            assert_eq!(error.exit_code(), 2, "{word}");
            assert!(error.to_string().contains("--metrics-public"), "{error}");
            let arguments =
                parse(&["--metrics", word, "--metrics-public"]).unwrap_or_else(|error| panic!("{word}: {error}"));
            assert_eq!(arguments.metrics.map(|address| address.to_string()).as_deref(), Some(word));
        }
        assert_eq!(parse(&["--metrics-public"]).expect_err("nothing is served").exit_code(), 2);
    }

    #[test]
    fn what_is_not_understood_is_a_usage_error() {
        let cases: &[&[&str]] = &[&["--bogus"], &["-x", "a.lua"], &["-e"], &["--deadline"], &["--worker"]];
        for words in cases {
            assert_eq!(parse(words).expect_err("refused").exit_code(), 2, "{words:?}");
        }
        assert_eq!(parse(&["--help"]).expect_err("help").exit_code(), 0);
    }
}
