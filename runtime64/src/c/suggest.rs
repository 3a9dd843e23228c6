//! "Did you mean" suggestions for unknown names.

/// The longest name for which a suggestion is searched.
const LONGEST: usize = 64;

/// The most similar of the names considered.
pub(super) struct Closest<'a> {
    wanted: Vec<char>,
    lowercase: Vec<char>,
    /// The distance of the best name ignoring case and respecting case, and the name itself. Ties go to the
    /// alphabetically first name, so that messages are reproducible.
    best: Option<(usize, usize, &'a str)>,
    limit: usize,
}

impl<'a> Closest<'a> {
    pub(super) fn new(wanted: &str) -> Self {
        let wanted: Vec<char> = wanted.chars().take(LONGEST + 1).collect();
        let lowercase = wanted.iter().map(char::to_ascii_lowercase).collect();
        // Any single letter is similar to any other.
        let limit = if wanted.len() > 1 { wanted.len().div_ceil(4) } else { 0 };
        Closest { wanted, lowercase, best: None, limit }
    }

    pub(super) fn consider(&mut self, name: &'a str) {
        if self.wanted.len() > LONGEST || name.len().abs_diff(self.wanted.len()) > self.limit {
            return;
        }
        let letters: Vec<char> = name.chars().collect();
        let lowercase: Vec<char> = letters.iter().map(char::to_ascii_lowercase).collect();
        // The name itself is not a suggestion.
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

/// The hint to append to a message about an unknown name, if a known one is similar: "; did you mean 'that'?"
pub(crate) fn suggestion<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut closest = Closest::new(wanted);
    known.for_each(|name| closest.consider(name));
    closest.found().map(|name| format!("; did you mean '{name}'?"))
}

/// Edit distance: the number of letters to add, remove, change or swap with their neighbour.
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
