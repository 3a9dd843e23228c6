//! Both answers beside each other.

use std::fmt;
use std::ops::Range;
use std::path::Path;

use crate::compiler::{Compiler, CompilerError};
use crate::declaration::Sample;
use crate::figures::{self, Figure};
use crate::generator;
use crate::probe::Probe;
use crate::shrink;

/// How many samples are compiled at once.
const BATCH: u64 = 500;

/// How many differences of one comparison are shrunk and told. One mistake causes many of them.
const TOLD: usize = 10;

/// What a comparison found.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How many types were compared.
    pub types: u64,
    /// How many figures of them were compared.
    pub figures: u64,
    /// How many samples differ.
    pub different: u64,
    /// The first of the differences.
    pub differences: Vec<Difference>,
}

/// A sample that a compiler lays out in another way.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The seed that it was made from.
    pub seed: u64,
    /// Its number among those of the seed.
    pub number: u64,
    /// The compiler.
    pub compiler: Compiler,
    /// The sample, as small as it could be made.
    pub sample: Sample,
    /// What was asked, what the compiler says, and what `runtime64::c` says.
    pub figures: Vec<(String, Figure, Figure)>,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} (seed {}, sample {}):\n{}", self.compiler, self.seed, self.number, self.sample)?;
        self.figures.iter().try_for_each(|(question, theirs, ours)| {
            writeln!(formatter, "    {question}: {theirs}, and runtime64 says {ours}")
        })
    }
}

/// Compares samples of a seed. Files are made in the folder, and gone afterwards.
///
/// # Errors
/// The compiler is missing or refuses a sample.
pub fn compare(compiler: Compiler, seed: u64, numbers: Range<u64>, folder: &Path) -> Result<Outcome, CompilerError> {
    let mut outcome = Outcome::default();
    let mut start = numbers.start;
    while start < numbers.end {
        let end = numbers.end.min(start + BATCH);
        compare_batch(compiler, seed, start..end, folder, &mut outcome)?;
        start = end;
    }
    Ok(outcome)
}

fn compare_batch(
    compiler: Compiler,
    seed: u64,
    numbers: Range<u64>,
    folder: &Path,
    outcome: &mut Outcome,
) -> Result<(), CompilerError> {
    let samples: Vec<Sample> = numbers.clone().map(|number| generator::sample(seed, number, compiler.abi)).collect();
    let probes: Vec<Vec<Probe>> = samples.iter().map(Probe::all).collect();
    let asked: Vec<_> = samples.iter().zip(probes.iter().map(Vec::as_slice)).collect();
    let theirs = compiler.measure(&asked, folder, "samples")?;
    for ((number, (sample, probes)), theirs) in numbers.zip(asked).zip(theirs) {
        outcome.types += sample.definitions.len() as u64;
        outcome.figures += probes.len() as u64;
        if figures::of(sample, probes, compiler.abi) == theirs {
            continue;
        }
        outcome.different += 1;
        if outcome.differences.len() < TOLD {
            let sample = shrink::smallest(sample, |smaller| !differences(compiler, smaller, folder).is_empty());
            let figures = differences(compiler, &sample, folder);
            outcome.differences.push(Difference { seed, number, compiler, sample, figures });
        }
    }
    Ok(())
}

/// What differs in one sample; nothing if it is no C.
fn differences(compiler: Compiler, sample: &Sample, folder: &Path) -> Vec<(String, Figure, Figure)> {
    let probes = Probe::all(sample);
    let Ok(theirs) = compiler.measure(&[(sample, &probes)], folder, "sample") else { return Vec::new() };
    let theirs = theirs.into_iter().flatten();
    let both = theirs.zip(figures::of(sample, &probes, compiler.abi));
    let different = probes.iter().zip(both).filter(|(_, (theirs, ours))| theirs != ours);
    different.map(|(probe, (theirs, ours))| (probe.describe(), theirs, ours)).collect()
}
