//! Why a file is no dump that can be read: what was found, and what to do next.

/// Why a file is no dump.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    /// Nothing at all.
    #[error("it is empty: download or copy it again, or record a journal with 'nwdiag watch'")]
    Empty,
    /// Packed by gzip.
    #[error("it is compressed with gzip: unpack it, or pipe it, as in 'zcat FILE | nwdiag summary -'")]
    Compressed,
    /// JSON that ends too early.
    #[error("its JSON ends in the middle, at line {line}: download or copy it again")]
    Torn {
        /// Counted from 1.
        line: usize,
    },
    /// Not JSON.
    #[error("it is neither a journal nor JSON ({0}): give a journal, an export, or a diagnostics download")]
    Broken(serde_json::Error),
    /// JSON within JSON within JSON.
    #[error("its JSON is nested too deeply for a dump: give a journal, an export, or a diagnostics download")]
    TooDeep,
    /// Larger than any dump.
    #[error("it is over {0} MiB, and no dump is that large: give the diagnostics download itself")]
    TooLarge(usize),
    /// JSON of something else.
    #[error("it is JSON with {0}, and no dump: give a journal, an export, or a diagnostics download")]
    Other(String),
    /// The download of another integration, or one that was made too early.
    #[error(
        "it is a Home Assistant diagnostics download{0} without 'mqtt_diagnostics': download \
            that of the Navien NWP500 integration, once it has connected"
    )]
    NoDiagnostics(String),
    /// The key is there, and what it holds is no dump.
    #[error(
        "its 'mqtt_diagnostics' holds {0}, and no dump: download it again once the integration has connected"
    )]
    NotADump(String),
    /// Written by a later nwdiag whose numbers mean something else.
    #[error("it was written in format {0}, and this nwdiag reads {supported}: install a newer nwdiag", supported = super::own::SCHEMA)]
    Version(String),
}
