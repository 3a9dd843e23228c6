//! Workers seen from the host: finding their executables, starting them, calling them, noticing their death.
//!
//! Nothing here knows Lua or C. A [`Worker`] is asked with [typed requests](protocol::Call); it is started when first
//! needed and started anew after it died. Each start is a new *generation*: what belonged to an earlier one (ids of
//! libraries and functions, addresses) is void.

mod client;
mod error;
mod kind;
mod locate;
mod process;
mod settings;
mod wine;
mod worker;
mod workers;

pub use error::{Death, RemoteError, Started};
pub use kind::WorkerKind;
pub use process::Exit;
pub use settings::Settings;
pub use wine::{prefix as wine_prefix, windows_path};
pub use worker::{Generation, Session, Worker};
pub use workers::Workers;
