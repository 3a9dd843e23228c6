//! The C blocks of docs/declarations.md are valid, and those marked as refused fail with the message below them.

use super::{declared, refused};

const PAGE: &str = include_str!("../../../../docs/declarations.md");

/// The C blocks, each with its marks and the indented text after it.
fn blocks() -> Vec<(&'static str, String, String)> {
    let mut blocks = Vec::new();
    let mut rest = PAGE;
    while let Some((_, after)) = rest.split_once("```c") {
        let (marks, after) = after.split_once('\n').unwrap();
        let (code, after) = after.split_once("```\n").unwrap();
        let indented = after.lines().skip_while(|line| line.is_empty()).map_while(|line| line.strip_prefix("    "));
        blocks.push((marks.trim(), code.to_owned(), indented.collect::<Vec<_>>().join("\n")));
        rest = after;
    }
    blocks
}

#[test]
fn the_page_agrees_with_the_parser() {
    let blocks = blocks();
    assert!(blocks.len() > 6);
    for (marks, code, below) in blocks {
        match marks {
            "" => drop(declared(&code)),
            "refused" => assert_eq!(refused(&code).to_string(), below, "{code}"),
            other => panic!("a block of C is marked {other}"),
        }
    }
}
