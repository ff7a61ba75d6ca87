use rustc_hash::FxHashMap;

use crate::report::text::clean;
use crate::report::{Grouped, Reason, Report};

/// Fewer missing fragments of one shape than this are likelier mistakes than the work of a script.
const MANY: u64 = 100;

/// Which `--ignore-fragment` would leave out most of the missing fragments, where one shape prevails.
///
/// Fragments that a script makes, such as the line ranges `#158-160` of rustdoc's source pages, come in
/// great numbers and one shape: runs of digits count as the same. Ties go to the shape that sorts first.
pub(super) fn for_fragments(report: &Report) -> Option<String> {
    let mut shapes = FxHashMap::<String, (u64, &str)>::default();
    let mut missing = 0;
    for link in report.links().iter().filter(|link| link.verdict.reason == Reason::MissingFragment) {
        let Some((_, fragment)) = link.url.split_once('#') else { continue };
        missing += 1;
        if let Some(shape) = shape(fragment) {
            shapes.entry(shape).or_insert((0, fragment)).0 += 1;
        }
    }
    let most = shapes.into_iter().max_by(|a, b| a.1.0.cmp(&b.1.0).then_with(|| b.0.cmp(&a.0)));
    let (shape, (count, example)) = most.filter(|(_, (count, _))| *count >= MANY && count * 2 > missing)?;
    Some(format!(
        "{} of {} missing fragments look like #{}. If a script makes them: --ignore-fragment '^{shape}$'",
        Grouped(count),
        Grouped(missing),
        clean(example),
    ))
}

/// The fragment as a regular expression with its digits left open; `None` without any.
///
/// Only for what survives a shell's single quotes and needs no thought: letters, digits, `-`, `_`, `.`.
fn shape(fragment: &str) -> Option<String> {
    if fragment.len() > 64 || !fragment.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut shape = String::new();
    for character in fragment.chars() {
        match character {
            '0'..='9' if shape.ends_with(r"\d+") => {}
            '0'..='9' => shape.push_str(r"\d+"),
            '.' => shape.push_str(r"\."),
            'a'..='z' | 'A'..='Z' | '-' | '_' => shape.push(character),
            _ => return None,
        }
    }
    Some(shape)
}
