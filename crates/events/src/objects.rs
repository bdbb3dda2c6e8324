//! The object store in a local folder, durable.
//!
//! `object_store`'s own writes a file and renames it, but never asks the disk to keep it; the log of what is in the
//! file would be gone before the file is there. So writing is done here, and the rest is handed on.
//!
//! Invariant: an object is there in full, on disk, when its upload has ended well, and under no name before.

use async_trait::async_trait;
use base::disk;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const STORE: &str = "LocalObjects";

/// Objects as files under a folder. What was put is on disk.
#[derive(Debug)]
pub struct LocalObjects {
    root: PathBuf,
    inner: LocalFileSystem,
    uploads: AtomicU64,
}

impl LocalObjects {
    /// The folder is made when it is not there; what unfinished uploads left in it is removed.
    pub fn open(root: impl Into<PathBuf>) -> io::Result<Arc<LocalObjects>> {
        let root = root.into();
        disk::create_dir_all(&root)?;
        root.parent().map_or(Ok(()), disk::sync_dir)?;
        remove_unfinished(&root)?;
        let inner = LocalFileSystem::new_with_prefix(&root).map_err(io::Error::other)?;
        Ok(Arc::new(LocalObjects { root, inner, uploads: AtomicU64::new(0) }))
    }

    pub fn root(&self) -> &std::path::Path {
        &self.root
    }

    fn begin(&self, location: &Path) -> Result<Upload> {
        let path = self.inner.path_to_filesystem(location)?;
        // Of such a name `LocalFileSystem` says that there is no object.
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(format!("#{}", self.uploads.fetch_add(1, Ordering::Relaxed)));
        let (root, waiting) = (self.root.clone(), VecDeque::new());
        let writing = Writing { root, path, temporary: temporary.into(), file: None, waiting };
        Ok(Upload(Arc::new(Mutex::new(writing))))
    }
}

/// Removes files whose names end in `#` and digits.
fn remove_unfinished(dir: &std::path::Path) -> io::Result<()> {
    for path in disk::list(dir)? {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let suffix = name.rsplit_once('#').map(|(_, suffix)| suffix);
        if path.is_dir() {
            remove_unfinished(&path)?;
        } else if suffix.is_some_and(|s| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit())) {
            disk::remove_file(&path)?;
        }
    }
    Ok(())
}

impl std::fmt::Display for LocalObjects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{STORE}({})", self.root.display())
    }
}

/// An object being written: parts come in the order they were put, whoever is polled first.
#[derive(Debug)]
struct Upload(Arc<Mutex<Writing>>);

#[derive(Debug)]
struct Writing {
    root: PathBuf,
    path: PathBuf,
    temporary: PathBuf,
    file: Option<File>,
    waiting: VecDeque<PutPayload>,
}

impl Writing {
    fn write_waiting(&mut self) -> io::Result<()> {
        if self.file.is_none() {
            let dir = self.path.parent().ok_or(io::ErrorKind::InvalidInput)?;
            if !disk::exists(dir) {
                disk::create_dir_all(dir)?;
                // Each folder that may be new is a name in the one above it.
                let above = dir.ancestors().skip(1).take_while(|above| above.starts_with(&self.root));
                above.into_iter().try_for_each(disk::sync_dir)?;
            }
            disk::create(&self.temporary)?;
            self.file = Some(disk::open_append(&self.temporary)?);
        }
        while let (Some(file), Some(payload)) = (&self.file, self.waiting.pop_front()) {
            for piece in payload.iter() {
                disk::append_all(file, &self.temporary, piece)?;
            }
        }
        Ok(())
    }

    fn complete(&mut self) -> io::Result<()> {
        self.write_waiting()?;
        let file = self.file.take().ok_or(io::ErrorKind::NotFound)?;
        disk::sync_data(&file, &self.temporary)?;
        disk::rename(&self.temporary, &self.path)?;
        self.path.parent().map_or(Ok(()), disk::sync_dir)
    }

    fn abort(&mut self) -> io::Result<()> {
        self.waiting.clear();
        match self.file.take() {
            Some(_) => disk::remove_file(&self.temporary),
            None => Ok(()),
        }
    }
}

/// Leaves nothing behind when it was given up.
impl Drop for Writing {
    fn drop(&mut self) {
        let _ = self.abort();
    }
}

impl Upload {
    async fn run(&self, work: fn(&mut Writing) -> io::Result<()>) -> Result<()> {
        let writing = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || work(&mut writing.lock())).await;
        let done = done.unwrap_or_else(|panicked| Err(io::Error::other(panicked)));
        done.map_err(|error| Error::Generic { store: STORE, source: Box::new(error) })
    }
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.0.lock().waiting.push_back(data);
        let this = Upload(Arc::clone(&self.0));
        Box::pin(async move { this.run(Writing::write_waiting).await })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        self.run(Writing::complete).await?;
        Ok(PutResult { e_tag: None, version: None })
    }

    async fn abort(&mut self) -> Result<()> {
        self.run(Writing::abort).await
    }
}

#[async_trait]
impl ObjectStore for LocalObjects {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        if options.mode != PutMode::Overwrite {
            return self.inner.put_opts(location, payload, options).await;
        }
        let mut upload = self.begin(location)?;
        upload.put_part(payload).await?;
        upload.complete().await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Ok(Box::new(self.begin(location)?))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::TryStreamExt;
    use object_store::ObjectStoreExt;

    async fn names(objects: &LocalObjects) -> Vec<String> {
        let all: Vec<ObjectMeta> = objects.list(None).try_collect().await.unwrap();
        all.into_iter().map(|object| object.location.to_string()).collect()
    }

    #[tokio::test]
    async fn parts_come_in_their_order_and_the_whole_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let objects = LocalObjects::open(dir.path()).unwrap();
        let path = Path::from("a/b/c.parquet");
        let mut upload = objects.put_multipart(&path).await.unwrap();
        let parts: Vec<UploadPart> = (0..5u8).map(|n| upload.put_part(vec![n; 3].into())).collect();
        // The last one first.
        for part in parts.into_iter().rev() {
            part.await.unwrap();
        }
        assert!(names(&objects).await.is_empty());
        upload.complete().await.unwrap();
        let bytes = objects.get(&path).await.unwrap().bytes().await.unwrap();
        assert_eq!(bytes.as_ref(), [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]);
        objects.put(&path, vec![9].into()).await.unwrap();
        assert_eq!(objects.get(&path).await.unwrap().bytes().await.unwrap().as_ref(), [9]);
    }

    #[tokio::test]
    async fn nothing_is_left_of_an_upload_without_room_or_end() {
        let dir = tempfile::tempdir().unwrap();
        let objects = LocalObjects::open(dir.path()).unwrap();
        disk::fault::fill(dir.path(), 2);
        let error = objects.put(&Path::from("a/b"), vec![0; 10].into()).await.unwrap_err();
        assert!(matches!(crate::EventsError::from(error), crate::EventsError::DiskFull));
        disk::fault::empty(dir.path());
        assert!(disk::list(&dir.path().join("a")).unwrap().is_empty());
        // As a crash leaves it.
        disk::write_atomic(&dir.path().join("a/b#12"), b"half").unwrap();
        disk::write_atomic(&dir.path().join("a/b#x"), b"whole").unwrap();
        let objects = LocalObjects::open(dir.path()).unwrap();
        assert_eq!(disk::list(&dir.path().join("a")).unwrap(), [dir.path().join("a/b#x")]);
        assert_eq!(names(&objects).await, ["a/b#x"]);
    }
}
