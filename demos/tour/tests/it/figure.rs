use std::time::Duration;

use tokio::time::sleep;
use tour::figure::Figure;
use tour::timeline::Timeline;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

async fn recorded() -> Timeline {
    let timeline = Timeline::new();
    timeline.bound("waiting", 2);
    timeline.works("docs <1>", "page 1 & 2");
    timeline.waits("blog", "for docs");
    timeline.level("waiting", 1);
    sleep(ms(40)).await;
    timeline.fails("docs <1>", "404\nnot found");
    timeline.stops("blog", "enough");
    timeline.level("waiting", 0);
    timeline
}

#[tokio::test(start_paused = true)]
async fn it_marks_waits_cancellations_and_errors_and_explains_what_occurs() {
    let figure = Figure::new("A crawl").draw(&recorded().await.recording());
    for said in [">works</text>", ">waits</text>", ">cancelled</text>", ">failed</text>", ">bound 2</text>"] {
        assert!(figure.contains(said), "{said} is missing in {figure}");
    }
    assert!(!figure.contains(">cleans up</text>"), "nobody does");
    assert!(figure.contains("<title>404 not found</title>"), "the reason is said when it is pointed at");
}

#[tokio::test(start_paused = true)]
async fn text_is_escaped() {
    let figure = Figure::new("\"A\" & <B>").draw(&recorded().await.recording());
    assert!(figure.contains("aria-label=\"&quot;A&quot; &amp; &lt;B&gt;\""));
    assert!(figure.contains(">docs &lt;1&gt;</text>") && figure.contains("page 1 &amp; 2"));
}

#[tokio::test(start_paused = true)]
async fn in_a_page_its_style_touches_nothing_else() {
    let figure = Figure::new("A crawl").draw(&recorded().await.recording());
    let style = figure.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    for rule in style.split('}').filter(|rule| rule.contains(':')) {
        assert!(rule.contains("svg.timeline {"), "{rule}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_ends_with_the_last_thing_that_was_recorded_or_where_it_is_told_to() {
    let timeline = recorded().await;
    sleep(ms(60_000)).await;
    let whole = Figure::new("A crawl").draw(&timeline.recording());
    assert!(whole.contains(">40 ms</text>") && !whole.contains(" s</text>"), "{whole}");
    let part = Figure::new("A crawl").until(ms(20)).draw(&timeline.recording());
    assert!(part.contains(">20 ms</text>") && !part.contains(">40 ms</text>"), "{part}");
    assert!(!part.contains("404"), "what comes later is not marked");
}

#[tokio::test(start_paused = true)]
async fn a_recording_of_nothing_can_be_drawn() {
    let figure = Figure::new("Nothing").draw(&Timeline::new().recording());
    assert!(figure.contains(">0 ms</text>"), "{figure}");
}
