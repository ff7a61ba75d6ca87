//! The algebra of error trees: splits and merges keep every leaf, in its place, in groups that stay one.
use std::io;

use patterns_core::outcome::{ErrorGroup, Node, TaskFailed};
use proptest::prelude::*;

use super::{Number, build, shapes};

/// A tree without the order in which things failed, so that two can be compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Plain {
    path: String,
    leaves: Vec<u32>,
    groups: Vec<Plain>,
}

fn plain(group: &ErrorGroup) -> Plain {
    let (mut leaves, mut groups) = (Vec::new(), Vec::new());
    for node in group.nodes() {
        match node {
            Node::Leaf(leaf) => leaves.push(number(leaf)),
            Node::Group(group) => groups.push(plain(group)),
        }
    }
    leaves.sort_unstable();
    groups.sort_unstable();
    Plain { path: group.path().to_string(), leaves, groups }
}

fn number(leaf: &TaskFailed) -> u32 {
    leaf.downcast_ref::<Number>().unwrap().0
}

fn numbers(group: &ErrorGroup) -> Vec<u32> {
    group.leaves().map(number).collect()
}

/// No group of the tree is empty: an error without a cause would be no error.
fn is_whole(group: &ErrorGroup) -> bool {
    let inner = |node: &Node| match node {
        Node::Leaf(_) => true,
        Node::Group(group) => is_whole(group),
    };
    !group.nodes().is_empty() && group.nodes().iter().all(inner)
}

proptest! {
    /// Also in groups: a merge that put two halves of a group side by side would keep every leaf.
    #[test]
    fn parts_of_a_split_merge_to_the_whole_in_any_order(shapes in shapes(), kinds in 1_u32..5, turn in 0_usize..5) {
        let whole = build("g", &shapes);
        let mut parts = Vec::new();
        let mut rest = Some(whole.clone());
        for kind in 0..kinds {
            let Some(left) = rest.take() else { break };
            let (part, others) = left.split(|leaf| number(leaf) % kinds == kind);
            parts.extend(part);
            rest = others;
        }
        prop_assert!(rest.is_none(), "every leaf is of one of the kinds");
        prop_assert!(parts.iter().all(is_whole));
        let turn = turn % parts.len();
        parts.rotate_left(turn);
        let merged = parts.into_iter().reduce(ErrorGroup::merge).unwrap();
        prop_assert_eq!(plain(&merged), plain(&whole));
        prop_assert_eq!((merged.path(), merged.place()), (whole.path(), whole.place()));
    }

    #[test]
    fn a_part_that_is_split_again_stays_as_it_is(shapes in shapes(), modulus in 1_u32..5) {
        let matches = |leaf: &TaskFailed| number(leaf).is_multiple_of(modulus);
        let (yes, no) = build("g", &shapes).split(matches);
        for (part, keeps) in [(yes, true), (no, false)] {
            let Some(part) = part else { continue };
            let (first, second) = part.clone().split(matches);
            let (same, other) = if keeps { (first, second) } else { (second, first) };
            prop_assert!(other.is_none());
            let same = same.map(|same| (numbers(&same), plain(&same)));
            prop_assert_eq!(same, Some((numbers(&part), plain(&part))), "in the same order, too");
        }
    }

    #[test]
    fn a_flat_group_has_the_leaves_of_the_tree_in_their_order(shapes in shapes()) {
        let whole = build("g", &shapes);
        let flat = whole.clone().flatten();
        prop_assert_eq!(numbers(&flat), numbers(&whole));
        prop_assert!(flat.nodes().iter().all(|node| matches!(node, Node::Leaf(_))));
        prop_assert_eq!(flat.to_string(), whole.to_string(), "and is told alike");
    }

    #[test]
    fn a_stranger_that_is_merged_stays_a_group_of_its_own(first in shapes(), second in shapes()) {
        let (first, second) = (build("first", &first), build("second", &second));
        let mut expected = plain(&first);
        expected.groups.push(plain(&second));
        expected.groups.sort_unstable();
        prop_assert_eq!(plain(&first.merge(second)), expected);
    }

    #[test]
    fn a_type_is_found_in_all_leaves_that_have_it_and_in_no_other(shapes in shapes()) {
        let whole = build("g", &shapes);
        let found: Vec<_> = whole.errors_of::<Number>().map(|(_, number)| number.0).collect();
        prop_assert_eq!(found, numbers(&whole));
        prop_assert_eq!(whole.filter_type::<Number>().map(|all| plain(&all)), Some(plain(&whole)));
        prop_assert!(whole.filter_type::<io::Error>().is_none());
        prop_assert_eq!(number(whole.first()), numbers(&whole)[0], "none is a cancellation");
    }
}
