//! Checks of the invariants in ARCHITECTURE.md, as far as a program can verify them.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::failure::Failure;
use crate::step;
use crate::workspace::{cargo, root};

mod floors;

/// A file of the repository: its path from the root, with `/`, and its text.
struct Source {
    path: String,
    text: String,
}

/// The places where `unsafe` may be allowed.
const UNSAFE: &[&str] = &[
    "protocol/src/link/channel/windows.rs",
    "protocol/src/link/doorbell/windows.rs",
    "protocol/src/link/memory/",
    "protocol/src/link/processor/windows.rs",
    "runtime64/src/cli/output/",
    "runtime64/src/remote/dump/file/",
    "runtime64/src/remote/memory/foreign/",
    "runtime64/src/remote/program_folder/",
    "runtime64/src/remote/process/",
    "runtime64/src/runtime/state.rs",
    "tests/embedded/",
    "worker32/launcher/src/",
    "worker32/src/fault/",
    "worker32/src/callback.rs",
    "worker32/src/callback/",
    "worker32/src/invoke.rs",
    "worker32/src/invoke/",
    "worker32/src/library/",
    "worker32/src/memory/",
    "worker32/src/output/",
    "worker32/src/process/",
    "worker32/src/watch/windows.rs",
];

/// The places in `runtime64/src` that may use mlua.
const LUA: &[&str] = &["dll", "runtime", "stdlib.rs", "error.rs", "cli", "lib.rs", "main.rs"];

/// Files whose structs cross the process boundary.
const WIRE: &[&str] = &["message.rs", "value.rs", "signature.rs", "fault.rs", "crash_report.rs"];

/// The code of the programs and of their shared crate.
const PROGRAMS: &[&str] = &["protocol/src/", "runtime64/src/", "worker32/src/", "worker32/launcher/src/"];

/// Meaningless names.
const VAGUE: &[&str] = &["util", "utils", "misc", "common", "helper", "helpers", "manager"];

/// Checks all invariants and reports the violations.
pub(crate) fn check() -> Result<(), Failure> {
    let sources = tracked_files()?;
    let mut violations = dependencies()?;
    for rule in [
        unsafe_in_its_places,
        lua_in_its_places,
        fixed_widths,
        refused_threads_are_errors,
        nothing_outside,
        telling_names,
        scripts_are_run,
        floors::imports_lead_down,
        packages_stand_alone,
        offsets_are_documented,
    ] {
        violations.extend(rule(&sources));
    }
    if violations.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("{} invariants are violated:\n  {}", violations.len(), violations.join("\n  "))))
}

/// The text files that git tracks or would add.
fn tracked_files() -> Result<Vec<Source>, Failure> {
    let list = step::capture(Command::new("git").current_dir(root()).args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
    ]))?;
    let read = |path: &str| {
        let text = fs::read_to_string(root().join(path)).ok()?;
        Some(Source { path: path.to_owned(), text })
    };
    Ok(list.lines().filter_map(read).collect())
}

/// The worker and the protocol do not depend on Lua, and neither program depends on the other.
fn dependencies() -> Result<Vec<String>, Failure> {
    let forbidden =
        [("worker32", "mlua"), ("runtime64-protocol", "mlua"), ("worker32", "runtime64"), ("runtime64", "worker32")];
    let mut violations = Vec::new();
    for (package, dependency) in forbidden {
        let tree =
            step::capture(cargo().args(["tree", "--locked", "--target", "all", "-e", "normal,build", "-p", package]))?;
        if tree_holds(&tree, dependency) {
            violations.push(format!("{package} depends on {dependency}"));
        }
    }
    Ok(violations)
}

/// Whether the output of `cargo tree` contains a package under its root.
fn tree_holds(tree: &str, dependency: &str) -> bool {
    tree.lines().skip(1).any(|line| line.split_whitespace().any(|word| word == dependency))
}

fn unsafe_in_its_places(sources: &[Source]) -> Vec<String> {
    let markers = [concat!("allow(", "unsafe_code"), concat!("expect(", "unsafe_code")];
    let allowed = |path: &str| UNSAFE.iter().any(|place| path.starts_with(place));
    let broken = sources
        .iter()
        .filter(|source| markers.iter().any(|marker| source.text.contains(marker)) && !allowed(&source.path));
    broken.map(|source| format!("{} allows unsafe code, which belongs elsewhere", source.path)).collect()
}

fn lua_in_its_places(sources: &[Source]) -> Vec<String> {
    let inside = |source: &&Source| {
        let within = source.path.strip_prefix("runtime64/src/")?;
        Some(!LUA.iter().any(|place| within.starts_with(place)))
    };
    let broken = sources.iter().filter(|source| inside(source).unwrap_or(false) && source.text.contains("mlua"));
    broken.map(|source| format!("{} uses mlua, which belongs in {}", source.path, LUA.join(", "))).collect()
}

fn fixed_widths(sources: &[Source]) -> Vec<String> {
    let on_the_wire =
        |source: &&Source| source.path.strip_prefix("protocol/src/").is_some_and(|file| WIRE.contains(&file));
    let is_field = |line: &str| line.trim_start().starts_with("pub ") && line.trim_end().ends_with(',');
    let varies = |line: &str| line.contains("usize") || line.contains("isize");
    let mut violations = Vec::new();
    for source in sources.iter().filter(on_the_wire) {
        let lines = source.text.lines().filter(|line| is_field(line) && varies(line));
        violations.extend(lines.map(|line| format!("{}: a field has a variable width: {}", source.path, line.trim())));
    }
    violations
}

/// Functions that panic if the system refuses a thread (`thread::spawn`, `Scope::spawn`) may only be used in tests;
/// programs use `thread::Builder`.
fn refused_threads_are_errors(sources: &[Source]) -> Vec<String> {
    let panicking = [concat!("thread::", "spawn("), concat!("scope.", "spawn(")];
    let is_program = |source: &&Source| {
        let within = PROGRAMS.iter().any(|folder| source.path.starts_with(folder));
        within && !source.path.ends_with("tests.rs") && !source.path.contains("/tests/")
    };
    let mut violations = Vec::new();
    for source in sources.iter().filter(is_program) {
        let program = source.text.split("#[cfg(test)]").next().unwrap_or_default();
        let code = program.lines().filter(|line| !line.trim_start().starts_with("//"));
        let lines = code.filter(|line| panicking.iter().any(|call| line.contains(call)));
        violations.extend(lines.map(|line| format!("{}: panics if a thread is refused: {}", source.path, line.trim())));
    }
    violations
}

fn nothing_outside(sources: &[Source]) -> Vec<String> {
    // Split, so that this file does not violate its own rule.
    let outside = [concat!("..", "/shared"), concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")];
    let mut violations = Vec::new();
    for source in sources.iter().filter(|source| !source.path.ends_with(".lock")) {
        for path in outside.iter().filter(|path| source.text.contains(**path)) {
            violations.push(format!("{} points outside the repository: {path}", source.path));
        }
    }
    violations
}

fn telling_names(sources: &[Source]) -> Vec<String> {
    let vague = |path: &str| path.split('/').any(|part| VAGUE.contains(&part.split('.').next().unwrap_or_default()));
    let broken = sources.iter().filter(|source| vague(&source.path));
    broken.map(|source| format!("{} has a meaningless name", source.path)).collect()
}

/// No package includes a file from outside its folder.
fn packages_stand_alone(sources: &[Source]) -> Vec<String> {
    let roots = ["protocol/", "runtime64/", "stdlib/", "worker32/"];
    let mut violations = Vec::new();
    for source in sources {
        let Some(within) = roots.iter().find_map(|folder| source.path.strip_prefix(folder)) else { continue };
        let depth = within.matches('/').count();
        for include in ["include_str!(\"", "include_bytes!(\""] {
            let included = source.text.split(include).skip(1).filter_map(|rest| rest.split('"').next());
            let outside = included.filter(|path| path.matches("../").count() > depth);
            violations.extend(outside.map(|path| format!("{} includes {path} from outside its package", source.path)));
        }
    }
    violations
}

/// The offsets of the shared region in ARCHITECTURE.md are those that the test in `region.rs` compares with the code.
fn offsets_are_documented(sources: &[Source]) -> Vec<String> {
    let text = |path: &str| sources.iter().find(|source| source.path == path).map(|source| source.text.as_str());
    let Some(document) = text("ARCHITECTURE.md") else { return Vec::new() };
    let table = document.lines().filter_map(|line| line.strip_prefix("| 0x")?.split(' ').next());
    let documented: Vec<&str> = table.collect();
    let list =
        text("protocol/src/link/region.rs").and_then(|code| code.split("const OFFSETS").nth(1)).unwrap_or_default();
    let list = list.split(';').nth(1).unwrap_or_default();
    let tested: Vec<&str> = list.split("0x").skip(1).filter_map(|rest| rest.split([',', ']']).next()).collect();
    if !documented.is_empty() && documented == tested {
        return Vec::new();
    }
    vec![format!("ARCHITECTURE.md documents the offsets {documented:?}, protocol/src/link/region.rs tests {tested:?}")]
}

/// Every example script is in the table of those run by the tests.
fn scripts_are_run(sources: &[Source]) -> Vec<String> {
    let table = sources.iter().find(|source| source.path == "tests/integration/examples.rs");
    let table = table.map_or("", |source| source.text.as_str());
    let scripts = sources.iter().filter(|source| {
        source.path.starts_with("scripts/") && Path::new(&source.path).extension().is_some_and(|ending| ending == "lua")
    });
    let name = |source: &Source| source.path.trim_start_matches("scripts/").to_owned();
    let unlisted = scripts.map(name).filter(|name| !table.contains(name.trim_end_matches(".lua")));
    unlisted.map(|name| format!("scripts/{name} is not run by tests/integration/examples.rs")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violations(rule: fn(&[Source]) -> Vec<String>, path: &str, text: &str) -> usize {
        rule(&[Source { path: path.to_owned(), text: text.to_owned() }]).len()
    }

    #[test]
    fn each_rule_sees_what_it_is_for_and_nothing_else() {
        let allow = concat!("#![allow(", "unsafe_code, reason = \"…\")]");
        let outside = concat!("see ..", "/shared");
        let spawn = concat!("    thread::", "spawn(run);");
        let in_test = format!("#[cfg(test)]\nmod tests {{\n{spawn}\n}}");
        type Rule = fn(&[Source]) -> Vec<String>;
        let cases: [(Rule, &str, &str, usize); 21] = [
            (unsafe_in_its_places, "worker32/src/serve.rs", allow, 1),
            (unsafe_in_its_places, "worker32/src/invoke.rs", allow, 0),
            (lua_in_its_places, "runtime64/src/remote/worker.rs", "use mlua::Lua;", 1),
            (lua_in_its_places, "runtime64/src/dll/convert.rs", "use mlua::Lua;", 0),
            (fixed_widths, "protocol/src/message.rs", "    pub address: usize,", 1),
            (fixed_widths, "protocol/src/message.rs", "    pub address: u64,", 0),
            (refused_threads_are_errors, "worker32/src/jobs.rs", spawn, 1),
            (refused_threads_are_errors, "worker32/src/jobs.rs", "thread::Builder::new().spawn(run)?;", 0),
            (refused_threads_are_errors, "worker32/src/jobs.rs", &in_test, 0),
            (refused_threads_are_errors, "tests/harness/run.rs", spawn, 0),
            (nothing_outside, "README.md", outside, 1),
            (nothing_outside, "README.md", "see docs/lua-api.md", 0),
            (telling_names, "runtime64/src/utils.rs", "", 1),
            (telling_names, "runtime64/src/commonality.rs", "", 0),
            (packages_stand_alone, "runtime64/src/stdlib.rs", concat!("include_", "str!(\"../../stdlib/a.lua\")"), 1),
            (packages_stand_alone, "runtime64/src/dll/a.rs", concat!("include_", "str!(\"../b.lua\")"), 0),
            (offsets_are_documented, "ARCHITECTURE.md", "| 0x40 | 4 |", 1),
            (offsets_are_documented, "ARCHITECTURE.md", "", 1),
            (offsets_are_documented, "README.md", "", 0),
            (scripts_are_run, "scripts/tour.lua", "", 1),
            (scripts_are_run, "stdlib/pretty.lua", "", 0),
        ];
        for (rule, path, text, expected) in cases {
            assert_eq!(violations(rule, path, text), expected, "{path}: {text}");
        }
    }

    #[test]
    fn a_dependency_at_any_depth_is_seen() {
        let tree = "worker32 v0.1.0 (worker32)\n├── protocol v0.1.0 (protocol)\n│   └── serde v1.0.228\n";
        assert!(tree_holds(tree, "serde") && tree_holds(tree, "protocol"));
        assert!(!tree_holds(tree, "mlua") && !tree_holds(tree, "worker32"), "the root is not a dependency of itself");
    }

    #[test]
    fn the_repository_keeps_them() {
        if let Err(failure) = check() {
            panic!("{failure}");
        }
    }
}
