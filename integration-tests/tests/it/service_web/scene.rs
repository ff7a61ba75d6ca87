//! What the tests of the page have before them.

use std::time::Duration;

use integration_tests::browser::{Browser, Page};
use integration_tests::sitewatch::{Reply, Service};
use serde_json::Value;
use sitewatch::demo_site::{DemoSite, Faults};
use tokio::time::sleep;

use crate::browser::browser;

/// What the broken link of [`Fault::Missing`](sitewatch::demo_site::Fault::Missing) leads to.
pub(super) const MISSING: &str = "/faults/missing/target";

/// The button that has the site `docs` checked.
pub(super) const CHECK: &str = "form[action$='/sites/docs/check'] button";

/// A browser, a site with faults, and the service that watches it under the name of `docs`, by hand.
pub(super) struct Scene {
    pub(super) browser: Browser,
    pub(super) docs: DemoSite,
    pub(super) service: Service,
}

impl Scene {
    /// With these faults in the site, and these sites besides; `None` where there is no browser.
    pub(super) async fn set(test: &str, pages: u32, faults: impl Into<Faults>, more: &str) -> Option<Self> {
        let browser = browser(test).await?;
        let docs =
            DemoSite::builder().pages(pages).faults(faults).slow(Duration::from_millis(200)).start().await.unwrap();
        let settings = format!(
            "[defaults]\nconfirm = {{ times = 0 }}\n[defaults.http]\nrate = 0.0\nretries = 0\n\
             [sites.docs]\ntarget = \"{}\"\n{more}",
            docs.url()
        );
        let service = Service::start(&settings).await.unwrap();
        Some(Self { browser, docs, service })
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.service.url().trim_end_matches('/'))
    }

    /// A page of somebody who came by the login link.
    pub(super) async fn signed_in(&self) -> Page {
        let page = self.browser.page().await.unwrap();
        let token = self.service.token().unwrap();
        page.goto(&self.url(&format!("/?token={token}"))).await.unwrap();
        page.wait_for("location.search === ''").await.unwrap();
        page
    }

    /// Does something for a site, as a program does.
    pub(super) async fn act(&self, site: &str, action: &str) -> Reply {
        let bearer = format!("Bearer {}", self.service.token().unwrap());
        let path = format!("/api/v1/sites/{site}/{action}");
        self.service.ask("POST", &path, &[("authorization", &*bearer)], "").await.unwrap()
    }

    /// Waits until a site has had so many runs, and nothing more is done about it.
    pub(super) async fn checked(&self, site: &str, times: usize) {
        loop {
            let runs = self.service.get_json(&format!("/api/v1/sites/{site}/runs")).await.unwrap();
            let now = self.service.get_json(&format!("/api/v1/sites/{site}")).await.unwrap();
            let ended = runs.as_array().unwrap().iter().filter(|run| !run["ended"].is_null()).count();
            if ended >= times && now["activity"] == "idle" {
                return;
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    pub(super) async fn check(&self, site: &str, times: usize) {
        let reply = self.act(site, "check").await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        self.checked(site, times).await;
    }
}

/// The expression for whether a text is on the page.
pub(super) fn shows(text: &str) -> String {
    format!("document.querySelector('main').innerText.includes({})", Value::from(text))
}

/// Goes from element to element until the focus is where it should be, and can be seen there.
pub(super) async fn tab_to(page: &Page, selector: &str) {
    let there = format!("document.activeElement.matches({})", Value::from(selector));
    for _ in 0..100 {
        if page.eval::<bool>(&there).await.unwrap() {
            let look = "(({ outlineStyle, boxShadow }) => outlineStyle !== 'none' || boxShadow !== 'none')\
                        (getComputedStyle(document.activeElement))";
            assert!(page.eval::<bool>(look).await.unwrap(), "the focus at {selector} can't be seen");
            return;
        }
        page.press("Tab").await.unwrap();
    }
    panic!("{selector} is not reached by keyboard");
}
