//! Hosts are killed, whatever their workers do.

use std::time::{Duration, Instant};

use layouts::random::Random;
use tests::{Configuration, Role, Run, wait_until};

use crate::quantiles::Quantiles;
use crate::report::Report;
use crate::resources::has_mapped;
use crate::script;

/// How long a worker may outlive its host, in milliseconds.
const LONGEST: f64 = 1000.0;

/// How long is waited for one that does, to tell how long it stays.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the worker does when its host is killed.
struct State {
    name: &'static str,
    code: &'static str,
    reached: Reached,
}

/// How it is seen.
enum Reached {
    /// The host or the library prints this.
    Printed(&'static str),
    /// The worker has mapped the library, whose constructor or DllMain does not return.
    Loading(&'static str),
    /// The host's process, or the worker's, has been there for so many milliseconds at most. What has just been forked
    /// still looks like what it was forked from.
    Running(Role, u64),
}

const STATES: [State; 7] = [
    State { name: "idle", code: "calls.add(1, 2) say 'idle' while true do end", reached: Reached::Printed("idle") },
    State { name: "busy", code: "bad.spin_forever()", reached: Reached::Printed("spinning") },
    State { name: "hung", code: "bad.sleep_forever()", reached: Reached::Printed("sleeping") },
    State {
        name: "in a callback",
        code: "callbacks.call_int(function(n) say 'called' while true do end end, 1)",
        reached: Reached::Printed("called"),
    },
    State { name: "loading", code: "dll.load(hanging)", reached: Reached::Loading("hang_on_load") },
    State { name: "starting", code: "bad.sleep_forever()", reached: Reached::Running(Role::Worker, 15) },
    State { name: "with its host starting", code: "bad.sleep_forever()", reached: Reached::Running(Role::Host, 50) },
];

/// Kills so many hosts, their workers in each state in turn.
///
/// # Panics
/// If a host does not come as far as it is killed, or the programs were not built by `cargo xtask`.
#[must_use]
pub fn run(configuration: Configuration, count: u64, seed: u64) -> Report {
    let mut random = Random::new(seed);
    let mut times: [Vec<f64>; STATES.len()] = Default::default();
    let mut late = Vec::new();
    for (number, place) in (0..count).zip((0..STATES.len()).cycle()) {
        let time = kill_one(configuration, &STATES[place], &mut random);
        times[place].push(time);
        if time > LONGEST {
            late.push(format!("host {number}, {}: {time:.0} ms", STATES[place].name));
        }
    }
    let mut report = Report::new("hosts", configuration);
    report.tell("hosts killed", count);
    for (state, times) in STATES.iter().zip(times) {
        report.tell(&format!("  {}: kill to the worker's end", state.name), Quantiles::of(times));
    }
    report.judge_none("workers that lived on for more than 1 s", &late);
    report
}

/// Kills one host and gives how long a worker outlived it, in milliseconds.
fn kill_one(configuration: Configuration, state: &State, random: &mut Random) -> f64 {
    let library = |name| script::library(configuration, name);
    let code = format!(
        "dll.cdef [[ void spin_forever(void); void sleep_forever(void); int add(int a, int b);
            int call_int(int (*callback)(int value), int value); ]]
        local calls, bad, callbacks = dll.load([[{}]]), dll.load([[{}]]), dll.load([[{}]])
        local hanging = [[{}]]
        local function say(text) print(text) io.stdout:flush() end
        {}",
        library("calls"),
        library("misbehaviour"),
        library("callbacks"),
        library("hang_on_load"),
        state.code
    );
    let mut command = configuration.runtime();
    command.arg("-e").arg(code);
    let mut run = Run::start(command, configuration.limit());
    reach(configuration, &state.reached, &mut run, random);
    let killed = Instant::now();
    run.kill_host();
    let gone = run.is_nothing_left_within(PATIENCE);
    assert!(gone, "{}: a worker stays for {PATIENCE:?} after its host\n{:?}", state.name, run.workers());
    killed.elapsed().as_secs_f64() * 1000.0
}

fn reach(configuration: Configuration, reached: &Reached, run: &mut Run, random: &mut Random) {
    match reached {
        Reached::Printed(text) => run.wait_for_stdout(text),
        Reached::Loading(name) => {
            let file = configuration.fixture(name);
            let file = file.file_name().and_then(|file| file.to_str()).unwrap_or(name);
            let is_mapped = wait_until(configuration.limit(), || has_mapped(&run.workers(), file).then_some(()));
            assert!(is_mapped.is_some(), "{file} is not loaded");
        }
        // No condition tells of any moment: the time is what chance decides.
        Reached::Running(role, longest) => {
            let seen = || if *role == Role::Host { run.hosts() } else { run.workers() };
            let is_seen = wait_until(configuration.limit(), || (!seen().is_empty()).then_some(()));
            assert!(is_seen.is_some(), "{role:?} is not started");
            let longest = if configuration.needs_wine() { longest * 10 } else { *longest };
            std::thread::sleep(Duration::from_millis(random.below(longest)));
        }
    }
}
