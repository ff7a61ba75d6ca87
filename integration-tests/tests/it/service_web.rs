//! The service as its user sees it: the real program, on a site with faults, through a real browser.
mod pictures;
mod scene;

use std::time::Duration;

use serde_json::Value;
use sitewatch::demo_site::Fault;
use tokio::time::sleep;

use self::scene::{CHECK, MISSING, Scene, shows, tab_to};
use crate::browser::within_reason;

#[tokio::test]
async fn a_broken_link_appears_live_is_mended_and_is_gone_after_check_now() {
    within_reason(async {
        let test = "a_broken_link_appears_live_is_mended_and_is_gone_after_check_now";
        let Some(scene) = Scene::set(test, 30, [Fault::Missing], "").await else { return };
        // Somebody who only looks has the list open, and its owner the site.
        let list = scene.browser.page().await.unwrap();
        list.goto(&scene.url("/")).await.unwrap();
        let says = |state: &str| format!("document.querySelector('[data-site=docs]').textContent.includes('{state}')");
        assert!(list.eval::<bool>(&says("Not checked yet")).await.unwrap());
        let owner = scene.signed_in().await;
        owner.goto(&scene.url("/sites/docs")).await.unwrap();
        assert!(!owner.eval::<bool>(&shows(MISSING)).await.unwrap(), "nobody has looked yet");

        // A page that was loaded anew would not know this.
        for page in [&list, &owner] {
            page.eval::<Value>("window.stays = true").await.unwrap();
        }
        scene.check("docs", 1).await;
        owner.wait_for(&shows(MISSING)).await.unwrap();
        assert!(owner.eval::<bool>(&shows("404")).await.unwrap(), "why it is broken");
        list.wait_for(&says("Broken links")).await.unwrap();
        for page in [&list, &owner] {
            assert!(page.eval::<bool>("window.stays === true").await.unwrap(), "it was loaded anew");
        }

        assert!(scene.docs.fix());
        owner.click(CHECK).await.unwrap();
        scene.checked("docs", 2).await;
        owner.wait_for(&format!("!{}", shows(MISSING))).await.unwrap();
        list.wait_for(&says("OK")).await.unwrap();
        assert!(list.eval::<bool>("window.stays === true").await.unwrap(), "it was loaded anew");

        let site = scene.service.get_json("/api/v1/sites/docs").await.unwrap();
        assert_eq!(site["health"], "ok");
        assert_eq!(site["broken"], 0);
        let findings = scene.service.get_json("/api/v1/sites/docs/findings?fixed=true").await.unwrap();
        assert_eq!(findings["total"], 1);
        assert!(findings["items"][0]["fixed_at"].is_string(), "{findings}");
        for page in [&list, &owner] {
            assert_eq!(page.complaints().await.unwrap(), [""; 0]);
        }
    })
    .await;
}

/// Something to pause, which is not due while this runs.
const SELDOM: &str = "cron = \"0 3 1 1 *\"\n";

#[tokio::test]
async fn without_scripts_everything_works_but_the_live_updates() {
    within_reason(async {
        let test = "without_scripts_everything_works_but_the_live_updates";
        let Some(scene) = Scene::set(test, 10, [Fault::Missing], SELDOM).await else { return };
        let page = scene.signed_in().await;
        page.scripts(false).await.unwrap();
        page.goto(&scene.url("/")).await.unwrap();
        page.click(CHECK).await.unwrap();
        scene.checked("docs", 1).await;
        page.goto(&scene.url("/")).await.unwrap();
        page.click("[data-site=docs] a[href$='/sites/docs']").await.unwrap();
        // The address is another before there is anything to read.
        page.wait_for("location.pathname === '/sites/docs' && document.readyState === 'complete'").await.unwrap();
        assert!(page.text("main").await.unwrap().contains(MISSING));
        assert!(scene.docs.fix());
        page.click(CHECK).await.unwrap();
        scene.checked("docs", 2).await;
        page.goto(&scene.url("/sites/docs")).await.unwrap();
        assert!(!page.text("main").await.unwrap().contains(MISSING));

        let states = [("pause", "paused"), ("resume", "idle")];
        for (action, state) in states {
            page.click(&format!("form[action$='/sites/docs/{action}'] button")).await.unwrap();
            // The answer to the form is a page of its own.
            loop {
                let site = scene.service.get_json("/api/v1/sites/docs").await.unwrap();
                if site["activity"] == state {
                    break;
                }
                sleep(Duration::from_millis(50)).await;
            }
            page.goto(&scene.url("/sites/docs")).await.unwrap();
        }
        assert_eq!(page.complaints().await.unwrap(), [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn the_keyboard_is_enough() {
    within_reason(async {
        let Some(scene) = Scene::set("the_keyboard_is_enough", 10, [Fault::Missing], "").await else { return };
        let page = scene.browser.page().await.unwrap();
        page.goto(&scene.url("/login")).await.unwrap();
        tab_to(&page, "form[action$='/login'] input:not([type=hidden])").await;
        page.type_text(scene.service.token().unwrap()).await.unwrap();
        page.press("Enter").await.unwrap();
        page.wait_for("location.pathname === '/' && document.readyState === 'complete'").await.unwrap();

        page.goto(&scene.url("/")).await.unwrap();
        page.press("Tab").await.unwrap();
        let skips = "document.activeElement.matches('a[href^=\"#\"]')";
        assert!(page.eval::<bool>(skips).await.unwrap(), "the first is a link to what the page is about");
        tab_to(&page, CHECK).await;
        page.press("Enter").await.unwrap();
        scene.checked("docs", 1).await;

        page.goto(&scene.url("/")).await.unwrap();
        tab_to(&page, "[data-site=docs] a[href$='/sites/docs']").await;
        page.press("Enter").await.unwrap();
        page.wait_for("location.pathname === '/sites/docs'").await.unwrap();
        page.wait_for(&shows(MISSING)).await.unwrap();
        assert_eq!(page.complaints().await.unwrap(), [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn nobody_acts_who_may_not() {
    within_reason(async {
        let Some(scene) = Scene::set("nobody_acts_who_may_not", 1, [Fault::Missing], "").await else { return };
        let bearer = format!("Bearer {}", scene.service.token().unwrap());
        let by_program = ("authorization", &*bearer);
        let own = scene.service.url().trim_end_matches('/').to_owned();
        let form = ("content-type", "application/x-www-form-urlencoded");
        let page_of_ours = [form, ("origin", &*own), ("sec-fetch-site", "same-origin")];

        // Not logged in; with a wrong token; as another site's page; under another name of ours.
        let (page, api) = ("/sites/docs/check", "/api/v1/sites/docs/check");
        for (path, headers) in [
            (page, &page_of_ours[..]),
            (page, &[form]),
            (api, &[]),
            (api, &[("authorization", "Bearer 0123456789abcdef0123456789abcdef")]),
            (api, &[by_program, ("origin", "http://evil.example"), ("sec-fetch-site", "cross-site")]),
            (api, &[by_program, ("host", "evil.example")]),
        ] {
            let reply = scene.service.ask("POST", path, headers, "").await.unwrap();
            let to_login = reply.status == 303 && reply.header("location").is_some_and(|to| to.contains("/login"));
            assert!(to_login || (400..500).contains(&reply.status), "{path} {headers:?}: {}", reply.head);
        }
        let rebound = scene.service.ask("GET", "/", &[("host", "evil.example")], "").await.unwrap();
        assert!((400..500).contains(&rebound.status), "{}", rebound.head);

        // Somebody who is logged in comes to a page that means harm: the browser sends along what it may.
        let victim = scene.signed_in().await;
        victim.goto(scene.docs.url()).await.unwrap();
        let target = Value::from(scene.url("/sites/docs/check"));
        victim
            .eval::<Value>(&format!(
                "fetch({target}, {{ method: 'POST', mode: 'no-cors', credentials: 'include', \
                 body: new URLSearchParams({{ csrf: 'x' }}) }}).then(() => true, () => false)"
            ))
            .await
            .unwrap();
        victim
            .eval::<Value>(&format!(
                "(() => {{ const form = document.createElement('form'); form.method = 'post'; form.action = {target}; \
                 document.body.append(form); form.submit(); }})()"
            ))
            .await
            .unwrap();
        victim.wait_for(&format!("location.href.startsWith({})", Value::from(scene.service.url()))).await.unwrap();

        let runs = scene.service.get_json("/api/v1/sites/docs/runs").await.unwrap();
        assert_eq!(runs, Value::Array(Vec::new()), "somebody had it checked");
        assert_eq!(scene.act("docs", "check").await.status, 200, "whoever may can");
        scene.checked("docs", 1).await;
    })
    .await;
}
