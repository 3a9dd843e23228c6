//! Every script in `scripts` runs, in every configuration it is made for.

mod stream;

use std::path::PathBuf;
use std::process::Command;

use tests::{Configuration, Output, Scratch, repository, run};

/// A script as it is run: where, its arguments, and texts that its output holds.
type Example = (&'static str, Where, &'static [&'static str], &'static [&'static str]);

/// In which configurations a script is run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    /// With the 32-bit libraries of the host's system, which the script chooses itself.
    Host,
    /// With Windows' 32-bit libraries.
    Windows,
    /// With every kind of worker: the script takes the one that was chosen before it.
    Everywhere,
}

/// Where an argument is the path of a file of the repository.
const FILE: &str = "Cargo.toml";

/// What the file holds that is put in the place of the argument TEXT.
const TEXT: &str = "pear 10\nfig 2.5\napple 3\nfig 2.5\n\nböge -4\n";

const EXAMPLES: &[Example] = &[
    ("tour", Where::Host, &[], &["32-bit", "only an error"]),
    ("checksum", Where::Host, &["FILE"], &["crc32", FILE]),
    ("exports", Where::Host, &["LIBRARY"], &["add", "counter_create"]),
    ("exports", Where::Host, &["LIBRARY", "^counter_"], &["counter_create"]),
    ("system", Where::Host, &[], &["bit"]),
    ("calendar", Where::Host, &[], &["Su", "28"]),
    ("calendar", Where::Host, &["2024", "2"], &["February 2024", "26 27 28 29"]),
    ("compress", Where::Host, &["FILE"], &["bytes", "and back", FILE]),
    ("sort", Where::Everywhere, &["TEXT"], &["\napple 3\nböge -4\nfig 2.5\nfig 2.5\npear 10\n"]),
    // Lines that are equal stay in order.
    ("sort", Where::Everywhere, &["--key", "length", "TEXT"], &["\npear 10\nfig 2.5\napple 3\nfig 2.5\nböge -4\n"]),
    ("sort", Where::Everywhere, &["--key", "number", "TEXT"], &["böge -4\nfig 2.5\nfig 2.5\napple 3\npear 10\n\n"]),
    ("sort", Where::Everywhere, &["--find", "apple 3", "TEXT"], &["3: apple 3\n"]),
    ("sort", Where::Everywhere, &["--key", "number", "--find", "2.5", "TEXT"], &["2: fig 2.5\n4: fig 2.5\n"]),
    ("timer", Where::Everywhere, &["3", "10"], &["sync:", "queue:", "  tick 1 of 3\n", "  tick 3 of 3\n"]),
    (
        "windows",
        Where::Windows,
        &["1"],
        &[
            "Report: 12 files, 0x0000BEEF (28 bytes)\n",
            "\n  00000",
            " locales\n",
            " with a number, ",
            "Größe 2 × 3 m\n",
            "with 6 and 7: 42\n",
            "error 1400",
        ],
    ),
];

fn folder() -> PathBuf {
    repository().join("scripts")
}

/// The runtime, with a script that is to find its libraries by itself, from wherever it is started.
fn script(configuration: Configuration, name: &str) -> Command {
    let mut command = configuration.runtime();
    command.current_dir(std::env::temp_dir());
    command.arg(configuration.path(&folder().join(format!("{name}.lua"))));
    command
}

/// The same, where the first library that is loaded has decided on the kind of worker.
fn script_of_the_worker(configuration: Configuration, name: &str) -> Command {
    let library = configuration.path(&configuration.fixture("calls"));
    let mut command = configuration.runtime();
    command.current_dir(std::env::temp_dir());
    command.arg("-e").arg(format!("dll.load [[{library}]]"));
    command.arg(configuration.path(&folder().join(format!("{name}.lua"))));
    command
}

fn example(configuration: Configuration, (name, place, arguments, _): &Example) -> Output {
    let scratch = Scratch::new();
    let mut command = match place {
        Where::Everywhere => script_of_the_worker(configuration, name),
        Where::Host | Where::Windows => script(configuration, name),
    };
    for argument in *arguments {
        match *argument {
            "FILE" => command.arg(configuration.path(&repository().join(FILE))),
            "TEXT" => command.arg(configuration.path(&scratch.file("text", TEXT))),
            "LIBRARY" => command.arg(configuration.path(&configuration.fixture("calls"))),
            other => command.arg(other),
        };
    }
    run(command, configuration.limit())
}

#[track_caller]
fn all_run(configuration: Configuration, places: &[Where]) {
    for entry in EXAMPLES.iter().filter(|(_, place, ..)| places.contains(place)) {
        let output = example(configuration, entry);
        output.assert_code(0);
        for text in entry.3 {
            assert!(output.stdout.contains(text), "{}: {text:?} is not shown\n{output}", entry.0);
        }
    }
}

#[cfg(unix)]
#[test]
fn all_run_on_linux() {
    all_run(Configuration::Native, &[Where::Host, Where::Everywhere]);
}

#[test]
fn all_run_with_libraries_of_the_hosts_width() {
    all_run(Configuration::HostWidth, &[Where::Everywhere]);
}

#[cfg(unix)]
#[test]
fn all_run_on_linux_with_libraries_of_windows() {
    all_run(Configuration::WineWorker, &[Where::Windows, Where::Everywhere]);
}

#[test]
fn all_run_on_windows() {
    all_run(Configuration::Windows, &[Where::Host, Where::Windows, Where::Everywhere]);
}

/// Each of the timer's ticks is shown once, those of the second timer after those of the first.
#[test]
fn the_timer_ticks_in_order() {
    for configuration in Configuration::ALL {
        let output = example(*configuration, &("timer", Where::Everywhere, &["20", "1"], &[]));
        output.assert_code(0);
        let ticks: Vec<&str> = output.stdout.lines().filter(|line| line.starts_with("  tick ")).collect();
        let expected: Vec<String> = (1..=20).chain(1..=20).map(|tick| format!("  tick {tick} of 20")).collect();
        assert_eq!(ticks, expected, "{output}");
    }
}

#[cfg(unix)]
#[test]
fn scripts_say_what_they_miss_where_wine_is_missing() {
    for (name, code) in [("tour", 0), ("windows", 1)] {
        let mut command = Configuration::Native.runtime();
        command.args(["--wine", "/nowhere/wine"]).arg(folder().join(format!("{name}.lua")));
        let output = run(command, Configuration::Native.limit());
        output.assert_code(code);
        assert!(format!("{}{}", output.stdout, output.stderr).contains("Wine"), "{output}");
    }
}

#[test]
fn wrong_use_of_a_script_shows_how_it_is_used() {
    let uses: &[(&str, &[&str])] = &[
        ("checksum", &[]),
        ("compress", &[]),
        ("exports", &[]),
        ("sort", &[]),
        ("sort", &["--key", "colour", "TEXT"]),
        ("sort", &["--key", "number", "--find", "five", "TEXT"]),
        ("sort", &["--find"]),
        ("sort", &["TEXT", "TEXT"]),
        ("stream", &[]),
        ("stream", &["expand", "a", "b"]),
        ("stream", &["compress", "a"]),
        ("stream", &["compress", "a", "a"]),
        ("stream", &["--fast", "compress", "a", "b"]),
        ("stream", &["--level", "high", "compress", "a", "b"]),
        ("timer", &["0"]),
        ("timer", &["5", "soon"]),
        ("windows", &["all"]),
    ];
    let configuration = Configuration::ALL[0];
    for (name, arguments) in uses {
        let output = example(configuration, &(name, Where::Host, arguments, &[]));
        output.assert_code(2).assert_stderr_has(&["usage:", name]);
    }
}

#[test]
fn a_line_that_is_not_found_is_told_by_the_exit_code() {
    let output = example(Configuration::ALL[0], &("sort", Where::Host, &["--find", "plum", "TEXT"], &[]));
    output.assert_code(1).assert_stdout("");
}

#[test]
fn every_script_is_run() {
    let files = std::fs::read_dir(folder()).expect("the folder scripts is there");
    let names = files.flatten().map(|file| file.file_name().to_string_lossy().into_owned());
    let missing: Vec<String> = names
        .filter_map(|name| name.strip_suffix(".lua").map(str::to_owned))
        .filter(|name| name != stream::SCRIPT && EXAMPLES.iter().all(|(script, ..)| script != name))
        .collect();
    assert!(missing.is_empty(), "these scripts are not in the table: {missing:?}");
}
