//! Dumps of workers that crash: files that debuggers read, made by this process while the worker waits for its end.
//!
//! A worker that dies has a heap in ruins and next to no stack, so that it only waits. A thread watches for that, for each
//! worker whose settings name a folder for dumps; there is none for others. It looks for a word in shared memory from time to
//! time, since nothing that could wake it works on every system, and so that a worker is seen that dies while nobody waits for it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, SystemTime};

use protocol::link::{DumpWatch, View};
use protocol::{Cause, LastWords};

use super::WorkerKind;
use super::lasting_thread::no_thread;
use super::memory::Foreign;

mod collect;
mod context;
mod file;
mod format;
mod name;

/// How long the thread sleeps between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// What came of the wish for a dump: its file, or why there is none.
pub(super) type Outcome = Result<PathBuf, String>;

/// Watches one worker.
#[derive(Debug)]
pub(super) struct Dumper(Mutex<Option<Watch>>);

#[derive(Debug)]
struct Watch {
    /// The thread ends once this is gone.
    _stop: mpsc::Sender<()>,
    thread: thread::JoinHandle<Option<Outcome>>,
}

/// What the thread knows of the worker.
struct Watched {
    folder: PathBuf,
    kind: WorkerKind,
    foreign: Arc<Foreign>,
    word: DumpWatch,
}

impl Dumper {
    /// Watches a worker until it is let go of. The view is of the front of the memory that is shared with it.
    ///
    /// # Errors
    /// There is no thread for it. The worker is not asked to wait then.
    pub(super) fn start(folder: &Path, kind: WorkerKind, foreign: Arc<Foreign>, control: View) -> io::Result<Self> {
        // The script may change its directory meanwhile.
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf());
        let (stop, stopped) = mpsc::channel();
        let (begin, begun) = mpsc::channel::<Watched>();
        let started = thread::Builder::new().spawn(move || begun.recv().ok()?.watch(&stopped));
        let thread = started.map_err(|error| no_thread("makes dumps", &error))?;
        // A thread that runs receives it.
        let _ = begin.send(Watched { folder, kind, foreign, word: DumpWatch::over(control) });
        Ok(Self(Mutex::new(Some(Watch { _stop: stop, thread }))))
    }

    /// What came of it, once the worker has ended.
    pub(super) fn finish(&self) -> Outcome {
        let watch = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let made = watch.and_then(|Watch { _stop: stop, thread }| {
            drop(stop);
            thread.join().ok().flatten()
        });
        made.unwrap_or_else(|| Err("the process ended in a way that left no time for it".to_owned()))
    }
}

impl Watched {
    fn watch(&self, stopped: &mpsc::Receiver<()>) -> Option<Outcome> {
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

    fn dump(&self, report: &LastWords) -> Outcome {
        let process = self.foreign.id().ok_or("its process cannot be found")?;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let dump = collect::dump(&self.foreign, self.kind, process, now, report)?;
        let path = self.folder.join(name::of(self.kind, now, process));
        write(&path, &dump.to_bytes()).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    }
}

/// Writes the whole file, or leaves none.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = file::create(path)?;
    file.write_all(bytes).inspect_err(|_| {
        // What is there is no dump. That it cannot be removed either changes nothing of the error.
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
            assert_eq!(mode & 0o777, 0o600, "it is its owner's alone");
        }
        fs::remove_file(&path).expect("it is there");
    }
}
