//! The floors of `runtime64`: each module imports modules of the floors below its own, never of its own or of those above.

use super::Source;

/// The folder of a module, and the modules in it, from the ground up. Those of one floor do not know each other.
struct Building {
    path: &'static [&'static str],
    floors: &'static [&'static [&'static str]],
}

/// The crate, and its module `dll`.
const BUILDINGS: &[Building] = &[
    Building {
        path: &[],
        floors: &[&["bounded", "stack"], &["c", "image"], &["remote"], &["error"], &["dll"], &["stdlib"], &["runtime"]],
    },
    Building {
        path: &["dll"],
        floors: &[
            &["abi", "breaker", "fault_name", "function_stats", "generational", "hook", "worker_group"],
            &["crash", "variants"],
            &["failure"],
            &["conversion_error", "error_object"],
            &["address_space", "describe", "text"],
            &["abandoned_jobs", "duration", "types"],
            &["callback_table"],
            &["worker_extension"],
            &["callback_registry"],
            &["memory"],
            &["module"],
            &["library", "metrics"],
            &["cdata"],
            &["bind", "marshal"],
            &["callback_dispatch"],
            &["call"],
            &["api"],
        ],
    },
];

const FOLDER: &str = "runtime64/src/";

/// Reports each import that does not lead down, and each module that has no floor.
pub(super) fn imports_lead_down(sources: &[Source]) -> Vec<String> {
    let mut violations = Vec::new();
    for source in sources {
        let Some(module) = module_of(&source.path) else { continue };
        let program = source.text.split("#[cfg(test)]").next().unwrap_or_default();
        for path in paths(program) {
            let Some(target) = resolved(&module, &path) else { continue };
            let broken = BUILDINGS.iter().filter_map(|building| building.violation(&module, &target));
            violations.extend(broken.map(|reason| format!("{}: {}: {reason}", source.path, path.join("::"))));
        }
        let homeless = BUILDINGS.iter().filter(|building| building.lacks(&module));
        violations
            .extend(homeless.map(|_| format!("{} is on no floor of xtask/src/invariants/floors.rs", source.path)));
    }
    violations
}

impl Building {
    fn floor(&self, name: &str) -> Option<usize> {
        self.floors.iter().position(|floor| floor.contains(&name))
    }

    /// The part of a path that names one of the modules in here.
    fn name<'a>(&self, path: &'a [String]) -> Option<&'a str> {
        let is_inside = path.len() > self.path.len() && path.iter().zip(self.path).all(|(name, own)| name == own);
        is_inside.then(|| path[self.path.len()].as_str())
    }

    fn lacks(&self, module: &[String]) -> bool {
        self.name(module).is_some_and(|name| self.floor(name).is_none())
    }

    /// What is wrong with an import.
    fn violation(&self, module: &[String], target: &[String]) -> Option<String> {
        let (own, other) = (self.name(module)?, self.name(target)?);
        let from = self.floor(own)?;
        match self.floor(other) {
            _ if own == other => None,
            Some(to) if to < from => None,
            Some(to) if to == from => Some(format!("{other} is on the same floor as {own}")),
            Some(_) => Some(format!("{other} is above {own}")),
            None => Some(format!("{other} belongs to the parent module, which is above {own}")),
        }
    }
}

/// The module that a file of the library is, from the crate's root; nothing for other files, and for the tests.
fn module_of(path: &str) -> Option<Vec<String>> {
    let within = path.strip_prefix(FOLDER)?.strip_suffix(".rs")?;
    let names: Vec<String> = within.split('/').map(str::to_owned).collect();
    let is_other = matches!(names[0].as_str(), "lib" | "main" | "cli") || names.iter().any(|name| name == "tests");
    (!is_other && names[0] != "test_files").then_some(names)
}

/// Where a path leads, from the crate's root.
fn resolved(module: &[String], path: &[String]) -> Option<Vec<String>> {
    let (first, rest) = path.split_first()?;
    if first == "crate" {
        return Some(rest.to_vec());
    }
    let ups = path.iter().take_while(|name| *name == "super").count();
    let base = &module[..module.len().checked_sub(ups)?];
    Some([base, &path[ups..]].concat())
}

/// The paths in a text that begin with `crate` or `super`, with each group written out.
fn paths(text: &str) -> Vec<Vec<String>> {
    let code: String =
        text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
    let mut found = Vec::new();
    let mut rest = code.as_str();
    let mut before = None;
    while let Some(next) = rest.chars().next() {
        let starts = ["crate::", "super::"].iter().any(|start| rest.starts_with(start));
        if starts && !before.is_some_and(|before: char| is_name(before) || before == ':') {
            rest = take_path(rest, &[], &mut found);
            before = None;
        } else {
            before = Some(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    found
}

/// Takes a path, or the group of paths that it ends in, from the front of a text, and returns what follows.
fn take_path<'a>(text: &'a str, prefix: &[String], found: &mut Vec<Vec<String>>) -> &'a str {
    let mut path = prefix.to_vec();
    let mut rest = text;
    loop {
        if let Some(group) = rest.strip_prefix('{') {
            rest = group;
            loop {
                rest = take_path(rest.trim_start(), &path, found).trim_start();
                // `as` gives another name, which leads nowhere.
                rest = rest.trim_start_matches(|character| !matches!(character, ',' | '}'));
                match rest.strip_prefix(',') {
                    Some(more) if !more.trim_start().starts_with('}') => rest = more,
                    more => return more.unwrap_or(rest).trim_start().strip_prefix('}').unwrap_or_default(),
                }
            }
        }
        let end = rest.find(|character| !is_name(character)).unwrap_or(rest.len());
        if end > 0 {
            path.push(rest[..end].to_owned());
        }
        match rest[end..].strip_prefix("::") {
            Some(more) if end > 0 => rest = more,
            _ => {
                found.push(path);
                return &rest[end..];
            }
        }
    }
}

fn is_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Vec<String> {
        paths(text).iter().map(|path| path.join("::")).collect()
    }

    #[test]
    fn paths_are_found_in_imports_and_in_code() {
        let cases: &[(&str, &[&str])] = &[
            ("use crate::dll::call;", &["crate::dll::call"]),
            ("use super::{a, b::{C, self}, d as e,};", &["super::a", "super::b::C", "super::b::self", "super::d"]),
            ("use super::super::Types;", &["super::super::Types"]),
            ("    let x = crate::remote::Worker::new(super::y);", &["crate::remote::Worker::new", "super::y"]),
            ("// use crate::cli;", &[]),
            ("use other_crate::x; pub(in crate::dll) fn f() {}", &["crate::dll"]),
        ];
        for (text, expected) in cases {
            let expected: Vec<String> = expected.iter().map(|path| (*path).to_owned()).collect();
            let found: Vec<String> = written(text);
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn an_import_that_does_not_lead_down_is_reported() {
        let cases = [
            ("runtime64/src/dll/types/number.rs", "use crate::dll::call::call;", "call is above types"),
            ("runtime64/src/dll/types.rs", "use super::cdata::Cdata;", "cdata is above types"),
            ("runtime64/src/dll/types/plan/size.rs", "use super::super::super::api;", "api is above types"),
            ("runtime64/src/dll/memory/place.rs", "fn f() { crate::dll::module::x() }", "module is above memory"),
            ("runtime64/src/dll/abi.rs", "use super::hook;", "hook is on the same floor as abi"),
            ("runtime64/src/dll/call.rs", "use crate::dll::Metrics;", "Metrics belongs to the parent module"),
            ("runtime64/src/remote/worker.rs", "use crate::{image, dll::call};", "dll is above remote"),
            ("runtime64/src/dll/lost.rs", "", "is on no floor"),
        ];
        for (path, text, reason) in cases {
            let violations = imports_lead_down(&[Source { path: path.to_owned(), text: text.to_owned() }]);
            assert!(violations.len() == 1 && violations[0].contains(reason), "{path}: {text}: {violations:?}");
        }
        let allowed = [
            ("runtime64/src/dll.rs", "use api::x; use crate::remote::Settings;"),
            ("runtime64/src/dll/call/begin.rs", "use super::target; use crate::dll::hook; use crate::remote;"),
            ("runtime64/src/dll/types.rs", "#[cfg(test)]\nmod tests { use crate::dll::call; }"),
            ("runtime64/src/cli/run.rs", "use crate::cli::report;"),
            ("worker32/src/serve.rs", "use crate::server;"),
        ];
        for (path, text) in allowed {
            let violations = imports_lead_down(&[Source { path: path.to_owned(), text: text.to_owned() }]);
            assert!(violations.is_empty(), "{path}: {text}: {violations:?}");
        }
    }
}
