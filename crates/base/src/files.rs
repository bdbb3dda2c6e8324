//! How many files and connections the process may have open at once.

use std::io;

/// Raises the limit to what the system allows this process, and says what it is now.
///
/// Shells set a low one (1,024) for the sake of old programs that keep descriptors in bit sets; nothing here does.
#[allow(unsafe_code)] // getrlimit and setrlimit have no safe wrapper in the standard library
pub fn raise_limit() -> io::Result<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the call fills the struct that it is lent.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } != 0 {
        return Err(io::Error::last_os_error());
    }
    if limit.rlim_cur < limit.rlim_max {
        limit.rlim_cur = limit.rlim_max;
        // SAFETY: the call reads the struct that it is lent.
        if unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) } != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(limit.rlim_cur)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_as_far_as_allowed() {
        let raised = raise_limit().unwrap();
        assert!(raised > 0);
        assert_eq!(raise_limit().unwrap(), raised, "there is nothing left to raise");
        let limits = crate::disk::read_to_string(std::path::Path::new("/proc/self/limits")).unwrap();
        let line = limits.lines().find(|l| l.starts_with("Max open files")).unwrap();
        let soft = line.split_ascii_whitespace().nth(3).unwrap();
        assert_eq!(soft.parse(), Ok(raised));
    }
}
