//! A file put in the place of another as a whole: no reader ever sees half of it.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// Makes a new file beside `path`, opened as `options` say, has it prepared, and renames it into place. What stood there
/// before stays when anything fails.
pub fn replace(
    path: &Path,
    mut options: OpenOptions,
    prepare: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<File> {
    let beside = beside(path);
    // One that a run before left is in the way; one that somebody else put there is not followed.
    let _may_not_be_there = std::fs::remove_file(&beside);
    let mut file = options.create_new(true).open(&beside)?;
    let result = prepare(&mut file).and_then(|()| std::fs::rename(&beside, path));
    if result.is_err() {
        let _best_effort = std::fs::remove_file(&beside);
    }
    result.map(|()| file)
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".new-{}", std::process::id()));
    PathBuf::from(name)
}
