//! The C blocks of docs/declarations.md are valid, and those marked as refused fail with the message below them.

use std::fs;

use runtime64::c::{Declarations, Error};
use tests::repository;

use crate::markdown::{Block, blocks};

fn declare(code: &str) -> Result<(), Error> {
    Declarations::new().declare(code)
}

/// The indented text below a block, in one line: the page breaks long messages.
fn below(page: &str, block: &Block) -> String {
    let after = page.lines().skip(block.line + block.code.lines().count());
    let indented = after.skip_while(|line| line.is_empty()).map_while(|line| line.strip_prefix("    "));
    indented.collect::<Vec<_>>().join(" ")
}

#[test]
fn the_page_agrees_with_the_parser() {
    let page = fs::read_to_string(repository().join("docs/declarations.md")).expect("the page can be read");
    let blocks = blocks(&page, "c");
    assert!(blocks.len() > 6);
    for block in blocks {
        let code = &block.code;
        match block.marks.as_str() {
            "c" => declare(code).unwrap_or_else(|error| panic!("{error}: {code}")),
            "c refused" => {
                let error = declare(code).expect_err("it is refused");
                assert_eq!(error.to_string().replace('\n', " "), below(&page, &block), "{code}");
            }
            other => panic!("a block of C is marked {other}"),
        }
    }
}
