//! Metrics of the workers of a Lua state and of the functions called in them.

use std::fmt::{self, Write};
use std::sync::{Arc, Weak};

use super::function_stats::FunctionStats;
use super::module::{Module, Shared};
use super::worker_extension::WorkerExtension;
use crate::remote::{Statistics, Worker};

/// The metrics of one worker.
pub(super) struct WorkerFigures {
    /// The id of its group, which has one worker of each kind; names need not be unique.
    pub(super) worker_group: u64,
    /// The name it was opened with.
    pub(super) name: Option<String>,
    pub(super) kind: String,
    pub(super) statistics: Statistics,
    pub(super) functions: Vec<FunctionFigures>,
}

/// The metrics of one function.
pub(super) struct FunctionFigures {
    pub(super) library: String,
    pub(super) name: String,
    pub(super) function_stats: Arc<FunctionStats>,
}

impl WorkerFigures {
    /// The metrics of a worker, if it was ever started.
    pub(super) fn of(worker_group: u64, worker: &Worker) -> Option<Self> {
        let statistics = worker.statistics();
        let function_stats_by_name =
            WorkerExtension::of(worker).map(WorkerExtension::function_stats_by_name).unwrap_or_default();
        let functions = function_stats_by_name.into_iter().map(|((library, name), function_stats)| FunctionFigures {
            library,
            name,
            function_stats,
        });
        let (name, kind) = (worker.name().map(str::to_owned), worker.kind().to_string());
        (statistics.starts > 0).then(|| Self { worker_group, name, kind, statistics, functions: functions.collect() })
    }
}

/// Metrics of the workers of a [`Runtime`](crate::Runtime) and of the functions called in them, as of the moment of
/// displaying, in the text format of Prometheus (Prometheus documentation, "Exposition formats", version 0.0.4).
///
/// Can be sent to another thread, never waits for a hanging call, and displays nothing once the runtime has ended.
#[derive(Clone)]
pub struct Metrics(Weak<Shared>);

impl Metrics {
    pub(super) fn of(module: &Module) -> Self {
        Self(module.weak())
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl fmt::Display for Metrics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(shared) = self.0.upgrade() else { return Ok(()) };
        let all = shared.workers_of_groups();
        let workers: Vec<_> =
            all.iter().filter_map(|(worker_group, worker)| WorkerFigures::of(*worker_group, worker)).collect();
        of_workers(formatter, &workers)?;
        of_functions(formatter, &workers)
    }
}

/// A metric of each worker: name, type, help text, and value.
type WorkerFigure = (&'static str, &'static str, &'static str, fn(&Statistics) -> Option<u64>);

const OF_WORKERS: [WorkerFigure; 9] = [
    ("worker_starts_total", "counter", "Starts of the worker.", |figures| Some(figures.starts)),
    ("worker_deaths_total", "counter", "Deaths of the worker, including terminations for misbehaviour.", |figures| {
        Some(figures.deaths)
    }),
    ("worker_recycled_total", "counter", "Replacements of the healthy worker.", |figures| Some(figures.recycled)),
    ("worker_requests_total", "counter", "Requests sent to the worker.", |figures| Some(figures.requests)),
    ("worker_calls_total", "counter", "Requests that called functions.", |figures| Some(figures.calls)),
    ("worker_sent_bytes_total", "counter", "Bytes sent to the worker.", |figures| Some(figures.sent)),
    ("worker_received_bytes_total", "counter", "Bytes received from the worker.", |figures| Some(figures.received)),
    ("worker_running", "gauge", "1 while the worker is running.", |figures| Some(figures.is_running.into())),
    ("worker_resident_bytes", "gauge", "Resident memory of the worker.", |figures| {
        figures.running.as_ref().and_then(|running| running.resident)
    }),
];

fn of_workers(text: &mut fmt::Formatter<'_>, workers: &[WorkerFigures]) -> fmt::Result {
    for (name, kind, meaning, figure) in OF_WORKERS {
        head(text, name, kind, meaning)?;
        for worker in workers {
            if let Some(value) = figure(&worker.statistics) {
                writeln!(text, "runtime64_{name}{{{}}} {value}", labels(worker, None))?;
            }
        }
    }
    Ok(())
}

fn of_functions(text: &mut fmt::Formatter<'_>, workers: &[WorkerFigures]) -> fmt::Result {
    let each = || workers.iter().flat_map(|worker| worker.functions.iter().map(move |function| (worker, function)));
    head(text, "function_calls_total", "counter", "Calls of a function.")?;
    for (worker, function) in each() {
        let labels = labels(worker, Some(function));
        writeln!(text, "runtime64_function_calls_total{{{labels}}} {}", function.function_stats.calls())?;
    }
    head(text, "function_errors_total", "counter", "Calls of a function that failed.")?;
    for (worker, function) in each() {
        let labels = labels(worker, Some(function));
        writeln!(text, "runtime64_function_errors_total{{{labels}}} {}", function.function_stats.errors())?;
    }
    head(text, "function_seconds", "summary", "Latencies of timed calls; calls of frequent functions are sampled.")?;
    for (worker, function) in each() {
        let (labels, latencies) = (labels(worker, Some(function)), function.function_stats.latencies());
        for share in [0.5, 0.99] {
            if let Some(seconds) = latencies.quantile(share) {
                let seconds = seconds.as_secs_f64();
                writeln!(text, "runtime64_function_seconds{{{labels},quantile=\"{share}\"}} {seconds:e}")?;
            }
        }
        writeln!(text, "runtime64_function_seconds_sum{{{labels}}} {:e}", latencies.sum().as_secs_f64())?;
        writeln!(text, "runtime64_function_seconds_count{{{labels}}} {}", latencies.count())?;
    }
    Ok(())
}

fn head(text: &mut fmt::Formatter<'_>, name: &str, kind: &str, meaning: &str) -> fmt::Result {
    writeln!(text, "# HELP runtime64_{name} {meaning}\n# TYPE runtime64_{name} {kind}")
}

fn labels(worker: &WorkerFigures, function: Option<&FunctionFigures>) -> String {
    let mut labels = String::new();
    let mut add = |name: &str, value: &str| {
        let comma = if labels.is_empty() { "" } else { "," };
        // Writing to a string cannot fail.
        let _ = write!(labels, "{comma}{name}=\"{}\"", escaped(value));
    };
    add("worker", worker.name.as_deref().unwrap_or("default"));
    add("id", &worker.worker_group.to_string());
    add("kind", &worker.kind);
    if let Some(function) = function {
        add("library", &function.library);
        add("function", &function.name);
    }
    labels
}

/// Escapes a label's value, in which three characters are special.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn values_of_labels_are_escaped() {
        assert_eq!(escaped("C:\\a \"b\"\nc"), r#"C:\\a \"b\"\nc"#);
    }

    /// The text for given workers.
    struct Text(Vec<WorkerFigures>);
    impl fmt::Display for Text {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            of_workers(formatter, &self.0)?;
            of_functions(formatter, &self.0)
        }
    }

    #[test]
    fn a_worker_and_its_functions_are_lines_of_the_format() {
        let function_stats = Arc::new(FunctionStats::default());
        function_stats.end(function_stats.begin());
        function_stats.fail();
        let function = FunctionFigures {
            library: "a.dll".to_owned(),
            name: "F".to_owned(),
            function_stats: Arc::clone(&function_stats),
        };
        function_stats.latencies().add(Duration::from_millis(1));
        let statistics = Statistics { starts: 2, is_running: true, ..Statistics::default() };
        let kind = "32-bit Windows".to_owned();
        let text =
            Text(vec![WorkerFigures { worker_group: 7, name: None, kind, statistics, functions: vec![function] }])
                .to_string();
        for line in [
            "# TYPE runtime64_worker_starts_total counter",
            r#"runtime64_worker_starts_total{worker="default",id="7",kind="32-bit Windows"} 2"#,
            r#"runtime64_worker_running{worker="default",id="7",kind="32-bit Windows"} 1"#,
            r#"runtime64_function_calls_total{worker="default",id="7",kind="32-bit Windows",library="a.dll",function="F"} 1"#,
            r#"runtime64_function_errors_total{worker="default",id="7",kind="32-bit Windows",library="a.dll",function="F"} 1"#,
            r#"runtime64_function_seconds_count{worker="default",id="7",kind="32-bit Windows",library="a.dll",function="F"} 2"#,
        ] {
            assert!(text.lines().any(|known| known == line), "{line}\n{text}");
        }
        assert!(!text.contains("resident_bytes{"), "unknown values are omitted");
    }

    #[test]
    fn workers_of_the_same_name_have_series_of_their_own() {
        let figures = |worker_group, name: Option<&str>| {
            let function_stats = Arc::new(FunctionStats::default());
            function_stats.end(function_stats.begin());
            let function = FunctionFigures { library: "a.dll".to_owned(), name: "F".to_owned(), function_stats };
            let statistics = Statistics { starts: 1, ..Statistics::default() };
            let (name, kind) = (name.map(str::to_owned), "32-bit Windows".to_owned());
            WorkerFigures { worker_group, name, kind, statistics, functions: vec![function] }
        };
        let workers = [(1, None), (2, Some("default")), (3, Some("scope")), (4, Some("scope"))];
        let text = Text(workers.map(|(worker_group, name)| figures(worker_group, name)).into()).to_string();
        let mut series: Vec<_> =
            text.lines().filter_map(|line| line.rsplit_once(' ').map(|(series, _)| series)).collect();
        series.retain(|series| !series.starts_with('#'));
        let all = series.len();
        series.sort_unstable();
        series.dedup();
        assert_eq!(series.len(), all, "{text}");
    }
}
