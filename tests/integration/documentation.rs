//! The Lua in the documentation: every block marked `lua` parses, and those of the README run.
//!
//! A block that cannot run everywhere, because it speaks of a library that the reader has, is marked `lua no_run`.

use std::fs;
use std::path::{Path, PathBuf};

use tests::{Configuration, Scratch, repository, run};

use crate::markdown::{Block, blocks};

const HOST: Configuration = Configuration::ALL[0];

/// The Markdown files of the repository's root and of docs.
fn documents() -> Vec<PathBuf> {
    let folders = [repository().to_owned(), repository().join("docs")];
    let files = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
    let mut files: Vec<PathBuf> = files.map(|file| file.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    files.sort();
    files
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{} cannot be read: {error}", path.display()))
}

#[test]
fn every_block_of_lua_parses() {
    let scratch = Scratch::new();
    let documents = documents();
    let texts: Vec<String> = documents.iter().map(|path| read(path)).collect();
    let mut checks = String::new();
    for (path, text) in documents.iter().zip(&texts) {
        for block in blocks(text, "lua") {
            let name = format!("{}:{}", path.file_name().unwrap().to_string_lossy(), block.line);
            let file = scratch.file(&format!("{}.lua", name.replace(':', "-")), &block.code);
            checks += &format!("check([[{name}]], [[{}]])\n", file.display());
        }
    }
    let script = format!("local function check(name, file) assert(loadfile(file), name) end\n{checks}");
    let mut command = HOST.runtime();
    command.arg(scratch.file("parse.lua", script));
    run(command, HOST.limit()).assert_code(0);
}

#[test]
fn the_readme_s_lua_runs() {
    let blocks = blocks(&read(&repository().join("README.md")), "lua");
    let runnable: Vec<&Block> = blocks.iter().filter(|block| !block.marks.contains("no_run")).collect();
    assert!(!runnable.is_empty(), "README.md has no block marked `lua` that a newcomer could run");
    for block in runnable {
        let scratch = Scratch::new();
        let mut command = HOST.runtime();
        command.arg(scratch.file("readme.lua", &block.code));
        let output = run(command, HOST.limit());
        assert!(output.status.success(), "README.md, line {}\n{output}", block.line);
    }
}
