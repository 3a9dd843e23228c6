//! How host and worker are linked: through shared memory wherever that can be had, through the plain channel otherwise.

use tests::{Configuration, run};

use super::lua_scripts::passes_with;

fn code(configuration: Configuration, text: &str) -> String {
    let library = configuration.path(&configuration.fixture("calls"));
    format!(
        "dll.cdef[[ int add(int a, int b); int string_length(const char *text); int sum_ints(const int *v, int n); ]]
        local calls = dll.load([[{library}]])
        local function linked()
            local worker = dll.stats().workers[1]
            return worker.link, worker.reason or '-'
        end
        {text}"
    )
}

/// Runs code with environment variables, and gives what it prints.
fn output(configuration: Configuration, variables: &[(&str, &str)], text: &str) -> tests::Output {
    let mut command = configuration.runtime();
    command.arg("-e").arg(code(configuration, text)).envs(variables.iter().copied());
    run(command, configuration.limit())
}

#[test]
fn memory_is_shared_in_every_configuration() {
    for configuration in Configuration::ALL {
        let text = "print(calls.add(2, 3), linked())";
        output(*configuration, &[], text).assert_code(0).assert_stdout("5\tshared memory\t-\n");
    }
}

#[test]
fn everything_works_through_the_plain_channel_too() {
    for configuration in Configuration::ALL {
        let text = "local m = dll.of(calls)
            local values = m.new('int[3]', 1, 2, 3)
            local other = m.new('char[?]', 4, 'abc')
            values[0] = 10
            collectgarbage()
            print(calls.sum_ints(values, 3), values[2], m.string(other), calls.add(m.new('int', 2), 3))
            print(calls.string_length(('x'):rep(3 << 20)), select(2, pcall(m.read, 256, 4)).kind)
            print(linked())";
        let expected = "15\t3\tabc\t5\n3145728\tmemory\nplain channel\tthe settings request it\n";
        output(*configuration, &[("RUNTIME64_LINK", "plain")], text).assert_code(0).assert_stdout(expected);
    }
}

/// The crash report of a worker is a frame there. Without shared memory no dump can be made, which is said.
#[test]
fn crashes_are_told_through_the_plain_channel_too() {
    let variables = [("RUNTIME64_LINK", "plain"), ("RUNTIME64_TEST_ROUNDS", "1")];
    passes_with(Configuration::Native, "crashes", &variables);
    let library = Configuration::HostWidth.fixture("crashes");
    let text = format!(
        "dll.cdef 'void crash(int fault);'
        local worker <close> = dll.worker {{ crash_dir = '.' }}
        local _, e = pcall(worker.load([[{}]]).crash, 0)
        print(e.kind, e.dump, e.detail:match '\\ndump: failed: ([^\\n]*)')",
        library.display()
    );
    let expected = "crash\tnil\tno memory is shared with the worker: the settings request it\n";
    output(Configuration::HostWidth, &variables, &text).assert_code(0).assert_stdout(expected);
}

/// There the worker is also asked for what is in objects.
#[test]
fn idle_deaths_are_reported_through_the_plain_channel_too() {
    passes_with(Configuration::Native, "idle_deaths", &[("RUNTIME64_LINK", "plain")]);
}

#[test]
fn objects_have_a_limit_that_is_told() {
    let text = "local m = dll.of(calls)
        local kept = { m.new('char[?]', 3 << 20) }
        local ok, e = pcall(m.new, 'char[?]', 3 << 20)
        print(ok, e.kind, tostring(e):find('RUNTIME64_ARENA_LIMIT', 1, true) ~= nil)
        kept[1] = nil
        print(#m.new('char[?]', 3 << 20), calls.add(2, 3))";
    for configuration in [Configuration::HostWidth, Configuration::Windows] {
        let expected = "false\tmemory\ttrue\n3145728\t5\n";
        output(configuration, &[("RUNTIME64_ARENA_LIMIT", "4")], text).assert_code(0).assert_stdout(expected);
    }
}

#[test]
fn settings_that_mean_nothing_are_named() {
    let configuration = Configuration::HostWidth;
    for (variable, value) in
        [("RUNTIME64_LINK", "fast"), ("RUNTIME64_ARENA_LIMIT", "much"), ("RUNTIME64_ARENA_LIMIT", "0")]
    {
        let failed = output(configuration, &[(variable, value)], "");
        failed.assert_code(1).assert_stderr_has(&[variable, &format!("'{value}'")]);
    }
}
