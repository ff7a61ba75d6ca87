use futures_util::future::try_join_all;

use super::super::{Accepted, Answer, DeadReason, DriverError, Effects, End, JobDriver, JobRecord, NewJob, Taken};
use super::said::{Ended, Said};
use super::{NatsDriver, texts};

/// How many bytes the jobs of one command have about, so that a large batch is several entries.
const COMMAND: usize = 128 << 10;

impl NatsDriver {
    /// Jobs as they are written: with what is long kept apart.
    pub(super) async fn written(&self, jobs: &[NewJob]) -> Result<Vec<NewJob>, DriverError> {
        let (link, now) = (&self.shared().link, self.shared().now());
        let mut kept = Vec::with_capacity(jobs.len());
        for job in jobs {
            kept.push(texts::keep(link, now, &job.payload));
        }
        let payloads = try_join_all(kept).await?;
        let written = jobs.iter().zip(payloads);
        Ok(written.map(|(job, payload)| NewJob { payload, ..job.clone() }).collect())
    }

    /// Which of these answers are known here to count already, as they were given before.
    pub(super) async fn counted(&self, owner: &str, answers: &[Answer]) -> Result<Vec<bool>, DriverError> {
        // With effects, which the tables can't do, nothing is changed.
        let ask = |answer: &Answer| Answer {
            effects: Some(Effects::new(())),
            ..Answer::new(answer.id, answer.fence, End::Cancelled)
        };
        let asked: Vec<Answer> = answers.iter().map(ask).collect();
        let accepted = self.shared().tables.answer(owner, &asked).await?;
        Ok(accepted.iter().map(|one| *one == Accepted::Kept).collect())
    }

    /// An answer as it is written. Of one that was counted nothing is kept once more: it comes with effects, so that it
    /// can't count for the first time.
    pub(super) async fn said(&self, answer: &Answer, is_counted: bool) -> Result<Said, DriverError> {
        if is_counted {
            let (id, fence) = (answer.id, answer.fence);
            return Ok(Said { id, fence, end: Ended::Cancelled, next: Vec::new(), effects: true });
        }
        let mut end = Ended::from(answer.end.clone());
        if let Ended::Done { output: Some(output) } = &mut end {
            *output = texts::keep(&self.shared().link, self.shared().now(), output).await?;
        }
        let next = self.written(&answer.next).await?;
        Ok(Said { id: answer.id, fence: answer.fence, end, next, effects: answer.effects.is_some() })
    }

    /// Has jobs that were taken have their payloads. Those whose payload is lost are left out, and dead: nobody can do
    /// them, and they are not to hold up the others.
    pub(super) async fn with_payloads(&self, owner: &str, taken: &mut Taken) -> Result<(), DriverError> {
        let payloads = taken.jobs.iter_mut().map(|job| &mut job.payload).collect();
        let lost = texts::read(&self.shared().link, payloads).await?;
        if lost.is_empty() {
            return Ok(());
        }
        let (mut whole, mut answers) = (Vec::new(), Vec::new());
        for (at, job) in taken.jobs.drain(..).enumerate() {
            if lost.contains(&at) {
                let error = "its payload is not there any more".to_owned();
                let end = End::Dead { reason: DeadReason::Terminated, error };
                answers.push(Answer::new(job.id, job.fence, end));
            } else {
                whole.push(job);
            }
        }
        taken.jobs = whole;
        self.answer(owner, &answers).await?;
        Ok(())
    }

    /// Has records have their texts; those that are lost are `null`.
    pub(super) async fn with_texts(&self, records: Vec<&mut JobRecord>) -> Result<(), DriverError> {
        let mut texts = Vec::new();
        for record in records {
            texts.push(&mut record.payload);
            texts.extend(record.output.as_mut());
        }
        texts::read(&self.shared().link, texts).await?;
        Ok(())
    }
}

/// How many bytes of a batch a job is worth: those that it has about, as it is written, and [more](texts::weight) for
/// what is kept apart.
pub(super) fn weight(job: &NewJob) -> usize {
    let names = job.key.as_ref().map_or(0, String::len) + job.unique.as_ref().map_or(0, |unique| unique.key.len());
    256 + job.queue.len() + job.kind.len() + texts::weight(&job.payload) + names
}

/// How many bytes of a batch an answer is worth, with what follows from it.
pub(super) fn answer_weight(answer: &Answer) -> usize {
    let end = match &answer.end {
        End::Done { output: Some(output) } => texts::weight(output),
        End::Retry { error, .. } | End::Dead { error, .. } => error.len(),
        End::Done { output: None } | End::Cancelled | End::Released { .. } => 0,
    };
    256 + end + answer.next.iter().map(weight).sum::<usize>()
}

/// Cuts a batch into pieces, each of one item at least.
pub(super) fn cut<T>(items: &[T], weight: impl Fn(&T) -> usize) -> Vec<&[T]> {
    let mut pieces = Vec::new();
    let (mut begin, mut bytes) = (0, 0);
    for (at, item) in items.iter().enumerate() {
        let weight = weight(item);
        if at > begin && bytes + weight > COMMAND {
            pieces.push(&items[begin..at]);
            (begin, bytes) = (at, 0);
        }
        bytes += weight;
    }
    if begin < items.len() {
        pieces.push(&items[begin..]);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::super::super::{Fence, JobId};
    use super::*;

    #[test]
    fn few_texts_that_are_kept_apart_are_in_one_piece() {
        let answer = |bytes: usize| {
            let end = End::Done { output: Some("x".repeat(bytes)) };
            Answer::new(JobId::random(), Fence(1), end)
        };
        for bytes in [2 << 10, 64 << 10] {
            let answers: Vec<Answer> = (0..100).map(|_| answer(bytes)).collect();
            let pieces = cut(&answers, answer_weight);
            assert!(pieces.len() > 1 && pieces.iter().all(|piece| piece.len() <= 16), "{}", pieces.len());
        }
        let answers: Vec<Answer> = (0..100).map(|_| answer(9)).collect();
        assert_eq!(cut(&answers, answer_weight).len(), 1);
    }

    #[test]
    fn a_batch_is_cut_and_nothing_of_it_is_lost() {
        let items = [COMMAND, 1, COMMAND - 1, 1, 1, COMMAND * 3, 7];
        let pieces = cut(&items, |bytes| *bytes);
        assert_eq!(pieces.concat(), items);
        assert!(pieces.iter().all(|piece| piece.len() == 1 || piece.iter().sum::<usize>() <= COMMAND), "{pieces:?}");
        assert_eq!(pieces.len(), 5, "{pieces:?}");
        assert!(cut(&[] as &[usize], |bytes| *bytes).is_empty());
    }
}
