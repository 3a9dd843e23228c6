//! What others could reach of a host and its worker while they run: nothing has a name, and the memory is the owner's.

use std::collections::HashSet;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use rustix::fs::SealFlags;
use tests::{Configuration, Process, Run};

/// A descriptor of a process: its file in `/proc`, and what it leads to.
struct Descriptor {
    file: PathBuf,
    target: String,
}

fn descriptors(process: &Process) -> Vec<Descriptor> {
    let folder = PathBuf::from(format!("/proc/{}/fd", process.id));
    let read = |entry: fs::DirEntry| {
        let target = fs::read_link(entry.path()).ok()?.to_string_lossy().into_owned();
        Some(Descriptor { file: entry.path(), target })
    };
    fs::read_dir(folder).expect("the process runs").flatten().filter_map(read).collect()
}

/// A host with a worker that has been called and waits, through shared memory and with objects in it.
fn running(configuration: Configuration) -> Run {
    let mut command = configuration.runtime();
    let library = configuration.path(&configuration.fixture("calls"));
    command.stdin(Stdio::piped()).arg("-e").arg(format!(
        "dll.cdef 'int add(int a, int b);'
        local calls = dll.load([[{library}]])
        local object = dll.of(calls).new('int[?]', 1 << 20)
        print('ready', calls.add(2, 3), dll.stats().workers[1].link)
        io.stdout:flush()
        io.read()"
    ));
    let mut run = Run::start(command, configuration.limit());
    run.wait_for_stdout("ready\t5\tshared memory");
    run
}

/// The inodes of all sockets that have a name, in the file system or beside it.
fn named_sockets() -> HashSet<String> {
    let list = fs::read_to_string("/proc/net/unix").expect("Linux lists sockets");
    let fields = list.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    fields.filter(|fields| fields.len() > 7).map(|fields| fields[6].to_owned()).collect()
}

/// Neither a socket, nor a pipe, nor memory has a name.
#[test]
fn nothing_has_a_name() {
    // A worker under Wine speaks with Wine's own server, too.
    for (configuration, worker_is_ours) in
        [(Configuration::Native, true), (Configuration::HostWidth, true), (Configuration::WineWorker, false)]
    {
        let run = running(configuration);
        let mut processes = run.hosts();
        assert!(!processes.is_empty() && !run.workers().is_empty(), "{configuration:?}");
        if worker_is_ours {
            processes.extend(run.workers());
        }
        let named = named_sockets();
        for process in &processes {
            for Descriptor { target, .. } in descriptors(process) {
                let socket = target.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']'));
                assert!(!socket.is_some_and(|inode| named.contains(inode)), "{process} has {target}, which has a name");
                let is_file = target.starts_with('/') && !target.starts_with("/memfd:") && target != "/dev/null";
                assert!(!is_file, "{process} has {target} open");
            }
            let maps = fs::read_to_string(format!("/proc/{}/maps", process.id)).expect("the process runs");
            assert!(!maps.contains("/dev/shm"), "{process}\n{maps}");
        }
    }
}

#[test]
fn the_memory_is_sealed_and_its_owner_s() {
    for configuration in [Configuration::Native, Configuration::HostWidth, Configuration::WineWorker] {
        let run = running(configuration);
        let hosts = run.hosts();
        let all = hosts.iter().flat_map(descriptors);
        let shared: Vec<Descriptor> = all.filter(|one| one.target.starts_with("/memfd:runtime64")).collect();
        assert!(!shared.is_empty(), "{configuration:?}: no memory is shared");
        for Descriptor { file, .. } in shared {
            // Another user cannot even say its path; to become one takes root.
            if rustix::process::geteuid().is_root() {
                let mut other = Command::new("head");
                other.args(["-c", "1"]).arg(&file).uid(65_534).stdout(Stdio::null()).stderr(Stdio::null());
                assert!(!other.status().expect("it starts").success(), "{configuration:?}: another user reads it");
            }
            let memory = File::options().read(true).write(true).open(file).expect("the owner may open it");
            let seals = rustix::fs::fcntl_get_seals(&memory).expect("it has seals");
            assert_eq!(seals, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL, "{configuration:?}");
            let metadata = memory.metadata().expect("it is open");
            assert_eq!(metadata.mode() & 0o7777, 0o600, "{configuration:?}");
            assert_eq!(metadata.uid(), rustix::process::geteuid().as_raw(), "{configuration:?}");
            assert!(memory.set_len(4096).is_err(), "{configuration:?}: it was made smaller");
        }
    }
}
