//! Settings from several layers, with every mistake reported at once, by key and source.
//!
//! [`Settings`] merges files, environment and flags over a type's defaults, on the `config` crate.
//! [`duration`] and [`size`] read what people write: `"1m 30s"`, `"16MiB"`.
//!
//! In the book: [settings](../../../book/settings.html).
mod assemble;
mod builder;
mod de;
pub mod duration;
mod file;
mod inherit;
mod layer;
mod layers;
mod lines;
mod load;
mod nearest;
mod path;
mod problem;
mod render;
pub mod size;
mod validate;

pub use builder::Settings;
pub use problem::{Problem, ProblemKind, SettingsError, Source};
pub use validate::{Findings, Validate};
