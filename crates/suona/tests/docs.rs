//! Every complete configuration in the documentation is one that the gateway would start with.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A block of TOML that stands for a whole file says so.
const FENCE: &str = "```toml config\n";

/// `README*.md` and `docs/*.md`.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let files = |folder: &Path| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_page = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "md");
    files(&root).chain(files(&root.join("docs"))).filter(is_page).collect()
}

fn configurations(page: &str) -> Vec<&str> {
    page.split(FENCE).skip(1).map(|rest| rest.split("\n```").next().unwrap_or_default()).collect()
}

#[test]
fn check_accepts_every_configuration_in_the_documentation() {
    let file = std::env::temp_dir().join(format!("suona-docs-{}.toml", std::process::id()));
    let mut checked = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for configuration in configurations(&text) {
            fs::write(&file, configuration).unwrap();
            let check =
                Command::new(env!("CARGO_BIN_EXE_suona")).arg("check").arg(&file).env_clear().output();
            let output = check.unwrap();
            assert!(output.status.success(), "{}:\n{configuration}\n{output:?}", page.display());
            checked += 1;
        }
    }
    fs::remove_file(file).unwrap();
    assert!(checked >= 20, "only {checked} configurations were found");
}
