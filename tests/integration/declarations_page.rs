//! The C blocks of docs/declarations.md are valid, and those marked as refused fail with the message below them.

use std::fs;

use runtime64::c::{Declarations, Error};
use tests::repository;

/// A text without its line breaks: the page breaks long messages.
fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

fn declare(code: &str) -> Result<(), Error> {
    Declarations::new().declare(code)
}

/// The C blocks, each with its marks and the indented text after it.
fn blocks(page: &str) -> Vec<(&str, String, String)> {
    let mut blocks = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once("```c") {
        let (marks, after) = after.split_once('\n').expect("a block has lines");
        let (code, after) = after.split_once("```\n").expect("a block has an end");
        let indented = after.lines().skip_while(|line| line.is_empty()).map_while(|line| line.strip_prefix("    "));
        blocks.push((marks.trim(), code.to_owned(), indented.collect::<Vec<_>>().join("\n")));
        rest = after;
    }
    blocks
}

#[test]
fn the_page_agrees_with_the_parser() {
    let page = fs::read_to_string(repository().join("docs/declarations.md")).expect("the page can be read");
    let blocks = blocks(&page);
    assert!(blocks.len() > 6);
    for (marks, code, below) in blocks {
        match marks {
            "" => declare(&code).unwrap_or_else(|error| panic!("{error}: {code}")),
            "refused" => {
                let error = declare(&code).expect_err("it is refused");
                assert_eq!(words(&error.to_string()), words(&below), "{code}");
            }
            other => panic!("a block of C is marked {other}"),
        }
    }
}
