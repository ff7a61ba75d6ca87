//! What is at which address.
use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use super::answer::{Answer, Response};
use super::request::Request;
use super::site::Shared;
use super::{Fault, page, trouble};

/// When the pages were last changed, as they say: the beginning of 2026, in seconds since 1970.
const MADE: u64 = 1_767_225_600;

/// The most that a sitemap may name, by its protocol.
const MOST_IN_SITEMAP: u32 = 50_000;

/// The answer to a request that is the nth of its path, from 1.
pub(super) fn answer(site: &Shared, request: &Request, nth: u64) -> Answer {
    if !matches!(&*request.method, "GET" | "HEAD") {
        return Response::empty(405).header("allow", "GET, HEAD").into();
    }
    let path = request.path.split_once('?').map_or(&*request.path, |(path, _)| path);
    let faults = &site.settings.faults;
    match path {
        "/" => tree(site, request, 0),
        "/robots.txt" => Response::new(200, "text/plain", robots(site)).into(),
        "/sitemap.xml" => Response::new(200, "application/xml", sitemap(site)).into(),
        "/style.css" => Response::new(200, "text/css", page::STYLE).into(),
        // Browsers ask for it by themselves; that it is missing is no fault of this site's.
        "/favicon.ico" => Response::empty(204).into(),
        "/faults/" if !faults.is_empty() => {
            let tag = format!("faults-{}", faults.iter().map(Fault::as_str).collect::<Vec<_>>().join("-"));
            versioned(site, request, &tag, 0, || page::faults(site))
        }
        "/private/" if faults.contains(Fault::Private) => Response::html(page::plain("Private")).into(),
        "/elsewhere/" if faults.contains(Fault::RedirectElsewhere) => Response::html(page::plain("Elsewhere")).into(),
        path => numbered(site, request, path)
            .or_else(|| faulty(site, request, path, nth))
            .unwrap_or_else(|| Response::empty(404).into()),
    }
}

/// A page whose address has a number in it.
fn numbered(site: &Shared, request: &Request, path: &str) -> Option<Answer> {
    if let Some(number) = path.strip_prefix("/pages/") {
        let page = number.strip_suffix('/').and_then(canonical)?;
        return (1..site.settings.pages).contains(&page).then(|| tree(site, request, page));
    }
    let month = path.strip_prefix("/calendar/").filter(|_| site.settings.faults.contains(Fault::Calendar))?;
    let (year, month) = month.strip_suffix('/')?.split_once('/')?;
    let (year, month) = (canonical(year)?, canonical(month.trim_start_matches('0'))?);
    (1..=12).contains(&month).then(|| Response::html(page::month(year, month)).into())
}

/// A page about a fault, or what it links to.
fn faulty(site: &Shared, request: &Request, path: &str, nth: u64) -> Option<Answer> {
    let (name, rest) = path.strip_prefix("/faults/")?.split_once('/')?;
    let fault = name.parse::<Fault>().ok().filter(|fault| site.settings.faults.contains(*fault))?;
    if !rest.is_empty() {
        return trouble::answer(site, fault, rest, nth);
    }
    // The one page that the controls change.
    let version = if fault == Fault::Typo { site.version() } else { 0 };
    let tag = format!("{fault}-{version}");
    Some(versioned(site, request, &tag, version, || page::fault(site, fault)))
}

/// A number as it is written in addresses: one address for one page.
fn canonical(text: &str) -> Option<u32> {
    text.parse::<u32>().ok().filter(|number| number.to_string() == text)
}

fn tree(site: &Shared, request: &Request, page: u32) -> Answer {
    let settings = &site.settings;
    let links = (settings.faults.contains(Fault::Scattered), !settings.faults.is_empty());
    let tag = format!("{page}-of-{}-{}{}", settings.pages, u8::from(links.0), u8::from(links.1));
    versioned(site, request, &tag, 0, || page::tree(settings, page))
}

/// A page that says which version it is of, and is not sent to who knows that.
fn versioned(site: &Shared, request: &Request, tag: &str, version: u64, html: impl FnOnce() -> String) -> Answer {
    let etag = format!("\"{tag}\"");
    let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(MADE + version);
    let response = if request.knows(&etag, modified) {
        site.tally.not_modified();
        Response::empty(304)
    } else {
        Response::html(html()).header("last-modified", &httpdate::fmt_http_date(modified))
    };
    response.header("etag", &etag).into()
}

fn robots(site: &Shared) -> String {
    format!("User-agent: *\nDisallow: /private/\n\nSitemap: {}/sitemap.xml\n", site.base)
}

fn sitemap(site: &Shared) -> String {
    let mut xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    xml += "<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n";
    for page in 0..site.settings.pages.min(MOST_IN_SITEMAP) {
        let _ = writeln!(xml, "<url><loc>{}{}</loc></url>", site.base, page::address(page));
    }
    xml += "</urlset>\n";
    xml
}
