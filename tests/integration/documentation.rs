//! The Lua in the documentation: every block marked `lua` parses, and those of the README run.
//!
//! A block that cannot run everywhere, because it speaks of a library that the reader has, is marked `lua no_run`.

use std::fs;
use std::path::{Path, PathBuf};

use tests::{Configuration, Scratch, repository, run};

const HOST: Configuration = Configuration::ALL[0];

/// A fenced block of code.
#[derive(Debug, PartialEq, Eq)]
struct Block {
    /// The line of its first line of code, counted from 1.
    line: usize,
    /// What stands behind the opening fence.
    marks: String,
    code: String,
}

/// The blocks of a Markdown text that are marked `lua`.
fn lua_blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (index, line) in text.lines().enumerate() {
        let fence = line.trim_start().strip_prefix("```");
        match (open.take(), fence) {
            (Some(block), Some(_)) => blocks.push(block),
            (Some(mut block), None) => {
                block.code += line;
                block.code.push('\n');
                open = Some(block);
            }
            (None, Some(marks)) => {
                open = Some(Block { line: index + 2, marks: marks.trim().to_owned(), code: String::new() });
            }
            (None, None) => {}
        }
    }
    blocks.retain(|block| block.marks.split([' ', ',']).next() == Some("lua"));
    blocks
}

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
        for block in lua_blocks(text) {
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
    let blocks = lua_blocks(&read(&repository().join("README.md")));
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

#[test]
fn blocks_are_told_by_their_marks() {
    let text =
        "text\n```lua\nprint(1)\nprint(2)\n```\n```sh\nls\n```\n  ```lua no_run\n  x()\n  ```\n```\nplain\n```\n";
    let block = |line, marks: &str, code: &str| Block { line, marks: marks.to_owned(), code: code.to_owned() };
    assert_eq!(lua_blocks(text), [block(3, "lua", "print(1)\nprint(2)\n"), block(10, "lua no_run", "  x()\n")]);
}
