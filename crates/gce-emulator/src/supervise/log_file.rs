//! The log of an instance: appended to, and turned over before it grows large.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// One file holds this much. With the file before it, a log is at most twice as large.
const LIMIT: u64 = 4 << 20;

#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    file: File,
    size: u64,
    limit: u64,
}

impl LogFile {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Self::with_limit(path, LIMIT)
    }

    fn with_limit(path: &Path, limit: u64) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let size = file.metadata()?.len();
        Ok(Self {
            path: path.to_owned(),
            file,
            size,
            limit,
        })
    }

    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.size >= self.limit {
            self.turn_over()?;
        }
        self.file.write_all(bytes)?;
        self.size += bytes.len() as u64;
        Ok(())
    }

    fn turn_over(&mut self) -> io::Result<()> {
        std::fs::rename(&self.path, self.path.with_added_extension("1"))?;
        *self = Self::with_limit(&self.path, self.limit)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;

    #[test]
    fn a_log_stays_bounded_and_keeps_its_newest_lines() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.log");
        let mut log = LogFile::with_limit(&path, 100).unwrap();
        for line in 0..100 {
            log.append(format!("line {line:4}\n").as_bytes()).unwrap();
        }
        let newest = std::fs::read_to_string(&path).unwrap();
        let older = std::fs::read_to_string(dir.path().join("a.log.1")).unwrap();
        assert!(newest.ends_with("line   99\n"));
        assert!(newest.len() + older.len() <= 220);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
    }
}
