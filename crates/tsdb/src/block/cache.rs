//! A few unpacked pages, so that neighbouring look-ups unpack once.

use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;

/// Keeps pages by index, the least recently made go first.
pub(crate) struct PageCache<T> {
    bytes_max: usize,
    pages: Mutex<Kept<T>>,
}

struct Kept<T> {
    /// Oldest first. Few enough that a scan is shorter than a hash.
    queue: VecDeque<(usize, usize, Arc<T>)>,
    bytes: usize,
}

impl<T> PageCache<T> {
    pub fn new(bytes_max: usize) -> PageCache<T> {
        PageCache { bytes_max, pages: Mutex::new(Kept { queue: VecDeque::new(), bytes: 0 }) }
    }

    pub fn find(&self, index: usize) -> Option<Arc<T>> {
        self.pages.lock().queue.iter().find(|(i, _, _)| *i == index).map(|(_, _, p)| p.clone())
    }

    /// The page at `index`, loaded when it is not there. Two threads may load one page at once.
    pub fn get<E>(
        &self,
        index: usize,
        size: impl Fn(&T) -> usize,
        load: impl FnOnce() -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        if let Some(page) = self.find(index) {
            return Ok(page);
        }
        let page = Arc::new(load()?);
        let bytes = size(&page);
        let mut kept = self.pages.lock();
        kept.bytes += bytes;
        kept.queue.push_back((index, bytes, page.clone()));
        while kept.bytes > self.bytes_max && kept.queue.len() > 1 {
            if let Some((_, bytes, _)) = kept.queue.pop_front() {
                kept.bytes -= bytes;
            }
        }
        Ok(page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_fits_and_loads_what_does_not() {
        let cache = PageCache::<u32>::new(10);
        let mut loads = 0;
        for index in [0, 1, 0, 1, 2, 0] {
            let page = cache.get(
                index,
                |_| 4,
                || {
                    loads += 1;
                    Ok::<_, ()>(index as u32)
                },
            );
            assert_eq!(*page.unwrap(), index as u32);
        }
        // 0 and 1, then 2 in the place of 0, then 0 again.
        assert_eq!(loads, 4);
        assert_eq!(cache.get(7, |_| 4, || Err("no")).unwrap_err(), "no");
    }
}
