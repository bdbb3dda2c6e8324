//! A file on its way into the object store, written piece by piece: a merged file is longer than what may be held in
//! memory.
//!
//! For threads that may block: each full part is waited for.

use crate::error::EventsError;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt};
use std::io::{self, Write};
use tokio::runtime::Handle;

/// A part. S3 takes 10,000 of them, of 5 MB at least: files up to 80 GB.
const PART_BYTES: usize = 8 << 20;

pub(crate) struct Upload {
    parts: Box<dyn MultipartUpload>,
    part: Vec<u8>,
    runtime: Handle,
    finished: bool,
}

/// An upload that was given up leaves nothing behind, and costs nothing at those who ask rent for parts.
impl Drop for Upload {
    fn drop(&mut self) {
        if !self.finished
            && let Err(error) = self.runtime.block_on(self.parts.abort())
        {
            tracing::warn!(%error, "an unfinished upload could not be removed");
        }
    }
}

impl Upload {
    pub fn begin(objects: &dyn ObjectStore, path: &Path, runtime: &Handle) -> Result<Upload, EventsError> {
        let parts = runtime.block_on(objects.put_multipart(path))?;
        Ok(Upload { parts, part: Vec::new(), runtime: runtime.clone(), finished: false })
    }

    fn send(&mut self) -> io::Result<()> {
        let part = self.parts.put_part(std::mem::take(&mut self.part).into());
        self.runtime.block_on(part).map_err(io::Error::other)
    }

    /// The object is there, durably, when this returns.
    pub fn finish(mut self) -> Result<(), EventsError> {
        if !self.part.is_empty() {
            let part = self.parts.put_part(std::mem::take(&mut self.part).into());
            self.runtime.block_on(part)?;
        }
        self.runtime.block_on(self.parts.complete())?;
        self.finished = true;
        Ok(())
    }
}

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PART_BYTES - self.part.len());
        self.part.extend_from_slice(&bytes[..taken]);
        if self.part.len() == PART_BYTES {
            self.send()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
