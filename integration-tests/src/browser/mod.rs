//! A real browser, without a window, driven over its
//! [DevTools protocol](https://chromedevtools.github.io/devtools-protocol/).
//!
//! ```no_run
//! # async fn test() -> std::io::Result<()> {
//! use integration_tests::browser::Browser;
//! use integration_tests::skip_or_fail;
//!
//! let Some(browser) = Browser::start().await? else {
//!     skip_or_fail("a_button_is_pressed", "chromium");
//!     return Ok(());
//! };
//! let page = browser.page().await?;
//! page.goto("http://127.0.0.1:8080/").await?;
//! page.click("button").await?;
//! page.wait_for("document.title === 'Done'").await?;
//! assert!(page.complaints().await?.is_empty());
//! # Ok(()) }
//! ```
//!
//! # Why a client of our own?
//!
//! Tests need a dozen of the protocol's several hundred commands. The crates for it bring all of them as generated code,
//! or a driver program that has to fit the browser's version.
mod input;
mod launch;
mod look;
mod page;
mod seen;
mod wire;

pub use launch::Browser;
pub use page::Page;
