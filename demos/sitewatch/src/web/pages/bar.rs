//! Quantities, as bars.

use maud::{Markup, html};

use super::text::{number, shown, took};
use crate::report::text::plural;
use crate::service::{Gauge, ProgressView};

/// How far a check has come. How many pages there are is not known before its end, so the bar is of what is known to
/// be there.
pub(super) fn progress(progress: &ProgressView) -> Markup {
    let known = progress.pages.saturating_add(progress.queued).max(1);
    html! {
        div.progress {
            progress value=(progress.pages) max=(known) aria-label="Pages read, of those that are known" {}
            p {
                (plural(progress.pages, "page", "pages")) " read, "
                (number(progress.queued)) " waiting"
                @if progress.broken > 0 { ", " strong { (number(progress.broken)) " broken" } }
                ", for " (took(progress.elapsed_ms))
            }
        }
    }
}

/// A quantity, with a bar where it has a bound.
pub(super) fn gauge(gauge: &Gauge) -> Markup {
    html! {
        div.gauge data-key=(shown(&gauge.name)) {
            span.name { (shown(&gauge.name)) }
            span.value {
                (number(gauge.value))
                @if let Some(bound) = gauge.bound { span.bound { " of " (number(bound)) } }
            }
            @if let Some(bound) = gauge.bound.filter(|bound| *bound > 0) {
                // Sizes in styles would be inline styles, which the content security policy forbids.
                svg.bar.full[gauge.value >= bound] viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true" {
                    rect.track width="100" height="4" {}
                    rect.fill width=(percent(gauge.value, bound)) height="4" {}
                }
            }
        }
    }
}

fn percent(value: u64, bound: u64) -> u64 {
    u64::try_from(u128::from(value.min(bound)) * 100 / u128::from(bound.max(1))).unwrap_or(100)
}
