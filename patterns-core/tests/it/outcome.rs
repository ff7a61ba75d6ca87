mod laws;

use std::error::Error;
use std::io;

use patterns_core::cancel::{CancelCause, CancelKind};
use patterns_core::outcome::{BoxError, ErrorGroup, Node, Outcome, Panic, catch_panic};
use patterns_core::task_group::{CollectAll, TaskGroup};
use proptest::prelude::*;

use crate::support::secs;

#[derive(Debug, thiserror::Error)]
#[error("no such page")]
struct NotFound;

#[derive(Debug, thiserror::Error)]
#[error("can't store")]
struct Store(#[source] io::Error);

/// `import` with a page that is not found, a nested group of two, and a page that panics.
async fn failed_import() -> ErrorGroup {
    let settled = TaskGroup::new("import").policy(CollectAll).run(async |group| {
        group.spawn("page-1", async { Err::<(), _>(NotFound) });
        group.spawn("batch", async {
            TaskGroup::new("rows")
                .policy(CollectAll)
                .run(async |group| {
                    group.spawn("row-1", async { Err::<(), _>(Store(io::Error::other("disk is full"))) });
                    group.spawn("row-2", async { Err::<(), _>(NotFound) });
                    Ok(())
                })
                .await
                .into_result()
        });
        group.spawn::<(), io::Error, _>("page-2", async {
            tokio::time::sleep(secs(1)).await;
            panic!("index out of range")
        });
        Ok(())
    });
    settled.await.errors.unwrap()
}

fn names(group: Option<&ErrorGroup>) -> Vec<String> {
    group.map(|group| group.leaves().map(|leaf| leaf.path().to_string()).collect()).unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn a_part_is_handled_by_type_and_the_rest_passed_on_in_its_shape() {
    let errors = failed_import().await;
    let (missing, rest) = errors.split_type::<NotFound>();
    assert_eq!(names(missing.as_ref()), ["import/page-1", "import/batch/rows/row-2"]);
    let rest = rest.unwrap();
    assert_eq!(names(Some(&rest)), ["import/batch/rows/row-1", "import/page-2"]);
    let Node::Group(rows) = &rest.nodes()[0] else { panic!("nested groups keep their shape") };
    assert_eq!(rows.path().to_string(), "import/batch/rows");
}

#[tokio::test(start_paused = true)]
async fn a_split_by_what_nothing_or_everything_is_has_one_half() {
    let errors = failed_import().await;
    assert!(errors.filter_type::<std::fmt::Error>().is_none());
    assert_eq!(names(errors.filter_type::<Panic>().as_ref()), ["import/page-2"]);
    let (all, none) = errors.split(|_| true);
    assert_eq!((all.unwrap().leaves().count(), none.is_none()), (4, true));
}

#[tokio::test(start_paused = true)]
async fn typed_errors_come_with_their_leaf() {
    let errors = failed_import().await;
    let (leaf, store) = errors.errors_of::<Store>().next().unwrap();
    assert_eq!((leaf.path().name(), store.0.to_string()), ("row-1", "disk is full".to_owned()));
    assert_eq!(errors.errors_of::<NotFound>().count(), 2);
}

#[tokio::test(start_paused = true)]
async fn flattening_keeps_the_leaves_and_drops_the_groups() {
    let errors = failed_import().await;
    let before = names(Some(&errors));
    let flat = errors.flatten();
    assert_eq!(names(Some(&flat)), before);
    assert!(flat.nodes().iter().all(|node| matches!(node, Node::Leaf(_))));
}

#[tokio::test(start_paused = true)]
async fn one_line_says_how_many_and_names_the_first() {
    let errors = failed_import().await;
    assert_eq!(
        errors.to_string(),
        "import: 4 failures: page-1: no such page; batch/rows/row-1: can't store; \
         batch/rows/row-2: no such page; and 1 more"
    );
}

#[tokio::test(start_paused = true)]
async fn the_tree_has_a_line_for_every_leaf_group_and_source() {
    let errors = failed_import().await;
    let tree = format!("{errors:#}");
    // Without the places, which move with every edit of this file.
    let lines: Vec<&str> = tree.lines().map(|line| line.split(" (a").next().unwrap()).collect();
    assert_eq!(
        lines,
        [
            "import: 4 failures",
            "├─ page-1: no such page",
            "├─ batch/rows: 2 failures",
            "│  ├─ row-1: can't store",
            "│  │  caused by: disk is full",
            "│  └─ row-2: no such page",
            "└─ page-2: panicked: index out of range",
        ]
    );
    assert!(tree.contains("(after 1s, spawned at ") && tree.contains("tests/it/outcome.rs:"), "{tree}");
    assert_eq!(tree, errors.tree().to_string());
    assert_eq!(tree, format!("{errors:?}"), "what an unwrap prints");
}

#[tokio::test(start_paused = true)]
async fn the_source_chain_leads_to_the_first_cause() {
    let errors = failed_import().await;
    assert!(errors.source().unwrap().is::<NotFound>());
    let (_, rest) = errors.split_type::<NotFound>();
    let rest: BoxError = rest.unwrap().into();
    let (mut texts, mut link) = (Vec::new(), rest.source());
    while let Some(error) = link {
        texts.push(error.to_string());
        link = error.source();
    }
    assert_eq!(texts, ["can't store", "disk is full"]);
}

#[tokio::test(start_paused = true)]
async fn what_failed_matters_more_than_what_was_cancelled() {
    let cause = || CancelCause::new(CancelKind::Requested, "stop");
    let cancelled: BoxError = cause().into();
    let errors = ErrorGroup::from_errors::<BoxError>("g", [cancelled, NotFound.into()]).unwrap();
    // Given as an error, a cause is an error: only a task can be cancelled.
    assert!(!errors.is_cancelled() && errors.cause().is_none());
    assert!(errors.filter_type::<CancelCause>().is_some());

    let errors = TaskGroup::new("g").run(async |group| {
        group.cancel("stop");
        patterns_core::context::sleep(secs(1)).await?;
        Ok(())
    });
    let errors = errors.await.unwrap_err();
    assert_eq!(errors.cause().unwrap().message(), "stop");
    assert!(errors.source().unwrap().is::<CancelCause>());
    let merged = errors.merge(ErrorGroup::from_errors("other", [NotFound]).unwrap());
    assert!(!merged.is_cancelled());
    assert!(merged.first().is::<NotFound>());
    assert!(merged.source().unwrap().is::<NotFound>());
}

#[test]
fn a_text_of_several_lines_stays_inside_of_the_tree() {
    let errors = ErrorGroup::from_errors("g", ["first\nsecond", "third"]).unwrap();
    let tree = errors.tree().to_string();
    let lines: Vec<&str> = tree.lines().map(|line| line.split(" (a").next().unwrap()).collect();
    assert_eq!(lines, ["g: 2 failures", "├─ first", "│  second", "└─ third"]);
}

#[test]
fn a_group_is_an_error_that_can_be_sent_and_shared() {
    fn is_error<E: Error + Send + Sync + Clone + 'static>(_: &E) {}
    let errors = ErrorGroup::from_errors("g", ["one"]).unwrap();
    is_error(&errors);
    is_error(errors.first());
    assert_eq!(errors.to_string(), "g: one");
}

#[test]
fn an_outcome_is_one_of_four() {
    type Any = Outcome<u8, &'static str>;
    let ok: Any = Ok(7).into();
    assert!(ok.is_ok() && !ok.is_err());
    assert_eq!(ok.map(|n| n + 1).ok(), Some(8));
    let err: Any = Err("no").into();
    assert!(err.is_err() && !err.is_cancelled() && !err.is_panicked());
    assert_eq!(err.map_err(str::len).err(), Some(2));
    let cancelled = Any::Cancelled(CancelCause::new(CancelKind::Shutdown, ""));
    assert!(cancelled.is_cancelled());
    assert!(cancelled.map(|n| n + 1).map_err(str::len).ok().is_none());
    let panicked = Any::Panicked(catch_panic(|| panic!("boom")).unwrap_err());
    assert!(panicked.is_panicked());
    assert!(panicked.map(|n| n + 1).map_err(str::len).err().is_none());
}

/// A number as an error, so that leaves can be told apart.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Number(u32);

#[derive(Clone, Debug)]
enum Shape {
    Leaf(u32),
    Group(Vec<Shape>),
}

fn shapes() -> impl Strategy<Value = Vec<Shape>> {
    let leaf = any::<u32>().prop_map(Shape::Leaf);
    let shape = leaf.prop_recursive(4, 40, 5, |inner| prop::collection::vec(inner, 1..5).prop_map(Shape::Group));
    prop::collection::vec(shape, 1..5)
}

fn build(name: &str, shapes: &[Shape]) -> ErrorGroup {
    let errors = shapes.iter().enumerate().map(|(index, shape)| -> BoxError {
        match shape {
            Shape::Leaf(number) => Number(*number).into(),
            Shape::Group(shapes) => build(&format!("g{index}"), shapes).into(),
        }
    });
    ErrorGroup::from_errors(name.to_owned(), errors).unwrap()
}

/// Every leaf with the groups that it is under: what may not get lost.
fn leaves(group: &ErrorGroup, above: &[String]) -> Vec<(Vec<String>, u32)> {
    let mut all = Vec::new();
    for node in group.nodes() {
        match node {
            Node::Leaf(leaf) => all.push((above.to_vec(), leaf.downcast_ref::<Number>().unwrap().0)),
            Node::Group(group) => {
                let above = [above, &[group.path().to_string()]].concat();
                all.extend(leaves(group, &above));
            }
        }
    }
    all
}

fn sorted(mut leaves: Vec<(Vec<String>, u32)>) -> Vec<(Vec<String>, u32)> {
    leaves.sort();
    leaves
}

proptest! {
    #[test]
    fn a_split_keeps_every_leaf_in_its_place_and_a_merge_brings_them_together(shapes in shapes(), modulus in 1_u32..5) {
        let whole = build("g", &shapes);
        let all = leaves(&whole, &[]);
        prop_assert_eq!(whole.leaves().count(), all.len());

        let matches = |number: u32| number.is_multiple_of(modulus);
        let (yes, no) = whole.split(|leaf| matches(leaf.downcast_ref::<Number>().unwrap().0));
        let half = |group: &Option<ErrorGroup>| group.as_ref().map(|group| leaves(group, &[])).unwrap_or_default();
        // Each half is the whole without the other leaves, in the same order.
        let (expected_yes, expected_no): (Vec<_>, Vec<_>) = all.iter().cloned().partition(|(_, number)| matches(*number));
        prop_assert_eq!(half(&yes), expected_yes);
        prop_assert_eq!(half(&no), expected_no);

        let merged = match (yes, no) {
            (Some(yes), Some(no)) => yes.merge(no),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => return Err(TestCaseError::fail("all leaves are gone")),
        };
        prop_assert_eq!(sorted(leaves(&merged, &[])), sorted(all.clone()));

        let flat = merged.flatten();
        prop_assert_eq!(flat.nodes().len(), all.len());
    }

    #[test]
    fn a_merge_of_strangers_keeps_every_leaf(first in shapes(), second in shapes()) {
        let (first, second) = (build("first", &first), build("second", &second));
        let total = first.leaves().count() + second.leaves().count();
        prop_assert_eq!(first.merge(second).leaves().count(), total);
    }

    #[test]
    fn the_tree_has_at_least_a_line_for_every_leaf(shapes in shapes()) {
        let group = build("g", &shapes);
        prop_assert!(group.tree().to_string().lines().count() > group.leaves().count());
    }
}

#[test]
fn groups_may_be_nested_deeper_than_the_stack() {
    let leaf = ErrorGroup::from_errors("leaf", ["disk is full"]).unwrap();
    let deep = (0..200_000).fold(leaf, |inner, _| ErrorGroup::from_errors("around", [inner]).unwrap());
    let copy = deep.clone();
    assert_eq!(copy.leaves().count(), 1);
    drop((deep, copy));
}
