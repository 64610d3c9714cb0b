use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use tempfile::TempDir;

use super::walk::MAX_SKIPPED;
use super::*;

fn directory(files: &[&str]) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    for file in files {
        let path = directory.path().join(file);
        fs::create_dir_all(path.parent().expect("a parent")).expect("created");
        fs::write(path, file).expect("written");
    }
    directory
}

fn listing(directory: &Path) -> Listing {
    Listing::of(directory, Limits::default()).expect("a directory")
}

fn found(directory: &Path, limits: Limits) -> (Vec<String>, Vec<String>) {
    let listing = Listing::of(directory, limits).expect("a directory");
    (
        listing.files.into_iter().map(|file| file.name).collect(),
        listing
            .problems
            .into_iter()
            .map(|problem| format!("{}: {}", problem.file, problem.message))
            .collect(),
    )
}

#[test]
fn json_files_are_found_sorted_at_any_depth() {
    let directory = directory(&[
        "b.json",
        "a/z.JSON",
        "a/.hidden.json",
        "readme.md",
        "c/d/e.json",
        ".git/x.json",
    ]);
    let (files, problems) = found(directory.path(), Limits::default());
    assert_eq!(files, ["a/z.JSON", "b.json", "c/d/e.json"]);
    assert!(problems.is_empty());
}

#[test]
fn files_of_other_formats_are_named() {
    let directory = directory(&[
        "a.json", "b.YAML", "c/d.yml", "e.xml", "A.md", "f", ".g.xml",
    ]);
    let skipped = |listing: Listing| -> Vec<_> {
        let skipped = listing.skipped.into_iter();
        skipped
            .map(|p| format!("{}: {}", p.file, p.message))
            .collect()
    };
    let other = "not loaded: its name does not end in .json, .yaml, .yml or .xml";
    assert_eq!(
        skipped(listing(directory.path())),
        [format!("A.md: {other}"), format!("f: {other}")]
    );
    let (files, _) = found(directory.path(), Limits::default());
    assert_eq!(files, ["a.json", "b.YAML", "c/d.yml", "e.xml"]);
    for number in 0..=MAX_SKIPPED {
        fs::write(directory.path().join(format!("{number}.txt")), "").expect("written");
    }
    let skipped = skipped(listing(directory.path()));
    assert_eq!(skipped.len(), MAX_SKIPPED + 1);
    assert_eq!(
        skipped.last().map(String::as_str),
        Some(".: not loaded: 3 more files that are not OSCAL")
    );
}

#[test]
fn every_change_of_a_file_changes_its_stamp_and_nothing_else_does() {
    let directory = directory(&[]);
    let root = directory.path();
    let file = |name: &str, text: &str| fs::write(root.join(name), text).expect("written");
    let now = || -> Vec<_> {
        let files = listing(root).files.into_iter();
        files.map(|file| (file.name, file.stamp)).collect()
    };
    let mut last = now();
    let mut changed = |what: &str| {
        let is = now();
        assert_eq!(is, now(), "{what}");
        let changed = is != last;
        last = is;
        changed
    };
    file("a.json", "1");
    assert!(changed("a new file"));
    file("a.json", "22");
    assert!(changed("another content"));
    file("notes.txt", "x");
    assert!(!changed("a file that is not loaded"));
    fs::rename(root.join("a.json"), root.join("b.json")).expect("renamed");
    assert!(changed("another name"));

    for version in ["..1", "..2"] {
        fs::create_dir(root.join(version)).expect("created");
        file(&format!("{version}/c.json"), "same");
    }
    symlink("..1", root.join("..data")).expect("linked");
    symlink("..data/c.json", root.join("c.json")).expect("linked");
    assert!(changed("a mount"));
    symlink("..2", root.join("..data_tmp")).expect("linked");
    fs::rename(root.join("..data_tmp"), root.join("..data")).expect("swapped");
    assert!(changed("a swap"));
    fs::remove_file(root.join("b.json")).expect("removed");
    assert!(changed("a file less"));
}

#[test]
fn kubernetes_mounts_are_read_once() {
    let directory = directory(&["..2026_01_01/a.json", "..2026_01_01/sub/b.json"]);
    let root = directory.path();
    symlink("..2026_01_01", root.join("..data")).expect("linked");
    symlink("..data/a.json", root.join("a.json")).expect("linked");
    symlink("..data/a.json", root.join("again.json")).expect("linked");
    symlink("..data/sub", root.join("sub")).expect("linked");
    let (files, problems) = found(root, Limits::default());
    assert_eq!(files, ["a.json", "sub/b.json"]);
    assert!(problems.is_empty());
    let files = listing(root).files;
    assert_eq!(files[0].read(100).expect("read"), "..2026_01_01/a.json");
}

#[test]
fn links_out_loops_and_special_files_are_not_followed() {
    let outside = directory(&["secret.json"]);
    let directory = directory(&["a.json", "sub/b.json"]);
    let root = directory.path();
    symlink(outside.path().join("secret.json"), root.join("out.json")).expect("linked");
    symlink(outside.path(), root.join("outdir")).expect("linked");
    symlink("/etc/hostname", root.join("ignored.txt")).expect("linked");
    symlink("nowhere", root.join("dangling.json")).expect("linked");
    symlink("..", root.join("sub/loop")).expect("linked");
    let _socket = UnixListener::bind(root.join("socket.json")).expect("bound");
    let (files, problems) = found(root, Limits::default());
    assert_eq!(files, ["a.json", "sub/b.json"]);
    let expected = [
        "dangling.json: cannot be read",
        "out.json: a link out",
        "outdir: a link out",
        "socket.json: not a regular file",
    ];
    assert_eq!(problems.len(), expected.len(), "{problems:?}");
    for (problem, expected) in problems.iter().zip(expected) {
        assert!(problem.starts_with(expected), "{problem}");
    }
}

#[test]
fn limits_hold() {
    let directory = directory(&["1.json", "2.json", "a/b/3.json", "a/b/c/4.json"]);
    let limits = Limits {
        files: 3,
        directory_depth: 2,
        ..Limits::default()
    };
    let (files, problems) = found(directory.path(), limits);
    assert_eq!(files, ["1.json", "2.json", "a/b/3.json"]);
    assert_eq!(problems, ["a/b/c: deeper than 2 directories; move it up"]);

    let limits = Limits { files: 2, ..limits };
    let (files, problems) = found(directory.path(), limits);
    assert!(files.is_empty());
    assert_eq!(problems, [".: has more than 2 entries; split it"]);

    let files = listing(directory.path()).files;
    assert_eq!(
        files[0].read(5),
        Err("larger than 5 bytes; split it".to_owned())
    );
    assert_eq!(files[0].read(6).expect("read"), "1.json");
    fs::write(directory.path().join("1.json"), b"{\"\xff").expect("written");
    assert_eq!(
        files[0].read(9),
        Err("not UTF-8 text, from byte 2 on".to_owned())
    );
    for bytes in [*b"\xfe\xff\0{", *b"\xff\xfe{\0"] {
        fs::write(directory.path().join("1.json"), bytes).expect("written");
        assert_eq!(
            files[0].read(9),
            Err("UTF-16 text; save it as UTF-8".to_owned())
        );
    }
}

#[test]
fn a_directory_that_cannot_be_used_is_an_error() {
    let directory = directory(&["a.json"]);
    let error = |path: &str| {
        let path = directory.path().join(path);
        Listing::of(&path, Limits::default())
            .expect_err("an error")
            .to_string()
    };
    assert!(error("gone").contains("gone` does not exist; create it"));
    assert!(error("a.json").contains("a.json` is not a directory; name"));
}
