//! An answer to an SQL statement as bytes, as its rows are found.

use futures::{Stream, StreamExt, stream};
use search::sql::{Format, RowsMissing, SqlAnswer, SqlError, Writer};
use std::collections::VecDeque;
use std::io;
use tokio::sync::OwnedSemaphorePermit;

/// So much is made before the first byte is given out: what fails until then is an error, not half an answer.
const AHEAD_BYTES: usize = 1 << 20;

/// The rows of one statement. Dropping it ends the statement.
pub(crate) struct Rows {
    pub answer: SqlAnswer,
    pub writer: Writer,
    /// Rows that may still be given out.
    pub left: usize,
    /// Given back at the end.
    pub slot: Option<OwnedSemaphorePermit>,
    pub done: bool,
}

impl Rows {
    pub fn new(
        answer: SqlAnswer,
        format: Format,
        limit: usize,
        slot: OwnedSemaphorePermit,
    ) -> Result<Rows, SqlError> {
        let writer = Writer::new(format, answer.schema.clone()).map_err(failed)?;
        Ok(Rows { answer, writer, left: limit, slot: Some(slot), done: false })
    }

    /// Bytes, the next ones; none after the end.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, SqlError> {
        if self.done {
            return Ok(None);
        }
        let Some(batch) = self.answer.batches.next().await.transpose()? else {
            return self.end(false).map(Some);
        };
        if batch.num_rows() <= self.left {
            self.left -= batch.num_rows();
            return Ok(Some(self.writer.batch(&batch).map_err(failed)?));
        }
        let mut bytes = self.writer.batch(&batch.slice(0, self.left)).map_err(failed)?;
        bytes.extend(self.end(true)?);
        Ok(Some(bytes))
    }

    fn end(&mut self, truncated: bool) -> Result<Vec<u8>, SqlError> {
        self.done = true;
        self.slot = None;
        let lost = self.answer.lost.warnings();
        if !lost.is_empty() && !self.writer.can_warn() {
            return Err(failed(RowsMissing(lost)));
        }
        self.writer.end(truncated, &lost).map_err(failed)
    }

    /// The whole as a stream. An error after the first bytes breaks the stream off: half an answer must not look like
    /// a whole one.
    pub async fn stream(
        mut self,
    ) -> Result<impl Stream<Item = io::Result<Vec<u8>>> + Send + 'static, SqlError> {
        let mut first = VecDeque::from([self.writer.begin().map_err(failed)?]);
        let mut bytes = 0;
        while bytes < AHEAD_BYTES {
            let Some(more) = self.next().await? else { break };
            bytes += more.len();
            first.push_back(more);
        }
        let rest = stream::unfold(self, |mut rows| async move {
            match rows.next().await {
                Ok(bytes) => bytes.map(|bytes| (Ok(bytes), rows)),
                Err(error) => {
                    rows.done = true;
                    Some((Err(io::Error::other(error.to_string())), rows))
                }
            }
        });
        Ok(stream::iter(first.into_iter().map(Ok)).chain(rest).filter(|bytes| {
            let some = !matches!(bytes, Ok(bytes) if bytes.is_empty());
            std::future::ready(some)
        }))
    }
}

fn failed(error: impl std::fmt::Display) -> SqlError {
    SqlError::Failed(error.to_string())
}
