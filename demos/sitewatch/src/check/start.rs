//! Where a check begins: which pages are there from the start, and where the site's border is.

use std::path::Path;

use url::Url;

use super::CheckError;
use super::crawl::Content;
use super::http::{Http, Reply, Want};
use super::site::Border;
use super::targets::{Id, Role, Targets};
use super::visit::{Answer, Leads, NO_FRAGMENT, Open, Page, Visit};
use crate::config::CheckConfig;
use crate::fetch::{FetchError, LONGEST_URL};
use crate::folder::Folder;
use crate::report::Reason;

/// What a crawl is given to begin with.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) border: Border,
    pub(crate) targets: Targets,
    /// The pages of the first level.
    pub(crate) pages: Vec<Id>,
    /// A page that was fetched to find out where the site is, so that it is not asked for again.
    pub(crate) first: Option<First>,
    pub(crate) folder: Option<Folder>,
    /// Whether every page of a folder is checked, so that it can be told which ones nothing links to.
    pub(crate) whole: bool,
}

/// A page that is there already.
#[derive(Debug)]
pub(crate) struct First {
    pub(crate) id: Id,
    pub(crate) content: Content,
}

fn border(config: &CheckConfig, start: Option<Url>) -> Border {
    Border {
        start,
        scope: config.scope.clone(),
        include: config.include.clone(),
        exclude: config.exclude.clone(),
        external: config.external,
    }
}

/// All of a folder's pages, or the one to start from.
pub(crate) fn in_folder(config: &CheckConfig, folder: Folder, from: Option<&Path>) -> Result<Start, CheckError> {
    let border = border(config, None);
    let mut targets = Targets::default();
    let mut pages = Vec::new();
    for file in folder.files() {
        let role = border.role(file);
        let id = targets.add(file, role);
        if role == Role::Page {
            pages.push(id);
        }
        // What a server answers for the folder's own address, with and without the slash.
        if let Some(folder) = file.strip_suffix("index.html").filter(|folder| folder.ends_with('/')) {
            targets.alias(folder, id);
            if folder.len() > 1 {
                targets.add(&folder[..folder.len() - 1], Role::Slash(id));
            }
        }
    }
    // They are there, and none of our business.
    for link in folder.outside() {
        targets.add(link, Role::Skipped(Reason::OutsideFolder));
    }
    if pages.is_empty() {
        return Err(CheckError::NothingLeft);
    }
    let whole = from.is_none();
    if let Some(from) = from {
        let key: String = from.components().map(|part| format!("/{}", part.as_os_str().to_string_lossy())).collect();
        let page = targets.find(&key).filter(|id| pages.contains(id));
        let missing = || CheckError::NoSuchPage { page: from.display().to_string(), folder: folder.root().to_owned() };
        pages = vec![page.ok_or_else(missing)?];
    }
    Ok(Start { border, targets, pages, first: None, folder: Some(folder), whole })
}

/// The page at `url`, or wherever it redirects to: that is where the site is.
pub(crate) async fn at_url(config: &CheckConfig, url: &Url, http: &dyn Http) -> Result<Start, CheckError> {
    let cannot = |url: &Url, why: FetchError| CheckError::Start { url: url.to_string(), why };
    let mut targets = Targets::default();
    let mut at = url.clone();
    at.set_fragment(None);
    let mut hops: Vec<(Id, u16)> = Vec::new();
    loop {
        if let Err(why) = http.allowed(&at).await {
            return Err(cannot(&at, why));
        }
        if targets.find(at.as_str()).is_some() {
            return Err(cannot(url, FetchError::RedirectLoop));
        }
        let id = targets.add(at.as_str(), Role::Page);
        if let Some((before, status)) = hops.last() {
            let answer = Answer::Redirect { status: *status, to: id, fragment: NO_FRAGMENT };
            targets.get_mut(*before).visit = Some(Box::new(Visit { answer, page: None }));
        }
        match http.fetch(&at, Want::Page).await {
            Reply::Html { body, charset, .. } => {
                return Ok(at_page(config, at, targets, id, Content::Raw { body, charset }));
            }
            Reply::Read(outline) | Reply::Outlined { outline, .. } => {
                return Ok(at_page(config, at, targets, id, Content::Read(outline)));
            }
            Reply::Redirect { status, mut to } => {
                to.set_fragment(None);
                if hops.len() >= config.http.max_redirects {
                    return Err(cannot(url, FetchError::TooManyRedirects { limit: config.http.max_redirects }));
                }
                // It has answered, and is not asked again.
                targets.get_mut(id).queued = true;
                hops.push((id, status));
                at = to;
            }
            Reply::IsHtml | Reply::NotModified | Reply::Other => {
                return Err(CheckError::NotHtml { url: at.to_string() });
            }
            Reply::Failed(error) => return Err(cannot(&at, error)),
            Reply::Known(verdict) => {
                return Err(CheckError::KnownStart { url: at.to_string(), why: verdict });
            }
        }
    }
}

fn at_page(config: &CheckConfig, at: Url, targets: Targets, id: Id, content: Content) -> Start {
    let first = Some(First { id, content });
    Start { border: border(config, Some(at)), targets, pages: vec![id], first, folder: None, whole: false }
}

/// The pages that a sitemap names. The sitemap itself stands in the report as the page that links to
/// them; its border is its own folder's, as the protocol says.
pub(crate) fn in_sitemap(config: &CheckConfig, name: &str, border_at: Option<Url>, urls: &[Url]) -> Start {
    let border = border(config, border_at);
    let mut targets = Targets::default();
    let sitemap = targets.add(&format!("/{name}"), Role::File);
    let mut pages = Vec::new();
    let mut open = Vec::new();
    for url in urls {
        let mut url = url.clone();
        url.set_fragment(None);
        let known = targets.find(url.as_str());
        let id = known.unwrap_or_else(|| {
            let role = match border.role(url.as_str()) {
                _ if url.as_str().len() > LONGEST_URL => Role::Skipped(Reason::UrlTooLong),
                Role::External => Role::Page,
                role => role,
            };
            let id = targets.add(url.as_str(), role);
            if role == Role::Page {
                pages.push(id);
            }
            id
        });
        let ordinal = u32::try_from(open.len()).expect("a sitemap is far smaller");
        open.push(Open { ordinal, leads: Leads::To(id), fragment: NO_FRAGMENT });
    }
    let links = u32::try_from(open.len()).expect("a sitemap is far smaller");
    let page = Page { open: open.into(), links, ..Page::default() };
    targets.get_mut(sitemap).visit = Some(Box::new(Visit { answer: Answer::Ok, page: Some(page) }));
    Start { border, targets, pages, first: None, folder: None, whole: false }
}
