//! The measuring side.

pub mod bars;
pub mod baseline;
pub mod declarations;
pub mod figures;
pub mod floor;
pub mod machine;
pub mod ours;
pub mod peers;
pub mod places;
pub mod report;
pub mod resources;
pub mod scenario;
pub mod start;
