//! The crate behind the book: it compiles and runs everything that the chapters show.
//!
//! - Each chapter is expanded by `lib/build.rs` and mounted as documentation, so that `cargo test --doc` compiles and
//!   runs its Rust with this workspace's own dependencies.
//! - [`listings`] are the programs that chapters show parts of; [`ALL`](listings::ALL) names them. What they print
//!   is kept beside them, and checked.
//! - [`timeline`] records what a program does on virtual time, [`figure`] draws it, [`figures`] are those of the book.
//! - [`html`] mends what mdBook makes.
//! - [`costs`] makes tables of what the benchmarks measured, and [`plot`] draws them.
//!
//! `cargo run -p book` lists the programs and runs them.

// Listings are programs of their own, and name this crate as a reader would.
extern crate self as book;

pub mod costs;
#[cfg(test)]
mod expand;
pub mod figures;
pub mod html;
#[path = "../listings/mod.rs"]
pub mod listings;
pub mod log;
pub mod plot;

pub use tour::{figure, site, timeline};

/// The chapters, with everything included, as documentation that is tested.
#[cfg(doctest)]
#[allow(missing_docs, reason = "their documentation is the chapter")]
pub mod chapters {
    include!(concat!(env!("OUT_DIR"), "/chapters.rs"));
}
