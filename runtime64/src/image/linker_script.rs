//! GNU linker scripts: texts such as `/usr/lib32/libc.so` in the place of a library that name the real one.

use super::content;

/// The commands that name input files.
const COMMANDS: [&str; 2] = ["GROUP", "INPUT"];

/// Whether a file that starts with `head` is a linker script with input files.
pub(super) fn is_script(head: &[u8]) -> bool {
    content::is_text(head) && !inputs(&String::from_utf8_lossy(head)).is_empty()
}

/// The shared libraries in a script's GROUP and INPUT commands, in order. Those under AS_NEEDED are left out, since
/// the script does not stand for them; so are static archives. `-lfoo` becomes `libfoo.so`.
pub(super) fn inputs(text: &str) -> Vec<String> {
    let text = without_comments(text);
    let mut tokens = tokens(&text);
    let mut found = Vec::new();
    while let Some(token) = tokens.next() {
        if COMMANDS.contains(&token) && tokens.next() == Some("(") {
            collect(&mut tokens, &mut found);
        }
    }
    found
}

/// Collects the names up to the parenthesis that closes the command.
fn collect<'text>(tokens: &mut impl Iterator<Item = &'text str>, found: &mut Vec<String>) {
    let mut depth = 1_u32;
    for token in tokens {
        match token {
            "(" => depth = depth.saturating_add(1),
            ")" => depth -= 1,
            // Nested names belong to AS_NEEDED.
            _ if depth == 1 => found.extend(shared_library(token)),
            _ => {}
        }
        if depth == 0 {
            return;
        }
    }
}

fn shared_library(token: &str) -> Option<String> {
    if let Some(name) = token.strip_prefix("-l") {
        return Some(format!("lib{name}.so"));
    }
    // A leading = or $SYSROOT stands for the root of the linker's target system.
    let name = token.trim_matches('"').trim_start_matches("$SYSROOT").trim_start_matches('=');
    let is_shared = name.ends_with(".so") || name.contains(".so.");
    is_shared.then(|| name.to_owned())
}

fn without_comments(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, comment)) = rest.split_once("/*") {
        kept.push_str(before);
        kept.push(' ');
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    kept + rest
}

/// Splits a script into words and parentheses; commas are separators like blanks.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| character.is_whitespace() || character == ',')
        .flat_map(|word| word.split_inclusive(['(', ')']))
        .flat_map(|word| match word.strip_suffix(['(', ')']) {
            Some(front) => [front, &word[front.len()..]],
            None => [word, ""],
        })
        .filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_name_the_real_library() {
        let cases: [(&str, &[&str]); 8] = [
            (
                "/* GNU ld script\n Use the shared library */\nOUTPUT_FORMAT(elf32-i386)\n\
                 GROUP ( /lib32/libc.so.6 /usr/lib32/libc_nonshared.a  AS_NEEDED ( /lib/ld-linux.so.2 ) )\n",
                &["/lib32/libc.so.6"],
            ),
            ("INPUT(libncurses.so.6 -ltinfo)", &["libncurses.so.6", "libtinfo.so"]),
            ("GROUP(=/lib/libpthread.so.0, \"libx.so\")", &["/lib/libpthread.so.0", "libx.so"]),
            ("INPUT(only.a)", &[]),
            ("GROUP", &[]),
            ("GROUP(((((", &[]),
            ("/* GROUP(libc.so.6)", &[]),
            ("The word GROUP in a text (libz.so) names nothing.", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(inputs(text), expected, "{text}");
        }
    }
}
