//! Which sites, broken links and checks are listed, and how.

use sitewatch::service::{Activity, Health, RunState, SiteView};

use super::{Answer, Place};
use crate::web_fake::{Fake, ago, finding, run, site};

fn four_sites() -> Place {
    let sites = vec![
        SiteView { health: Health::Ok, broken: 0, ..site("alpha") },
        SiteView { activity: Activity::Paused, paused: true, ..site("beta") },
        SiteView { health: Health::Failing, ..site("gamma") },
        SiteView { activity: Activity::Checking, ..site("delta") },
    ];
    Place::new(Fake { sites, ..Fake::default() })
}

/// The names of the sites that are listed.
fn listed(page: &Answer) -> Vec<&str> {
    page.body.split("data-site=\"").skip(1).map(|rest| rest.split_once('"').unwrap().0).collect()
}

#[tokio::test]
async fn the_worst_sites_come_first_and_are_counted_by_kind() {
    let page = four_sites().get("/").await;
    assert_eq!(listed(&page), ["gamma", "beta", "delta", "alpha"]);
    for tile in [
        "<strong>4</strong> <span>sites",
        "<strong>2</strong> <span>with broken links",
        "<strong>1</strong> <span>paused",
    ] {
        page.shows(tile);
    }
    page.shows("<title>3 of 4 not OK · Sites · sitewatch</title>");
}

#[tokio::test]
async fn of_sites_with_broken_links_that_with_the_most_comes_first() {
    let broken = |name, broken| SiteView { broken, ..site(name) };
    let sites = vec![broken("alpha", 2), broken("gamma", 110), broken("beta", 110), broken("delta", 9)];
    let page = Place::new(Fake { sites, ..Fake::default() }).get("/").await;
    assert_eq!(listed(&page), ["beta", "gamma", "delta", "alpha"]);
}

#[tokio::test]
async fn sites_are_searched_by_name_address_and_kind() {
    let place = four_sites();
    for (uri, expected) in [
        ("/?q=ETA", &["beta"][..]),
        ("/?q=example.org%2Fdelta", &["delta"]),
        ("/?is=paused", &["beta"]),
        ("/?is=broken&q=d", &["delta"]),
        ("/?is=no-such-kind", &["gamma", "beta", "delta", "alpha"]),
        ("/?q=nothing", &[]),
    ] {
        assert_eq!(listed(&place.get(uri).await), expected, "{uri}");
    }
    place.get("/?q=nothing").await.shows("No site is like that");
    place.get("/?q=ETA").await.shows("value=\"ETA\"");
    Place::new(Fake { sites: Vec::new(), ..Fake::default() }).get("/").await.shows("No site is watched yet");
}

#[tokio::test]
async fn the_title_tells_the_state() {
    for (health, activity, title) in [
        (Health::Ok, Activity::Idle, "OK · docs"),
        (Health::Broken, Activity::Idle, "2 broken · docs"),
        (Health::Broken, Activity::Checking, "↻ 2 broken · docs"),
        (Health::Failing, Activity::Paused, "Check failed · docs"),
        (Health::Unknown, Activity::Waiting, "Not checked yet · docs"),
    ] {
        let sites = vec![SiteView { health, activity, ..site("docs") }];
        let page = Place::new(Fake { sites, ..Fake::default() }).get("/sites/docs").await;
        page.shows(&format!("<title>{title} · sitewatch</title>"));
    }
    Place::new(Fake::default())
        .get("/sites/docs/runs/8")
        .await
        .shows("<title>Failed · Check 8 of docs · sitewatch</title>");
    let sites = vec![SiteView { health: Health::Ok, ..site("docs") }];
    Place::new(Fake { sites, ..Fake::default() }).get("/").await.shows("<title>All OK · Sites · sitewatch</title>");
}

#[tokio::test]
async fn a_site_that_no_check_has_told_about_has_no_number_and_the_page_says_what_to_do() {
    let unknown = SiteView { health: Health::Unknown, broken: 0, trend: Vec::new(), ..site("docs") };
    let (findings, runs) = (Vec::new(), Vec::new());
    let place = Place::new(Fake { sites: vec![unknown], findings, runs, ..Fake::default() });
    place.get("/").await.shows("not known yet");
    let (owner, stranger) = (place.known().await.get("/sites/docs").await, place.get("/sites/docs").await);
    owner.shows("Press “Check now” to begin.");
    stranger.shows("Who has logged in can begin a check.");
    for page in [owner, stranger] {
        page.shows("not known yet");
        page.shows("The next one by its schedule begins <time");
    }
}

/// Three links to one target and one to another, for the same reason; one for another reason; and one that is fixed.
fn some_findings() -> Place {
    let page = |letter: char| format!("https://example.org/docs/{letter}.html");
    let mut findings: Vec<_> = (1..=4).map(|id| finding(id, &page('a'), "http-404", "404 Not Found")).collect();
    for (finding, letter) in findings.iter_mut().zip(['a', 'b', 'c', 'a']) {
        finding.page = page(letter);
        if finding.id < 4 {
            finding.url = "https://example.org/moved.html".to_owned();
        }
    }
    findings.push(finding(5, &page('a'), "timeout", "no answer in time"));
    let mut fixed = finding(6, &page('d'), "http-404", "404 Not Found");
    fixed.fixed_at = Some(ago(60));
    findings.push(fixed);
    findings.sort_by(|one, other| one.page.cmp(&other.page));
    Place::new(Fake { findings, ..Fake::default() })
}

#[tokio::test]
async fn broken_links_are_grouped_by_cause_and_target_or_by_page() {
    let place = some_findings();
    let by_cause = place.get("/sites/docs").await;
    by_cause.shows("4 links to 2 addresses on 3 pages");
    by_cause.shows("1 link to 1 address on 1 page");
    let (first, second) = (by_cause.body.find("<code>http-404</code>"), by_cause.body.find("<code>timeout</code>"));
    assert!(first.unwrap() < second.unwrap(), "the most frequent cause is first");
    let by_page = place.get("/sites/docs?by=page").await;
    by_page.shows("<span class=\"count\">3 links</span>");
    by_page.shows("line 12, column 8");
    by_page.shows("page=https%3A%2F%2Fexample.org%2Fdocs%2Fa.html");
    for page in [by_cause, by_page] {
        page.lacks("gone-6.html");
    }
}

#[tokio::test]
async fn broken_links_are_found_by_text_cause_and_page() {
    let place = some_findings();
    for (query, there, not_there) in [
        ("reason=timeout", &["gone-5.html"][..], &["moved.html", "gone-4.html"][..]),
        ("q=moved", &["moved.html"], &["gone-4.html", "gone-5.html"]),
        ("page=https://example.org/docs/b.html", &["docs/b.html", "moved.html"], &["gone-4.html", "docs/c.html"]),
        ("fixed=1", &["gone-6.html", "fixed <time", "Fixed: "], &[]),
        ("fixed=1&by=page&reason=http-404", &["gone-6.html", "moved.html"], &["gone-5.html"]),
        ("q=nothing", &["No broken link is like that"], &["moved.html"]),
    ] {
        let page = place.get(&format!("/sites/docs?{query}")).await;
        there.iter().for_each(|part| page.shows(part));
        not_there.iter().for_each(|part| page.lacks(part));
    }
    // Every cause can be chosen, whichever is.
    let page = place.get("/sites/docs?reason=timeout").await;
    page.shows("<option value=\"http-404\">404 Not Found (4)</option>");
    page.shows("<option value=\"timeout\" selected>");
}

#[tokio::test]
async fn many_places_of_one_target_are_behind_a_fold() {
    let findings = (1..=8).map(|id| {
        let mut finding = finding(id, &format!("https://example.org/{id}.html"), "http-404", "404 Not Found");
        finding.url = "https://example.org/menu.html".to_owned();
        finding
    });
    let page = Place::new(Fake { findings: findings.collect(), ..Fake::default() }).get("/sites/docs").await;
    let (before, after) = page.body.split_once("and on 3 more places").unwrap();
    assert!(before.contains("example.org/5.html") && after.contains("example.org/6.html"));
}

#[tokio::test]
async fn many_redirects_are_behind_a_fold() {
    for (count, words) in [(3, "<p class=\"why\">by way of <a"), (4, "<summary>by way of 4 redirects</summary>")] {
        let mut finding = finding(1, "https://example.org/1.html", "too-many-redirects", "too many redirects");
        finding.redirects = (1..=count).map(|hop| format!("https://example.org/hops/{hop}")).collect();
        let page = Place::new(Fake { findings: vec![finding], ..Fake::default() }).get("/sites/docs").await;
        page.shows(words);
        assert_eq!(page.body.matches("href=\"https://example.org/hops/").count(), count);
    }
}

fn many(count: i64) -> Place {
    let findings =
        (1..=count).map(|id| finding(id, &format!("https://example.org/{id}/"), "http-404", "404 Not Found"));
    Place::new(Fake { findings: findings.collect(), ..Fake::default() })
}

#[tokio::test]
async fn long_lists_are_cut_into_pages() {
    let place = many(1_200);
    let count = |page: &Answer| page.body.matches("<li class=\"target\"").count();
    let first = place.get("/sites/docs?by=page").await;
    assert_eq!(count(&first), 500);
    first.shows("1–500 of 1,200");
    first.shows("from=500");
    let last = place.get("/sites/docs?by=page&from=1000").await;
    assert_eq!(count(&last), 200);
    last.shows("1,001–1,200 of 1,200");
    last.shows("example.org/1200/");
    last.lacks("rel=\"next\"");
    assert_eq!(count(&place.get("/sites/docs?from=5000").await), 500, "beyond the end is the beginning");
}

#[tokio::test]
async fn what_is_beyond_all_pages_is_told_and_in_the_plain_text() {
    let place = many(5_002);
    let page = place.get("/sites/docs?by=page").await;
    page.shows("Only the first 5,000 links of 5,002 are listed");
    place.get("/sites/docs?q=example.org/5002/").await.shows("gone-5002.html");
    let text = place.get("/sites/docs/findings.txt").await;
    assert_eq!(text.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(text.body.matches("404 Not Found").count(), 5_002);
}

#[tokio::test]
async fn the_plain_text_has_a_line_for_each_broken_link_under_its_page() {
    let place = some_findings();
    let text = place.get("/sites/docs/findings.txt?q=moved").await;
    let line = "  12:8  https://example.org/moved.html  404 Not Found  \"the manual\"\n";
    let expected = ["a", "b", "c"].map(|page| format!("https://example.org/docs/{page}.html\n{line}")).join("\n");
    assert_eq!(text.body, expected);
    place.get("/sites/docs/findings.txt?fixed=1&q=gone-6").await.shows("(fixed)");
    place.get("/sites/docs/findings.txt?q=nothing").await.shows("nothing is broken that is looked for");

    let mut forged = finding(1, "https://example.org/a.html", "http-404", "404 Not Found");
    forged.text = "two\nlines and \u{1b}[31m red \u{202e}".to_owned();
    let text = Place::new(Fake { findings: vec![forged], ..Fake::default() }).get("/sites/docs/findings.txt").await;
    text.shows("\"two lines and \\u{1b}[31m red \\u{202e}\"");
}

#[tokio::test]
async fn checks_are_listed_from_the_newest_on() {
    let runs = (1..=45).rev().map(|id| run(id, RunState::Done)).collect();
    let place = Place::new(Fake { runs, ..Fake::default() });
    let ids = |page: &Answer| -> Vec<String> {
        let rows = page.body.split("<table class=\"cards runs\">").nth(1).unwrap().split("</table>").next().unwrap();
        rows.split("/runs/").skip(1).map(|rest| rest.split_once('"').unwrap().0.to_owned()).collect()
    };
    let newest = place.get("/sites/docs").await;
    let expected = |from: i64, to: i64| (to..=from).rev().map(|id| id.to_string()).collect::<Vec<_>>();
    assert_eq!(ids(&newest), expected(45, 26));
    newest.shows("before=26");
    assert_eq!(ids(&place.get("/sites/docs?before=26").await), expected(25, 6));
    let oldest = place.get("/sites/docs?before=6").await;
    assert_eq!(ids(&oldest), expected(5, 1));
    oldest.lacks(">Older<");
}

#[tokio::test]
async fn checks_are_drawn_by_what_became_of_them() {
    let states = [RunState::Running, RunState::Done, RunState::Failed, RunState::Cancelled, RunState::Missed];
    let runs = (1..=5).rev().zip(states).map(|(id, state)| run(id, state)).collect();
    let page = Place::new(Fake { runs, ..Fake::default() }).get("/sites/docs").await;
    let drawn = page.body.split_once("<figure class=\"strip\">").unwrap().1.split_once("</figure>").unwrap().0;
    let heights: Vec<&str> = drawn.split(" height=\"").skip(1).map(|rest| rest.split_once('"').unwrap().0).collect();
    assert_eq!(heights, ["30", "30", "15", "15", "6"]);
    assert_eq!(drawn.matches(" UTC</time>").count(), 2, "when it begins and ends");
    let place = Place::new(Fake { runs: Vec::new(), ..Fake::default() });
    place.get("/sites/docs").await.lacks("class=\"strip\"");
}
