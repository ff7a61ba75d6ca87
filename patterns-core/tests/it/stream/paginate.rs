use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use futures_util::{StreamExt, TryStreamExt};
use patterns_core::cancel::{CancelToken, timeout};
use patterns_core::context::{Context, Interrupt};
use patterns_core::stream::{FlowExt, Page, PaginateError, paginate};
use tokio::time::{Instant, sleep};

use crate::support::{Log, is_never_out_of_work, ms, secs};

/// An API with these pages, each a second away.
#[derive(Clone)]
struct Api {
    pages: Arc<HashMap<&'static str, Page<u32, &'static str>>>,
    log: Log,
}

impl Api {
    fn new(pages: impl IntoIterator<Item = (&'static str, Page<u32, &'static str>)>) -> Self {
        Self { pages: Arc::new(pages.into_iter().collect()), log: Log::default() }
    }

    async fn fetch(self, cursor: &'static str) -> Result<Page<u32, &'static str>, String> {
        self.log.add(cursor);
        sleep(secs(1)).await;
        self.pages.get(cursor).cloned().ok_or_else(|| format!("no page {cursor}"))
    }
}

/// a, b and c, the second of which is empty.
fn three() -> Api {
    Api::new([("a", Page::more(vec![1, 2], "b")), ("b", Page::more(vec![], "c")), ("c", Page::last(vec![3]))])
}

#[tokio::test(start_paused = true)]
async fn items_come_in_order_and_pages_only_when_they_are_wanted() {
    let api = three();
    let mut items = paginate("a", |cursor| api.clone().fetch(cursor));
    assert!(api.log.all().is_empty());
    assert_eq!(items.next().await.unwrap().unwrap(), 1);
    assert_eq!(items.next().await.unwrap().unwrap(), 2);
    assert_eq!(api.log.all(), ["a"]);
    assert_eq!(items.next().await.unwrap().unwrap(), 3);
    assert!(items.next().await.is_none());
    assert!(items.next().await.is_none());
    assert_eq!(api.log.all(), ["a", "b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn stopping_early_fetches_nothing_more() {
    let api = three();
    let items = paginate("a", |cursor| api.clone().fetch(cursor));
    assert_eq!(items.take(2).try_collect::<Vec<_>>().await.unwrap(), [1, 2]);
    sleep(secs(10)).await;
    assert_eq!(api.log.all(), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn a_cursor_that_comes_back_is_an_error_and_not_an_endless_loop() {
    let api =
        Api::new([("a", Page::more(vec![1], "b")), ("b", Page::more(vec![2], "c")), ("c", Page::more(vec![3], "b"))]);
    let mut items = paginate("a", |cursor| api.clone().fetch(cursor));
    for item in 1..=3 {
        assert_eq!(items.next().await.unwrap().unwrap(), item, "each item once");
    }
    let error = items.next().await.unwrap().unwrap_err();
    assert!(error.is_loop());
    assert_eq!(*error.cursor(), "b");
    assert!(items.next().await.is_none());
    assert_eq!(api.log.all().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_names_itself_is_a_loop() {
    let api = Api::new([("a", Page::more(vec![], "a"))]);
    let mut items = paginate("a", |cursor| api.clone().fetch(cursor));
    assert!(items.next().await.unwrap().unwrap_err().is_loop());
}

#[tokio::test(start_paused = true)]
async fn more_pages_than_allowed_is_an_error_with_the_cursor_of_the_next() {
    let api = three();
    let mut items = paginate("a", |cursor| api.clone().fetch(cursor)).max_pages(2);
    assert_eq!(items.try_next().await.unwrap(), Some(1));
    assert_eq!(items.try_next().await.unwrap(), Some(2));
    let error = items.try_next().await.unwrap_err();
    assert_eq!(error.to_string(), "there are more than 2 pages");
    assert!(error.is_page_limit());
    assert_eq!(error.into_cursor(), "c");

    let all = paginate("a", |cursor| api.clone().fetch(cursor)).max_pages(3);
    assert_eq!(all.try_collect::<Vec<_>>().await.unwrap(), [1, 2, 3], "as many as allowed is no error");
}

#[tokio::test(start_paused = true)]
async fn after_an_error_one_can_go_on_without_missing_or_doubling_anything() {
    let broken = Api::new([("a", Page::more(vec![1, 2], "b"))]);
    let mut items = paginate("a", |cursor| broken.clone().fetch(cursor));
    let mut seen = Vec::new();
    let error = loop {
        match items.next().await.unwrap() {
            Ok(item) => seen.push(item),
            Err(error) => break error,
        }
    };
    assert!(matches!(&error, PaginateError::Fetch { page: 2, error, .. } if error == "no page b"));
    assert!(items.next().await.is_none(), "an error ends it");

    let mended = three();
    let rest = paginate(error.into_cursor(), |cursor| mended.clone().fetch(cursor));
    seen.extend(rest.try_collect::<Vec<_>>().await.unwrap());
    assert_eq!(seen, [1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_fetch_is_an_error_with_its_cursor_and_its_reason() {
    let (api, token) = (three(), CancelToken::new());
    let context = Context::current().with_token(token.clone());
    let mut items = context.sync_scope(|| paginate("a", |cursor| api.clone().fetch(cursor)));
    let ((), error) = tokio::join!(
        async {
            sleep(ms(1500)).await;
            token.cancel("enough");
        },
        async {
            // The token is cancelled while the second page is fetched.
            assert_eq!(items.next().await.unwrap().unwrap(), 1);
            assert_eq!(items.next().await.unwrap().unwrap(), 2);
            items.next().await.unwrap().unwrap_err()
        },
    );
    assert!(error.is_interrupted());
    assert_eq!(*error.cursor(), "b");
    let PaginateError::Interrupted { interrupt, .. } = error else { panic!("it was interrupted") };
    assert_eq!(interrupt.cause().unwrap().message(), "enough");
    assert!(items.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn past_its_deadline_it_begins_no_fetch() {
    let api = three();
    let context = Context::current().with_deadline(Instant::now() + secs(1));
    let mut items = context.sync_scope(|| paginate("a", |cursor| api.clone().fetch(cursor)));
    sleep(secs(1)).await;
    let error = items.next().await.unwrap().unwrap_err();
    assert!(matches!(&error, PaginateError::Interrupted { cursor: "a", interrupt } if interrupt.is_deadline()));
    assert!(api.log.all().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_interruption_is_found_among_the_sources() {
    let context = Context::current().with_deadline(Instant::now());
    let mut items =
        context.sync_scope(|| paginate(0, async |_| Ok::<Page<u32, u32>, std::io::Error>(Page::last(vec![]))));
    let error = items.next().await.unwrap().unwrap_err();
    assert!(error.source().unwrap().is::<Interrupt>());
}

#[tokio::test(start_paused = true)]
async fn a_timeout_around_one_next_does_not_throw_the_fetch_away() {
    let (api, start) = (three(), Instant::now());
    let mut items = paginate("a", |cursor| api.clone().fetch(cursor));
    for _ in 0..3 {
        assert!(timeout(secs(1) / 4, items.next()).await.is_err());
    }
    assert_eq!(items.next().await.unwrap().unwrap(), 1);
    assert_eq!((api.log.all().len(), start.elapsed()), (1, secs(1)));
}

#[tokio::test(start_paused = true)]
async fn prefetched_the_next_page_comes_while_this_one_is_worked_on() {
    let (api, start) = (three(), Instant::now());
    let fetch = {
        let api = api.clone();
        move |cursor| api.clone().fetch(cursor)
    };
    let mut items = paginate("a", fetch).prefetch(2);
    while let Some(item) = items.next().await {
        item.unwrap();
        sleep(secs(1)).await;
    }
    // Three fetches and the work on the last item: the others are worked on while pages are fetched.
    assert_eq!(start.elapsed(), secs(4));
}

#[tokio::test(start_paused = true)]
async fn pages_without_items_and_without_end_let_others_run() {
    let others = Arc::new(AtomicBool::new(false));
    tokio::spawn({
        let others = Arc::clone(&others);
        async move { others.store(true, SeqCst) }
    });
    let stops = || others.load(SeqCst);
    let mut none = paginate(0_u64, |number| {
        let ended = stops();
        async move {
            let next = (!ended && number < 1_000_000).then_some(number + 1);
            Ok::<Page<u8, u64>, u64>(Page { items: Vec::new(), next })
        }
    });
    assert!(none.next().await.is_none());
    assert!(others.load(SeqCst), "nobody else ever ran");
}

#[tokio::test(start_paused = true)]
async fn by_number_it_ends_at_the_first_page_that_is_not_full() {
    let log = Log::default();
    let items = paginate(1_u64, |number| {
        log.add(number.to_string());
        async move {
            let items = if number < 3 { vec![number; 10] } else { Vec::new() };
            Ok::<_, std::io::Error>(Page::numbered(items, number, 10))
        }
    });
    assert_eq!(items.try_collect::<Vec<_>>().await.unwrap().len(), 20);
    assert_eq!(log.all(), ["1", "2", "3"]);
    assert_eq!(Page::numbered(vec!['a'], u64::MAX, 1), Page::last(vec!['a']), "there is no further number");
    assert_eq!(Page::<char, _>::numbered(vec![], 1, 0), Page::last(vec![]), "and no endless row of empty pages");
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_never_runs_out_of_work_is_interrupted_too() {
    let token = CancelToken::new();
    let context = Context::current().with_token(token.clone());
    let mut items = context.sync_scope(|| {
        paginate(0, move |_: u32| {
            let token = token.clone();
            async move {
                token.cancel("enough");
                is_never_out_of_work().await;
                Ok::<_, std::io::Error>(Page::last(vec![1]))
            }
        })
    });
    let first = tokio::spawn(async move { items.next().await }).await.unwrap();
    assert!(matches!(first, Some(Err(PaginateError::Interrupted { .. }))));
}
