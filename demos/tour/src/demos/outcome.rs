//! Every error, as a tree.
use patterns_core::outcome::{BoxError, ErrorGroup};
use patterns_core::task_group::{CollectAll, TaskGroup};
use tokio::time::sleep;

use crate::site::{FetchError, Host, fetch};
use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "outcome",
    "All errors of nested groups as a tree: one part is handled by its type, and the rest passed on in its shape.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

// ANCHOR: bad_link
/// A link that can't be read.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no link")]
struct BadLink(&'static str);
// ANCHOR_END: bad_link

async fn play(stage: Stage) -> Result<(), BoxError> {
    stage.scene("two hosts are checked, and four things go wrong");
    let errors = check(&stage).await.expect_err("four things go wrong");
    stage.say(errors.tree());
    assert_eq!(errors.leaves().count(), 4);
    let rest = tell_authors(&stage, errors);
    look_for_bugs(&stage, rest);
    Ok(())
}

// ANCHOR: split_type
fn tell_authors(stage: &Stage, errors: ErrorGroup) -> ErrorGroup {
    stage.scene(
        "what is a bad link is told to the author; the rest is passed on",
    );
    let (links, rest) = errors.split_type::<BadLink>();
    let links = links.expect("there is one");
    for (task, error) in links.errors_of::<BadLink>() {
        say!(stage, "to the author of {}: {error}", task.path());
    }
    assert_eq!(links.leaves().count(), 1);

    let rest = rest.expect("three are left");
    say!(stage, "the rest has kept its shape:");
    stage.say(rest.tree());
    assert_eq!(rest.leaves().count(), 3);
    assert_eq!(rest.errors_of::<FetchError>().count(), 2);
    rest
}
// ANCHOR_END: split_type

// ANCHOR: split
fn look_for_bugs(stage: &Stage, errors: ErrorGroup) {
    stage.scene("any question about a failure can be asked");
    let (panics, others) = errors.split(|failure| failure.is_panic());
    for failure in panics.iter().flat_map(ErrorGroup::leaves) {
        let panic = failure.panic().expect("it is one");
        let (what, place) = (panic.message(), panic.place());
        let place = place.unwrap_or("a hidden place");
        say!(stage, "a bug, not a bad page: {what:?}, at {place:?}");
    }
    let others = others.expect("two are left");
    say!(stage, "in a line: {others}");
    assert_eq!(others.leaves().count(), 2);
}
// ANCHOR_END: split

// ANCHOR: nested
async fn check(stage: &Stage) -> Result<(), ErrorGroup> {
    TaskGroup::new("check")
        .policy(CollectAll)
        .run(async |group| {
            group.spawn("docs", pages(stage.clone()));
            let stage = stage.clone();
            group.spawn("blog", async move {
                let work = stage.busy("blog", "is read");
                sleep(ms(120)).await;
                work.failed("it panics");
                // A bug in the check of the blog.
                // It costs this task, and is an error like the others.
                let titles: Vec<&str> = Vec::new();
                assert!(!titles.is_empty(), "a blog has at least one title");
                Ok::<_, BoxError>(())
            });
            Ok(())
        })
        .await
        .into_result()
}

async fn pages(stage: Stage) -> Result<(), ErrorGroup> {
    let host = Host::answering("docs.example", |_, page| {
        (ms(60), if page < 3 { 404 } else { 200 })
    });
    TaskGroup::new("pages")
        .policy(CollectAll)
        .run(async move |group| {
            for page in 1..=3 {
                let (stage, host) = (stage.clone(), host.clone());
                group.spawn(format!("page {page}"), async move {
                    let work = stage.busy(format!("page {page}"), "is fetched");
                    work.ended(host.get(page).await)
                });
            }
            group.spawn("links", async move {
                let work = stage.busy("links", "are read");
                sleep(ms(90)).await;
                work.ended(Err::<(), _>(BadLink("htp:/home")))
            });
            Ok(())
        })
        .await
        .into_result()
}
// ANCHOR_END: nested

// ANCHOR: broken
async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene("try_join!: the first error is all there is");
    let host = Host::answering("docs.example", |_, page| {
        (ms(u64::from(page) * 50), 404)
    });
    let (one, two) = (fetch(&stage, &host, 1), fetch(&stage, &host, 2));
    let error = tokio::try_join!(one, two).expect_err("both are missing");
    say!(stage, "{error}");
    say!(
        stage,
        "page 2 is missing as well: its request was dropped, and nobody will ever know"
    );
    assert_eq!((host.requests(), host.answered()), (2, 1));
    Ok(())
}
// ANCHOR_END: broken
