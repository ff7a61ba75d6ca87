//! How much of a batch is written in one transaction, which must be over in time however large the batch is. What was
//! written stays where a later share fails, so that who asks again has less to wait for.

use super::super::{Answer, End, NewJob};

/// How many answers of a share have effects: nobody knows how long these take.
const EFFECTS: usize = 16;

/// How many bytes of text are in a share.
const TEXT: usize = 8 << 20;

/// What an item adds to its share.
pub(super) trait Weight {
    fn has_effects(&self) -> bool;

    fn text(&self) -> usize;
}

impl Weight for NewJob {
    fn has_effects(&self) -> bool {
        false
    }

    fn text(&self) -> usize {
        self.payload.len()
    }
}

impl Weight for Answer {
    fn has_effects(&self) -> bool {
        self.effects.is_some()
    }

    fn text(&self) -> usize {
        let end = match &self.end {
            End::Done { output } => output.as_ref().map_or(0, String::len),
            End::Retry { error, .. } | End::Dead { error, .. } => error.len(),
            End::Cancelled | End::Released { .. } => 0,
        };
        end + self.next.iter().map(Weight::text).sum::<usize>()
    }
}

/// A batch in its order, in shares of one item at least.
pub(super) fn shares<T: Weight>(mut left: &[T]) -> Vec<&[T]> {
    let mut shares = Vec::new();
    while !left.is_empty() {
        let (share, rest) = left.split_at(first(left));
        shares.push(share);
        left = rest;
    }
    shares
}

/// How many items the first share has.
fn first<T: Weight>(items: &[T]) -> usize {
    let (mut effects, mut text) = (0, 0);
    let fits = |item: &&T| {
        effects += usize::from(item.has_effects());
        text += item.text();
        effects <= EFFECTS && text <= TEXT
    };
    items.iter().take_while(fits).count().max(1)
}

#[cfg(test)]
mod tests {
    use super::super::super::{Effects, Fence, JobId};
    use super::*;

    fn answer(output: usize, effects: bool) -> Answer {
        let end = End::Done { output: Some("x".repeat(output)) };
        let effects = effects.then(|| Effects::new(()));
        Answer { effects, ..Answer::new(JobId::from_u128(1), Fence(1), end) }
    }

    fn lengths(answers: &[Answer]) -> Vec<usize> {
        shares(answers).into_iter().map(<[Answer]>::len).collect()
    }

    #[test]
    fn a_batch_is_cut_by_effects_and_by_text_and_nothing_of_it_is_left_out() {
        assert!(lengths(&[]).is_empty());
        assert_eq!(lengths(&vec![answer(1, false); 512]), [512]);
        assert_eq!(lengths(&vec![answer(1, true); 40]), [16, 16, 8]);
        assert_eq!(lengths(&vec![answer(3 << 20, false); 5]), [2, 2, 1]);
        // One that is too large by itself is a share of its own.
        assert_eq!(lengths(&vec![answer(TEXT + 1, false); 2]), [1, 1]);
        let mut followed = answer(0, false);
        followed.next = vec![NewJob::new(JobId::from_u128(2), "q", "k", "x".repeat(TEXT))];
        assert_eq!(lengths(&[answer(1, false), followed, answer(0, false)]), [1, 2]);
    }
}
