use std::fs;
use std::path::PathBuf;

use sitewatch::demo_site::{DemoSite, Faults};

use super::scene::Scene;
use crate::browser::within_reason;

/// Where pictures go: where somebody looks at them, or nowhere.
fn album() -> (PathBuf, Option<tempfile::TempDir>) {
    match std::env::var_os("SITEWATCH_SCREENSHOTS") {
        Some(folder) => (folder.into(), None),
        None => {
            let folder = tempfile::tempdir().unwrap();
            (folder.path().to_owned(), Some(folder))
        }
    }
}

#[tokio::test]
async fn every_page_fits_a_desk_and_a_phone_by_day_and_by_night() {
    within_reason(async {
        let blog = DemoSite::builder().pages(40).faults(Faults::none()).start().await.unwrap();
        let more = format!(
            "[sites.blog]\ntarget = \"{}\"\nevery = \"6h\"\n\
             [sites.shop]\ntarget = \"http://127.0.0.1:9/\"\n\
             [sites.archive]\ntarget = \"http://127.0.0.1:9/\"\ncron = \"0 3 * * *\"\ntime_zone = \"Europe/Berlin\"\n",
            blog.url()
        );
        let test = "every_page_fits_a_desk_and_a_phone_by_day_and_by_night";
        let Some(scene) = Scene::set(test, 200, Faults::default(), &more).await else { return };
        // A history: broken, better, and worse again.
        scene.check("docs", 1).await;
        assert!(scene.docs.fix());
        scene.check("docs", 2).await;
        assert!(scene.docs.break_again());
        scene.check("docs", 3).await;
        for site in ["blog", "shop"] {
            assert_eq!(scene.act(site, "check").await.status, 200);
            scene.checked(site, 1).await;
        }
        assert_eq!(scene.act("archive", "pause").await.status, 200);
        let runs = scene.service.get_json("/api/v1/sites/docs/runs").await.unwrap();
        let run = format!("/sites/docs/runs/{}", runs[0]["id"]);

        let (folder, _guard) = album();
        fs::create_dir_all(&folder).unwrap();
        let (owner, stranger) = (scene.signed_in().await, scene.browser.page().await.unwrap());
        for (name, path, page) in [
            ("overview", "/", &owner),
            ("site", "/sites/docs", &owner),
            ("run", &*run, &owner),
            ("machinery", "/machinery", &owner),
            ("login", "/login", &stranger),
        ] {
            for (width, height, mobile) in [(1280, 800, false), (390, 844, true)] {
                page.viewport(width, height, mobile).await.unwrap();
                let mut pictures = Vec::new();
                for (light, dark) in [("light", false), ("dark", true)] {
                    page.dark(dark).await.unwrap();
                    page.goto(&scene.url(path)).await.unwrap();
                    assert!(!page.text("h1").await.unwrap().is_empty(), "{name} says what it is");
                    page.no_sideways_scroll().await.unwrap();
                    let file = folder.join(format!("{name}-{width}-{light}.png"));
                    page.screenshot(&file, true).await.unwrap();
                    pictures.push(fs::read(&file).unwrap());
                }
                assert_ne!(pictures[0], pictures[1], "{name} is the same by night");
            }
            // The narrowest phones.
            page.viewport(360, 640, true).await.unwrap();
            page.goto(&scene.url(path)).await.unwrap();
            page.no_sideways_scroll().await.unwrap();
            assert_eq!(page.complaints().await.unwrap(), [""; 0], "{name}");
        }
    })
    .await;
}
