//! The assertion scripts in `tests/lua`, each in every configuration.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tests::{Configuration, Run, Scratch, repository};

/// A test for each script in each configuration, and the list of the scripts.
macro_rules! scripts {
    ($($script:ident)*) => {
        const SCRIPTS: &[&str] = &[$(stringify!($script)),*];

        #[cfg(unix)]
        scripts!(@configuration native Native $($script)*);
        scripts!(@configuration host_width HostWidth $($script)*);
        #[cfg(unix)]
        scripts!(@configuration wine_worker WineWorker $($script)*);
        scripts!(@configuration windows Windows $($script)*);
    };
    (@configuration $module:ident $configuration:ident $($script:ident)*) => {
        mod $module {
            $(
                #[test]
                fn $script() {
                    super::passes(tests::Configuration::$configuration, stringify!($script));
                }
            )*
        }
    };
}

scripts! {
    annotation_mistakes
    annotations
    arguments
    asynchronous
    batch
    bit_fields
    bounded_messages
    breakers
    c_library
    call_options
    callback_deadlines
    callback_errors
    callback_threads
    callbacks
    calls_that_end
    casts
    clock
    code_pages
    complex_and_long_double
    const_parts
    conventions
    conversion_errors
    deadlines
    crashes
    crashes_while_loading
    declarations
    dependencies
    describing
    encodings
    enumerations
    errno
    exports
    finalizer_mistakes
    finalizers
    flexible_arrays
    foreign_memory
    fortran
    function_pointers
    hostile_programs
    idle_deaths
    initialisers
    iteration
    lifetimes
    load_errors
    lost_objects
    luajit_api
    luajit_api_data
    luajit_conversions
    luajit_initializers
    luajit_introduction
    luajit_language
    luajit_namespaces
    luajit_operations
    luajit_tutorial
    memory
    metatype_events
    metatypes
    misaligned_stacks
    mismatched_decoration
    nested_callbacks
    number_objects
    objects
    part_finalizers
    pointer_arithmetic
    pointers
    pool_mistakes
    pools
    references
    scalars
    short_deadlines
    signatures
    sizes
    stack_imbalance
    stale_objects
    statistics
    strings
    strings_in_memory
    structs
    structs_by_value
    symbols
    types
    unions
    variables
    variadic
    wide_strings
    worker_death
    workers
}

fn folder() -> PathBuf {
    repository().join("tests").join("lua")
}

/// Runs a script, which must count its checks on its last line and leave no worker behind.
fn passes(configuration: Configuration, script: &str) {
    passes_with(configuration, script, &[]);
}

/// The same with environment variables.
pub(crate) fn passes_with(configuration: Configuration, script: &str, variables: &[(&str, &str)]) {
    passes_on((configuration, configuration.name()), &configuration.fixtures(), script, variables);
}

/// The same with the libraries in a folder, and the name that the script is to know the configuration by.
fn passes_on((configuration, name): (Configuration, &str), libraries: &Path, script: &str, variables: &[(&str, &str)]) {
    let scratch = Scratch::new();
    let mut command = configuration.runtime();
    command
        .envs(variables.iter().copied())
        .arg(configuration.path(&folder().join(format!("{script}.lua"))))
        .arg(configuration.path(libraries))
        .arg(name)
        .arg(configuration.path(scratch.path()));
    let mut run = Run::start(command, configuration.limit());
    run.wait_for_end(configuration.limit());
    run.assert_nothing_left_within(Duration::from_secs(5));
    let output = run.finish();
    output.assert_code(0);
    let last_line = output.stdout.lines().last().unwrap_or_default();
    let checks = last_line.strip_suffix(" checks passed").and_then(|count| count.parse().ok()).unwrap_or(0);
    assert!(checks > 0, "the script did not count its checks\n{output}");
}

/// A Windows host of its own width runs in Wine too, for what is different in a 64-bit Windows worker.
#[cfg(unix)]
#[test]
fn crashes_of_64_bit_windows_libraries() {
    let libraries = tests::fixtures().join("x86_64-windows");
    for script in ["crashes", "crashes_while_loading"] {
        let host = (Configuration::Windows, Configuration::HostWidth.name());
        passes_on(host, &libraries, script, &[("RUNTIME64_TEST_ROUNDS", "1")]);
    }
}

#[test]
fn every_script_is_run() {
    let files = std::fs::read_dir(folder()).expect("tests/lua is there");
    let names = files.flatten().map(|file| file.file_name().to_string_lossy().into_owned());
    let mut missing: Vec<String> = names
        .filter(|name| name != "check.lua" && name != "fault_table.lua")
        .filter_map(|name| name.strip_suffix(".lua").map(str::to_owned))
        .filter(|script| !SCRIPTS.contains(&script.as_str()))
        .collect();
    missing.sort();
    assert!(missing.is_empty(), "these scripts of tests/lua are not in the table: {missing:?}");
}
