//! Dumps of crashed workers: files for debuggers, written by this process while the worker waits to exit.
//!
//! A crashing worker has a corrupt heap and almost no stack, so it only waits. For each worker whose settings name a
//! folder for dumps a thread watches for that; other workers have none. The thread polls a word in shared memory, as no
//! way to wake it works on every system, and as it must notice a worker that dies while no thread waits for it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, SystemTime};

use protocol::link::{DumpWatch, View};
use protocol::{Cause, CrashReport};

use super::WorkerKind;
use super::lasting_thread::no_thread;
use super::memory::Foreign;

mod collect;
mod context;
mod file;
mod format;
mod name;

/// The pause between two polls.
const PAUSE: Duration = Duration::from_millis(20);

/// The result of requesting a dump: its file, or the reason why there is none.
pub(super) type DumpOutcome = Result<PathBuf, String>;

/// Watches one worker.
#[derive(Debug)]
pub(super) struct Dumper(Mutex<Option<DumpThread>>);

#[derive(Debug)]
struct DumpThread {
    /// The thread ends when this is dropped.
    _stop: mpsc::Sender<()>,
    thread: thread::JoinHandle<Option<DumpOutcome>>,
}

/// What the thread knows of the worker.
struct WatchedWorker {
    folder: PathBuf,
    kind: WorkerKind,
    foreign: Arc<Foreign>,
    word: DumpWatch,
}

impl Dumper {
    /// Watches a worker until this is dropped. The view covers the front of the memory shared with it.
    ///
    /// # Errors
    /// No thread could be started for it. The worker is then not asked to wait.
    pub(super) fn start(folder: &Path, kind: WorkerKind, foreign: Arc<Foreign>, control: View) -> io::Result<Self> {
        // The script may change the current directory meanwhile.
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf());
        let (stop, stopped) = mpsc::channel();
        let (begin, begun) = mpsc::channel::<WatchedWorker>();
        let started = thread::Builder::new().spawn(move || begun.recv().ok()?.watch(&stopped));
        let thread = started.map_err(|error| no_thread("writes dumps", &error))?;
        // The thread is running and will receive it.
        let _ = begin.send(WatchedWorker { folder, kind, foreign, word: DumpWatch::over(control) });
        Ok(Self(Mutex::new(Some(DumpThread { _stop: stop, thread }))))
    }

    /// Returns the result, once the worker has exited.
    pub(super) fn finish(&self) -> DumpOutcome {
        let watch = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let made = watch.and_then(|DumpThread { _stop: stop, thread }| {
            drop(stop);
            thread.join().ok().flatten()
        });
        made.unwrap_or_else(|| Err("the process exited without leaving time for it".to_owned()))
    }
}

impl WatchedWorker {
    fn watch(&self, stopped: &mpsc::Receiver<()>) -> Option<DumpOutcome> {
        loop {
            let is_over = stopped.recv_timeout(PAUSE) != Err(mpsc::RecvTimeoutError::Timeout);
            if let Some(report) =
                self.word.waiting().filter(|report| !matches!(report.cause, Cause::Exit | Cause::Expired))
            {
                let outcome = self.dump(&report);
                self.word.release();
                return Some(outcome);
            }
            if is_over {
                self.word.release();
                return None;
            }
        }
    }

    fn dump(&self, report: &CrashReport) -> DumpOutcome {
        let process = self.foreign.id().ok_or("its process was not found")?;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let dump = collect::dump(&self.foreign, self.kind, process, now, report)?;
        let path = self.folder.join(name::of(self.kind, now, process));
        write(&path, &dump.to_bytes()).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    }
}

/// Writes the whole file, or leaves no file behind.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = file::create(path)?;
    file.write_all(bytes).inspect_err(|_| {
        // An incomplete file is not a dump. A failure to remove it does not change the error.
        let _ = fs::remove_file(path);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_there_is_left_alone() {
        let path = std::env::temp_dir().join(format!("runtime64-dump-{}.dmp", std::process::id()));
        write(&path, b"one").expect("the folder can be written to");
        assert_eq!(write(&path, b"two").expect_err("it is there").kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).expect("it is there"), b"one");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&path).expect("it is there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "only its owner has access");
        }
        fs::remove_file(&path).expect("it is there");
    }
}
