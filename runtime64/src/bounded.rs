//! Messages that fit on a screen, even if they quote declarations, names or values of any length.

use std::borrow::Cow;

/// The maximum number of lines of a message, and their width if it has that many.
const LINES: usize = 20;
const COLUMNS: usize = 200;

/// The message cut to 20 lines of 200 characters. One with fewer lines may have longer ones, which a terminal wraps.
pub(crate) fn message(text: String) -> String {
    let count = text.lines().take(LINES + 1).count();
    if text.len() <= LINES * COLUMNS && count <= LINES { text } else { lines(&text, LINES, LINES * COLUMNS) }
}

/// The text cut to `most` lines and to `characters` characters in total.
pub(crate) fn lines(text: &str, most: usize, characters: usize) -> String {
    let count = text.lines().count();
    let columns = characters / count.clamp(1, most);
    if count <= most {
        return text.lines().map(|text| line(text, columns)).collect::<Vec<_>>().join("\n");
    }
    let shown = text.lines().take(most - 1).map(|text| line(text, columns));
    let left = count - (most - 1);
    shown.chain([Cow::Owned(format!("… and {left} more lines"))]).collect::<Vec<_>>().join("\n")
}

/// The line cut to `columns` characters. A longer line keeps both ends: the end often says what to do.
pub(crate) fn line(text: &str, columns: usize) -> Cow<'_, str> {
    const GAP: &str = " … ";
    if text.len() <= columns || text.chars().count() <= columns {
        return Cow::Borrowed(text);
    }
    let room = columns.saturating_sub(GAP.chars().count());
    let tail = room / 3;
    let front = text.char_indices().nth(room - tail).map_or(text, |(end, _)| &text[..end]);
    let back = match tail.checked_sub(1).and_then(|last| text.char_indices().rev().nth(last)) {
        Some((start, _)) => &text[start..],
        None => "",
    };
    Cow::Owned(format!("{front}{GAP}{back}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_text_is_left_as_it_is() {
        let long_line = "x".repeat(LINES * COLUMNS);
        for text in ["", "a\nb\n", "é…", long_line.as_str()] {
            assert_eq!(message(text.to_owned()), text);
            assert_eq!(line(text, LINES * COLUMNS), text);
        }
    }

    #[test]
    fn a_long_line_keeps_both_ends() {
        assert_eq!(line("0123456789abcdefghij", 12), "012345 … hij");
        assert_eq!(line("éééééééééé", 6), "éé … é");
        assert_eq!(line("0123456789", 3), " … ");
        assert_eq!(line("0123456789", 1), " … ");
    }

    #[test]
    fn no_text_is_longer_than_a_screen() {
        let texts = ["x".repeat(1 << 20), "y\n".repeat(1 << 20), format!("{}\n", "z".repeat(5000)).repeat(1000)];
        for text in texts {
            let bounded = message(text);
            assert!(bounded.lines().count() <= LINES && bounded.chars().count() <= LINES * (COLUMNS + 1), "{bounded}");
        }
        assert!(message("y\n".repeat(100)).ends_with("… and 81 more lines"));
    }
}
