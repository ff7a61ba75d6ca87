use std::io::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;

use super::{DemoSite, DemoSiteError, Faults};
use crate::cli::{Console, Exit, Failure, Interrupts};

/// The arguments of `sitewatch demo-site`.
///
/// # Defaults
///
/// Those of [`DemoSiteBuilder`](super::DemoSiteBuilder).
#[derive(Args, Clone, Debug)]
pub struct DemoSiteArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,

    /// How many pages the site has, besides those of its faults
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub pages: u32,

    /// Which faults it has: usual, all, none, or names with commas between them
    ///
    /// The page /faults/ lists them. "usual" leaves out those that make a check long or endless: silent, gzip-bomb and
    /// calendar.
    #[arg(long, value_name = "FAULTS", default_value = "usual")]
    pub faults: Faults,

    /// How long every answer takes
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = humantime::parse_duration)]
    pub delay: Duration,

    /// Let whoever reaches the site mend and break it: POST /_control/fix, /_control/break, GET /_control/stats
    ///
    /// Of the faults, missing and typo are mended; the others stay as they are.
    #[arg(long)]
    pub control: bool,
}

/// Serves a demo site until somebody interrupts it. Its address goes to standard output, as `listening on URL`.
///
/// # Errors
///
/// A [`Failure`] with [`Exit::Usage`] if an argument makes no sense, with [`Exit::Failed`] if the address can't be had.
///
/// # Cancel safety
///
/// Cancel safe: the site is served no more.
pub async fn serve(args: &DemoSiteArgs, console: &Console, interrupts: &mut Interrupts) -> Result<Exit, Failure> {
    let site = DemoSite::builder().listen(args.listen).pages(args.pages).faults(args.faults.clone());
    let site = site.delay(args.delay).control(args.control).start().await.map_err(|error| match error {
        DemoSiteError::Listen { .. } => Failure::failed(&error),
        _ => Failure::usage(&error),
    })?;
    let mut stdout = console.stdout.clone();
    // Where nobody reads it, somebody may know the address all the same.
    let _ = writeln!(stdout, "listening on {}", site.url()).and_then(|()| stdout.flush());
    interrupts.next().await;
    Ok(Exit::Clean)
}
