use futures_util::future::try_join_all;

use super::super::{Answer, DriverError, JobRecord, NewJob};
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

    /// An answer as it is written.
    pub(super) async fn said(&self, answer: &Answer) -> Result<Said, DriverError> {
        let mut end = Ended::from(answer.end.clone());
        if let Ended::Done { output: Some(output) } = &mut end {
            *output = texts::keep(&self.shared().link, self.shared().now(), output).await?;
        }
        let next = self.written(&answer.next).await?;
        Ok(Said { id: answer.id, fence: answer.fence, end, next, effects: answer.effects.is_some() })
    }

    /// Has records have their texts.
    pub(super) async fn with_texts(&self, records: Vec<&mut JobRecord>) -> Result<(), DriverError> {
        let mut texts = Vec::new();
        for record in records {
            texts.push(&mut record.payload);
            texts.extend(record.output.as_mut());
        }
        texts::read(&self.shared().link, texts).await
    }
}

/// How many bytes a job has about, as it is written.
pub(super) fn weight(job: &NewJob) -> usize {
    let names = job.key.as_ref().map_or(0, String::len) + job.unique.as_ref().map_or(0, |unique| unique.key.len());
    256 + job.queue.len() + job.kind.len() + job.payload.len().min(1 << 10) + names
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
    use super::*;

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
