//! A crawl is a cycle. Whatever the links are like, it ends, and asks for every URL exactly once.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use proptest::prelude::*;
use sitewatch::check::{Checker, Want};
use sitewatch::cli::Target;
use sitewatch::config::CheckConfig;
use sitewatch::report::{Reason, Report, Status};
use url::Url;

use super::findings;
use super::web::{Answer, Web};

fn start(url: &str) -> Target {
    Target::Site(Url::parse(url).unwrap())
}

async fn crawl(web: &std::sync::Arc<Web>, config: CheckConfig) -> Report {
    let bound = Duration::from_secs(3600);
    let checker = Checker::new(config).http(web.clone()).frontier(1);
    let target = start("http://site.test/0");
    tokio::time::timeout(bound, checker.run(&target)).await.expect("the crawl hangs").unwrap()
}

#[tokio::test(start_paused = true)]
async fn pages_with_ten_thousand_links_end_with_a_frontier_of_one_and_one_worker() {
    let page: String = (0..10_000).map(|n| format!("<a href=/{n}>{n}</a>")).collect();
    let web = (0..20).fold(Web::default(), |web, n| web.html(&format!("http://site.test/{n}"), &page)).shared();
    let config = CheckConfig { workers: 1.try_into().ok(), ..CheckConfig::default() };
    let report = crawl(&web, config).await;
    assert_eq!(report.summary().pages, 20);
    assert_eq!(report.summary().counts.total(), 200_000);
    assert_eq!(report.summary().counts.of(Status::Ok), 20 * 20);
    let asked = web.log();
    assert_eq!(asked.len(), 10_000);
    assert!(asked.iter().all(|(_, _, times)| *times == 1));
}

#[tokio::test(start_paused = true)]
async fn redirects_are_targets_like_any_other_and_loops_are_told() {
    let web = Web::default()
        .html("http://site.test/0", "<p id=here><a href=a>1</a><a href=b>2</a><a href=loop>3</a><a href=out>4</a><a href='a#here'>5</a><a href='a#gone'>6</a>")
        .with("http://site.test/a", Answer::Redirect("/0".into()))
        .with("http://site.test/b", Answer::Redirect("/a".into()))
        .with("http://site.test/loop", Answer::Redirect("/pool".into()))
        .with("http://site.test/pool", Answer::Redirect("/loop".into()))
        .with("http://site.test/out", Answer::Redirect("http://else.test/".into()))
        .with("http://else.test/", Answer::Html("<a href=never>x</a>".into()))
        .shared();
    let report = crawl(&web, CheckConfig::default()).await;
    let reasons: Vec<_> = report.links().iter().map(|link| (link.link, link.verdict.reason)).collect();
    assert_eq!(
        reasons,
        [
            ("a", Reason::MovedTemporarily),
            ("b", Reason::MovedTemporarily),
            ("loop", Reason::RedirectLoop),
            ("out", Reason::MovedTemporarily),
            ("a#here", Reason::MovedTemporarily),
            ("a#gone", Reason::MissingFragment),
        ]
    );
    assert!(web.log().iter().all(|(_, _, times)| *times == 1), "{:?}", web.log());
    assert!(!web.log().iter().any(|(url, ..)| url.ends_with("never")));
}

#[tokio::test(start_paused = true)]
async fn what_is_out_of_scope_is_asked_for_once_and_not_followed_and_robots_are_obeyed() {
    let web = Web::default()
        .html(
            "http://site.test/0",
            "<a href=http://else.test/x>1</a><img src=http://else.test/x><img src=/pic><a href=/private/x>2</a><link rel=next href=/next>",
        )
        .html("http://site.test/next", "<a href=/deep>3</a>")
        .with("http://site.test/pic", Answer::File)
        .with("http://else.test/x", Answer::Html("<a href=y>never</a>".into()))
        .shared();
    let report = crawl(&web, CheckConfig::default()).await;
    let log = web.log();
    assert!(log.contains(&("http://else.test/x".into(), Want::Probe, 1)), "{log:?}");
    assert!(log.contains(&("http://site.test/deep".into(), Want::Page, 1)), "{log:?}");
    assert!(!log.iter().any(|(url, ..)| url.contains("private") || url.contains("else.test/y")), "{log:?}");
    assert_eq!(findings(&report), ["http://site.test/next:1:1 /deep -> http-404"]);
    assert_eq!(report.summary().counts.with(Status::Skipped).collect::<Vec<_>>(), [(Reason::Robots, 1)]);
}

#[tokio::test(start_paused = true)]
async fn a_start_page_that_redirects_takes_the_scope_with_it() {
    let web = Web::default()
        .with("http://site.test/0", Answer::Redirect("http://www.site.test/docs/".into()))
        .html("http://www.site.test/docs/", "<a href=more>1</a><a href=/blog>2</a>")
        .html("http://www.site.test/docs/more", "<a href=gone>3</a>")
        .html("http://www.site.test/blog", "<a href=never>4</a>")
        .shared();
    let report = crawl(&web, CheckConfig::default()).await;
    assert_eq!(report.summary().pages, 2);
    assert_eq!(findings(&report), ["http://www.site.test/docs/more:1:1 gone -> http-404"]);
}

#[tokio::test(start_paused = true)]
async fn a_redirect_takes_no_level_and_uses_up_no_page() {
    let web = Web::default()
        .html("http://site.test/0", "<a href=/old>1</a><a href=/x>2</a>")
        .with("http://site.test/old", Answer::Redirect("/older".into()))
        .with("http://site.test/older", Answer::Redirect("/new".into()))
        .html("http://site.test/new", "<a href=/deeper>3</a>")
        .html("http://site.test/x", "<a href=/new>4</a>")
        .html("http://site.test/deeper", "<a href=/never>5</a>")
        .shared();
    let report = crawl(&web, CheckConfig { depth: Some(1), ..CheckConfig::default() }).await;
    assert_eq!(report.summary().pages, 3);
    let log = web.log();
    // Beyond the depth it is asked for, and not followed.
    assert!(log.contains(&("http://site.test/deeper".into(), Want::Probe, 1)), "{log:?}");
    assert!(!log.iter().any(|(url, ..)| url.ends_with("never")), "{log:?}");

    let report = crawl(&web, CheckConfig { max_pages: Some(3), ..CheckConfig::default() }).await;
    assert_eq!(report.summary().pages, 3);
    assert_eq!(report.summary().broken(), 0);
}

#[tokio::test(start_paused = true)]
async fn at_the_border_of_a_limit_everything_is_still_asked_for() {
    let web = Web::default()
        .html("http://site.test/0", "<a href=/moved>1</a><img src=/other><a href=/page>2</a>")
        .with("http://site.test/moved", Answer::Redirect("/there".into()))
        .html("http://site.test/there", "<a href=never>x</a>")
        .html("http://site.test/other", "<a href=never>x</a>")
        .html("http://site.test/page", "<a href=never>x</a>")
        .shared();
    for config in [
        CheckConfig { depth: Some(0), ..CheckConfig::default() },
        CheckConfig { max_pages: Some(1), ..CheckConfig::default() },
    ] {
        let report = crawl(&web, config).await;
        assert_eq!(report.summary().counts.of(Status::Skipped), 0, "{:?}", report.summary());
        assert_eq!((report.summary().pages, report.summary().broken()), (1, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn the_shortest_way_over_redirects_counts_whichever_is_found_first() {
    let mut web = (0..13).fold(Web::default(), |web, n| {
        web.with(&format!("http://site.test/r{n}"), Answer::Redirect(format!("/r{}", n + 1)))
    });
    web = web.html("http://site.test/r13", "").html("http://site.test/0", "<a href=/r0>1</a><a href=/w0>2</a>");
    for n in 0..40 {
        let link = if n == 39 { "/r5".to_owned() } else { format!("/w{}", n + 1) };
        web = web.html(&format!("http://site.test/w{n}"), &format!("<a href={link}>x</a>"));
    }
    let report = crawl(&web.shared(), CheckConfig::default()).await;
    let found: Vec<_> = report.links().iter().map(|link| (link.link, link.verdict.reason)).collect();
    assert_eq!(found, [("/r0", Reason::TooManyRedirects), ("/r5", Reason::MovedTemporarily)]);
}

#[tokio::test(start_paused = true)]
async fn a_start_page_that_redirects_is_not_asked_again() {
    let web = Web::default()
        .with("http://site.test/0", Answer::Redirect("/book/".into()))
        .html("http://site.test/book/", "<a href=/0>1</a>")
        .shared();
    let report = crawl(&web, CheckConfig::default()).await;
    assert!(web.log().iter().all(|(_, _, times)| *times == 1), "{:?}", web.log());
    assert_eq!(report.summary().counts.of(Status::Redirected), 1);
}

#[tokio::test(start_paused = true)]
async fn as_many_requests_to_a_host_as_allowed_run_at_a_time() {
    let page: String = (0..8).map(|n| format!("<a href=/p{n}>{n}</a>")).collect();
    let mut web = Web::default().html("http://site.test/0", &page);
    for n in 0..8 {
        let slow = (Answer::Html(String::new()), Duration::from_secs(1));
        web.answers.insert(format!("http://site.test/p{n}"), slow);
    }
    let started = tokio::time::Instant::now();
    let mut config = CheckConfig::default();
    config.http.per_host = 4;
    crawl(&web.shared(), config).await;
    assert_eq!(started.elapsed().as_secs(), 2);
}

/// A page of a random web.
#[derive(Clone, Debug)]
enum Node {
    Page(Vec<usize>),
    Redirect(usize),
    Fails,
}

fn node(nodes: usize) -> impl Strategy<Value = (Node, u64)> {
    let kind = prop_oneof![
        6 => prop::collection::vec(0..nodes, 0..8).prop_map(Node::Page),
        2 => (0..nodes).prop_map(Node::Redirect),
        1 => Just(Node::Fails),
    ];
    (kind, 0_u64..5)
}

fn graph() -> impl Strategy<Value = Vec<(Node, u64)>> {
    (2_usize..24).prop_flat_map(|nodes| prop::collection::vec(node(nodes), nodes)).prop_map(|mut nodes| {
        // Something must be there to start from.
        if !matches!(nodes[0].0, Node::Page(_)) {
            nodes[0].0 = Node::Page((0..nodes.len()).step_by(2).collect());
        }
        nodes
    })
}

fn url(n: usize) -> String {
    format!("http://site.test/{n}")
}

fn web_of(nodes: &[(Node, u64)]) -> Web {
    let answers: HashMap<_, _> = nodes
        .iter()
        .enumerate()
        .map(|(n, (node, delay))| {
            let answer = match node {
                Node::Page(links) => Answer::Html(links.iter().map(|to| format!("<a href=/{to}>x</a>")).collect()),
                Node::Redirect(to) => Answer::Redirect(format!("/{to}")),
                Node::Fails => Answer::Status(500),
            };
            (url(n), (answer, Duration::from_millis(*delay)))
        })
        .collect();
    Web { answers, ..Web::default() }
}

/// What is asked for from the first node on: redirects are followed up to a limit, counted on the
/// shortest way.
fn reachable(nodes: &[(Node, u64)], limit: usize) -> HashSet<usize> {
    let mut hops: HashMap<usize, usize> = HashMap::from([(0, 0)]);
    let mut next = VecDeque::from([0]);
    while let Some(n) = next.pop_front() {
        let leads_to = match &nodes[n].0 {
            Node::Page(links) => links.iter().map(|to| (*to, 0)).collect(),
            Node::Redirect(to) => vec![(*to, hops[&n] + 1)],
            Node::Fails => vec![],
        };
        for (to, far) in leads_to {
            if far <= limit && hops.get(&to).is_none_or(|known| far < *known) {
                hops.insert(to, far);
                next.push_back(to);
            }
        }
    }
    hops.into_keys().collect()
}

/// Whether a link to this node is broken: it fails in the end, or its redirects don't end in time.
fn is_broken(nodes: &[(Node, u64)], mut n: usize, limit: usize) -> bool {
    for _ in 0..=limit {
        match &nodes[n].0 {
            Node::Page(_) => return false,
            Node::Fails => return true,
            Node::Redirect(to) => n = *to,
        }
    }
    true
}

fn paused<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_reachable_url_is_asked_for_exactly_once_and_the_crawl_ends_exactly_then(
        nodes in graph(),
        limit in prop_oneof![0_usize..5, Just(100)],
    ) {
        paused(async {
            let web = web_of(&nodes).shared();
            let mut config = CheckConfig::default();
            config.http.max_redirects = limit;
            let report = crawl(&web, config).await;
            let expected = reachable(&nodes, limit);
            let asked: HashMap<String, u32> = web.log().into_iter().map(|(url, _, times)| (url, times)).collect();
            let wanted: HashMap<String, u32> = expected.iter().map(|n| (url(*n), 1)).collect();
            assert_eq!(asked, wanted);
            let links = |n: &usize| if let Node::Page(links) = &nodes[*n].0 { links.clone() } else { vec![] };
            let all: Vec<usize> = expected.iter().flat_map(links).collect();
            let broken = all.iter().filter(|to| is_broken(&nodes, **to, limit)).count();
            assert_eq!(report.summary().counts.total(), all.len() as u64);
            assert_eq!(report.summary().broken(), broken as u64);
            assert!(report.summary().is_complete());
        });
    }

    #[test]
    fn a_crawl_that_is_cancelled_anywhere_ends_soon_and_asks_for_nothing_twice(nodes in graph(), after in 0_u64..20) {
        paused(async {
            let web = web_of(&nodes).shared();
            let token = patterns_core::cancel::CancelToken::new();
            let context = patterns_core::context::Context::current().with_token(token.clone());
            let started = tokio::time::Instant::now();
            let canceller = async {
                tokio::time::sleep(Duration::from_millis(after)).await;
                token.cancel("enough");
            };
            let checker = Checker::new(CheckConfig::default()).http(web.clone()).frontier(1);
            let target = start("http://site.test/0");
            let run = context.scope(checker.run(&target));
            let (report, ()) = tokio::join!(run, canceller);
            let report = report.unwrap();
            assert!(started.elapsed() < Duration::from_secs(5), "took {:?}", started.elapsed());
            assert!(web.log().iter().all(|(_, _, times)| *times == 1));
            // Nothing that was not asked for is called broken.
            let asked = web.log().len() as u64;
            assert!(report.summary().pages <= asked);
            for link in report.links().iter().filter(|link| link.verdict.status() == Status::Broken) {
                let n = link.link.trim_start_matches('/').parse().unwrap();
                assert!(is_broken(&nodes, n, 10), "{link:?}");
            }
            // And a report that leaves something out says so.
            let is_cut = report.summary().counts.with(Status::Skipped).any(|(reason, _)| reason == Reason::Interrupted);
            assert!(!(is_cut && report.summary().is_complete()), "{:?}", report.summary());
        });
    }
}
