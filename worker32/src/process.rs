//! State of this process and its threads in the operating system: exit, error numbers, dialogs.

mod entry;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

pub(crate) use entry::entry;
#[cfg(unix)]
pub(crate) use unix::{
    end_now, error_numbers, is_fork, keep_from_forks, last_error_text, set_error_numbers, suppress_dialogs,
};
#[cfg(windows)]
pub(crate) use windows::{
    end_now, error_numbers, is_fork, keep_from_forks, last_error_text, set_error_numbers, suppress_dialogs,
};
