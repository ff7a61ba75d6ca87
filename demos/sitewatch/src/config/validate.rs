use std::time::Duration;

use patterns_core::settings::{Findings, Validate};

use super::CheckConfig;
use crate::store::Location;

// ANCHOR: validate
impl Validate for CheckConfig {
    fn validate(&self, findings: &mut Findings) {
        if self.every == Some(Duration::ZERO) {
            findings.refuse("every", "the interval must be longer than nothing");
        }
        if self.max_pages == Some(0) {
            findings.refuse("max_pages", "at least one page must be searched");
        }
        if self.max_links == 0 {
            findings.refuse("max_links", "at least one link of a page must be looked at");
        }
        if let Some(db) = &self.db
            && let Err(bad) = Location::of(&db.to_string_lossy())
        {
            findings.refuse_as("db", format!("{:?}", bad.shown()), bad.why());
        }
        if self.every.is_some()
            && self.report.output.is_none()
            && self.report.effective_format() == crate::report::Format::Junit
        {
            findings.refuse("report.format", "every round would begin another XML document: name a file with --output");
        }
    }
}
// ANCHOR_END: validate
