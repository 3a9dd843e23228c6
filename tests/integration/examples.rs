//! Every script in `scripts` runs, in every configuration it is made for.

use std::path::PathBuf;

use tests::{Configuration, Output, repository, run};

/// A script, its arguments, and texts that its output holds.
type Example = (&'static str, &'static [&'static str], &'static [&'static str]);

/// Where an argument is the path of a file of the repository.
const FILE: &str = "Cargo.toml";

const EXAMPLES: &[Example] = &[
    ("tour", &[], &["32-bit", "only an error"]),
    ("checksum", &["FILE"], &["crc32", FILE]),
    ("exports", &["LIBRARY"], &["add", "counter_create"]),
    ("exports", &["LIBRARY", "^counter_"], &["counter_create"]),
    ("system", &[], &["bit"]),
    ("calendar", &[], &["Su", "28"]),
    ("calendar", &["2024", "2"], &["February 2024", "26 27 28 29"]),
    ("compress", &["FILE"], &["bytes", "and back", FILE]),
];

fn folder() -> PathBuf {
    repository().join("scripts")
}

fn example(configuration: Configuration, (script, arguments, _): &Example) -> Output {
    let mut command = configuration.runtime();
    command.arg(configuration.path(&folder().join(format!("{script}.lua"))));
    for argument in *arguments {
        match *argument {
            "FILE" => command.arg(configuration.path(&repository().join(FILE))),
            "LIBRARY" => command.arg(configuration.path(&configuration.fixture("calls"))),
            other => command.arg(other),
        };
    }
    // The scripts find their libraries by themselves, from wherever they are started.
    command.current_dir(std::env::temp_dir());
    run(command, configuration.limit())
}

#[track_caller]
fn all_run(configuration: Configuration) {
    for entry in EXAMPLES {
        let output = example(configuration, entry);
        output.assert_code(0);
        for text in entry.2 {
            assert!(output.stdout.contains(text), "{}: {text:?} is not shown\n{output}", entry.0);
        }
    }
}

#[cfg(unix)]
#[test]
fn all_run_on_linux() {
    all_run(Configuration::Native);
}

#[test]
fn all_run_on_windows() {
    all_run(Configuration::Windows);
}

#[cfg(unix)]
#[test]
fn the_tour_says_what_it_leaves_out_where_wine_is_missing() {
    let mut command = Configuration::Native.runtime();
    command.args(["--wine", "/nowhere/wine"]).arg(folder().join("tour.lua"));
    let output = run(command, Configuration::Native.limit());
    output.assert_code(0);
    assert!(output.stdout.contains("Wine"), "{output}");
}

#[test]
fn wrong_use_of_a_script_shows_how_it_is_used() {
    let configuration = Configuration::ALL[0];
    for script in ["checksum", "compress", "exports"] {
        let output = example(configuration, &(script, &[], &[]));
        output.assert_code(2).assert_stderr_has(&["usage:", script]);
    }
}

#[test]
fn every_script_is_run() {
    let files = std::fs::read_dir(folder()).expect("the folder scripts is there");
    let names = files.flatten().map(|file| file.file_name().to_string_lossy().into_owned());
    let missing: Vec<String> = names
        .filter_map(|name| name.strip_suffix(".lua").map(str::to_owned))
        .filter(|name| EXAMPLES.iter().all(|(script, ..)| script != name))
        .collect();
    assert!(missing.is_empty(), "these scripts are not in the table: {missing:?}");
}
