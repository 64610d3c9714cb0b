//! Limits on reading a directory.

/// The most that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one file. Default: 64 MiB.
    pub file_bytes: u64,
    /// Bytes of all files. Default: 512 MiB.
    pub total_bytes: u64,
    /// Number of files, and of entries per directory. Default: 10,000.
    pub files: usize,
    /// Nesting of directories. Default: 16.
    pub directory_depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 64 << 20,
            total_bytes: 512 << 20,
            files: 10_000,
            directory_depth: 16,
        }
    }
}
