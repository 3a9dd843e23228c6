//! Which known name somebody may have meant.

/// The longest name for which a similar one is sought.
const LONGEST: usize = 64;

/// The name most like another among those considered.
pub(super) struct Closest<'a> {
    wanted: Vec<char>,
    lowercase: Vec<char>,
    /// How far off the best is without and with regard to case, and the best itself. Of equally close ones it is the
    /// first in the alphabet, so that a message is the same each time.
    best: Option<(usize, usize, &'a str)>,
    limit: usize,
}

impl<'a> Closest<'a> {
    pub(super) fn new(wanted: &str) -> Self {
        let wanted: Vec<char> = wanted.chars().take(LONGEST + 1).collect();
        let lowercase = wanted.iter().map(char::to_ascii_lowercase).collect();
        // One letter is like every other.
        let limit = if wanted.len() > 1 { wanted.len().div_ceil(4) } else { 0 };
        Closest { wanted, lowercase, best: None, limit }
    }

    pub(super) fn consider(&mut self, name: &'a str) {
        if self.wanted.len() > LONGEST || name.len().abs_diff(self.wanted.len()) > self.limit {
            return;
        }
        let letters: Vec<char> = name.chars().collect();
        let lowercase: Vec<char> = letters.iter().map(char::to_ascii_lowercase).collect();
        // A name is no help against itself.
        if letters == self.wanted {
            return;
        }
        let off = distance(&self.lowercase, &lowercase);
        if off <= self.limit {
            let candidate = (off, distance(&self.wanted, &letters), name);
            self.best = Some(self.best.map_or(candidate, |best| best.min(candidate)));
        }
    }

    pub(super) fn found(&self) -> Option<&'a str> {
        self.best.map(|(_, _, name)| name)
    }
}

/// What to add to a message about an unknown name, if a known one is like it: "; did you mean 'that'?"
pub(crate) fn suggestion<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut closest = Closest::new(wanted);
    known.for_each(|name| closest.consider(name));
    closest.found().map(|name| format!("; did you mean '{name}'?"))
}

/// How many letters must be added, removed, changed or swapped with their neighbour to make one word the other.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for i in 1..=left.len() {
        let mut row = vec![i];
        for j in 1..=right.len() {
            let changed = above[j - 1] + usize::from(left[i - 1] != right[j - 1]);
            let mut cost = changed.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] {
                cost = cost.min(before[j - 2] + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_name_is_found() {
        let names = ["y", "int", "DWORD", "uint32_t", "uint16_t", "long"];
        let cases = [
            ("itn", Some("int")),
            ("dword", Some("DWORD")),
            ("uint32", Some("uint32_t")),
            ("uint32t", Some("uint32_t")),
            ("FOO", None),
            ("x", None),
        ];
        for (wanted, expected) in cases {
            let mut closest = Closest::new(wanted);
            names.iter().for_each(|name| closest.consider(name));
            assert_eq!(closest.found(), expected, "{wanted}");
        }
    }
}
