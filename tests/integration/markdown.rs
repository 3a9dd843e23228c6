//! Fenced blocks of code in Markdown.

/// A fenced block of code.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// The line of its first line of code, counted from 1.
    pub(crate) line: usize,
    /// The text after the opening fence: the language, then marks.
    pub(crate) marks: String,
    pub(crate) code: String,
}

/// The blocks of a Markdown text in a language.
pub(crate) fn blocks(text: &str, language: &str) -> Vec<Block> {
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
    blocks.retain(|block| block.marks.split([' ', ',']).next() == Some(language));
    blocks
}

#[test]
fn blocks_are_distinguished_by_their_marks() {
    let text =
        "text\n```lua\nprint(1)\nprint(2)\n```\n```sh\nls\n```\n  ```lua no_run\n  x()\n  ```\n```\nplain\n```\n";
    let block = |line, marks: &str, code: &str| Block { line, marks: marks.to_owned(), code: code.to_owned() };
    assert_eq!(blocks(text, "lua"), [block(3, "lua", "print(1)\nprint(2)\n"), block(10, "lua no_run", "  x()\n")]);
}
